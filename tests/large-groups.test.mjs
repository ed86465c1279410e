// Groups whose members come in more pieces than are read at a time: what is left is read while the answer goes out.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../scripts/lib/population.mjs";
import { assertStatus, memberIds, serverTiming } from "./lib/assert.mjs";
import { operation } from "./lib/bodies.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { useWorker } from "./lib/worker.mjs";

const SIZES = {
  "Group A": 230,
  "Group B": 5,
  "Group C": 120,
  "Group D": 0,
  "Group E": 99,
  "Group F": 100,
  "Group G": 1,
};

describe("members in many pieces", () => {
  const worker = useWorker();
  let organization;
  let okta;
  const members = {}; // ids, by the name of their group

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const people = (await populate(worker.sql, organization.id, { users: Math.max(...Object.values(SIZES)) })).people;
    // Each is far away from the next, and so in another piece.
    await worker.sql("DELETE FROM user_emails");
    await worker.sql("UPDATE users SET seq = 1000 * seq");
    for (const [name, size] of Object.entries(SIZES)) {
      members[name] = people.slice(-size || people.length).sort();
      const created = await okta.post("/Groups", {
        displayName: name,
        members: members[name].map((value) => ({ value })),
      });
      assert.deepEqual(memberIds(assertStatus(created, 201)), members[name]);
    }
  });

  const assertWhole = (groups, names = Object.keys(SIZES)) => {
    assert.deepEqual(
      groups.map(({ displayName }) => displayName),
      names,
    );
    for (const group of groups) {
      assert.deepEqual(memberIds(group), members[group.displayName]);
      assert.equal(group.meta.resourceType, "Group");
    }
  };

  test("are all there in a list, in any order", async () => {
    const answer = await okta.list("/Groups", { startIndex: 1, count: 100 });
    assertWhole(assertStatus(answer, 200).Resources);
    assert.equal(serverTiming(answer).round_trips, 1);
    const sorted = await okta.list("/Groups", { sortBy: "displayName", sortOrder: "descending" });
    assertWhole(assertStatus(sorted, 200).Resources, Object.keys(SIZES).reverse());
    const some = await okta.list("/Groups", { filter: 'displayName gt "group c"', count: 3 });
    assertWhole(assertStatus(some, 200).Resources, ["Group D", "Group E", "Group F"]);
    const all = assertStatus(await okta.list("/", { filter: 'meta.resourceType eq "Group"' }), 200).Resources;
    assertWhole(all);
  });

  test("are all there in a group", async () => {
    for (const { id, displayName } of (await okta.list("/Groups", { attributes: "displayName" })).body.Resources) {
      const group = assertStatus(await okta.get(`/Groups/${id}`), 200);
      assertWhole([group], [displayName]);
    }
  });

  test("are returned as far as is asked for", async () => {
    const query = { filter: 'displayName eq "Group A"' };
    const [{ members: values, ...rest }] = (await okta.list("/Groups", { ...query, attributes: "members.value" })).body
      .Resources;
    assert.deepEqual(Object.keys(rest).sort(), ["id", "schemas"]);
    assert.deepEqual(values.map(({ value }) => value).sort(), members["Group A"]);
    assert.deepEqual([...new Set(values.flatMap(Object.keys))], ["value"]);
    const [bare] = (await okta.list("/Groups", { ...query, excludedAttributes: "members" })).body.Resources;
    assert.equal(bare.members, undefined);
    const [partly] = (await okta.list("/Groups", { ...query, excludedAttributes: "members.display" })).body.Resources;
    assert.equal(partly.members.length, SIZES["Group A"]);
    assert.ok(partly.members.every(({ display, value }) => value && display === undefined));
  });

  test("are answered to a change, too", async () => {
    const { id } = await organization.groupNamed("Group A");
    const path = `/Groups/${id}`;
    const [first, ...others] = members["Group A"];
    const replaced = await okta.put(path, { displayName: "Group A", members: others.map((value) => ({ value })) });
    assert.deepEqual(memberIds(assertStatus(replaced, 200)), others);
    const patched = await okta.patch(`${path}?attributes=members`, operation.addMembers([first]));
    assert.deepEqual(memberIds(assertStatus(patched, 200)), members["Group A"]);
  });
});
