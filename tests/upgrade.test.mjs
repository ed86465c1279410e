// docs/upgrade.sql: a database that was made before there was a console serves the Worker of today.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertStatus } from "./lib/assert.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { useWorker } from "./lib/worker.mjs";

const worker = useWorker();
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** What only a database with a console has, besides the columns that the file adds. */
const NEW = [
  ["TRIGGER", "groups_insert"],
  ["TRIGGER", "groups_rename"],
  ["TRIGGER", "groups_name_freed_delete"],
  ["TRIGGER", "groups_name_freed_update"],
  ["TABLE", "log"],
  ["TABLE", "archived_groups"],
  ["INDEX", "users_inactive"],
  ["INDEX", "users_with_org_role"],
];

async function shape() {
  const tables = await worker.sql("SELECT type, name FROM sqlite_schema ORDER BY name");
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
  for (const [kind, name] of NEW) await worker.sql(`DROP ${kind} ${name}`);
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
