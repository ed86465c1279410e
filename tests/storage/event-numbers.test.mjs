// The numbers of change events with many writers at once, in front of a reader who keeps the number up to which it has
// read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const WRITERS = 16;
const ROUNDS = 4;

const worker = useWorker();

/** What one writer does in a round: changes that meet those of the others in the group, and some of its own. */
async function write({ okta, admin, path }, group, name) {
  const { id } = assertStatus(await okta.post("/Users", oktaUser(person(name))), 201);
  assertStatus(await okta.patch(`/Groups/${group}`, operation.addMembers([id])), 204);
  assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", value: { title: "Dr" } }), 200);
  // A refused request takes no number.
  assertStatus(await okta.post("/Users", oktaUser(person(name))), 409);
  await admin.patch(path(`/members/${id}`), { org_role: "Admin" });
  assertStatus(await okta.patch(`/Groups/${group}`, operation.removeMember(id)), 204);
  assertStatus(await okta.put(`/Users/${id}`, oktaUser(person(name), { active: false, title: "Dr" })), 200);
  return id;
}

test("numbers have no gaps and never appear behind a reader", async () => {
  const own = await createOrganization(worker, { settings: { plain_groups: true } });
  const other = await createOrganization(worker);
  // Everybody loses access here.
  await worker.sql("UPDATE organizations SET brake_percent = 0");
  const { id: group } = assertStatus(await own.okta.post("/Groups", oktaGroup("Crew")), 201);
  const api = { okta: own.okta, admin: own.admin, path: (rest) => own.path(rest) };

  let isOver = false;
  const writers = Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const ids = [];
      for (let round = 0; round < ROUNDS; round++) {
        ids.push(await write(api, group, `w${writer}r${round}@okta.local`));
        await other.createUser(`w${writer}r${round}@okta.local`);
      }
      return ids;
    }),
  ).finally(() => {
    isOver = true;
  });

  let [read, reads] = [0, 0];
  const seen = [];
  const readOn = async () => {
    const events = await worker.sql(
      "SELECT * FROM events WHERE org_id = ?1 AND seq > CAST(?2 AS INTEGER) ORDER BY seq",
      own.id,
      String(read),
    );
    for (const event of events) {
      assert.equal(event.seq, read + 1, "the next event has the next number");
      assert.ok(event.at >= (seen.at(-1)?.at ?? ""), `${event.at} after ${seen.at(-1)?.at}`);
      seen.push(event);
      read = event.seq;
    }
    reads += Number(events.length > 0);
  };
  while (!isOver) await readOn();
  const people = (await writers).flat();
  await readOn();
  assert.ok(reads > WRITERS, `the reader met ${reads} states only`);

  // Each change has its events, once, and a story of its own.
  const types = Object.groupBy(seen, ({ type }) => type);
  const count = WRITERS * ROUNDS;
  assert.equal(people.length, count);
  for (const type of ["person.updated", "org_role.changed", "membership.added", "membership.removed"])
    assert.equal(types[type]?.length, count, type);
  assert.deepEqual(types["person.deactivated"].map(({ subject_id }) => subject_id).sort(), people.sort());
  for (const { subject_id } of types["person.created"].slice(-count)) assert.ok(people.includes(subject_id));
  const stories = Object.groupBy(seen, ({ story }) => story);
  for (const events of Object.values(stories)) {
    const [{ seq, story, log_id }] = events;
    assert.equal(story, seq, "a story has the number of its first event");
    assert.deepEqual(new Set(events.map((event) => event.log_id)), new Set([log_id]), "a story is one request");
  }
  const requests = seen.filter(({ log_id }) => log_id !== null);
  assert.equal(new Set(requests.map(({ log_id }) => log_id)).size, Object.values(stories).length);

  const [{ active }] = await worker.sql(
    "SELECT count(*) AS active FROM users WHERE org_id = ?1 AND active = 1 AND managed = 1",
    own.id,
  );
  assert.equal(seen.at(-1).active_total, active, "the total is the number of active people");
});
