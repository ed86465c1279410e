// Exports of a hundred thousand rows: the memory of the isolate, which all requests share and which never shrinks.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { download, readCsv, readLines } from "../helpers/exports.mjs";
import { memoryOf, memoryProbe } from "../helpers/memory.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ modules: memoryProbe() });
const ROWS = 100_000;
const MOST = 32 * 1024 * 1024; // bytes of memory

let organization;
before(async () => {
  await worker.started;
  organization = await createOrganization(worker);
});

test("a log of 100,000 entries is exported within the isolate's memory", async () => {
  await worker.sql(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id, detail, duration)
     SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', 1767225600 + i, 'unixepoch') || '-' || printf('%08x', i), 'scim',
       'scim-ABCD…', 'PATCH', '/scim/Users/' || i, 400, 'User', i, 'The value "' || i || '" cannot be used.', 12
     FROM n`,
    organization.id,
  );
  const rows = readCsv(await download(organization, "log", "csv"));
  const own = rows.filter(({ actor }) => actor === "scim-ABCD…");
  assert.equal(own.length, ROWS);
  assert.ok(
    own.every(({ resource_id }, i) => resource_id === String(i + 1)),
    "in order, each once",
  );
  const bytes = await memoryOf(worker);
  assert.ok(bytes <= MOST, `${bytes} bytes of memory`);
});

test("an access review of 100,000 memberships is exported within the isolate's memory, four at once", async () => {
  await populate(worker.sql, organization.id, { users: 5_000, groups: 20, members: 5_000 });
  const texts = await Promise.all(
    ["jsonl", "jsonl", "jsonl", "csv"].map((format) => download(organization, "access-review", format)),
  );
  const rows = readLines(texts[0], "access-review");
  // The Owner is in no group.
  assert.equal(rows.length, ROWS + 1);
  assert.equal(new Set(rows.map(({ user_id, group_id }) => `${user_id} ${group_id}`)).size, rows.length);
  assert.equal(readCsv(texts[3]).length, rows.length);
  const bytes = await memoryOf(worker);
  assert.ok(bytes <= MOST, `${bytes} bytes of memory`);
});
