// What it costs to know how keys are used: nothing before the answer, and after it one statement that writes one row,
// at most every five minutes, as the time of last use alone did.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertError, assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const contents = readFileSync(new URL("../fixtures/recording-storage.js", import.meta.url), "utf8");
const worker = useWorker({ modules: { "recording-storage.js": { type: "esm", contents } } });
const READS = 40;

/** The statements about the use of keys that the Worker has sent to its database. */
async function written() {
  await worker.flushLogs();
  const batches = worker.logs().flatMap((line) => {
    const start = line.indexOf('{"batch"');
    return start < 0 ? [] : [JSON.parse(line.slice(start))];
  });
  return batches.flatMap(({ batch }) => batch.filter(([sql]) => /UPDATE auth_keys SET last_used_at/.test(sql)));
}

test("many reads, at once and one after the other, write one row after the answers", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const user = await organization.createUser("ada@okta.local");
  const read = async () => {
    const answer = await okta.get(`/Users/${user.id}`);
    assertStatus(answer, 200);
    const { round_trips, rows_written } = serverTiming(answer);
    assert.deepEqual([round_trips, rows_written], [1, 0]);
  };
  await Promise.all(Array.from({ length: READS / 2 }, read));
  for (let count = 0; count < READS / 2; count++) await read();
  assertError(await okta.get("/Users/nobody"), 404);
  const statements = await eventually(async () => {
    const statements = await written();
    assert.notEqual(statements.length, 0);
    return statements;
  });
  const requests = READS + 2; // with the creation of the user and the failure
  const [{ last_used_at, requests: stored }] = await worker.sql(
    "SELECT last_used_at, requests FROM auth_keys WHERE id = ?1",
    organization.key.id,
  );
  assert.equal(stored, requests, "each request is counted");
  assert.ok(last_used_at);
  for (let count = 0; count < READS / 2; count++) await read();
  assert.equal((await written()).length, statements.length, "not again within five minutes");
  assert.equal(statements.length, 1, "a burst of requests writes it once");
  const { keys } = await organization.admin.get(organization.path("/keys"));
  assert.equal(keys[0].requests_today, requests + READS / 2, "also those that are not written yet");
});
