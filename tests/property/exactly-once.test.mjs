// A product's copy of the directory is right, and no webhook is lost, however often everything is killed, and however
// many write meanwhile.
// KILLS=100 npm test -- tests/property/exactly-once.test.mjs runs longer than a usual run does.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openExample } from "../../scripts/lib/example.mjs";
import { AdminApi } from "../helpers/admin.mjs";
import { eventually } from "../helpers/assert.mjs";
import { oktaUser, operation } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { assertComplete, assertDisabled, deliverAll, startConsumers } from "../helpers/consumers.mjs";
import { endLeases, LOCAL_TARGETS, letTimePass, startExampleProcess } from "../helpers/example.mjs";

const KILLS = Number(process.env.KILLS ?? 12);
const WRITERS = 16;
const READERS = 3;
const PEOPLE = 40;

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const name = (number) => `person-${number}@example.com`;

/** What identity providers do, at random, until the server is gone. */
async function write(okta, state) {
  const number = Math.floor(Math.random() * PEOPLE);
  const id = state.people.get(number);
  if (id === undefined) {
    const [givenName, familyName] = ["Person", String(number)];
    const { status, body } = await okta.post("/Users", oktaUser({ userName: name(number), givenName, familyName }));
    if (status === 201) state.people.set(number, body.id);
    // Made by a request whose answer was lost.
    else if (status === 409) {
      const found = await okta.get(`/Users?filter=${encodeURIComponent(`userName eq "${name(number)}"`)}`);
      if (found.body.Resources?.[0]) state.people.set(number, found.body.Resources[0].id);
    }
    return;
  }
  const group = pick(state.groups);
  switch (Math.floor(Math.random() * 7)) {
    case 0:
      return okta.patch(`/Users/${id}`, operation.active(false));
    case 1:
      return okta.patch(`/Users/${id}`, operation.active(true));
    case 2:
      return okta.patch(`/Users/${id}`, { op: "replace", value: { displayName: `Name ${Math.random()}` } });
    case 3:
      if (Math.random() < 0.3 && (await okta.delete(`/Users/${id}`)).status === 204) state.people.delete(number);
      return;
    case 4:
      return okta.patch(`/Groups/${group}`, operation.removeMember(id));
    default:
      return okta.patch(`/Groups/${group}`, operation.addMembers([id]));
  }
}

/** Until the server is gone or the time is over. Requests that the end of the server breaks off are no failures. */
async function repeatedly(what, until) {
  while (Date.now() < until) {
    try {
      await what();
    } catch (error) {
      if (error?.code === "ERR_ASSERTION") throw error;
      return;
    }
  }
}

/** Reads with the product's own catching up. */
const catchUp = async ({ productUrl }) => {
  const response = await fetch(`${productUrl}/me`);
  const text = await response.text();
  assert.equal(response.status, 401, text);
};

/** The example's organization in the admin API, at the address where it answers now. */
const organizationOf = (example) => ({
  id: example.organization,
  admin: new AdminApi(example),
  path: (rest = "") => `/organizations/${example.organization}${rest}`,
});

test("a copy equals the directory, and no webhook is lost, however often the server is killed", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "scim-edge-test-"));
  try {
    const state = { people: new Map(), groups: [] };
    let [writes, reads, consumers] = [0, 0];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const example = await startExampleProcess(folder);
      const okta = new ScimClient(`${example.url}/scim`, example.key);
      if (kill === 0) {
        const { body } = await okta.get("/Groups?count=100");
        state.groups = body.Resources.map(({ id }) => id);
        const organization = organizationOf(example);
        await organization.admin.patch(organization.path(), { brake_percent: 0 });
        consumers = await startConsumers(organization);
      }
      const until = Date.now() + 60_000;
      const before = writes;
      const all = [
        ...Array.from({ length: WRITERS }, () =>
          repeatedly(async () => {
            await write(okta, state);
            writes += 1;
          }, until),
        ),
        ...Array.from({ length: READERS }, () =>
          repeatedly(async () => {
            await catchUp(example);
            reads += 1;
          }, until),
        ),
      ];
      // On a busy machine the first requests take long.
      await eventually(() => assert.ok(writes > before + WRITERS));
      await sleep(Math.random() * 900);
      await example.kill();
      await Promise.all(all);
    }
    assert.ok(writes > KILLS * WRITERS, `only ${writes} writes were answered`);
    assert.ok(reads > KILLS, `the product was only ${reads} times able to read`);
    context.diagnostic(`${KILLS} times killed, ${writes} writes answered, ${reads} times caught up`);
    const example = await openExample({ folder, vars: LOCAL_TARGETS });
    try {
      await assertDelivered(context, example, consumers);
      await assertSame(example);
    } finally {
      await example.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const rows = async (database, sql) => (await database.prepare(sql).all()).results;

/** Asserts what each webhook delivered, first with a dead receiver, then after that one has come back. */
async function assertDelivered(context, example, { dead, ...alive }) {
  const organization = organizationOf(example);
  const time = { sweep: example.sweep, pass: () => letTimePass(example) };
  const events = async () => rows(await example.database(), "SELECT seq, subject_id FROM events ORDER BY seq");
  await endLeases(example);
  await deliverAll(organization, [dead, ...Object.values(alive)], time);
  for (const consumer of Object.values(alive)) {
    const doubles = assertComplete(organization, consumer, await events());
    const { messages } = consumer.receiver;
    const failed = messages.filter(({ status }) => status !== 200).length;
    context.diagnostic(`${consumer.name}: ${messages.length} messages, ${failed} failed, ${doubles} doubles`);
  }
  assert.ok(
    alive.failing.receiver.messages.some(({ status }) => status === 503),
    "none failed",
  );
  await assertDisabled(organization, dead);
  assert.deepEqual(dead.receiver.taken(), []);
  dead.receiver.answer = () => 200;
  await organization.admin.patch(organization.path(`/webhooks/${dead.webhook.id}`), { disabled: false });
  await deliverAll(organization, [dead], time);
  assertComplete(organization, dead, await events());
}

async function assertSame(example) {
  await catchUp(example);
  const [directory, product] = [await example.database(), await example.productDatabase()];
  const people = await rows(directory, "SELECT id, active FROM users ORDER BY id");
  assert.ok(people.length > 5);
  const only = (one, others) =>
    one.filter((row) => !others.some((other) => JSON.stringify(other) === JSON.stringify(row)));
  const assertSameRows = (copied, real) =>
    assert.deepEqual({ tooMany: only(copied, real), missing: only(real, copied) }, { tooMany: [], missing: [] });
  assertSameRows(await rows(product, "SELECT id, active FROM people ORDER BY id"), people);
  const rights = await rows(
    directory,
    `SELECT u.id AS person_id, g.id AS group_id, g.role FROM memberships m
     JOIN users u ON u.seq = m.user_seq JOIN groups g ON g.seq = m.group_seq ORDER BY u.id, g.id`,
  );
  assert.ok(rights.length > 0);
  const copied = "SELECT person_id, group_id, role FROM rights ORDER BY person_id, group_id";
  assertSameRows(await rows(product, copied), rights);
  // Each event once: a second time would have broken its primary key, and a gap shows in the numbers.
  const applied = await rows(product, "SELECT id FROM applied_events");
  const numbers = applied.map(({ id }) => Number(id.split("_").at(-1))).sort((one, other) => one - other);
  const [{ last }] = await rows(directory, "SELECT max(seq) AS last FROM events");
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, index) => last - numbers.length + 1 + index),
  );
}
