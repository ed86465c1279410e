// The search for members: which it finds, in which order, page by page, and what it says of those that it did not look
// at.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const OWNER = "owner@okta.local";

const title = (value) => ({ op: "replace", path: "title", value });
const list = (organization, query = {}) =>
  organization.admin.get(organization.path(`/members?${new URLSearchParams(query)}`));

async function assertFound(organization, query, names) {
  const { members, total } = await list(organization, query);
  assert.deepEqual(
    members.map(({ user_name }) => user_name),
    names,
    JSON.stringify(query),
  );
  assert.equal(total, names.length);
}

test("a part of any text of a person finds them, in any case, width and composition", async () => {
  const organization = await createOrganization(worker);
  await organization.createUser("ada@okta.local", {
    name: { givenName: "Zoe\u0308", familyName: "Łovelace" },
    displayName: 'The "Countess" \\ of Lovelace',
    externalId: "00uADA",
    emails: [
      { value: "ada@okta.local", type: "work", primary: true },
      { value: "Private@Elsewhere.example", type: "home" },
    ],
    title: "Analyst",
  });
  await organization.createUser("bob@okta.local", { name: { givenName: "Bob", familyName: "ＷＩＤＥ" } });
  for (const search of [
    "DA@okta",
    "zoë",
    "OE\u0308",
    "łove",
    'e "Countess" \\ O',
    "00uada",
    "vate@ELSEWHERE",
    " ada@ ",
  ]) {
    await assertFound(organization, { search }, ["ada@okta.local"]);
  }
  await assertFound(organization, { search: "wide" }, ["bob@okta.local"]);
  await assertFound(organization, { search: "okta.local" }, ["ada@okta.local", "bob@okta.local", OWNER]);
  // Names of attributes, other attributes, and the end of one text with the beginning of the next find no person.
  for (const search of ["familyName", "type", "home", "Analyst", "zoe", "localzoë", '","', "%", "_", "true"]) {
    await assertFound(organization, { search }, []);
  }
});

test("filters of a search hold together", async () => {
  const organization = await createOrganization(worker, {
    projects: { Demo: [] },
    settings: { mail_domains: ["okta.local", "acme.example"] },
  });
  const { okta } = organization;
  const [ada, bob, eve] = [
    await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" }),
    await organization.createUser("bob@acme.example"),
    await organization.createUser("eve@acme.example"),
  ];
  await organization.addMember("connie@elsewhere.example");
  await organization.addMember("dora@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([ada.id, bob.id])), 204);
  assertStatus(await okta.patch(`/Users/${eve.id}`, operation.active(false)), 200);

  const all = ["ada@okta.local", "bob@acme.example", "connie@elsewhere.example", "dora@okta.local"];
  await assertFound(organization, {}, [...all, "eve@acme.example", OWNER]);
  await assertFound(organization, { domain: "@ACME.example" }, ["bob@acme.example", "eve@acme.example"]);
  await assertFound(organization, { domain: "acme.example", status: "active" }, ["bob@acme.example"]);
  await assertFound(organization, { domain: "example" }, []);
  await assertFound(organization, { status: "inactive" }, ["eve@acme.example"]);
  await assertFound(organization, { status: "inactive", org_role: "Admin" }, []);
  await assertFound(organization, { status: "inactive", search: "ada" }, []);
  await assertFound(organization, { org_role: "Admin" }, ["ada@okta.local"]);
  await assertFound(organization, { org_role: "Owner", search: "own" }, [OWNER]);
  await assertFound(organization, { provider: "unseen" }, ["connie@elsewhere.example"]);
  await assertFound(organization, { provider: "never_sent" }, ["connie@elsewhere.example", "dora@okta.local", OWNER]);
  await assertFound(organization, { provider: "never_sent", search: "dora" }, ["dora@okta.local"]);
  for (const name of [group.id, "statsig-DEMO-member"]) {
    await assertFound(organization, { group: name }, ["ada@okta.local", "bob@acme.example"]);
    await assertFound(organization, { group: name, domain: "okta.local" }, ["ada@okta.local"]);
    const found = (await list(organization, { group: name })).group;
    assert.deepEqual(found, { id: group.id, display_name: "Statsig-Demo-Member" });
  }
  const unknown = await list(organization, { group: "Statsig-Demo" });
  assert.deepEqual([unknown.members, unknown.total, unknown.group], [[], 0, null]);
});

describe("nothing came from an identity provider", () => {
  test("since a day: neither a change of the person, nor a request that found nothing to change", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const people = await organization.createUsers(4);
    const [changed, asked, silent, refused] = people;
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const at = "2026-01-31T12:00:00.000Z";
    await worker.sql("UPDATE events SET at = ?2 WHERE org_id = ?1", organization.id, at);
    assertStatus(await okta.patch(`/Users/${changed.id}`, title("Analyst")), 200);
    assertStatus(await okta.patch(`/Users/${asked.id}`, operation.active(true)), 200);
    assertStatus(await okta.patch(`/Users/${refused.id}`, { op: "replace", path: "userName", value: "" }), 400);
    await organization.admin.patch(organization.path(`/members/${silent.id}`), { org_role: "Admin" });
    const names = [silent.userName, refused.userName, OWNER].toSorted();
    const start = Date.now();
    // The entry of a request that changed nothing is written after its answer.
    while ((await list(organization, { silent_since: yesterday })).total > names.length) {
      assert.ok(Date.now() - start < 10_000, "the entry does not arrive");
    }
    await assertFound(organization, { silent_since: yesterday }, names);
    await assertFound(organization, { silent_since: "2026-01-31" }, [OWNER]);
    await assertFound(
      organization,
      { silent_since: "2999-01-01" },
      [...people.map(({ userName }) => userName), OWNER].toSorted(),
    );
    await assertFound(organization, { provider: "never_sent", silent_since: yesterday }, [OWNER]);
  });
});

