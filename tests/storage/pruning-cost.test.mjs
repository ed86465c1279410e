// What the hourly maintenance reads and deletes at once: bounded, however many rows there are, also of organizations
// that are gone. The Worker's log has the most rows that a step has read at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const OLD = "2020-01-01T00:00:00.000Z";
const GONE = "00000000-0000-4000-8000-00000000dead";
const ROWS = 40_000;
/** Most rows that a statement of the maintenance deletes. */
const AT_ONCE = 5_000;

/** Writes entries of the log. */
const writeLog = (org) =>
  worker.sql(
    `INSERT INTO log (org_id, id, source, actor, method, path, status, duration)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?3 AS INTEGER))
     SELECT ?1, ?2 || printf('-%08x', i), 'scim', 'scim-ABCD…', 'PUT', '/scim/Users/x', 200, 1 FROM n`,
    org,
    OLD,
    String(ROWS),
  );

/** Writes events behind the newest one, each with two rows by which it is found. */
async function writeEvents(org) {
  await worker.sql(
    `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
       lost_total)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?3 AS INTEGER))
     SELECT ?1, i + (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?1), ?2, 'membership.removed', 1, 'scim',
       'hint', 'group', 'g-' || i,
       '{"groups":[{"id":"g","name":"G"}],"people":[{"id":"p","since":0}]}', 1, 0 FROM n`,
    org,
    OLD,
    String(ROWS),
  );
  await worker.sql("UPDATE events SET at = ?2 WHERE org_id = ?1", org, OLD);
  await worker.sql(
    `INSERT INTO event_subjects (org_id, subject_id, seq)
     SELECT org_id, subject_id, seq FROM events WHERE org_id = ?1 AND type = 'membership.removed'
     UNION ALL SELECT org_id, 'p', seq FROM events WHERE org_id = ?1 AND type = 'membership.removed'`,
    org,
  );
}

/** Runs the maintenance. Resolves with what its steps have deleted, by their names. */
async function maintained() {
  const before = worker.logs().length;
  assert.equal((await worker.scheduled()).outcome, "ok");
  await worker.flushLogs();
  const line = /maintenance of database 0, (.*): (\d+) rows deleted, at most (\d+) read at once/;
  const steps = worker
    .logs()
    .slice(before)
    .map((text) => line.exec(text))
    .filter(Boolean);
  return steps.map(([, name, deleted, read]) => ({ name, deleted: Number(deleted), read: Number(read) }));
}

test(`of ${ROWS} entries and events of an organization, and of one that is gone, few are read at once`, async (t) => {
  const { id } = await createOrganization(worker);
  for (const org of [id, GONE]) {
    await writeLog(org);
    await writeEvents(org);
  }
  const steps = await maintained();
  for (const { name, deleted, read } of steps)
    t.diagnostic(`${name}: ${deleted} deleted, at most ${read} read at once`);
  const of = (name) => steps.filter((step) => step.name === name);
  assert.deepEqual(
    of("rows of deleted organizations").map(({ deleted }) => deleted),
    [ROWS, ROWS, 2 * ROWS],
    "the log, the events, and what finds them",
  );
  const [log] = of("log entries past their retention");
  const [events] = of("events past their retention");
  assert.deepEqual([log.deleted, events.deleted >= ROWS], [ROWS, true]);
  // An entry or event is found, read, and deleted with its places in the indexes.
  for (const { read } of [...of("rows of deleted organizations"), log])
    assert.ok(read <= 6 * AT_ONCE, `${read} rows read at once`);
  // Two statements pick the same events, one for what finds them by each text of their data.
  assert.ok(events.read <= 25 * AT_ONCE, `${events.read} rows read at once`);
  for (const table of ["log", "events", "event_subjects"]) {
    const [{ n }] = await worker.sql(`SELECT count(*) AS n FROM ${table} WHERE org_id = ?1`, GONE);
    assert.equal(n, 0, table);
  }
});

test("of many deleted people, some are erased at once", async (t) => {
  const { id } = await createOrganization(worker);
  const PEOPLE = 400;
  await worker.sql(
    `INSERT INTO deleted_people (org_id, id, deleted_at, event_seq, person)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?3 AS INTEGER))
     SELECT ?1, 'person-' || i, ?2, 1, json_object('doc', json_object('userName', 'person-' || i || '@okta.local'))
     FROM n`,
    id,
    OLD,
    String(PEOPLE),
  );
  await worker.sql(
    `INSERT INTO event_subjects (org_id, subject_id, seq, personal)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
     SELECT d.org_id, d.id, n.i, json_object('user_name', d.id || '@okta.local')
     FROM deleted_people d JOIN n WHERE d.org_id = ?1`,
    id,
  );
  const [step, ...more] = (await maintained()).filter(({ name }) => name === "deleted people");
  assert.deepEqual([step.deleted, more], [PEOPLE, []]);
  t.diagnostic(`${PEOPLE} people with 20 events each: at most ${step.read} rows read at once`);
  // 20 people at once with 20 events each, at which four statements look.
  assert.ok(step.read <= 20 * 20 * 15, `${step.read} rows read at once`);
  const [{ n }] = await worker.sql(
    `SELECT count(*) AS n FROM event_subjects
     WHERE org_id = ?1 AND personal IS NOT NULL AND subject_id LIKE 'person-%'`,
    id,
  );
  assert.equal(n, 0);
});
