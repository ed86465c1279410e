// Events of imports: one at the second page of a list, and one at its last.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStatus } from "../helpers/assert.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

async function organizationOf(people) {
  const organization = await createOrganization(worker);
  await organization.createUsers(people - 1);
  return { organization, after: await newestEvent(worker, organization.id) };
}

const page = async (client, startIndex, count, more = "") =>
  assertStatus(await client.get(`/Users?startIndex=${startIndex}&count=${count}${more}`), 200);

/** The events of imports, once the progress of the last page is written, which is after its answer. */
async function imports(organization, after, finished) {
  for (let tried = 0; ; tried++) {
    const events = await storedEvents(worker, organization.id, { after });
    if (events.filter(({ type }) => type === "import.finished").length >= finished || tried > 50) {
      await sleep(50);
      await assertEventsAreSound(worker, organization.id);
      return storedEvents(worker, organization.id, { after });
    }
    await sleep(20);
  }
}

const types = (events) => events.map(({ type }) => type);

test("a list that is read page by page has two events of one story", async () => {
  const { organization, after } = await organizationOf(9);
  const before = new Date().toISOString();
  for (const start of [1, 3, 5, 7, 9]) await page(organization.okta, start, 2);
  const events = await imports(organization, after, 1);
  assert.deepEqual(types(events), ["import.started", "import.finished"]);
  const [started, finished] = events;
  for (const event of events) {
    const { resource, total, first_page_at } = event.data;
    assert.deepEqual([resource, total], ["Users", 9]);
    assert.ok(first_page_at >= before && first_page_at <= event.at);
    assert.deepEqual([event.subject_type, event.subject_id], ["import", started.subject_id]);
    assert.deepEqual([event.source, event.key_id, event.log_id], ["scim", organization.key.id, null]);
    assert.equal(event.story, started.seq);
  }
  assert.ok(finished.at >= started.at);
});

test("a page that is read again has no event, and neither has the whole list read again by its positions", async () => {
  const { organization, after } = await organizationOf(6);
  for (const start of [1, 3, 3, 5, 5, 3, 5]) await page(organization.okta, start, 2);
  assert.deepEqual(types(await imports(organization, after, 1)), ["import.started", "import.finished"]);
});

test("a list of two pages begins and ends with the second", async () => {
  const { organization, after } = await organizationOf(4);
  for (const start of [1, 3]) await page(organization.okta, start, 2);
  const events = await imports(organization, after, 1);
  assert.deepEqual(types(events), ["import.started", "import.finished"]);
  assert.equal(events[1].story, events[0].seq);
});

test("a list of which one page is read has none: neither a test of the connection nor a look-up", async () => {
  const { organization, after } = await organizationOf(5);
  await page(organization.okta, 1, 1);
  await page(organization.okta, 1, 100);
  await page(organization.okta, 1, 100, `&filter=${encodeURIComponent('userName eq "person1@okta.local"')}`);
  assert.deepEqual(await imports(organization, after, 0), []);
});

test("each of several readers has its own import, also those that look the same", async () => {
  const { organization, after } = await organizationOf(7);
  const twin = organization.okta;
  await Promise.all([twin, twin, organization.entra].map((client) => page(client, 1, 2)));
  for (const start of [3, 5, 7]) {
    await Promise.all([twin, twin, organization.entra].map((client) => page(client, start, 2)));
  }
  const events = await imports(organization, after, 3);
  const started = events.filter(({ type }) => type === "import.started").map(({ subject_id }) => subject_id);
  const finished = events.filter(({ type }) => type === "import.finished").map(({ subject_id }) => subject_id);
  assert.equal(new Set(started).size, started.length, "an import begins once");
  assert.equal(new Set(finished).size, finished.length, "an import ends once");
  assert.ok(finished.length >= 2 && started.length <= 3, `${started.length} begun, ${finished.length} finished`);
  for (const id of finished) assert.ok(started.includes(id), "what ends has begun");
});