describe("a list of many", () => {
  test("is turned in both directions, in each order, and counts all", async () => {
    const organization = await createOrganization(worker);
    const { people } = await populate(worker.sql, organization.id, { users: 30 });
    for (const id of people.slice(10, 15)) {
      assertStatus(await organization.okta.patch(`/Users/${id}`, title(id)), 200);
    }
    for (const query of [{}, { sort: "changed" }, { search: "@" }, { search: "@", sort: "changed" }]) {
      const all = (await list(organization, query)).members;
      assert.equal(all.length, 31);
      const keys = all.map((one) => (query.sort ? one.last_modified : one.user_name));
      assert.deepEqual(keys, query.sort ? keys.toSorted().toReversed() : keys.toSorted());
      if (query.sort)
        assert.deepEqual(
          all.slice(0, 5).map(({ id }) => id),
          people.slice(10, 15).toReversed(),
        );
      const pages = [];
      for (let after = ""; after !== null; ) {
        const page = await list(organization, { ...query, count: 7, after });
        assert.equal(page.total, 31);
        assert.equal(page.rest, null);
        assert.equal(page.previous === null, after === "");
        pages.push(page);
        after = page.next;
      }
      assert.deepEqual(
        pages.flatMap(({ members }) => members),
        all,
      );
      for (let i = pages.length - 1; i > 0; i--) {
        const page = await list(organization, { ...query, count: 7, before: pages[i].previous });
        assert.deepEqual(page.members, pages[i - 1].members);
        assert.equal(page.previous === null, i === 1);
        assert.equal((await list(organization, { ...query, count: 7, after: page.next })).members.length > 0, true);
      }
    }
    const both = organization.path("/members?after=a&before=b");
    assertProblem(await organization.admin.send("GET", both), 400, /not for both/);
  });

  test("counts the people whom SCIM does not see", async () => {
    const organization = await createOrganization(worker);
    await populate(worker.sql, organization.id, { users: 20 });
    await organization.configure({ mail_domains: ["okta.local"], confirm_people: 20 });
    const { total, members } = await list(organization);
    assert.deepEqual([total, members.length], [21, 21]);
    assert.equal((await list(organization, { provider: "unseen" })).total, 20);
  });
});

test("a search that reaches its bound says so, and goes on where it ended", { timeout: 120_000 }, async () => {
  const MOST = 20_000;
  const organization = await createOrganization(worker);
  await populate(worker.sql, organization.id, { users: MOST + 1_000 });
  // The first and the last person in either order.
  const names = await worker.sql(
    "SELECT user_name_fold AS name FROM users WHERE org_id = ?1 ORDER BY user_name_fold",
    organization.id,
  );
  for (const sort of ["name", "changed"]) {
    let found = 0;
    let windows = 0;
    for (let from = ""; from !== null; windows++) {
      const answer = await organization.admin.send(
        "GET",
        organization.path(`/members?${new URLSearchParams({ search: "example.com", count: 1, sort, from })}`),
      );
      assert.ok(serverTiming(answer).rows_read < 6.5 * MOST, `${serverTiming(answer).rows_read} rows`);
      found += answer.body.total;
      from = answer.body.rest;
    }
    assert.deepEqual([found, windows], [MOST + 1_000, 2]);
  }
  const last = names.at(-1).name;
  const first = await list(organization, { search: last });
  assert.deepEqual([first.total, first.members], [0, []]);
  const second = await list(organization, { search: last, from: first.rest });
  assert.deepEqual([second.total, second.members[0].user_name, second.rest], [1, last, null]);
  // Without a filter, no window is needed.
  const { total, rest } = await list(organization);
  assert.deepEqual([total, rest], [MOST + 1_001, null]);
});
