// Erase now: what is kept of a deleted person goes at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const erase = (organization, id) =>
  organization.admin.send("POST", organization.path(`/deleted-people/${id}/erase`), {});

/** Everything that is stored about an organization's people, as text. */
async function stored(organization) {
  const tables = ["users", "user_emails", "deleted_people", "events", "event_subjects", "log"];
  const rows = await Promise.all(
    tables.map((table) => worker.sql(`SELECT * FROM ${table} WHERE org_id = ?1`, organization.id)),
  );
  return JSON.stringify(rows);
}

test("erasing a deleted person leaves no name of theirs, and events that still count", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const user = await organization.createUser("zelda.unique@okta.local", { title: "Unmistakable" });
  const other = await organization.createUser("other@okta.local");
  assertStatus(await okta.patch(`/Users/${user.id}`, operation.active(false)), 200);
  assertStatus(await okta.delete(`/Users/${user.id}`), 204);
  const before = await storedEvents(worker, organization.id);
  assert.match(await stored(organization), /zelda\.unique/i);

  assert.deepEqual(assertStatus(await erase(organization, user.id), 200), { id: user.id });
  assert.doesNotMatch(await stored(organization), /zelda\.unique|Unmistakable/i);
  assert.match(await stored(organization), /other@okta\.local/);
  const after = await assertEventsAreSound(worker, organization.id);
  const frames = (events) => events.map(({ subjects, ...frame }) => frame);
  assert.deepEqual(frames(after.slice(0, -1)), frames(before), "frames stay");
  const last = after.at(-1);
  assert.deepEqual([last.type, last.subject_id, last.data], ["person.erased", user.id, {}]);
  const [entry] = await worker.sql(
    "SELECT detail FROM log WHERE org_id = ?1 AND id = ?2",
    organization.id,
    last.log_id,
  );
  assert.equal(entry.detail, "Erased what was kept of a deleted person.");
  const restored = await organization.admin.send("POST", organization.path(`/deleted-people/${user.id}/restore`), {});
  assertProblem(restored, 404);

  const newest = await newestEvent(worker, organization.id);
  assertStatus(await erase(organization, user.id), 200);
  assert.equal(await newestEvent(worker, organization.id), newest, "a repetition changes nothing");
  assertProblem(await erase(organization, other.id), 409, /Delete them first/);
  assert.match(await stored(organization), /other@okta\.local/);
  assertProblem(await erase(organization, "00000000-0000-4000-8000-000000000000"), 404);
});

test("of two erasures at once one has an event, and another organization's person is none", async () => {
  const [organization, foreign] = await Promise.all([createOrganization(worker), createOrganization(worker)]);
  const user = await organization.createUser("twice@okta.local");
  assertStatus(await organization.okta.delete(`/Users/${user.id}`), 204);
  assertProblem(await erase(foreign, user.id), 404);
  const answers = await Promise.all(Array.from({ length: 8 }, () => erase(organization, user.id)));
  for (const answer of answers) assertStatus(answer, 200);
  const events = await storedEvents(worker, organization.id);
  assert.equal(events.filter(({ type }) => type === "person.erased").length, 1);
});
