// Removal of members, which the identity provider sees in its next import, and the transfer of ownership.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const remove = (organization, id) => organization.admin.send("DELETE", organization.path(`/members/${id}`));
const transfer = (organization, member) => organization.admin.send("PUT", organization.path("/owner"), { member });

describe("a member removed in the console", () => {
  test("is deactivated: readable, in no group, with no role, and comes back under the same id", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
    const group = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);

    const removed = await remove(organization, id);
    assert.equal(removed.status, 200, removed.text);
    const expected = { id, user_name: "ada@okta.local", org_role: "Member", active: false, managed: true };
    assert.deepEqual(removed.body, expected);
    assert.equal((await remove(organization, id)).status, 200);

    const user = await organization.user(id);
    assert.deepEqual([user.active, user.statsigOrgRole, user.groups], [false, "Member", []]);
    assert.deepEqual(memberIds(await organization.group(group.id)), []);
    assert.equal(assertStatus(await okta.patch(`/Users/${id}`, operation.active(true)), 200).id, id);
  });

  test("may be a user outside the email domains, who is not shown to the identity provider", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const contractor = await organization.addMember("contractor@elsewhere.example");
    const named = await organization.addMember("bob", { confirm_no_address: true });
    const body = { userName: "bob", emails: [{ value: "bob@okta.local", primary: true }] };
    const taken = await organization.okta.post("/Users", body);
    assertError(taken, 409, { scimType: "uniqueness", detail: /not managed by SCIM/ });
    assert.ok(!taken.text.includes(named.id));
    const removed = await remove(organization, contractor.id);
    assert.deepEqual([removed.status, removed.body.active, removed.body.managed], [200, false, false]);
    // The identity provider has seen the removal, and the name is free.
    assertProblem(await remove(organization, contractor.id), 404);
    assert.equal((await remove(organization, named.id)).status, 200);
    assertStatus(await organization.okta.post("/Users", body), 201);
  });

  test("comes back by being added again, under the same id", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local");
    assert.equal((await remove(organization, id)).status, 200);
    const add = () => organization.admin.send("POST", organization.path("/members"), { user_name: "Ada@okta.local" });
    const back = await add();
    assert.deepEqual([back.status, back.body.id, back.body.active], [200, id, true]);
    assert.equal((await organization.user(id)).active, true);
    assertProblem(await add(), 409, /exists already/);
  });

  test("is not the Owner, nor a member of another organization", async () => {
    const organization = await createOrganization(worker);
    const other = await createOrganization(worker);
    const theirs = await other.createUser("ada@okta.local");
    await organization.unchangedBy(async () => {
      assertProblem(await remove(organization, (await organization.owner()).id), 400, /Owner cannot be modified/);
      assertProblem(await remove(organization, theirs.id), 404, /member/);
    });
    assert.equal((await other.user(theirs.id)).active, true);
  });
});

describe("ownership", () => {
  test("goes to a member, and the Owner becomes an Admin", async () => {
    const organization = await createOrganization(worker);
    const before = await organization.owner();
    const { id } = await organization.createUser("ada@okta.local");
    for (let twice = 0; twice < 2; twice++) {
      const transferred = await transfer(organization, id);
      assert.equal(transferred.status, 200, transferred.text);
      assert.deepEqual([transferred.body.id, transferred.body.org_role], [id, "Owner"]);
    }
    assert.equal((await organization.user(id)).statsigOrgRole, "Owner");
    assert.equal((await organization.user(before.id)).statsigOrgRole, "Admin");
    assertStatus(await organization.okta.patch(`/Users/${before.id}`, operation.active(false)), 200);
    assertError(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 400);
  });

  test("does not go to an unknown or inactive user, and then stays", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local", { active: false });
    await organization.unchangedBy(async () => {
      assertProblem(await transfer(organization, "nobody"), 404, /member/);
      assertProblem(await transfer(organization, id), 409, /deactivated/);
      assertProblem(await organization.admin.send("PUT", organization.path("/owner"), {}), 400, /member/);
    });
  });
});
