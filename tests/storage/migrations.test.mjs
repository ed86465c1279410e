// migrations/: a database in use becomes that of schema.sql, and what is in it stays.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { AdminApi } from "../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus, eventually, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { OKTA, ScimClient } from "../helpers/client.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { shape } from "../helpers/shape.mjs";
import { useWorker } from "../helpers/worker.mjs";

const fresh = useWorker();
const migrated = useWorker({ initialSchema: "CREATE TABLE placeholder (x)" });

const OLD = "2026-01-01T00:00:00.000Z";
const [ORG, EMPTY] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];

/** A project and the group of its role, and the same of an archived one. */
const [PROJECT, GROUP, ARCHIVED, ARCHIVED_GROUP] = [3, 4, 5, 6].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

/** The people by name: their `seq`, organization role, whether they are active, and whether SCIM sees them. */
const PEOPLE = {
  "owner@acme.example": { seq: 1, role: "Owner" },
  "ann@acme.example": { seq: 2, role: "Admin" },
  "gone@acme.example": { seq: 3, active: 0 },
  "guest@elsewhere.example": { seq: 4, managed: 0 },
  "bob@acme.example": { seq: 5 },
};
const idOf = (userName) => `00000000-0000-4000-9000-00000000000${PEOPLE[userName].seq}`;
const ANN = idOf("ann@acme.example");

/** The migration with which the history of organizations begins. */
const HISTORY = "0008_change_events.sql";
/** The newest migration without which the Worker cannot work. */
const NEEDED = "0010_brake_and_erasure.sql";
const isBefore = ({ name }) => name < HISTORY;

