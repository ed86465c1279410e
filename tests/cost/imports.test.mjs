// What the record of an import costs: after the answer of each page two rows in D1, in the batch of its progress, and
// one write to KV. The page itself costs what it did.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const recording = {
  type: "esm",
  contents: readFileSync(new URL("../fixtures/recording-storage.js", import.meta.url), "utf8"),
};
const worker = useWorker({ modules: { "recording-storage.js": recording } });
const COUNT = 100;

/** Sends a request, and resolves with its answer, its batches, and the names that it has written to KV. */
async function recorded(send, puts) {
  const before = worker.logs().length;
  const answer = await send();
  return eventually(async () => {
    await worker.flushLogs();
    const lines = worker
      .logs()
      .slice(before)
      .filter((line) => line.startsWith("{"));
    const parsed = lines.map((line) => JSON.parse(line));
    const written = parsed.flatMap(({ put }) => put ?? []);
    const batches = parsed.filter(({ isDone }) => isDone);
    assert.equal(written.length, puts);
    assert.equal(batches.length, 2);
    return { answer, batches, written };
  });
}

test("a page of an import costs one write to KV and two rows after its answer, in the batch sent anyway", async () => {
  const organization = await createOrganization(worker);
  await populate(worker.sql, organization.id, { users: 5 * COUNT - 1 });
  // The time of last use is written with the first of these.
  await organization.okta.list("/Users", { filter: 'userName eq "nobody"' });
  const rows = [];
  for (let startIndex = 1; startIndex <= 5 * COUNT; startIndex += COUNT) {
    const send = () => organization.okta.list("/Users", { startIndex, count: COUNT });
    const { answer, batches, written } = await recorded(send, 1);
    assertStatus(answer, 200);
    assert.equal(serverTiming(answer).round_trips, 1);
    assert.match(written[0], new RegExp(`^import:${organization.id}:.*:${(startIndex - 1) / COUNT + 1}$`));
    rows.push(batches[1].rows.written);
    const noted = batches[1].batch.flatMap(([sql]) => /^INSERT INTO (imports|import_days) /.exec(sql)?.[1] ?? []);
    assert.deepEqual(noted, ["import_days", "imports"]);
    assert.ok(batches[1].rows.read < 60, `${batches[1].rows.read} rows read after the answer`);
  }
  // The progress of the reading is a row from the third page on, and the end of the import an event.
  assert.deepEqual(rows.slice(0, 4), [2, 2, 3, 3]);
});

test("a list that is no import costs nothing after its answer", async () => {
  const organization = await createOrganization(worker);
  await organization.okta.list("/Users", { filter: 'userName eq "nobody"' });
  for (const query of [{ count: 2 }, { filter: "active eq true", count: 100 }, { cursor: "", count: 100 }]) {
    const before = worker.logs().length;
    assertStatus(await organization.okta.list("/Users", query), 200);
    await worker.flushLogs();
    const lines = worker
      .logs()
      .slice(before)
      .filter((line) => line.startsWith("{"));
    const parsed = lines.map((line) => JSON.parse(line));
    assert.deepEqual([parsed.filter(({ isDone }) => isDone).length, parsed.filter(({ put }) => put).length], [1, 0]);
  }
});
