// A product's copy of the directory is right however often everything is killed, and however many write meanwhile.
// KILLS=100 npm test -- tests/property/exactly-once.test.mjs runs longer than a usual run does.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { oktaUser, operation } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { startExampleProcess } from "../helpers/example.mjs";

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
  let times = 0;
  while (Date.now() < until) {
    try {
      await what();
      times += 1;
    } catch (error) {
      if (error?.code === "ERR_ASSERTION") throw error;
      return times;
    }
  }
  return times;
}

/** Reads with the product's own catching up. */
const catchUp = async ({ productUrl }) => {
  const response = await fetch(`${productUrl}/me`);
  const text = await response.text();
  assert.equal(response.status, 401, text);
};

test("a product's copy equals the directory after the server was killed again and again", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "scim-edge-test-"));
  try {
    const state = { people: new Map(), groups: [] };
    let [writes, reads] = [0, 0];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const example = await startExampleProcess(folder);
      const okta = new ScimClient(`${example.url}/scim`, example.key);
      if (kill === 0) {
        const { body } = await okta.get("/Groups?count=100");
        state.groups = body.Resources.map(({ id }) => id);
        await fetch(`${example.url}/console/api/organizations/${example.organization}`, {
          method: "PATCH",
          headers: { authorization: `Bearer ${example.adminToken}`, "content-type": "application/json" },
          body: JSON.stringify({ brake_percent: 0 }),
        });
      }
      const until = Date.now() + 5000;
      const all = [
        ...Array.from({ length: WRITERS }, () => repeatedly(() => write(okta, state), until)),
        ...Array.from({ length: READERS }, () => repeatedly(() => catchUp(example), until)),
      ];
      await sleep(300 + Math.random() * 900);
      await example.kill();
      const counts = await Promise.all(all);
      writes += counts.slice(0, WRITERS).reduce((sum, count) => sum + count, 0);
      reads += counts.slice(WRITERS).reduce((sum, count) => sum + count, 0);
    }
    assert.ok(writes > KILLS * 5, `only ${writes} writes were answered`);
    assert.ok(reads > KILLS, `the product was only ${reads} times able to read`);
    context.diagnostic(`${KILLS} times killed, ${writes} writes answered, ${reads} times caught up`);
    await assertSame(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function assertSame(folder) {
  const { openExample } = await import("../../scripts/lib/example.mjs");
  const example = await openExample({ folder });
  try {
    await catchUp(example);
    const rows = async (database, sql) => (await database.prepare(sql).all()).results;
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
  } finally {
    await example.close();
  }
}
