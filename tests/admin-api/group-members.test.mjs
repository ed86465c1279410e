// People who are added to a group and removed from it by administrators.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, memberIds, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { undo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const GROUP = "Statsig-Demo-Member";

/** An organization with a project, and what calls about its group are. */
async function furnished(settings = {}) {
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const { id: group } = await organization.groupNamed(GROUP);
  const path = (person, rest = "") => organization.path(`/groups/${group}/members/${person}${rest}`);
  return {
    organization,
    group,
    path,
    add: (person) => organization.admin.call("PUT", path(person), undefined, 200),
    remove: (person, query = "") => organization.admin.call("DELETE", path(person, query), undefined, 200),
    memberIds: async () => memberIds(await organization.group(group)),
  };
}

describe("a person", () => {
  test("is added to a group and removed from it, as SCIM shows, with an event that is undone", async () => {
    const { organization, group, add, remove, memberIds } = await furnished();
    const { id } = await organization.createUser("ada@okta.local");
    const before = await organization.user(id);
    const added = await add(id);
    assert.deepEqual(
      [added.group.id, added.group.display_name, added.member.user_name, added.is_member, added.changed, added.warning],
      [group, GROUP, "ada@okta.local", true, true, null],
    );
    assert.deepEqual(await memberIds(), [id]);
    const user = await organization.user(id);
    assert.deepEqual(
      user.groups.map(({ value }) => value),
      [group],
    );
    assert.notEqual(user.meta.version, before.meta.version);

    const event = await organization.admin.get(organization.path(`/events/${added.event}`));
    assert.equal(event.event.type, "membership.added");
    const [entry] = await worker.sql(
      "SELECT first_event, detail, changed_id, method, body FROM log WHERE org_id = ?1 ORDER BY id DESC LIMIT 1",
      organization.id,
    );
    assert.deepEqual(entry, {
      first_event: added.event,
      detail: `Added a person to ${GROUP}.`,
      changed_id: group,
      method: "PUT",
      body: null,
    });

    const removed = await remove(id);
    assert.deepEqual([removed.is_member, removed.changed], [false, true]);
    assert.deepEqual(await memberIds(), []);
    assert.equal((await organization.user(id)).active, true);

    const { restored } = (await undo(organization, { events: [removed.event] })).run;
    assert.equal(restored.joined, 1);
    assert.deepEqual(await memberIds(), [id]);
    const { id: eve } = await organization.createUser("eve@okta.local");
    await undo(organization, { events: [(await add(eve)).event] });
    assert.deepEqual(await memberIds(), [id]);
  });

  test("who is a member already, or none any more, is left as they are, and nothing is written", async () => {
    const { organization, add, remove } = await furnished();
    const { id } = await organization.createUser("ada@okta.local");
    const count = async () => {
      const tables = ["log", "events"].map((table) => `(SELECT count(*) FROM ${table} WHERE org_id = ?1)`);
      const [row] = await worker.sql(`SELECT ${tables.join(" || ' ' || ")} AS rows`, organization.id);
      return row.rows;
    };
    for (const call of [remove, add]) {
      if (call === add) await add(id);
      const before = await count();
      const { changed, event, is_member } = await call(id);
      assert.deepEqual([changed, event, is_member], [false, null, call === add]);
      assert.equal(await count(), before);
    }
  });

  test("whom SCIM does not see can be in a role, which SCIM does not show", async () => {
    const { organization, add, remove, memberIds, group } = await furnished({ mail_domains: ["okta.local"] });
    const { id } = await organization.addMember("contractor@example.com");
    assert.equal((await add(id)).is_member, true);
    assert.deepEqual(await memberIds(), []);
    const shown = await organization.admin.get(organization.path(`/groups/${group}`));
    assert.deepEqual(
      shown.members.map((member) => member.id),
      [id],
    );
    assert.equal((await remove(id)).changed, true);
  });

  test("who is inactive, unknown, or of another organization is refused", async () => {
    const { organization, path, group } = await furnished();
    const { admin } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200);
    assertProblem(await admin.send("PUT", path(id)), 409, /inactive person is in no group/);
    const unknown = crypto.randomUUID();
    assertProblem(await admin.send("PUT", path(unknown)), 404, /no such member/);
    assertProblem(await admin.send("DELETE", path(unknown)), 404, /no such member/);
    const other = await createOrganization(worker);
    const foreign = await other.createUser("eve@okta.local");
    assertProblem(await admin.send("PUT", path(foreign.id)), 404, /no such member/);
    const elsewhere = other.path(`/groups/${group}/members/${foreign.id}`);
    assertProblem(await admin.send("PUT", elsewhere), 404, /no such group/);
    assertProblem(await admin.send("PUT", path(id), { role: "Admin" }), 400, /role/);
  });

  test("who is the Owner can be in groups as anyone", async () => {
    const { organization, add, remove } = await furnished();
    const owner = await organization.owner();
    assert.equal((await add(owner.id)).changed, true);
    assert.equal((await remove(owner.id)).changed, true);
  });
});

