// docs/move-organization.sql: an organization that is put into another database reads the same there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ databases: 2 });

/** The statements that the file writes. */
async function written() {
  const sql = readFileSync(new URL("../../docs/move-organization.sql", import.meta.url), "utf8").replace(
    /^--.*$/gm,
    "",
  );
  const statements = [];
  for (const query of sql.split(/;$/m).filter((each) => each.trim() !== "")) {
    statements.push(...(await worker.sql(query)).flatMap(Object.values));
  }
  return statements;
}

test("an organization moves with ids, versions, order and memberships", async () => {
  const there = await createOrganization(worker, { settings: { database: 1 }, projects: { Demo: [] } });
  await there.createUsers(3);
  const here = await createOrganization(worker, {
    settings: { database: 0, plain_groups: true, mail_domains: ["okta.local"] },
    projects: { "O'Hara": ["Engineer"], Demo: [] },
  });
  const users = await here.createUsers(4, { stem: "åse-o'hara" });
  await here.okta.patch(`/Users/${users[3].id}`, operation.active(false));
  await here.addMember("contractor@elsewhere.example");
  const team = oktaGroup("Statsig-O'Hara-Night Shift-Member", [users[0].id, users[1].id]);
  assertStatus(await here.okta.post("/Groups", team), 201);
  assertStatus(await here.okta.post("/Groups", oktaGroup("Plain", [users[2].id])), 201);
  await here.configure({ key_lifetime_days: 90, user_limit: 1_000 });
  const [leaver] = await here.createUsers(1, { stem: "leaver" });
  assertStatus(await here.okta.delete(`/Users/${leaver.id}`), 204);
  const archived = await here.addProject("Archived");
  await here.admin.call("POST", here.path(`/projects/${archived.id}/archive`), {}, 200);
  const stays = await createOrganization(worker, { settings: { database: 0 }, projects: { Demo: [] } });
  const [before, others] = [await here.dump(), [await there.dump(), await stays.dump()]];
  const shown = await here.admin.get(here.path());
  const projects = await here.admin.get(here.path("/projects"));
  const log = await here.admin.get(here.path("/log?count=200"));

  const id = `${here.id.slice(0, 14)}8001${here.id.slice(18)}`;
  const [{ seq }] = await worker.sqlIn(1, "SELECT max(seq) AS seq FROM sqlite_sequence");
  await worker.sql("CREATE TABLE move AS SELECT ?1 AS old, ?2 AS new, CAST(?3 AS INTEGER) AS by", here.id, id, seq);
  await worker.sqlIn(1, (await written()).join("\n"));

  const history = (await storedEvents(worker, id, { database: 1 })).map((event) => [
    { ...event, org_id: here.id, subject_id: event.subject_id === id ? here.id : event.subject_id },
    Object.keys(event.subjects).length,
  ]);
  const events = await storedEvents(worker, here.id);
  assert.deepEqual(
    history.map(([{ subjects, ...event }, found]) => [event, found]),
    events.map(({ subjects, ...event }) => [event, Object.keys(subjects).length]),
  );
  assert.ok(events.some(({ lost }) => lost > 0));
  const deleted = (number, of) =>
    worker.sqlIn(number, "SELECT id, person FROM deleted_people WHERE org_id = ?1 ORDER BY id", of);
  assert.deepEqual(await deleted(1, id), await deleted(0, here.id));
  const since = (number, of) =>
    worker.sqlIn(
      number,
      `SELECT u.id, g.id AS "group", m.since FROM memberships m JOIN users u ON u.seq = m.user_seq
       JOIN groups g ON g.seq = m.group_seq WHERE u.org_id = ?1 ORDER BY 1, 2`,
      of,
    );
  assert.deepEqual(await since(1, id), await since(0, here.id));

  const key = await here.admin.create(`/organizations/${id}/keys`);
  const okta = here.okta.with({ key: key.key });
  const after = { users: await okta.importAll("/Users"), groups: await okta.importAll("/Groups") };
  assert.deepEqual(after, before);
  assert.deepEqual(await here.admin.get(`/organizations/${id}`), { ...shown, id, database: 1 });
  assert.deepEqual(await here.admin.get(`/organizations/${id}/projects`), projects);
  const moved = (await here.admin.get(`/organizations/${id}/log?count=200`)).entries;
  assert.deepEqual(moved.slice(1), log.entries, "the first is the new key's");
  for (const table of ["users", "user_emails", "groups"]) {
    const count = (number, org) => worker.sqlIn(number, `SELECT count(*) AS n FROM ${table} WHERE org_id = ?1`, org);
    assert.deepEqual(await count(1, id), await count(0, here.id));
  }
  assert.deepEqual(await worker.sqlIn(1, "PRAGMA foreign_key_check"), []);

  await worker.sql("DELETE FROM organizations WHERE id = ?1", here.id);
  assertError(await here.okta.get("/Users"), 401, { detail: /is not known here/ });
  assert.deepEqual(await worker.sql("SELECT seq FROM users WHERE org_id = ?1", here.id), []);
  assertStatus(await okta.patch(`/Users/${users[0].id}`, operation.active(false)), 200);
  assert.deepEqual([await there.dump(), await stays.dump()], others);
});
