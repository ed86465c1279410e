// What moves a version: a group's is moved by everything that changes its members, a person's by joining and leaving
// groups.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const NAMES = ["Statsig-Demo-Member", "Statsig-Demo-Night Shift-Member", "Readers"];

/**
 * Three groups, one of each kind, with Ada and Bob in them; and one without Ada, the user whom the changes below
 * concern.
 */
async function furnished() {
  const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
  const { okta } = organization;
  const ada = await organization.createUser("ada@okta.local");
  const bob = await organization.createUser("bob@elsewhere.example");
  const carol = await organization.createUser("carol@elsewhere.example");
  for (const name of NAMES.slice(1)) assertStatus(await okta.post("/Groups", oktaGroup(name)), 201);
  const groups = await Promise.all(NAMES.map((name) => organization.groupNamed(name)));
  const other = await organization.groupNamed("Statsig-Demo-Admin");
  for (const { id } of groups) await okta.patch(`/Groups/${id}`, operation.addMembers([ada.id, bob.id]));
  await okta.patch(`/Groups/${other.id}`, operation.addMembers([carol.id]));
  await sleep(5); // so that a later time differs
  return { organization, okta, ada, bob, ids: groups.map(({ id }) => id), other: other.id };
}

/** Ways in which Ada leaves her groups without a request to a group. */
const leaving = {
  "is deactivated by PATCH": ({ okta, ada }) => okta.patch(`/Users/${ada.id}`, operation.active(false)),
  "is deactivated by PUT": ({ okta, ada }) =>
    okta.put(`/Users/${ada.id}`, oktaUser(person(ada.userName), { active: false })),
  "is deleted": ({ okta, ada }) => okta.delete(`/Users/${ada.id}`),
  "is removed in the console": ({ organization, ada }) =>
    organization.admin.send("DELETE", organization.path(`/members/${ada.id}`)),
  "is outside the organization's mail domains now": ({ organization }) =>
    organization.admin.send("PATCH", organization.path(), { mail_domains: ["elsewhere.example"] }),
};

for (const [happens, make] of Object.entries(leaving)) {
  test(`a group's version moves when a member ${happens}`, async () => {
    const { organization, okta, ada, bob, ids, other } = await furnished();
    const before = await Promise.all(ids.map((id) => organization.group(id)));
    const untouched = await organization.group(other);
    const answer = await make({ organization, okta, ada });
    assert.ok([200, 204].includes(answer.status), answer.text);
    for (const group of before) {
      const path = `/Groups/${group.id}`;
      const known = { "If-None-Match": group.meta.version };
      const now = assertStatus(await okta.send("GET", path, undefined, known), 200);
      assert.deepEqual(memberIds(now), [bob.id]);
      assert.notEqual(now.meta.version, group.meta.version);
      assert.ok(now.meta.lastModified > group.meta.lastModified, `${now.meta.lastModified}`);
      assert.equal(now.meta.created, group.meta.created);
      // Who decided something from the members that were there must not carry it out.
      const body = oktaGroup(group.displayName, [bob.id]);
      assertError(await okta.send("PUT", path, body, { "If-Match": group.meta.version }), 412);
      assert.deepEqual(await organization.group(group.id), now);
    }
    assert.deepEqual(await organization.group(other), untouched);
  });
}

test("a group's version moves when a member comes back with an email domain", async () => {
  const { organization, ada, bob, ids } = await furnished();
  await organization.configure({ mail_domains: ["elsewhere.example"] });
  const before = await Promise.all(ids.map((id) => organization.group(id)));
  await sleep(5);
  await organization.configure({ mail_domains: [] });
  for (const group of before) {
    const now = await organization.group(group.id);
    assert.deepEqual([memberIds(group), memberIds(now)], [[bob.id], [ada.id, bob.id].sort()]);
    assert.notEqual(now.meta.version, group.meta.version);
    assert.ok(now.meta.lastModified > group.meta.lastModified);
  }
});

