// What the database itself refuses or keeps, whatever two requests at once may have decided.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const COLUMNS =
  "org_id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc, created_at, last_modified";

/** Copies a user's row with some columns changed. */
function copy(id, values) {
  const selected = COLUMNS.split(", ").map((name) => (name in values ? values[name] : name));
  return worker.sql(
    `INSERT INTO users (id, ${COLUMNS}) SELECT 'a copy of ' || id, ${selected.join(", ")} FROM users WHERE id = ?1`,
    id,
  );
}

test("no two people of an organization have one userName", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");
  await assert.rejects(copy(id, {}), /UNIQUE constraint failed: users.org_id, users.user_name_fold/);
});

test("no organization has two Owners", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");
  await assert.rejects(copy(id, { user_name_fold: "'x'", org_role: "'Owner'" }), /UNIQUE constraint failed/);
  await assert.rejects(worker.sql("UPDATE users SET org_role = 'Owner' WHERE id = ?1", id), /UNIQUE constraint failed/);
});

test("SCIM sees exactly the users inside the email domains, also if those change while a user is written", async () => {
  const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
  const { id } = await organization.createUser("ada@okta.local");
  const contractor = await organization.addMember("contractor@elsewhere.example");
  for (const [source, managed] of [
    [contractor.id, "1"],
    [id, "0"],
  ]) {
    await assert.rejects(copy(source, { user_name_fold: "'x'", managed }), /stale organization/);
    await assert.rejects(worker.sql("UPDATE users SET managed = 1 - managed WHERE id = ?1", source), /stale/);
  }
});

test("totals follow every creation and deletion, and nothing of who is deleted stays", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const total = async () => assertStatus(await okta.list("/Users", { count: 1 }), 200).totalResults;
  const kept = async () => {
    const [{ rows }] = await worker.sql(
      `SELECT (SELECT count(*) FROM memberships) + (SELECT count(*) FROM user_emails WHERE org_id = ?1) AS rows`,
      organization.id,
    );
    return rows;
  };
  const before = await kept();
  const { id } = await organization.createUser("ada@okta.local");
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
  assert.equal(await total(), 2);
  assert.equal(await kept(), before + 2);
  assertStatus(await okta.delete(`/Users/${id}`), 204);
  assert.equal(await total(), 1);
  assert.equal(await kept(), before);
});

test("lastModified never goes backwards, whichever of two requests at once began first", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const { id } = await organization.createUser("ada@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const later = "2099-01-01T00:00:00.000Z";
  for (const table of ["users", "groups"])
    await worker.sql(`UPDATE ${table} SET last_modified = ?1 WHERE id IN (?2, ?3)`, later, id, group.id);
  assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", path: "title", value: "Countess" }), 200);
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
  assert.equal((await organization.user(id)).meta.lastModified, later);
  assert.equal((await organization.group(group.id)).meta.lastModified, later);
});
