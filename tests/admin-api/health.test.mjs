// How the provisioning of an organization is, and what its traffic shows to be set up wrongly in the identity provider:
// each finding with the traffic that causes it and with traffic that does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const GROUP = "Statsig-Demo-Member";

const health = (organization) => organization.admin.get(organization.path("/health"));
const kinds = ({ findings }) => findings.map(({ kind }) => kind);
const withDemo = (settings = {}) => createOrganization(worker, { settings, projects: { Demo: [] } });

/** Asserts what is found in the end: failures and imports are noted after their answers. */
const assertFound = (organization, expected) =>
  eventually(async () => {
    const report = await health(organization);
    assert.deepEqual(kinds(report), expected);
    return report.findings[0];
  });

/** As Okta reads people, and then groups if it is to. */
async function importAsOkta(organization, { withGroups }) {
  assertStatus(await organization.okta.list("/Users", { startIndex: 1, count: 100 }), 200);
  if (withGroups) assertStatus(await organization.okta.list("/Groups", { startIndex: 1, count: 100 }), 200);
  const wanted = withGroups ? 2 : 1;
  await eventually(async () => {
    const [{ count }] = await worker.sql("SELECT count(*) AS count FROM imports WHERE org_id = ?1", organization.id);
    assert.ok(count >= wanted);
  });
}

/** As if all that the organization has of imports was so many minutes ago. */
const letImportsAge = (organization, minutes) =>
  worker.sql(
    `UPDATE imports SET read_at = strftime('%Y-%m-%dT%H:%M:%fZ', read_at, '${-minutes} minutes') WHERE org_id = ?1`,
    organization.id,
  );

describe("the state", () => {
  test("has when the identity provider was heard, failures, the key and the import under way", async () => {
    const organization = await withDemo();
    const { last_heard_at, failures, key, good_keys, import: under } = await health(organization);
    assert.deepEqual([last_heard_at, failures, key, good_keys, under], [null, 0, null, 1, null]);
    await organization.createUsers(22);
    assertError(await organization.okta.get("/Users/nobody"), 404);
    await organization.okta.list("/Users", { startIndex: 1, count: 10 });
    const state = await eventually(async () => {
      const state = await health(organization);
      assert.ok(state.import !== null && state.failures === 1 && state.last_heard_at !== null);
      return state;
    });
    assert.deepEqual([state.key.id, state.key.is_good], [organization.key.id, true]);
    for (const startIndex of [11, 21]) await organization.okta.list("/Users", { startIndex, count: 10 });
    await eventually(async () => assert.equal((await health(organization)).import, null));
  });
});

describe("a healthy organization has no findings:", () => {
  test("Okta pushes people and groups, and imports both", async () => {
    const organization = await withDemo();
    const { okta } = organization;
    const people = await organization.createUsers(5, { stem: "healthy" });
    const group = await organization.groupNamed(GROUP);
    for (const { id } of people) assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(GROUP, [people[0].id])), 200);
    await okta.list("/Users", { startIndex: 1, count: 2 });
    await importAsOkta(organization, { withGroups: true });
    await letImportsAge(organization, 60);
    await organization.admin.create(organization.path("/members"), { user_name: "contractor@else.example" });
    assert.deepEqual(kinds(await health(organization)), []);
  });

  test("Entra ID creates people with their object ids, and groups", async () => {
    const organization = await withDemo({ plain_groups: true });
    const { entra } = organization;
    for (const name of ["ada", "bob", "eve"]) {
      const externalId = crypto.randomUUID();
      assertStatus(await entra.post("/Users", { ...oktaUser(person(`${name}@okta.local`)), externalId }), 201);
    }
    const made = assertStatus(await entra.post("/Groups", oktaGroup("Designers")), 201);
    const rename = { op: "Replace", path: "displayName", value: "Design" };
    assertStatus(await entra.patch(`/Groups/${made.id}`, rename), 204);
    assert.deepEqual(kinds(await health(organization)), []);
  });
});

