// An erased person is named nowhere: not in requests that failed before there was an id, nor in those about others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { DELETED_RETENTION_DAYS: "5" } });

/** The tables that have a row with this text, of all tables of the database. */
async function tablesWith(pattern) {
  const tables = await worker.sql(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
  );
  const found = [];
  for (const { name } of tables) {
    const rows = await worker.sql(`SELECT * FROM "${name}"`);
    for (const row of rows) if (pattern.test(JSON.stringify(row))) found.push(`${name}: ${JSON.stringify(row)}`);
  }
  return found;
}

/** Sends requests that name a person and fail, creates the person, lets more fail, and deletes them. */
async function lifeOf(organization, name) {
  const { okta } = organization;
  const userName = `${name}@okta.local`;
  const profile = oktaUser(person(userName, "Zelda", name));
  const { userName: _, displayName, ...nameless } = profile;
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const unknown = "00000000-0000-4000-8000-00000000000f";
  // 400, with the userName in other letters, and without any.
  assertError(await okta.post("/Users", { ...profile, userName: userName.toUpperCase(), locale: 5 }), 400);
  assertError(await okta.post("/Users", nameless), 400);
  assertError(await okta.put(`/Users/${unknown}`, profile), 404);
  const { id } = assertStatus(await okta.post("/Users", profile), 201);
  const pushed = { op: "add", path: "members", value: [{ value: id, display: userName }] };
  assertStatus(await okta.patch(`/Groups/${group.id}`, pushed), 204);
  assertError(await okta.post("/Users", profile), 409);
  const renamed = oktaUser(person(`former-${userName}`, "Zelda", name));
  assertStatus(await okta.put(`/Users/${id}`, { ...renamed, externalId: profile.externalId }), 200);
  assertError(await okta.put(`/Users/${id}`, { ...profile, locale: 5 }), 400);
  assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
  assertStatus(await okta.delete(`/Users/${id}`), 204);
  assertError(await okta.put(`/Users/${id}`, renamed), 404);
  await eventually(async () => {
    const [{ n }] = await worker.sql(
      "SELECT count(*) AS n FROM log WHERE org_id = ?1 AND status >= 400",
      organization.id,
    );
    assert.ok(n >= 6, `${n} failures`);
  });
  return id;
}

/** An organization that may change userNames. */
const created = () => createOrganization(worker, { settings: { email_management: true }, projects: { Demo: [] } });

test("*Erase now* leaves no name of the person in any table", async () => {
  const organization = await created();
  const { okta } = organization;
  const id = await lifeOf(organization, "quillfeather");
  // A failure about another person that quotes the address, and a read that failed.
  const other = await organization.createUser("other@okta.local");
  const again = await organization.createUser("quillfeather@okta.local");
  const address = "quillfeather@okta.local";
  assertError(await okta.put(`/Users/${other.id}`, oktaUser(person(address))), 409);
  const filter = encodeURIComponent(`userName eq "${address}"`);
  assertError(await okta.get(`/Users?filter=${filter}&sortBy=nothing.at.all&sortOrder=upwards`), 400);
  // The person with the same name goes as well, and stays until they are erased, too.
  assertStatus(await okta.delete(`/Users/${again.id}`), 204);
  await eventually(async () => assert.ok((await tablesWith(/^.*"status":(400|409).*quillfeather/i)).length >= 3));
  for (const each of [id, again.id])
    assertStatus(await organization.admin.send("POST", organization.path(`/deleted-people/${each}/erase`), {}), 200);
  assert.deepEqual(await tablesWith(/quillfeather/i), []);
  assert.ok((await tablesWith(/other@okta\.local/)).length > 0, "others are as they were");
  const failures = await worker.sql(
    "SELECT code, status FROM log WHERE org_id = ?1 AND status >= 400 AND source = 'scim'",
    organization.id,
  );
  assert.ok(failures.length >= 6, "that requests failed, and why, stays");
});

test("the retention of deleted people leaves no name of them in any table", async () => {
  const organization = await created();
  const id = await lifeOf(organization, "thistlewood");
  const kept = await lifeOf(organization, "marigolden");
  const before = new Date(Date.now() - 6 * 24 * 60 * 60 * 1000).toISOString();
  await worker.sql("UPDATE deleted_people SET deleted_at = ?2 WHERE id = ?1", id, before);
  assert.ok((await tablesWith(/thistlewood/i)).length > 6);
  assert.equal((await worker.scheduled()).outcome, "ok");
  assert.deepEqual(await tablesWith(/thistlewood/i), []);
  assert.ok((await tablesWith(/marigolden/i)).length > 6, "who was deleted lately is still named");
  const people = await worker.sql("SELECT id FROM deleted_people WHERE org_id = ?1", organization.id);
  assert.deepEqual(people, [{ id: kept }]);
});

test("a name that another person has now stays in what failed", async () => {
  const organization = await created();
  const { okta } = organization;
  const profile = oktaUser(person("sage@okta.local"));
  const { id } = assertStatus(await okta.post("/Users", profile), 201);
  assertStatus(await okta.delete(`/Users/${id}`), 204);
  assertStatus(await okta.post("/Users", profile), 201);
  assertError(await okta.post("/Users", profile), 409);
  const failed = /"status":409.*sage@okta\.local/;
  await eventually(async () => assert.equal((await tablesWith(failed)).length, 1));
  assertStatus(await organization.admin.send("POST", organization.path(`/deleted-people/${id}/erase`), {}), 200);
  assert.equal((await tablesWith(failed)).length, 1);
  assert.deepEqual(await tablesWith(new RegExp(`${SCHEMA.user}.*${id}`)), []);
});
