// The hourly maintenance deletes old events, what remains of deleted people, and the history of deleted organizations.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { EVENT_RETENTION_DAYS: "10", DELETED_RETENTION_DAYS: "5" } });
const byDefault = useWorker();

const days = (number) => new Date(Date.now() - number * 24 * 60 * 60 * 1000).toISOString();

/** Makes all present events of an organization that old. */
const age = (on, organization, number, until) =>
  on.sql(
    "UPDATE events SET at = ?2 WHERE org_id = ?1 AND seq <= CAST(?3 AS INTEGER)",
    organization.id,
    days(number),
    String(until),
  );

const run = async (on = worker) => assert.equal((await on.scheduled()).outcome, "ok");
const count = async (on, table, id) => (await on.sql(`SELECT count(*) AS n FROM ${table} WHERE org_id = ?1`, id))[0].n;

test("events past their retention go, with all by which they are found, and the others stay", async () => {
  const organization = await createOrganization(worker, { projects: { Web: ["Engineer"] } });
  const group = await organization.groupNamed("Statsig-Web-Engineer");
  const people = await organization.createUsers(6);
  const push = async (op, users) => {
    const value = users.map(({ id }) => ({ value: id }));
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, { op, path: "members", value }), 204);
  };
  await push("add", people);
  await push("remove", people.slice(0, 3));
  await organization.configure({ mail_domains: ["okta.local"] });
  const old = await newestEvent(worker, organization.id);
  await push("remove", people.slice(3));
  await age(worker, organization, 11, old);
  const kept = await storedEvents(worker, organization.id, { after: old });
  await run();
  const left = await storedEvents(worker, organization.id);
  assert.deepEqual(left, kept);
  assert.ok(left.length > 0);
});

test("the newest event stays however old it is, so that numbers go on", async () => {
  const organization = await createOrganization(worker);
  const newest = await newestEvent(worker, organization.id);
  await age(worker, organization, 4000, newest);
  await run();
  assert.deepEqual(
    (await storedEvents(worker, organization.id)).map(({ seq }) => seq),
    [newest],
  );
  await organization.createUser("next@okta.local");
  assert.equal(await newestEvent(worker, organization.id), newest + 1);
});

test("a backlog of many organizations and large events goes in one run", async () => {
  const organizations = await Promise.all(Array.from({ length: 3 }, () => createOrganization(worker)));
  const people = Array.from({ length: 500 }, (_, i) => ({ id: `person-${i}`, since: 0 }));
  for (const { id } of organizations) {
    const from = (await newestEvent(worker, id)) + 1;
    await worker.sql(
      `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
         lost_total)
       WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
       SELECT ?1, i + CAST(?2 AS INTEGER), ?3, 'membership.removed', 1, 'scim', 'hint', 'group', 'group-' || i,
         iif(i % 200 = 0, ?4, '{"people":[{"id":"alone","since":0}]}'), 1, 0 FROM n`,
      id,
      String(from),
      days(11),
      JSON.stringify({ groups: [{ id: "group", name: "Group" }], people }),
    );
    await worker.sql(
      `INSERT INTO event_subjects (org_id, subject_id, seq)
       SELECT e.org_id, e.subject_id, e.seq FROM events e WHERE e.org_id = ?1 AND e.seq >= CAST(?2 AS INTEGER)
       UNION ALL
       SELECT e.org_id, j.value ->> 'id', e.seq FROM events e, json_each(e.data, '$.people') j
       WHERE e.org_id = ?1 AND e.seq >= CAST(?2 AS INTEGER)`,
      id,
      String(from),
    );
    await age(worker, { id }, 11, from);
  }
  await run();
  for (const { id } of organizations) {
    assert.equal(await count(worker, "events", id), 1, "only the newest is left");
    assert.equal(await count(worker, "event_subjects", id), 501, "and by what it is found");
  }
});

test("a person who was deleted long ago is erased with their name in the history, and none else", async () => {
  const organization = await createOrganization(worker);
  const [gone, lately] = await organization.createUsers(2);
  for (const { id } of [gone, lately]) assertStatus(await organization.okta.delete(`/Users/${id}`), 204);
  await worker.sql("UPDATE deleted_people SET deleted_at = ?2 WHERE id = ?1", gone.id, days(6));
  const before = await storedEvents(worker, organization.id);
  await run();
  const deleted = await worker.sql("SELECT id FROM deleted_people WHERE org_id = ?1", organization.id);
  assert.deepEqual(deleted, [{ id: lately.id }]);
  const after = await storedEvents(worker, organization.id);
  assert.equal(after.length, before.length, "events still count");
  const text = JSON.stringify(after);
  assert.ok(!text.includes(gone.userName) && text.includes(lately.userName));
});