describe("a finding", () => {
  test("is a key near its end, and one that has ended", async () => {
    const organization = await withDemo();
    await organization.okta.list("/Users", { startIndex: 1, count: 1 });
    const ends = (days) =>
      worker.sql(
        `UPDATE auth_keys SET expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '${days} days') WHERE org_id = ?1`,
        organization.id,
      );
    await ends("+15");
    await assertFound(organization, []);
    await ends("+13");
    const { id, name } = await assertFound(organization, ["key_ending"]);
    assert.deepEqual([id, name], [organization.key.id, organization.key.hint]);
    await ends("-1");
    await assertFound(organization, ["key_ended"]);
    // Another key that is good, and used.
    const { key } = await organization.admin.create(organization.path("/keys"));
    await organization.okta.with({ key }).list("/Users", { startIndex: 1, count: 1 });
    await assertFound(organization, []);
  });

  test("is that renaming is on, until the group is pushed without", async () => {
    const organization = await withDemo();
    const group = await organization.groupNamed(GROUP);
    const { id } = await organization.createUser("ada@okta.local");
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    const rename = { op: "replace", value: { id: group.id, displayName: "Engineers" } };
    assertError(await organization.okta.patch(`/Groups/${group.id}`, rename), 400);
    const found = await assertFound(organization, ["rename_groups"]);
    assert.deepEqual([found.number, found.id, found.name], [1, group.id, GROUP]);
    assertStatus(await organization.okta.put(`/Groups/${group.id}`, oktaGroup(GROUP)), 200);
    await assertFound(organization, []);
  });

  test("is that groups are not imported although they are pushed", async () => {
    const organization = await withDemo();
    await importAsOkta(organization, { withGroups: false });
    await letImportsAge(organization, 60);
    await assertFound(organization, []);
    const group = await organization.groupNamed(GROUP);
    const { id } = await organization.createUser("ada@okta.local");
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    await assertFound(organization, ["import_groups_off"]);
    // Right after an import of people, groups may still come.
    await letImportsAge(organization, -55);
    await assertFound(organization, []);
    await importAsOkta(organization, { withGroups: true });
    await letImportsAge(organization, 60);
    await assertFound(organization, []);
  });

  test("is not that groups are not imported, where another client reads people only", async () => {
    const organization = await withDemo();
    const group = await organization.groupNamed(GROUP);
    const { id } = await organization.createUser("ada@okta.local");
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    const script = await organization.admin.create(organization.path("/keys"));
    assertStatus(await organization.okta.with({ key: script.key }).list("/Users", { startIndex: 1, count: 100 }), 200);
    await eventually(async () =>
      assert.equal((await worker.sql("SELECT 1 FROM imports WHERE key_id = ?1", script.id)).length, 1),
    );
    await letImportsAge(organization, 60);
    await assertFound(organization, []);
  });

  test("is that externalId is mapped from the mail nickname", async () => {
    const organization = await withDemo();
    for (const name of ["ada.l", "bob", "eve"]) {
      const body = { ...oktaUser(person(`${name}@okta.local`)), externalId: name.toUpperCase() };
      assertStatus(await organization.entra.post("/Users", body), 201);
    }
    assert.equal((await assertFound(organization, ["external_id_from_mail_nickname"])).number, 3);
  });

  test("is that a group is linked twice", async () => {
    const organization = await withDemo();
    const group = await organization.groupNamed(GROUP);
    const ids = (await organization.createUsers(4)).map(({ id }) => id);
    const push = async (...members) =>
      assertStatus(await organization.okta.put(`/Groups/${group.id}`, oktaGroup(GROUP, members)), 200);
    const [one, two] = [ids.slice(0, 2), ids.slice(2)];
    await push(...one);
    await push(...two);
    await push(...one);
    await assertFound(organization, []);
    await push(...two);
    await push(...one);
    const found = await assertFound(organization, ["group_linked_twice"]);
    assert.deepEqual([found.id, found.name], [group.id, GROUP]);
  });

  test("is that a mail domain hides people of the identity provider", async () => {
    const organization = await withDemo({ mail_domains: ["okta.local", "else.example"] });
    const body = { ...oktaUser(person("ada@else.example")), externalId: "00u1" };
    const { id } = assertStatus(await organization.okta.post("/Users", body), 201);
    await assertFound(organization, []);
    await organization.configure({ mail_domains: ["okta.local"] });
    const found = await assertFound(organization, ["people_hidden"]);
    assert.deepEqual([found.number, found.id, found.name], [1, id, "ada@else.example"]);
  });

  test("is that people are refused for their mail domain, until it is allowed", async () => {
    const organization = await withDemo({ mail_domains: ["okta.local"] });
    assertError(await organization.okta.post("/Users", oktaUser(person("ada@else.example"))), 400);
    assert.equal((await assertFound(organization, ["people_refused"])).number, 1);
    await organization.configure({ mail_domains: ["okta.local", "else.example"] });
    await assertFound(organization, []);
  });
});
