// Migrations are applied while requests come in: what they do is done, or refused with words, and nothing is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { AdminApi } from "../helpers/admin.mjs";
import { assertListOf, assertStatus } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { OKTA, ScimClient } from "../helpers/client.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { shape } from "../helpers/shape.mjs";
import { useWorker } from "../helpers/worker.mjs";

const WRITERS = 8;
const OLD = "2026-01-01T00:00:00.000Z";
const ORG = "00000000-0000-4000-8000-000000000001";
// The Worker needs all migrations from this one on: those after it may be ones that it serves without.
const NEEDED = "0010_brake_and_erasure.sql";
const at = migrations().findIndex(({ name }) => name === NEEDED);
const earlier = migrations().slice(0, at);
const newest = migrations().slice(at);
const fresh = useWorker();
const worker = useWorker({ initialSchema: earlier.map(({ sql }) => sql).join("\n") });

/** Fills the database as the Worker of before would have, with an organization, its Owner and a key. */
async function fill(key) {
  await worker.sql(
    "INSERT INTO organizations (id, name, brake_percent, created_at, last_modified) VALUES (?1, 'Acme', 0, ?2, ?2)",
    ORG,
    OLD,
  );
  await worker.sql(
    `INSERT INTO auth_keys (id, org_id, hash, created_at, created_by) VALUES (?1, ?2, ?3, ?4, 'admin')`,
    key.id,
    ORG,
    key.hash,
    OLD,
  );
  const doc = JSON.stringify({ schemas: [], userName: "owner@acme.example" });
  await worker.sql(
    `INSERT INTO users (org_id, id, user_name_fold, active, org_role, managed, doc, created_at, last_modified)
     VALUES (?1, ?2, 'owner@acme.example', 1, 'Owner', 1, ?3, ?4, ?4)`,
    ORG,
    "00000000-0000-4000-9000-000000000001",
    doc,
    OLD,
  );
  await worker.sql("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE, applied_at TEXT DEFAULT '')");
  for (const { name } of earlier) await worker.sql("INSERT INTO d1_migrations (name) VALUES (?1)", name);
}

test("the newest migrations, under eight writers: each request succeeds, or is 503 and says what to run", async () => {
  const { id: organization, key } = await createOrganization(fresh);
  const [{ id, hash }] = await fresh.sql("SELECT id, hash FROM auth_keys WHERE org_id = ?1", organization);
  await fill({ id, hash });
  const okta = new ScimClient(new URL("/scim", worker.url).href, key.key, OKTA);
  const refusals = [];
  const made = new Map(); // by id: whether the person is active
  let migrated = false;
  const write = async (send, expected) => {
    for (;;) {
      const answer = await send();
      if (answer.status === expected) return answer.body;
      assert.equal(answer.status, 503, answer.text);
      assert.match(answer.body.detail, /npx wrangler d1 migrations apply DB --remote/);
      assert.ok(!migrated, "refused after the migration");
      refusals.push(answer);
    }
  };
  let done = 0;
  const writer = async (number) => {
    // Until each writer has written for a while after the migration.
    for (let turn = 0, after = 0; after < 5; turn++) {
      const user = await write(() => okta.post("/Users", oktaUser(person(`p${number}-${turn}@acme.example`))), 201);
      made.set(user.id, true);
      if (turn % 2 === 0) {
        await write(() => okta.patch(`/Users/${user.id}`, operation.active(false)), 200);
        made.set(user.id, false);
      }
      if (migrated) after++;
    }
    done++;
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  writing.then(over, over);
  while (!isOver && refusals.length < WRITERS) await new Promise((resolve) => setTimeout(resolve, 10));
  if (isOver) await writing;
  assert.deepEqual(
    await migrate(await worker.database()),
    newest.map(({ name }) => name),
  );
  migrated = true;
  await writing;
  assert.equal(done, WRITERS);
  assert.deepEqual(await shape(worker), await shape(fresh));
  const people = await okta.importAll("/Users");
  assert.deepEqual(
    Object.fromEntries(people.filter(({ id }) => made.has(id)).map(({ id, active }) => [id, active])),
    Object.fromEntries(made),
  );
  assert.equal(people.length, made.size + 1, "the Owner, and each person once");
  assertListOf(await okta.list("/Users", { filter: 'userName eq "owner@acme.example"' }), [
    "00000000-0000-4000-9000-000000000001",
  ]);
  const [{ user_count, events }] = await worker.sql(
    `SELECT user_count, (SELECT count(*) FROM events WHERE org_id = o.id AND type = 'person.created') AS events
     FROM organizations o WHERE id = ?1`,
    ORG,
  );
  assert.deepEqual([user_count, events], [people.length, made.size]);
  assertStatus(await new AdminApi(worker).send("GET", `/organizations/${ORG}`), 200);
});
