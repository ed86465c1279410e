// The organization role of an inactive user: it is kept, has no effect, and counts once the user is active.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { behindAccess, call, keyPair } from "../../helpers/access.mjs";
import { assertError, assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, patch, put } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";

const { team, worker } = await behindAccess(keyPair("only"));
const NAME = "ada@okta.local";
const role = (statsigOrgRole) => ({ op: "replace", value: { statsigOrgRole } });
const activate = { op: "Replace", path: "active", value: "True" };

async function newUser(extra) {
  const organization = await createOrganization(worker);
  const user = await organization.createUser(NAME, extra);
  return { organization, okta: organization.okta, user, path: `/Users/${user.id}` };
}

/** The status that Ada gets for what only administrators may read. */
const consoleStatus = async (organization) =>
  (await call(worker, team.token({ email: NAME }), { method: "GET", path: organization.path("/keys") })).status;

/** What is known of Ada's role, wherever it is shown or counts. */
async function assertRole({ organization, okta, user }, shown, status) {
  assert.equal((await organization.user(user.id)).statsigOrgRole, shown);
  for (const [name, ids] of Object.entries({ Admin: [], Member: [], [shown]: [user.id] })) {
    assertListOf(await okta.find("/Users", `statsigOrgRole eq "${name}" and userName eq "${NAME}"`), ids);
    const { members } = await organization.admin.get(organization.path(`/members?org_role=${name}&search=ada`));
    assert.deepEqual(
      members.map(({ id, org_role }) => [id, org_role]),
      ids.map((id) => [id, shown]),
    );
  }
  const member = await organization.admin.get(organization.path(`/members/${user.id}`));
  assert.deepEqual([member.org_role, member.resource.statsigOrgRole], [shown, shown]);
  if (status === 200) {
    const accept = { method: "POST", path: organization.path("/accept"), headers: { Origin: worker.url } };
    assertStatus(await call(worker, team.token({ email: NAME }), accept), 200);
  }
  assert.equal(await consoleStatus(organization), status);
}

describe("a role that an inactive user is created with, or gets later", () => {
  const inactive = { active: false };
  for (const [name, extra, give] of [
    ["the creation", { ...inactive, statsigOrgRole: "admin" }, () => {}],
    ["a PATCH", inactive, ({ okta, path }) => okta.patch(path, role("Admin"))],
    [
      "a PATCH by its URN",
      inactive,
      ({ okta, path }) => okta.patch(path, { op: "Add", path: `${SCHEMA.user}:statsigOrgRole`, value: "ADMIN" }),
    ],
    ["a PUT", inactive, ({ okta, path, user }) => okta.put(path, { ...user, statsigOrgRole: "Admin" })],
    [
      "a PUT that does not say so",
      inactive,
      ({ okta, path, user: { active, ...user } }) => okta.put(path, { ...user, statsigOrgRole: "Admin" }),
    ],
    ["a bulk PATCH", inactive, ({ okta, path }) => bulk(okta, [patch(path, [role("Admin")])])],
    ["a bulk PUT", inactive, ({ okta, path, user }) => bulk(okta, [put(path, { ...user, statsigOrgRole: "Admin" })])],
    ["the deactivation of a Member", {}, ({ okta, path }) => okta.patch(path, operation.active(false), role("Admin"))],
    [
      "a PATCH after the deactivation",
      { statsigOrgRole: "Admin" },
      async ({ okta, path }) => {
        await okta.patch(path, operation.active(false));
        await okta.patch(path, role("Admin"));
      },
    ],
  ]) {
    test(`has no effect before the activation, and has it then: ${name}`, async () => {
      const one = await newUser(extra);
      await give(one);
      await assertRole(one, "Member", 404);
      assertStatus(await one.okta.patch(one.path, { op: "replace", path: "title", value: "Countess" }), 200);
      assert.equal(assertStatus(await one.okta.patch(one.path, activate), 200).statsigOrgRole, "Admin");
      await assertRole(one, "Admin", 200);
    });
  }

  test("counts also where a PUT without a role activates the user", async () => {
    const { okta, path } = await newUser({ active: false, statsigOrgRole: "Admin" });
    const put = assertStatus(await okta.put(path, oktaUser(person(NAME))), 200);
    assert.deepEqual([put.active, put.statsigOrgRole], [true, "Admin"]);
  });

  test("is replaced by a later one", async () => {
    const one = await newUser({ active: false, statsigOrgRole: "Admin" });
    assertStatus(await one.okta.patch(one.path, role("Member")), 200);
    assert.equal(assertStatus(await one.okta.patch(one.path, activate), 200).statsigOrgRole, "Member");
    const two = await newUser({ active: false, statsigOrgRole: "Admin" });
    const whole = oktaUser(person(NAME), { statsigOrgRole: "Member" });
    assert.equal(assertStatus(await two.okta.put(two.path, whole), 200).statsigOrgRole, "Member");
  });

  test("does not show, and does not change the version", async () => {
    const { organization, okta, path } = await newUser({ active: false });
    await organization.unchangedBy(async () => assertStatus(await okta.patch(path, role("Admin")), 200));
    assert.equal(assertStatus(await okta.patch(path, activate), 200).statsigOrgRole, "Admin");
  });

  test("is never that of the Owner", async () => {
    const { organization, okta, path } = await newUser({ active: false });
    const wanted = { scimType: "invalidValue", detail: /Cannot set multiple owners/ };
    assertError(await okta.patch(path, role("Owner")), 400, wanted);
    const second = oktaUser(person("second@okta.local"), { active: false, statsigOrgRole: "owner" });
    assertError(await okta.post("/Users", second), 400, wanted);
    assertStatus(await okta.patch(path, operation.active(false), role("Owner")), 200);
    assert.equal(assertStatus(await okta.patch(path, activate), 200).statsigOrgRole, "Member");
    assert.equal((await organization.owner()).statsigOrgRole, "Owner");
  });
});

describe("a deactivation takes the role away for good", () => {
  for (const [name, deactivate] of [
    ["PATCH", ({ okta, path }) => okta.patch(path, operation.active(false))],
    ["PUT without the role", ({ okta, path }) => okta.put(path, oktaUser(person(NAME), { active: false }))],
    ["PUT of what was read", ({ okta, path, user }) => okta.put(path, { ...user, active: false })],
    ["bulk", ({ okta, path }) => bulk(okta, [patch(path, [operation.active(false)])])],
    ["PATCH of both", ({ okta, path }) => okta.patch(path, role("Admin"), operation.active(false))],
    [
      "in the console",
      ({ organization, user }) =>
        organization.admin.call("DELETE", organization.path(`/members/${user.id}`), undefined, 200),
    ],
  ]) {
    test(name, async () => {
      const one = await newUser({ statsigOrgRole: "Admin" });
      await assertRole(one, "Admin", 200);
      await deactivate(one);
      await assertRole(one, "Member", 404);
      assert.equal(assertStatus(await one.okta.patch(one.path, activate), 200).statsigOrgRole, "Member");
    });
  }

  test("also the role that was kept for a user who is removed in the console", async () => {
    const { organization, okta, path, user } = await newUser({ active: false, statsigOrgRole: "Admin" });
    await organization.admin.call("DELETE", organization.path(`/members/${user.id}`), undefined, 200);
    assert.equal(assertStatus(await okta.patch(path, activate), 200).statsigOrgRole, "Member");
  });
});