test("a group's version stays when email domains change that are none of its members'", async () => {
  const { organization, ids, other } = await furnished();
  const all = [...ids, other];
  const before = await Promise.all(all.map((id) => organization.group(id)));
  await organization.configure({ mail_domains: ["okta.local", "elsewhere.example"] });
  assert.deepEqual(await Promise.all(all.map((id) => organization.group(id))), before);
});

test("a group's version moves with its name, its externalId, and every request that changes its members", async () => {
  const { organization, okta, ada, bob, ids } = await furnished();
  for (const id of ids) {
    const path = `/Groups/${id}`;
    const { displayName } = await organization.group(id);
    const changes = [
      () => okta.patch(path, operation.removeMember(ada.id)),
      () => okta.patch(path, operation.addMembers([ada.id])),
      () => okta.patch(path, operation.replaceMembers([bob.id])),
      () => okta.put(path, oktaGroup(displayName, [ada.id, bob.id])),
      () => okta.patch(path, { op: "remove", path: "members" }),
      () => okta.patch(path, { op: "replace", path: "externalId", value: "x" }),
    ];
    if (displayName === "Readers") changes.push(() => okta.patch(path, operation.rename(id, "Authors")));
    for (const [i, change] of changes.entries()) {
      const before = await organization.group(id);
      await sleep(5);
      const answer = await change();
      const { meta } = await organization.group(id);
      assert.notEqual(answer.headers.etag, before.meta.version, `${displayName}, change ${i}`);
      assert.equal(meta.version, answer.headers.etag, `${displayName}, change ${i}`);
      assert.ok(meta.lastModified > before.meta.lastModified, `${displayName}, change ${i}`);
    }
  }
});

test("a person's version moves with the groups joined and left, and lastModified does not", async () => {
  const { organization, okta, ada, ids } = await furnished();
  const path = `/Users/${ada.id}`;
  const versions = [ada.meta.version, (await organization.user(ada.id)).meta.version];
  for (const change of [
    () => okta.patch(`/Groups/${ids[0]}`, operation.removeMember(ada.id)),
    () => okta.patch(`/Groups/${ids[0]}`, operation.addMembers([ada.id])),
    () => okta.delete(`/Groups/${ids[2]}`),
  ]) {
    const kept = await okta.send("GET", path, undefined, { "If-None-Match": versions.at(-1) });
    assertStatus(kept, 304);
    assertStatus(await change(), 204);
    const { meta } = assertStatus(await okta.send("GET", path, undefined, { "If-None-Match": versions.at(-1) }), 200);
    assert.equal(meta.lastModified, ada.meta.lastModified);
    versions.push(meta.version);
  }
  assert.equal(new Set(versions).size, versions.length, versions.join(" "));
  const others = okta.patch(`/Groups/${ids[0]}`, operation.addMembers([(await organization.owner()).id]));
  assertStatus(await others, 204);
  assert.equal((await organization.user(ada.id)).meta.version, versions.at(-1), "moved with another user");
});

test("a person's version moves with their attributes", async () => {
  const { okta, ada } = await furnished();
  const seen = new Set([ada.meta.version]);
  for (const change of [
    { op: "replace", path: "title", value: "Countess" },
    { op: "replace", path: `${SCHEMA.enterprise}:department`, value: "Engines" },
    { op: "replace", path: "statsigOrgRole", value: "Admin" },
    operation.active(false),
    operation.active(true),
  ]) {
    const answer = await okta.patch(`/Users/${ada.id}`, change);
    assertStatus(answer, 200);
    assert.ok(!seen.has(answer.headers.etag), `${JSON.stringify(change)} left ${answer.headers.etag}`);
    seen.add(answer.headers.etag);
  }
});

test("both versions move when the organization gets another Owner", async () => {
  const { organization, ada } = await furnished();
  const before = [await organization.owner(), ada];
  await organization.admin.call("PUT", organization.path("/owner"), { member: ada.id }, 200);
  for (const { id, meta } of before) assert.notEqual((await organization.user(id)).meta.version, meta.version);
});
