// Webhooks of a database from before their messages could be tokens: they deliver on, with what had failed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const BEFORE = migrations().filter(({ name }) => name < "0022");
const worker = useWorker({
  initialSchema: BEFORE.map(({ sql }) => sql).join("\n"),
  vars: { WEBHOOK_TARGETS: "any" },
});

test("a webhook with a failed event goes on after the migration", async () => {
  const OLD = "2026-01-01T00:00:00.000Z";
  const [org, person] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-9000-000000000001"];
  const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  const receiver = await startReceiver();
  receiver.secrets.push(secret);
  await worker.sql(
    "INSERT INTO organizations (id, name, created_at, last_modified) VALUES (?1, 'Acme', ?2, ?2)",
    org,
    OLD,
  );
  await worker.sql(
    `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data,
       active, active_total, lost, lost_total)
     VALUES (?1, 1, ?2, 'history.started', 1, 'job', 'x', 'organization', ?1, '{}', 0, 0, 0, 0),
       (?1, 2, ?2, 'person.updated', 2, 'scim', 'x', 'person', ?3, '{"attributes":["displayName"]}', 0, 0, 0, 0),
       (?1, 3, ?2, 'person.updated', 3, 'scim', 'x', 'person', ?3, '{"attributes":["title"]}', 0, 0, 0, 0)`,
    org,
    OLD,
    person,
  );
  await worker.sql("INSERT INTO event_subjects (org_id, subject_id, seq) VALUES (?1, ?2, 2), (?1, ?2, 3)", org, person);
  await worker.sql(
    `INSERT INTO webhooks (org_id, id, address, description, types, secret, created_at, created_by, position,
       leased_until, attempts) VALUES (?1, 'w', ?2, '', '[]', ?3, ?4, 'admin', 2, '', 3)`,
    org,
    `${receiver.url}/hook`,
    secret,
    OLD,
  );
  await worker.sql("INSERT INTO webhook_failures VALUES (?1, 'w', ?2, 2, 3, ?3)", org, person, OLD);
  await worker.sql(
    "INSERT INTO webhook_attempts VALUES (?1, 'w', 2, 3, ?2, 2, 'person.updated', 3, 500, 9, 'no')",
    org,
    OLD,
  );
  await worker.sql("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE, applied_at TEXT DEFAULT '')");
  for (const { name } of BEFORE) await worker.sql("INSERT INTO d1_migrations (name) VALUES (?1)", name);

  await migrate(await worker.database());
  const [webhook] = await worker.sql("SELECT * FROM webhooks");
  assert.deepEqual([webhook.format, webhook.audience, webhook.issuer], ["standard-webhooks", null, null]);
  const [failure] = await worker.sql("SELECT seq, attempts, part FROM webhook_failures");
  assert.deepEqual(failure, { seq: 2, attempts: 3, part: 0 });
  for (let sweep = 0; sweep < 3; sweep++) await worker.sweep();
  assert.deepEqual(receiver.taken(), [2, 3]);
  assert.ok(receiver.messages.every(({ verified }) => verified[0]));
  const log = await worker.sql("SELECT number, status, attempt, error FROM webhook_attempts ORDER BY number");
  assert.deepEqual(log, [
    { number: 3, status: 500, attempt: 3, error: null },
    { number: 4, status: 200, attempt: 4, error: null },
    { number: 5, status: 200, attempt: 1, error: null },
  ]);
});
