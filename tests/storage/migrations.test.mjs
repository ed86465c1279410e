// migrations/: a database in use becomes that of schema.sql, and what is in it stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { AdminApi } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { shape } from "../helpers/shape.mjs";
import { useWorker } from "../helpers/worker.mjs";

const fresh = useWorker();
const migrated = useWorker({ initialSchema: "CREATE TABLE placeholder (x)" });
const used = useWorker({ initialSchema: migrations()[0].sql });

const OLD = "2026-01-01T00:00:00.000Z";
const ORG = "00000000-0000-4000-8000-000000000001";

test("all migrations make the database of schema.sql", async () => {
  assert.deepEqual(
    await migrate(await migrated.database()),
    migrations().map(({ name }) => name),
  );
  assert.deepEqual(await shape(migrated), await shape(fresh));
  assert.deepEqual(await migrate(await migrated.database()), [], "nothing is applied a second time");
});

test("a database in use keeps its data and serves them", async () => {
  const person = (seq, userName) => [
    `INSERT INTO users (seq, org_id, id, user_name_fold, active, org_role, mail_domain, managed, doc, created_at,
       last_modified)
     VALUES (CAST(?1 AS INTEGER), ?2, ?3, ?4, 1, ?5, 'acme.example', 1, json_object('userName', ?4), ?6, ?6)`,
    String(seq),
    ORG,
    `00000000-0000-4000-9000-00000000000${seq}`,
    userName,
    seq === 1 ? "Owner" : "Member",
    OLD,
  ];
  await used.sql(
    "INSERT INTO organizations (id, name, created_at, last_modified) VALUES (?1, 'Acme', ?2, ?2)",
    ORG,
    OLD,
  );
  await used.sql(...person(1, "owner@acme.example"));
  await used.sql(...person(2, "ann@acme.example"));
  await used.sql(
    "INSERT INTO projects (id, org_id, name, name_fold, created_at) VALUES ('p', ?1, 'Demo', 'demo', ?2)",
    ORG,
    OLD,
  );
  await used.sql(
    `INSERT INTO groups (seq, org_id, id, project_id, role, display_name, name_fold, created_at, last_modified)
     VALUES (1, ?1, 'g', 'p', 'Member', 'Statsig-Demo-Member', 'statsig-demo-member', ?2, ?2)`,
    ORG,
    OLD,
  );
  await used.sql("INSERT INTO memberships (group_seq, user_seq) VALUES (1, 2)");
  await migrate(await used.database());
  assert.deepEqual(await shape(used), await shape(fresh));

  const admin = new AdminApi(used);
  const { key } = await admin.create(`/organizations/${ORG}/keys`);
  const okta = new ScimClient(`${used.url}/scim`, key);
  const found = await okta.find("/Users", 'userName eq "ann@acme.example"');
  assertStatus(found, 200);
  assert.equal(found.body.totalResults, 1);
  const [ann] = found.body.Resources;
  assert.deepEqual(
    ann.groups.map(({ display }) => display),
    ["Statsig-Demo-Member"],
  );
  const group = await okta.get("/Groups/g");
  assert.deepEqual(
    group.body.members.map(({ value }) => value),
    [ann.id],
  );
});