test("by default events are kept for 400 days, and deleted people for 30", async () => {
  const organization = await createOrganization(byDefault);
  const [user] = await organization.createUsers(1);
  assertStatus(await organization.okta.delete(`/Users/${user.id}`), 204);
  const newest = await newestEvent(byDefault, organization.id);
  const total = (await storedEvents(byDefault, organization.id)).length;
  await age(byDefault, organization, 399, newest);
  await byDefault.sql("UPDATE deleted_people SET deleted_at = ?1", days(29));
  await run(byDefault);
  assert.equal((await storedEvents(byDefault, organization.id)).length, total);
  assert.equal(await count(byDefault, "deleted_people", organization.id), 1);
  await age(byDefault, organization, 401, newest);
  await byDefault.sql("UPDATE deleted_people SET deleted_at = ?1", days(31));
  await run(byDefault);
  assert.equal((await storedEvents(byDefault, organization.id)).length, 1);
  assert.equal(await count(byDefault, "deleted_people", organization.id), 0);
});

test("nothing is left of a deleted organization, and all of the others", async () => {
  const gone = "00000000-0000-4000-8000-00000000dead";
  const { id } = await createOrganization(worker);
  const now = days(0);
  for (const [org, there] of [
    [gone, false],
    [id, true],
  ]) {
    if (!there) {
      await worker.sql(
        `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
         lost_total)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
         SELECT ?1, i, ?2, 'settings.changed', i, 'console', 'a', 'organization', ?1, '{}', 0, 0 FROM n`,
        org,
        now,
      );
      await worker.sql(
        `INSERT INTO event_subjects (org_id, subject_id, seq)
         SELECT org_id, subject_id, seq FROM events WHERE org_id = ?1`,
        org,
      );
    }
    await worker.sql("INSERT INTO access_losses VALUES (?1, substr(?2, 1, 16), 0, 0)", org, now);
    await worker.sql("INSERT INTO deleted_people VALUES (?1, 'x', ?2, 1, '{}')", org, now);
    await worker.sql("INSERT INTO undo_runs VALUES (?1, 'x', ?2, 'a', '{}', 'finished', 1, '{}')", org, now);
    await worker.sql("INSERT INTO undo_subjects VALUES (?1, 'x', 0, 's', NULL)", org);
    await worker.sql("INSERT INTO bulk_runs VALUES (?1, 'x', ?2, 'a', '{}', 'finished', 1, '{}', '')", org, now);
    await worker.sql("INSERT INTO bulk_people VALUES (?1, 'x', 'p', NULL)", org);
    await worker.sql(
      `INSERT INTO webhooks (org_id, id, queue, description, types, secret, created_at, created_by, disabled_at,
         disabled_because, position, leased_until)
       VALUES (?1, 'x', 'Q', '', '[]', 's', ?2, 'a', ?2, 'administrator', 0, '')`,
      org,
      now,
    );
    await worker.sql("INSERT INTO webhook_failures VALUES (?1, 'x', 's', 1, 1, ?2, 0)", org, now);
    await worker.sql("INSERT INTO webhook_attempts VALUES (?1, 'x', 0, 1, ?2, 1, 't', 1, 500, 1, '', NULL)", org, now);
  }
  await worker.sql("INSERT INTO access_losses VALUES (?1, ?2, 0, 0)", id, days(2).slice(0, 16));
  await run();
  const ofEvents = ["events", "event_subjects", "access_losses"];
  const ofRuns = ["undo_runs", "undo_subjects", "bulk_runs", "bulk_people"];
  const ofWebhooks = ["webhooks", "webhook_failures", "webhook_attempts"];
  for (const table of [...ofEvents, "deleted_people", ...ofRuns, ...ofWebhooks]) {
    assert.equal(await count(worker, table, gone), 0, table);
    assert.ok((await count(worker, table, id)) > 0, table);
  }
  const losses = await worker.sql("SELECT minute FROM access_losses WHERE org_id = ?1", id);
  assert.deepEqual(losses, [{ minute: now.slice(0, 16) }], "records of more than a day ago go");
});
