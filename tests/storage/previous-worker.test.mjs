// The previous version of the Worker on a database with this version's migrations: they are applied first, and it
// answers until the new one is deployed. previous-worker.json has what it sent to its database in a day of an
// organization, recorded by previous-worker.record.mjs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { migrations } from "../../scripts/lib/migrations.mjs";
import { useWorker } from "../helpers/worker.mjs";

/** The first migration that the recorded Worker did not know. */
const NEXT = "0008_change_events.sql";

const { texts, batches } = JSON.parse(readFileSync(new URL("previous-worker.json", import.meta.url), "utf8"));
const schemaOf = (chosen) => chosen.map(({ sql }) => sql).join("\n");
const known = migrations().filter(({ name }) => name < NEXT);
const before = useWorker({ initialSchema: schemaOf(known) });
const after = useWorker({ initialSchema: schemaOf(migrations()) });

/** The rows of each statement of each batch, or the error of a batch. */
async function replay(worker) {
  const outcomes = [];
  for (const { batch } of batches) {
    const outcome = await worker.sqlBatch(batch.map(([text, ...params]) => [texts[text], ...params])).then(
      (rows) => ({ isDone: true, rows }),
      ({ message }) => ({ isDone: false, message }),
    );
    outcomes.push(outcome);
  }
  return outcomes;
}

/** The rows of the tables, with the columns, that the recorded Worker knew. */
async function contents(worker) {
  const columns = await before.sql(
    `SELECT t.name AS "table", group_concat('"' || c.name || '"') AS columns
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT GLOB '_cf_*' AND t.name NOT GLOB 'sqlite_*' GROUP BY 1`,
  );
  const rows = columns.map(async ({ table, columns }) => [
    table,
    await worker.sql(`SELECT ${columns} FROM "${table}"`),
  ]);
  return Object.fromEntries(await Promise.all(rows));
}

/** The same with one time for all times, which are those of the replay. */
function timeless(value) {
  if (typeof value === "string")
    return value.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|(?<="duration":)\d+/g, "<when>");
  if (Array.isArray(value)) return value.map(timeless);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, key === "duration" ? 0 : timeless(own)]));
}

test("the previous version finds and changes on the new database what it does on its own", async () => {
  const [own, next] = await Promise.all([before, after].map(replay));
  const failed = own.flatMap((outcome, i) =>
    outcome.isDone === batches[i].isDone ? [] : [{ ...batches[i], outcome }],
  );
  assert.deepEqual(failed, [], "it cannot be replayed on the database that it was recorded on");
  for (const [i, outcome] of next.entries()) {
    const sent = batches[i].batch.map(([text, ...params]) => `${texts[text]}\n${params.join("\n")}`).join("\n\n");
    assert.deepEqual(timeless(outcome), timeless(own[i]), sent);
  }
  const [left, found] = await Promise.all([before, after].map(contents));
  assert.deepEqual(timeless(found), timeless(left));
  for (const table of ["users", "groups", "memberships", "teams", "log", "auth_keys", "list_snapshots", "readings"])
    assert.ok(left[table].length > 0, `the recording has left nothing in ${table}`);
});