/** Fills a database of any earlier state by the columns that all of them have. `key` is that of a SCIM client. */
async function fill(worker, key) {
  const insert = (table, row) => {
    const columns = Object.keys(row);
    const values = columns.map((name, i) =>
      typeof row[name] === "number" ? `CAST(?${i + 1} AS INTEGER)` : `?${i + 1}`,
    );
    const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${values.join(", ")})`;
    return worker.sql(sql, ...Object.values(row).map((value) => (value === null ? null : String(value))));
  };
  const times = { created_at: OLD, last_modified: OLD };
  await insert("organizations", { id: ORG, name: "Acme", mail_domains: '["acme.example"]', ...times });
  await insert("organizations", { id: EMPTY, name: "Empty", ...times });
  await insert("auth_keys", { ...key, org_id: ORG, created_at: OLD, created_by: "admin", expires_at: null });
  for (const [userName, { seq, role = "Member", active = 1, managed = 1 }] of Object.entries(PEOPLE)) {
    const [id, mail_domain] = [idOf(userName), userName.split("@")[1]];
    const doc = JSON.stringify({ schemas: [SCHEMA.user], userName });
    const state = { active, org_role: role, mail_domain, managed, doc };
    await insert("users", { seq, org_id: ORG, id, user_name_fold: userName, ...state, ...times });
  }
  for (const [id, name, archived_at] of [
    [PROJECT, "Live", null],
    [ARCHIVED, "Past", OLD],
  ]) {
    await insert("projects", { id, org_id: ORG, name, name_fold: name.toLowerCase(), created_at: OLD, archived_at });
  }
  const group = (id, project_id, name) => {
    const display_name = `Statsig-${name}-Member`;
    const names = { display_name, name_fold: display_name.toLowerCase() };
    return { id, project_id, role: "Member", ...names, created_at: OLD };
  };
  await insert("groups", { seq: 1, org_id: ORG, ...group(GROUP, PROJECT, "Live"), last_modified: OLD });
  await insert("archived_groups", { ...group(ARCHIVED_GROUP, ARCHIVED, "Past"), version: 4 });
  for (const user_seq of [2, 4, 5]) await insert("memberships", { group_seq: 1, user_seq });
  const now = new Date().toISOString();
  const entry = { org_id: ORG, source: "scim", actor: "scim-ABCD…", path: "/Users", duration: 7 };
  const about = (resource_type, resource_id) => ({ resource_type, resource_id, resource_name: "then" });
  await insert("log", { ...entry, id: `${now}-a`, method: "POST", status: 201, ...about("User", ANN) });
  await insert("log", { ...entry, id: `${now}-b`, method: "PUT", status: 400, ...about("Group", GROUP), detail: "no" });
}

/** The rows of the tables of before, with the columns of before. */
async function contents(worker, columns) {
  const rows = columns.map(async ({ table, columns }) => [
    table,
    await worker.sql(`SELECT ${columns} FROM "${table}" ORDER BY 1, 2`),
  ]);
  return Object.fromEntries(await Promise.all(rows));
}

const columnsOf = (worker) =>
  worker.sql(
    `SELECT t.name AS "table", group_concat('"' || c.name || '"') AS columns
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name IN
       ('organizations', 'users', 'projects', 'groups', 'archived_groups', 'memberships', 'auth_keys', 'log', 'events',
        'event_subjects')
     GROUP BY 1`,
  );

test("all migrations make the database of schema.sql", async () => {
  assert.deepEqual(
    await migrate(await migrated.database()),
    migrations().map(({ name }) => name),
  );
  assert.deepEqual(await shape(migrated), await shape(fresh));
  assert.deepEqual(await migrate(await migrated.database()), [], "nothing is applied a second time");
});

for (const [i, { name }] of migrations().slice(0, -1).entries()) {
  describe(`a database in use since ${name}`, () => {
    const schema = migrations().slice(0, i + 1);
    // What migrations from HISTORY on find is what was there before them.
    const [earlier, later] = [schema.filter(isBefore), schema.filter((each) => !isBefore(each))];
    const worker = useWorker({ initialSchema: earlier.map(({ sql }) => sql).join("\n") });
    const okta = () => new ScimClient(new URL("/scim", worker.url).href, secret, OKTA);
    const admin = () => new AdminApi(worker);
    const log = async (query) => (await admin().get(`/organizations/${ORG}/log?${query}`)).entries;
    const briefly = (entries) => entries.map(({ method, status }) => `${method} ${status}`);
    let secret;

    before(async () => {
      await Promise.all([worker.started, fresh.started]);
      const { id: organization, key } = await createOrganization(fresh);
      secret = key.key;
      const [{ id, hash }] = await fresh.sql("SELECT id, hash FROM auth_keys WHERE org_id = ?1", organization);
      await fill(worker, { id, hash });
      for (const { sql } of later) await worker.sql(sql);
    });

    // Later migrations add nothing that the Worker cannot do without.
    if (name < NEEDED)
      test("does not serve the Worker of today, and says what to do", async () => {
        const detail = /npx wrangler d1 migrations apply DB --remote/;
        // Of what that migration is for.
        assertError(await okta().patch(`/Users/${idOf("bob@acme.example")}`, operation.active(false)), 503, { detail });
        const key = await admin().send("POST", `/organizations/${ORG}/keys`, {});
        assert.equal(key.status, 503, key.text);
        assert.match(key.body.detail, detail);
        await worker.flushLogs();
        const isExplained = (line) => /lacks migrations .*(no such|no column)/.test(line) && detail.test(line);
        assert.ok(worker.logs().some(isExplained));
      });

    test("keeps its rows", async () => {
      const columns = await columnsOf(worker);
      const own = await contents(worker, columns);
      for (const { table } of columns) assert.ok(own[table].length > 0, table);
      await worker.sql(
        "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT '')",
      );
      for (const { name } of schema) await worker.sql("INSERT INTO d1_migrations (name) VALUES (?1)", name);
      await migrate(await worker.database());
      assert.deepEqual(await shape(worker), await shape(fresh));
      assert.deepEqual(await contents(worker, columns), own);
      const counts = await worker.sql("SELECT user_count, group_count, group_prefix FROM organizations ORDER BY id");
      assert.deepEqual(counts, [
        { user_count: 4, group_count: 1, group_prefix: "Statsig" },
        { user_count: 0, group_count: 0, group_prefix: null },
      ]);
      const listed = await worker.sql("SELECT role_groups, roles FROM projects ORDER BY archived_at");
      const role = { on: "project", role: "Member", group_id: GROUP, group: "Statsig-Live-Member" };
      assert.deepEqual(
        listed.map(({ role_groups, roles }) => [JSON.parse(role_groups), JSON.parse(roles)]),
        [
          [[1], { 1: role }],
          [[], {}],
        ],
      );
    });

    test("has the beginning of a history", async () => {
      const started = await worker.sql(
        `SELECT e.org_id, e.seq, e.story, e.source, e.actor, e.data, e.active, e.active_total, e.lost, e.lost_total,
           s.subject_id, s.since, s.personal
         FROM events e LEFT JOIN event_subjects s ON s.org_id = e.org_id AND s.seq = e.seq
         WHERE e.type = 'history.started' AND e.at > ?1 ORDER BY 1`,
        new Date(Date.now() - 60_000).toISOString(),
      );
      const first = { seq: 1, story: 1, source: "job", actor: "migration", data: "{}" };
      const of = (org_id, active_total) => ({
        ...{ org_id, ...first, active: 0, active_total, lost: 0, lost_total: 0 },
        ...{ subject_id: org_id, since: null, personal: null },
      });
      assert.deepEqual(started, [of(ORG, 3), of(EMPTY, 0)], "the Owner, Ann and Bob are active and seen");
      assert.deepEqual(await worker.sql("SELECT count(*) AS events FROM events"), [{ events: 2 }]);
      const memberships = await worker.sql("SELECT user_seq, since FROM memberships ORDER BY 1");
      assert.deepEqual(
        memberships,
        [2, 4, 5].map((user_seq) => ({ user_seq, since: 0 })),
      );
    });

    test("serves its people, groups, keys and log", async () => {
      assertListOf(
        await okta().list("/Users"),
        [...Object.keys(PEOPLE).filter((name) => !/guest/.test(name))].map(idOf),
      );
      const gone = assertStatus(await okta().find("/Users", 'userName eq "gone@acme.example"'), 200).Resources;
      assert.deepEqual(
        gone.map(({ active }) => active),
        [false],
      );
      const ann = assertStatus(await okta().get(`/Users/${ANN}`), 200);
      assert.deepEqual([ann.statsigOrgRole, ann.groups.map(({ value }) => value)], ["Admin", [GROUP]]);
      const group = assertStatus(await okta().get(`/Groups/${GROUP}`), 200);
      assert.deepEqual(memberIds(group), [ANN, idOf("bob@acme.example")].sort());
      assertError(await okta().get(`/Groups/${ARCHIVED_GROUP}`), 404);
      const path = `/organizations/${ORG}`;
      await admin().call("POST", `${path}/projects/${ARCHIVED}/restore`, {}, 200);
      assert.equal(assertStatus(await okta().get(`/Groups/${ARCHIVED_GROUP}`), 200).displayName, "Statsig-Past-Member");
      assert.deepEqual(briefly(await log(`resource=${GROUP}`)), ["PUT 400"]);
      assert.deepEqual(briefly(await log(`resource=${ANN}`)), ["POST 201"]);
    });

    test("finds old and new entries of the log by resource, and its events know what was before", async () => {
      assertStatus(await okta().patch(`/Users/${ANN}`, operation.active(false)), 200);
      assertStatus(
        await okta().patch(`/Users/${ANN}`, { op: "replace", value: { userName: "other@acme.example" } }),
        400,
      );
      const found = ["PATCH 400", "PATCH 200", "POST 201"];
      // A failure is logged after the answer.
      await eventually(async () => assert.deepEqual(briefly(await log(`resource=${ANN}`)), found));
      assert.deepEqual(briefly(await log(`resource=${GROUP}`)), ["PATCH 200", "PUT 400"]);
      const events = await worker.sql(
        `SELECT e.type, e.active, e.active_total, e.lost_total, s.since FROM events e
         JOIN event_subjects s ON s.org_id = e.org_id AND s.seq = e.seq AND s.subject_id IN (?2, ?3)
         WHERE e.org_id = ?1 AND e.source = 'scim' ORDER BY e.seq, s.since`,
        ORG,
        ANN,
        GROUP,
      );
      const totals = { active_total: 2, lost_total: 1 };
      assert.deepEqual(events, [
        { type: "person.deactivated", active: -1, ...totals, since: null },
        { type: "membership.removed", active: 0, ...totals, since: null },
        { type: "membership.removed", active: 0, ...totals, since: 0 },
      ]);
    });
  });
}
