// The hourly maintenance deletes old entries of the log, however many there are and although a step fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOrganization } from "../helpers/organization.mjs";
import { whileFailing } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ databases: 2 });
const zero = useWorker({ vars: { LOG_RETENTION_DAYS: "0", EVENT_RETENTION_DAYS: "0", DELETED_RETENTION_DAYS: "-1" } });
const nonsense = useWorker({
  vars: { LOG_RETENTION_DAYS: "thirty", EVENT_RETENTION_DAYS: "4e2", DELETED_RETENTION_DAYS: "never" },
});
const week = useWorker({ vars: { LOG_RETENTION_DAYS: "7" } });

const OLD = "2020-01-01T00:00:00.000Z";
const days = (number) => new Date(Date.now() - number * 24 * 60 * 60 * 1000).toISOString();

/** Writes entries of that time into the log of an organization. */
const write = (on, organization, count, time, database = 0) =>
  on.sqlIn(
    database,
    `INSERT INTO log (org_id, id, source, actor, method, path, status, duration)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?3 AS INTEGER))
     SELECT ?1, ?2 || printf('-%08x', i), 'scim', 'scim-ABCD…', 'PUT', '/scim/Users/x', 200, 1 FROM n`,
    organization,
    time,
    String(count),
  );

const left = async (on, organization, time, database = 0) =>
  (
    await on.sqlIn(
      database,
      "SELECT count(*) AS n FROM log WHERE org_id = ?1 AND id LIKE ?2 || '-%'",
      organization,
      time,
    )
  )[0].n;

test("a backlog of more than eight hundred thousand entries is deleted in one run", async () => {
  const { id } = await createOrganization(week);
  const recent = days(6);
  for (let i = 0; i < 43; i++) await write(week, id, 20_000, OLD.replace("000Z", `${100 + i}Z`));
  await write(week, id, 3, recent);
  assert.equal((await week.scheduled()).outcome, "ok");
  const [{ n }] = await week.sql("SELECT count(*) AS n FROM log WHERE id < '2021'");
  assert.equal(n, 0);
  assert.equal(await left(week, id, recent), 3);
});

test("the log of a deleted organization is deleted, and no other", async () => {
  const { id } = await createOrganization(worker);
  const gone = "00000000-0000-4000-8000-00000000dead";
  const recent = days(1);
  for (const database of [0, 1]) await write(worker, gone, 7_000, recent, database);
  await write(worker, id, 5, recent);
  assert.equal((await worker.scheduled()).outcome, "ok");
  for (const database of [0, 1]) assert.equal(await left(worker, gone, recent, database), 0);
  assert.equal(await left(worker, id, recent), 5);
});

test("a failure is reported, ends no other step, and the next run makes up for it", async () => {
  const { id } = await createOrganization(worker);
  const settings = { name: "There", owner: { user_name: "owner@okta.local" }, database: 1 };
  const there = await createOrganization(worker, { settings });
  await write(worker, id, 10, OLD);
  await write(worker, there.id, 10, OLD, 1);
  await worker.sql("INSERT INTO console_sessions VALUES ('ended', ?1, ?1)", OLD);
  const message = "D1 DB is overloaded. Requests queued for too long.";
  const { outcome } = await whileFailing(worker, "DELETE ON log", message, () => worker.scheduled());
  assert.notEqual(outcome, "ok");
  assert.equal(await left(worker, id, OLD), 10);
  assert.equal(await left(worker, there.id, OLD, 1), 0, "the other database is not reached");
  const [{ n }] = await worker.sql("SELECT count(*) AS n FROM console_sessions WHERE id = 'ended'");
  assert.equal(n, 0, "another step is not done");
  assert.equal((await worker.scheduled()).outcome, "ok");
  assert.equal(await left(worker, id, OLD), 0);
});

test("a transient error in the middle of the work does not end it", async () => {
  const { id } = await createOrganization(worker);
  await write(worker, id, 12_000, OLD);
  const failing = whileFailing(worker, "DELETE ON log", "Network connection lost.", async () => {
    const run = worker.scheduled();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { run };
  });
  const { run } = await failing;
  assert.equal((await run).outcome, "ok");
  assert.equal(await left(worker, id, OLD), 0);
});

test("a retention that is no number of days, or none, is refused, and the log kept", async () => {
  for (const on of [zero, nonsense]) {
    const { id } = await createOrganization(on);
    await write(on, id, 5, OLD);
    await on.sql("INSERT INTO console_sessions VALUES ('ended', ?1, ?1)", OLD);
    const { outcome } = await on.scheduled();
    assert.notEqual(outcome, "ok");
    assert.equal(await left(on, id, OLD), 5);
    const [{ n }] = await on.sql("SELECT count(*) AS n FROM console_sessions");
    assert.equal(n, 0, "the other steps are done");
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const name of ["LOG", "EVENT", "DELETED"]) {
      assert.match(on.logs().join("\n"), new RegExp(`${name}_RETENTION_DAYS is [^;]* at least 1`));
    }
  }
});
