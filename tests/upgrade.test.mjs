// docs/upgrade.sql: a database that was made before there was a console serves the Worker of today.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertStatus } from "./lib/assert.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { useWorker } from "./lib/worker.mjs";

const worker = useWorker();
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** The tables and indexes that only the console has, and the columns. */
const NEW = ["log", "archived_groups"];
const NEW_INDEXES = ["users_inactive", "users_with_org_role"];

async function shape() {
  const tables = await worker.sql("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index') ORDER BY name");
  const columns = await worker.sql(
    `SELECT t.name AS tab, c.name, c.type, c."notnull" FROM sqlite_schema t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT GLOB '_cf_*' ORDER BY 1, 2`,
  );
  return { tables, columns };
}

test("a database from before the console becomes one of today", async () => {
  const now = await shape();
  const added = [...read("docs/upgrade.sql").matchAll(/ALTER TABLE (\w+) ADD COLUMN (\w+)/g)];
  assert.equal(added.length, 5);
  for (const table of NEW) await worker.sql(`DROP TABLE ${table}`);
  for (const index of NEW_INDEXES) await worker.sql(`DROP INDEX ${index}`);
  for (const [, table, column] of added) await worker.sql(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  assert.notDeepEqual(await shape(), now);

  await worker.sql(read("docs/upgrade.sql"));
  await worker.sql(read("schema.sql"));
  assert.deepEqual(await shape(), now);
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const [ada] = await organization.createUsers(1);
  assertStatus(await organization.okta.get(`/Users/${ada.id}`), 200);
  assert.equal((await organization.admin.get(organization.path("/log"))).entries.length, 4);
});
