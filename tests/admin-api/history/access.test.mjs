// The rights of a person, now and at a moment, each with the event that gave it; and what differs between two moments.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const NOBODY = "00000000-0000-4000-8000-000000000000";

/** The moment between what was done before and what is done after. */
async function moment() {
  await sleep(5);
  const now = new Date().toISOString();
  await sleep(5);
  return now;
}

const short = ({ on, role, group, since }) => [on, role, group?.name ?? null, since?.type ?? null];

describe("the rights of a person", () => {
  let organization;
  let ada;
  const moments = {};
  const access = (id, at) => organization.admin.get(organization.path(`/members/${id}/access${at ? `?at=${at}` : ""}`));

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Shop: [] } });
    const { okta, admin } = organization;
    moments.none = await moment();
    ada = await organization.createUser("ada@okta.local");
    const role = await organization.groupNamed("Statsig-Shop-Admin");
    assertStatus(await okta.patch(`/Groups/${role.id}`, operation.addMembers([ada.id])), 204);
    assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Shop-Night-Member", [ada.id])), 201);
    const plain = assertStatus(await okta.post("/Groups", oktaGroup("Friends", [ada.id])), 201);
    await admin.patch(organization.path(`/members/${ada.id}`), { org_role: "Admin" });
    moments.all = await moment();
    assertStatus(await okta.patch(`/Groups/${plain.id}`, operation.removeMember(ada.id)), 204);
    moments.less = await moment();
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    moments.inactive = await moment();
    assertStatus(await okta.delete(`/Users/${ada.id}`), 204);
  });

  test("are those of the moment, with the group and the event of each", async () => {
    const all = [
      ["organization", "Admin", null, "org_role.changed"],
      ["project", "Admin", "Statsig-Shop-Admin", "membership.added"],
      ["team", "Member", "Statsig-Shop-Night-Member", "membership.added"],
      ["group", null, "Friends", "membership.added"],
    ];
    const then = await access(ada.id, moments.all);
    assert.deepEqual(then.rights.map(short).sort(), all.toSorted());
    assert.deepEqual([then.exists, then.active, then.visible, then.org_role], [true, true, true, "Admin"]);
    const less = await access(ada.id, moments.less);
    assert.deepEqual(less.rights.map(short).sort(), all.slice(0, 3).sort());
  });

  test("name the request and its cause", async () => {
    const { rights } = await access(ada.id, moments.all);
    const { since } = rights.find(({ on }) => on === "project");
    assert.deepEqual(since.cause, { source: "scim", actor: organization.key.hint, key: organization.key.id });
    const { entries } = await organization.admin.get(organization.path("/log?count=200"));
    const entry = entries.find(({ id }) => id === since.log_id);
    assert.deepEqual([entry.method, entry.first_event], ["PATCH", since.story]);
    const { event } = await organization.admin.get(organization.path(`/events/${since.seq}`));
    assert.equal(event.type, since.type);
  });

  test("are none of a person who was inactive, deleted, or not there yet", async () => {
    for (const [at, exists] of [
      [moments.inactive, true],
      [undefined, false],
      [moments.none, false],
    ]) {
      const { rights, ...rest } = await access(ada.id, at);
      assert.deepEqual([rights, rest.exists, rest.active], [[], exists, false], at);
    }
  });

  test("are not found of an unknown person", async () => {
    assertProblem(await organization.admin.send("GET", organization.path(`/members/${NOBODY}/access`)), 404);
  });

  test("differ between two moments by what was gained and lost", async () => {
    const changes = (from, to, more = "") =>
      organization.admin.get(organization.path(`/access/changes?from=${from}&to=${to}${more}`));
    const names = (groups) => groups.map(({ name }) => name).sort();
    const [gained] = (await changes(moments.none, moments.all)).people;
    assert.deepEqual(
      [gained.user_name, gained.exists, gained.org_role],
      ["ada@okta.local", { before: false, after: true }, { before: "Member", after: "Admin" }],
    );
    assert.deepEqual(names(gained.joined), ["Friends", "Statsig-Shop-Admin", "Statsig-Shop-Night-Member"]);
    const [lost] = (await changes(moments.all, moments.inactive, `&person=${ada.id}`)).people;
    assert.deepEqual(
      [lost.exists, lost.active, lost.org_role],
      [null, { before: true, after: false }, { before: "Admin", after: "Member" }],
    );
    assert.deepEqual(names(lost.left), names(gained.joined));
    const group = gained.joined[0].id;
    assert.deepEqual((await changes(moments.none, moments.all, `&group=${group}`)).people[0].joined.length, 1);
    const now = new Date().toISOString();
    assert.deepEqual((await changes(moments.none, now)).people, [], "whoever came and went has changed nothing");
    const both = `/access/changes?from=${moments.none}&person=${ada.id}&group=${group}`;
    assertProblem(await organization.admin.send("GET", organization.path(both)), 400, /not of both/);
    assertProblem(await organization.admin.send("GET", organization.path("/access/changes")), 400, /from/);
  });
});

