// The number of active people in the newest event, which the access brake goes by: the hourly maintenance counts them
// anew where a version of the service that writes no events has changed some.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { crowd } from "../helpers/crowd.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const run = async () => assert.equal((await worker.scheduled()).outcome, "ok");

/** Sets the state of people without events, as versions of before events were kept do. */
const set = (organization, active, count) =>
  worker.sql(
    `UPDATE users SET active = CAST(?2 AS INTEGER) WHERE seq IN (
       SELECT seq FROM users WHERE org_id = ?1 AND org_role = 'Member' AND active <> CAST(?2 AS INTEGER)
       ORDER BY seq LIMIT CAST(?3 AS INTEGER))`,
    organization.id,
    String(active),
    String(count),
  );

test("people who were changed without events are counted, with an event that says so", async () => {
  const [organization, other] = await Promise.all([createOrganization(worker), createOrganization(worker)]);
  const people = await organization.createUsers(5);
  assertStatus(await organization.okta.patch(`/Users/${people[0].id}`, operation.active(false)), 200);
  const newest = await newestEvent(worker, other.id);
  await run();
  assert.equal(await newestEvent(worker, other.id), newest, "nothing is written where the number is right");
  const before = await newestEvent(worker, organization.id);

  await set(organization, 0, 3);
  await run();
  const [event, ...more] = await storedEvents(worker, organization.id, { after: before });
  assert.deepEqual(more, []);
  assert.deepEqual([event.type, event.source, event.actor], ["people.counted", "job", "recount"]);
  assert.deepEqual(event.data, { active: { before: 5, after: 2 } });
  assert.deepEqual([event.active, event.active_total, event.lost], [-3, 2, 0]);
  await assertEventsAreSound(worker, organization.id);

  await set(organization, 1, 4);
  await run();
  const [again] = await storedEvents(worker, organization.id, { after: event.seq });
  assert.deepEqual(again.data, { active: { before: 2, after: 6 } });
  await run();
  assert.equal(await newestEvent(worker, organization.id), again.seq, "once");
  assertStatus(await organization.okta.delete(`/Users/${people[1].id}`), 204);
  await assertEventsAreSound(worker, organization.id);
  const log = await organization.admin.get(organization.path("/events?kind=settings"));
  assert.ok(JSON.stringify(log).includes("people.counted"), "the log has it");
});

test("people whom SCIM does not see do not count", async () => {
  const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
  await organization.createUsers(3);
  await organization.addMember("guest@elsewhere.local");
  await set(organization, 0, 4);
  await run();
  const last = (await storedEvents(worker, organization.id)).at(-1);
  assert.deepEqual(last.data, { active: { before: 4, after: 1 } });
});

test("thousands of inactive people are counted in pieces", async (t) => {
  const organization = await createOrganization(worker);
  await crowd(worker, organization, 25_000);
  await set(organization, 0, 21_000);
  await run();
  const last = (await storedEvents(worker, organization.id)).at(-1);
  assert.deepEqual(last.data, { active: { before: 1, after: 4_001 } });
  const newest = last.seq;
  await run();
  assert.equal(await newestEvent(worker, organization.id), newest);
  // While people change, the count is left to the next run.
  await set(organization, 0, 1_000);
  const people = await organization.createUsers(20, { stem: "other" });
  let stopped = false;
  const writer = (async () => {
    for (let i = 0; !stopped; i++) {
      const { id } = people[i % people.length];
      assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(i % 2 === 1)), 200);
    }
  })();
  await organization.configure({ brake_percent: 0 });
  await run();
  stopped = true;
  await writer;
  await run();
  await assertEventsAreSound(worker, organization.id);
  t.diagnostic(`${(await storedEvents(worker, organization.id, { after: newest })).length} events`);
});
