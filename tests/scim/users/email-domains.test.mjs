// Email domains: who may be created, and the contractors outside them, whom SCIM neither shows nor changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

describe("contractors, outside the organization's email domains", () => {
  const NAME = "Statsig-Demo-Member";

  /** A contractor from the console, in a group since before the organization listed its domains. */
  async function withContractor() {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    await organization.addMember("contractor@elsewhere.example", { given_name: "Con", org_role: "Admin" });
    const employee = await organization.createUser("employee@okta.local");
    const contractor = await organization.userNamed("contractor@elsewhere.example");
    const group = await organization.groupNamed(NAME);
    assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(NAME, [employee.id, contractor.id])), 200);
    await organization.configure({ mail_domains: ["Okta.Local"] });
    return { organization, okta, employee, contractor, group, path: `/Groups/${group.id}` };
  }

  test("are not found over SCIM", async () => {
    const { organization, okta, employee, contractor, group } = await withContractor();
    const path = `/Users/${contractor.id}`;
    const { users } = await organization.dump();
    const { totalResults } = assertStatus(await okta.list("/Users", { startIndex: 1, count: 0 }), 200);
    assert.equal(totalResults, 2);
    assert.deepEqual(users.map(({ userName }) => userName).sort(), ["employee@okta.local", "owner@okta.local"]);
    for (const filter of [
      `userName eq "${contractor.userName}"`,
      `id eq "${contractor.id}"`,
      `emails.value eq "${contractor.userName}"`,
    ]) {
      assertListOf(await okta.find("/Users", filter), []);
    }
    assert.deepEqual(memberIds(await organization.group(group.id)), [employee.id]);
    const [listed] = (await okta.find("/Groups", `displayName eq "${NAME}"`)).body.Resources;
    assert.deepEqual(memberIds(listed), [employee.id]);
    assertListOf(await okta.find("/Groups", `members.value eq "${contractor.id}"`), []);
    for (const answer of [
      await okta.get(path),
      await okta.put(path, oktaUser(person(contractor.userName))),
      await okta.patch(path, operation.active(false)),
      await okta.delete(path),
    ]) {
      assertError(answer, 404);
    }
    assertError(await okta.post("/Users", oktaUser(person(contractor.userName))), 400, {
      detail: /contractor@elsewhere\.example is not allowed to be created in this organization/,
    });
  });

  const pushes = {
    "PUT of others": (okta, path, { employee }) => okta.put(path, oktaGroup(NAME, [employee.id])),
    "PUT without members": (okta, path) => okta.put(path, oktaGroup(NAME, [])),
    "PATCH replace without members": (okta, path) => okta.patch(path, operation.replaceMembers([])),
    "PATCH remove of everyone": (okta, path) => okta.patch(path, { op: "remove", path: "members" }),
    "PATCH remove of the contractor": (okta, path, { contractor }) =>
      okta.patch(path, operation.removeMember(contractor.id)),
  };
  for (const [name, push] of Object.entries(pushes)) {
    test(`are untouched by a push (${name}), and reappear when the setting is cleared`, async () => {
      const { organization, okta, path, group, ...people } = await withContractor();
      const pushed = await push(okta, path, people);
      assert.ok([200, 204].includes(pushed.status), pushed.text);
      await organization.configure({ mail_domains: [] });
      const withoutGroups = ({ groups, meta: { version, ...meta }, ...attributes }) => ({ ...attributes, meta });
      const now = await organization.user(people.contractor.id);
      assert.deepEqual(withoutGroups(now), withoutGroups(people.contractor));
      assert.ok(memberIds(await organization.group(group.id)).includes(people.contractor.id));
    });
  }

  test("are not found from the moment when they are added", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const { okta } = organization;
    const outside = await organization.addMember("late@elsewhere.example");
    const inside = await organization.addMember("late@okta.local");
    assert.deepEqual([outside.managed, inside.managed], [false, true]);
    assertError(await okta.get(`/Users/${outside.id}`), 404);
    assert.equal((await okta.importAll("/Users")).length, 2);
    await organization.configure({ mail_domains: [] });
    assert.equal((await organization.user(outside.id)).userName, "late@elsewhere.example");
    assert.equal((await okta.importAll("/Users")).length, 3);
  });

  test("cannot be made of other users by a change of email", async () => {
    const settings = { mail_domains: ["okta.local"], email_management: true };
    const organization = await createOrganization(worker, { settings });
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    const value = { userName: "ada@elsewhere.example" };
    for (const attempt of [
      () => okta.put(`/Users/${id}`, oktaUser(person(value.userName))),
      () => okta.patch(`/Users/${id}`, { op: "replace", value }),
    ]) {
      assertError(await organization.unchangedBy(attempt), 400, { detail: /would no longer belong/ });
    }
  });

  test("cannot be pushed, and are named as unknown", async () => {
    const { organization, okta, path, employee, contractor } = await withContractor();
    await organization.unchangedBy(async () => {
      for (const answer of [
        await okta.put(path, oktaGroup(NAME, [employee.id, contractor.id])),
        await okta.patch(path, operation.addMembers([contractor.id])),
      ]) {
        assertError(answer, 400, { scimType: "invalidValue", detail: new RegExp(contractor.id) });
      }
    });
  });

  test("are exactly the users outside the listed domains", async () => {
    const { organization, okta } = await withContractor();
    const refused = ["x@evil-okta.local", "x@okta.local.evil.example", "x@sub.okta.local", "x@okta.loca", "okta.local"];
    for (const userName of refused) {
      const answer = await organization.unchangedBy(() => okta.post("/Users", oktaUser(person(userName))));
      assertError(answer, 400, { detail: /is not allowed to be created in this organization/ });
    }
    for (const userName of ["x@okta.local", "y@OKTA.local"]) {
      assertStatus(await okta.post("/Users", oktaUser(person(userName))), 201);
    }
  });
});