describe("what was there before events were kept", () => {
  let organization;
  let ada;
  let started;
  before(async () => {
    organization = await createOrganization(worker, { projects: { Shop: [] } });
    ada = await organization.createUser("ada@okta.local");
    const role = await organization.groupNamed("Statsig-Shop-Admin");
    assertStatus(await organization.okta.patch(`/Groups/${role.id}`, operation.addMembers([ada.id])), 204);
    await sleep(5);
    // As migration 0008 leaves a database.
    const { id } = organization;
    await worker.sql("DELETE FROM events WHERE org_id = ?1", id);
    await worker.sql("DELETE FROM event_subjects WHERE org_id = ?1", id);
    await worker.sql("UPDATE log SET first_event = NULL WHERE org_id = ?1", id);
    await worker.sql(
      "UPDATE memberships SET since = 0 WHERE group_seq IN (SELECT seq FROM groups WHERE org_id = ?1)",
      id,
    );
    const [{ at }] = await worker.sql(
      `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
         lost_total)
       SELECT ?1, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'history.started', 1, 'job', 'migration', 'organization',
         ?1, '{}', 2, 0
       RETURNING at`,
      id,
    );
    started = at;
    await worker.sql("INSERT INTO event_subjects (org_id, subject_id, seq) VALUES (?1, ?1, 1)", id);
  });

  test("is access without an event, since the history began", async () => {
    for (const at of ["", `?at=${started}`]) {
      const { rights, kept_since } = await organization.admin.get(organization.path(`/members/${ada.id}/access${at}`));
      assert.equal(kept_since, started);
      assert.deepEqual(rights.map(short), [
        ["organization", "Member", null, null],
        ["project", "Admin", "Statsig-Shop-Admin", null],
      ]);
    }
  });

  test("is not known for earlier moments", async () => {
    const early = new Date(Date.parse(started) - 1).toISOString();
    for (const path of [`/members/${ada.id}/access?at=${early}`, `/access/changes?from=${early}`]) {
      const answer = await organization.admin.send("GET", organization.path(path));
      assertProblem(answer, 400, new RegExp(`kept since ${started}`));
    }
  });

  test("stays so when it ends", async () => {
    assertStatus(await organization.okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    const path = organization.path(`/members/${ada.id}/access?at=${started}`);
    assert.deepEqual((await organization.admin.get(path)).rights.map(short), [
      ["organization", "Member", null, null],
      ["project", "Admin", "Statsig-Shop-Admin", null],
    ]);
  });

  test("is listed as requests", async () => {
    const { deeds } = await organization.admin.get(organization.path("/events?count=200"));
    const old = deeds.filter(({ at }) => at < started);
    assert.ok(old.length >= 4);
    for (const { outcome, story, request } of old)
      assert.deepEqual([outcome, story, request.status < 400], ["done", null, true]);
    assert.equal(deeds.find(({ story }) => story === 1).events[0].event.type, "history.started");
    const { deeds: done } = await organization.admin.get(organization.path("/events?count=200&outcome=done"));
    assert.deepEqual(done, deeds);
  });
});

test("a person with more than 10,000 later changes is refused, and says so", async () => {
  const organization = await createOrganization(worker);
  const ada = await organization.createUser("ada@okta.local");
  const then = await moment();
  await worker.sql(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
     INSERT INTO event_subjects (org_id, subject_id, seq) SELECT ?1, ?2, 1000 + i FROM n`,
    organization.id,
    ada.id,
  );
  const path = (query) => organization.path(`/members/${ada.id}/access${query}`);
  assertProblem(await organization.admin.send("GET", path(`?at=${then}`)), 400, /more than 10000 changes/);
  const changes = organization.path(`/access/changes?from=${then}&person=${ada.id}`);
  assertProblem(await organization.admin.send("GET", changes), 400, /more than 10000 changes/);
});