describe("a removal", () => {
  test("heeds the number of people that is confirmed", async () => {
    const { organization, add, path, remove } = await furnished();
    const { id } = await organization.createUser("ada@okta.local");
    await add(id);
    const preview = await organization.admin.get(path(id, "/preview"));
    assert.deepEqual(preview, { people: 1, memberships: 1, of: 2, needs_confirmation: false });
    const wrong = await organization.admin.send("DELETE", path(id, "?confirm_people=2"));
    assertProblem(wrong, 409);
    assert.equal(wrong.body.people, 1);
    assert.equal((await remove(id, "?confirm_people=1")).changed, true);
    const none = await organization.admin.get(path(id, "/preview"));
    assert.deepEqual([none.people, none.memberships], [0, 0]);
  });

  test("from a pushed group warns that the identity provider may add the person again", async () => {
    const { organization, group, add, remove } = await furnished();
    const { id } = await organization.createUser("ada@okta.local");
    assert.equal((await add(id)).warning, null);
    assertStatus(await organization.okta.patch(`/Groups/${group}`, operation.addMembers([id])), 204);
    const other = await organization.createUser("eve@okta.local");
    assertStatus(await organization.okta.patch(`/Groups/${group}`, operation.addMembers([other.id])), 204);
    assert.match((await remove(id)).warning, /pushes Statsig-Demo-Member: it may add the person again/);
    assert.match((await add(id)).warning, /may remove the person again/);
  });
});

test("additions at the same time all take effect", async () => {
  const { organization, add, memberIds } = await furnished();
  const people = (await organization.createUsers(8)).map(({ id }) => id);
  await Promise.all(people.map(add));
  assert.deepEqual((await memberIds()).sort(), [...people].sort());
});

test("members are searched by any part of their names, a bounded number of rows at a time", async () => {
  const { organization, group } = await furnished();
  const { admin } = organization;
  await worker.sql("UPDATE organizations SET brake_percent = 0 WHERE id = ?1", organization.id);
  const { people } = await populate(worker.sql, organization.id, { users: 5_000 });
  assertStatus(await organization.okta.patch(`/Groups/${group}`, operation.addMembers(people)), 204);
  const late = await organization.createUser("zoë@okta.local", {
    name: { givenName: "Zoë", familyName: "Ünal" },
    displayName: "Doctor Z",
  });
  assertStatus(await organization.okta.patch(`/Groups/${group}`, operation.addMembers([late.id])), 204);

  /** All members that a search finds, page by page, with the number of pages. */
  async function found(search, count = 50) {
    const members = [];
    let after = "";
    for (let pages = 1; pages <= 200; pages++) {
      const query = new URLSearchParams({ search, count: String(count), ...(after && { after }) });
      const answer = await admin.send("GET", organization.path(`/groups/${group}?${query}`));
      assert.equal(answer.status, 200, answer.text);
      const { rows_read, round_trips } = serverTiming(answer);
      assert.equal(round_trips, 1);
      assert.ok(rows_read <= 3 * 2_000 + 1_100 + 2 * count, `${rows_read} rows`);
      members.push(...answer.body.members.map(({ user_name }) => user_name));
      if (answer.body.next === null) return { members, pages };
      after = answer.body.next;
    }
    return assert.fail("the search does not end");
  }

  for (const search of ["zoë", "ZOË@", "ë ün", "doctor z", "ÜNAL"]) {
    assert.deepEqual(await found(search), { members: ["zoë@okta.local"], pages: 3 }, search);
  }
  assert.deepEqual((await found("no such name")).members, []);
  const names = await worker.sql(
    `SELECT u.doc ->> '$.userName' AS name FROM memberships m JOIN users u ON u.seq = m.user_seq
     WHERE m.group_seq = (SELECT seq FROM groups WHERE id = ?1) ORDER BY u.seq`,
    group,
  );
  const expected = names.map(({ name }) => name).filter((name) => name.toLowerCase().includes("0@"));
  assert.ok(expected.length > 100, `${expected.length} names`);
  assert.deepEqual((await found("0@", 200)).members, expected);
});
