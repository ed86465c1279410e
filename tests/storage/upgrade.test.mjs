// docs/upgrade.sql: a database that was made before there was a console serves the Worker of today.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { shape } from "../helpers/shape.mjs";
import { useWorker } from "../helpers/worker.mjs";

const fresh = useWorker();
const worker = useWorker({ initialSchema: migrations()[0].sql });
const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** What only a database with a console has, besides the columns that the file adds. */
const NEW = [
  ["TRIGGER", "groups_insert"],
  ["TRIGGER", "groups_rename"],
  ["TABLE", "log"],
  ["TABLE", "archived_groups"],
  ["INDEX", "users_inactive"],
  ["INDEX", "users_with_org_role"],
];

test("a database from before the console becomes one of today", async () => {
  const added = [...read("docs/upgrade.sql").matchAll(/ALTER TABLE (\w+) ADD COLUMN (\w+)/g)];
  assert.equal(added.length, 5);
  for (const [kind, name] of NEW) await worker.sql(`DROP ${kind} ${name}`);
  for (const [, table, column] of added) await worker.sql(`ALTER TABLE ${table} DROP COLUMN ${column}`);

  await worker.sql(read("docs/upgrade.sql"));
  await migrate(await worker.database());
  // A column that was added has a default for the rows that were there.
  const withoutDefaults = ({ columns, others }) => ({
    columns: columns.map(({ dflt_value, ...column }) => column),
    others,
  });
  assert.deepEqual(withoutDefaults(await shape(worker)), withoutDefaults(await shape(fresh)));
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const [ada] = await organization.createUsers(1);
  assertStatus(await organization.okta.get(`/Users/${ada.id}`), 200);
  assert.equal((await organization.admin.get(organization.path("/log"))).entries.length, 4);
});
