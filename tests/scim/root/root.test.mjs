// GET of the base URL (RFC 7644 section 3.4.2.1): users and groups in one list, filtered, sorted and paged as one.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { idsOf } from "../../helpers/pages.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

describe("the list of everything", () => {
  let organization;
  let okta;
  /** All users and groups by a short name, in order of insertion. */
  let all;
  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const user = (stem, displayName) => organization.createUser(`${stem}@okta.local`, { displayName });
    const group = async (name, members) => assertStatus(await okta.post("/Groups", oktaGroup(name, members)), 201);
    const owner = await organization.owner();
    const zoe = await user("zoe", "alpha");
    const bob = await user("bob", "Charlie");
    const ada = await user("ada", "echo");
    await okta.patch(`/Users/${ada.id}`, operation.active(false));
    const delta = await group("Delta", [zoe.id, bob.id]);
    const bravo = await group("bravo", []);
    await okta.patch(`/Users/${owner.id}`, { op: "remove", path: "displayName" });
    all = { owner, zoe, bob, ada, delta, bravo };
  });

  const list = (parameters) => okta.list("", parameters);
  const idsNamed = (names) => names.split(" ").map((name) => all[name].id);

  test("has the users and then the groups, as they are in their own lists", async () => {
    const { users, groups } = await organization.dump();
    for (const path of ["", "/", "?startIndex=1&count=100"]) {
      const body = assertStatus(await okta.get(path), 200);
      assert.deepEqual(body.Resources, [...users, ...groups]);
      assert.deepEqual([body.totalResults, body.startIndex, body.itemsPerPage], [6, 1, 6]);
    }
    assert.deepEqual(idsOf([...users, ...groups]), idsNamed("owner zoe bob ada delta bravo"));
  });

  for (const [filter, names] of [
    ["userName pr", "owner zoe bob ada"],
    ["not (userName pr)", "delta bravo"],
    ["userName eq null", "delta bravo"],
    ['userName sw "z"', "zoe"],
    ['userName ne "zoe@okta.local"', "owner bob ada delta bravo"],
    ["members pr", "delta"],
    ["not (members pr)", "owner zoe bob ada bravo"],
    ["members pr or title pr", "delta"],
    ['meta.resourceType eq "User"', "owner zoe bob ada"],
    ['meta.resourceType eq "Group"', "delta bravo"],
    ['meta.resourceType eq "Group" and displayName sw "b"', "bravo"],
    [`schemas eq "${SCHEMA.group}"`, "delta bravo"],
    [`schemas eq "${SCHEMA.user}" and active eq true`, "owner zoe bob"],
    ["active eq false", "ada"],
    ["not (active eq true)", "ada delta bravo"],
    ['displayName eq "DELTA" or userName eq "BOB@okta.local"', "bob delta"],
    ["displayName pr", "zoe bob ada delta bravo"],
    ['emails[type eq "work" and value sw "zoe"] or displayName eq "bravo"', "zoe bravo"],
    [`${SCHEMA.user}:displayName co "a"`, "zoe bob"],
    [`${SCHEMA.group}:displayName co "a"`, "delta bravo"],
    [`${SCHEMA.enterprise}:department eq null`, "owner zoe bob ada delta bravo"],
    ['groups.display eq "delta"', "zoe bob"],
  ]) {
    test(`filtered by ${filter} has ${names}`, async () => {
      assertListOf(await list({ filter }), idsNamed(names));
    });
  }

  test("finds by id, whatever it is the id of", async () => {
    for (const { id } of Object.values(all)) {
      assertListOf(await list({ filter: `id eq "${id}"` }), [id]);
      const others = assertStatus(await list({ filter: `id ne "${id}"` }), 200).Resources;
      assert.equal(others.length, 5);
    }
    assertListOf(await list({ filter: `members eq "${all.zoe.id}"` }), [all.delta.id]);
  });

  test("refuses names that neither users nor groups have", async () => {
    for (const name of ["favouriteColour", "name.colour", `${SCHEMA.user}:members`, `${SCHEMA.group}:userName`]) {
      assertError(await list({ filter: `${name} pr` }), 400, {
        scimType: "invalidFilter",
        detail: /colour|members|userName/i,
      });
      assertError(await list({ sortBy: name }), 400, { scimType: "invalidValue" });
    }
  });

  for (const [parameters, names] of [
    [{ sortBy: "displayName" }, "zoe bravo bob delta ada owner"],
    [{ sortBy: "displayName", sortOrder: "descending" }, "owner ada delta bob bravo zoe"],
    [{ sortBy: `${SCHEMA.group}:displayName` }, "bravo delta owner zoe bob ada"],
    [{ sortBy: "userName" }, "ada bob owner zoe delta bravo"],
    [{ sortBy: "userName", sortOrder: "descending" }, "delta bravo zoe owner bob ada"],
    [{ sortBy: "meta.resourceType" }, "delta bravo owner zoe bob ada"],
    [{ sortBy: "members.display" }, "delta owner zoe bob ada bravo"],
    [{ sortBy: "displayName", filter: "members pr or active eq false" }, "delta ada"],
  ]) {
    test(`with ${JSON.stringify(parameters)} is in the order ${names}`, async () => {
      assertListOf(await list(parameters), idsNamed(names));
    });
  }

  test("is paged across the border between users and groups", async () => {
    for (const query of [{}, { sortBy: "displayName" }, { filter: "displayName pr", sortBy: "userName" }]) {
      const whole = assertStatus(await list(query), 200).Resources;
      for (const count of [1, 2, 3, 5]) {
        const pages = [];
        for (let startIndex = 1; startIndex <= whole.length; startIndex += count) {
          const page = assertStatus(await list({ ...query, startIndex, count }), 200);
          assert.deepEqual([page.totalResults, page.startIndex], [whole.length, startIndex]);
          pages.push(...page.Resources);
        }
        assert.deepEqual(pages, whole);
      }
      const none = assertStatus(await list({ ...query, count: 0 }), 200);
      assert.deepEqual([none.totalResults, none.Resources], [whole.length, []]);
    }
  });

  test("shows of each what is asked for", async () => {
    const shown = assertStatus(await list({ attributes: "userName,members.value" }), 200).Resources;
    const ofUser = ({ id, userName }) => ({ id, schemas: [SCHEMA.user], userName });
    const [, zoe, , , delta, bravo] = shown;
    assert.deepEqual(zoe, ofUser(all.zoe));
    assert.deepEqual(delta.members, [{ value: all.zoe.id }, { value: all.bob.id }]);
    assert.deepEqual(Object.keys(delta).sort(), ["id", "members", "schemas"]);
    assert.ok(!("displayName" in bravo));
    for (const resource of assertStatus(await list({ excludedAttributes: "members,groups" }), 200).Resources) {
      assert.ok(!("members" in resource) && !("groups" in resource) && resource.meta.location);
    }
  });

  test("has no user outside the email domains, and nothing of another organization", async () => {
    const other = await createOrganization(worker, { projects: { Demo: [] } });
    await other.addMember("contractor@elsewhere.example");
    await other.configure({ mail_domains: ["okta.local"] });
    const body = assertStatus(await other.okta.get(""), 200);
    assert.deepEqual(
      body.Resources.map(({ userName, displayName }) => userName ?? displayName),
      ["owner@okta.local", "Statsig-Demo-Admin", "Statsig-Demo-Member", "Statsig-Demo-Read-Only"],
    );
    assert.equal(body.totalResults, 4);
    for (const { id } of Object.values(all)) assertListOf(await other.okta.list("", { filter: `id eq "${id}"` }), []);
  });
});
