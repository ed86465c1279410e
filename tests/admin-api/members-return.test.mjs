// Deleted and deactivated people who come back with what they had, names that are changed, and what added a person.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const GROUPS = ["Statsig-Demo-Admin", "Statsig-Demo-Engineer", "Statsig-Demo-Member"];

/** An organization with an Admin who is in three groups. */
async function populated(settings = {}) {
  const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] }, settings });
  const { id } = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
  const groups = [];
  for (const name of GROUPS) {
    const group = await organization.groupNamed(name);
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    groups.push(group.id);
  }
  return { organization, id, groups, path: organization.path(`/members/${id}/restore`) };
}

const rolesOf = async (organization, id) => {
  const { active, statsigOrgRole, groups } = await organization.user(id);
  return [active, statsigOrgRole, groups.map(({ display }) => display).toSorted()];
};

const losses = {
  "a person removed in the console": ({ organization, id }) =>
    organization.admin.call("DELETE", organization.path(`/members/${id}`), undefined, 200),
  "a person deactivated over SCIM": async ({ organization, id }) =>
    assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200),
  "a deleted person": async ({ organization, id }) => assertStatus(await organization.okta.delete(`/Users/${id}`), 204),
};

for (const [who, lose] of Object.entries(losses)) {
  describe(who, () => {
    test("is offered the role and the groups that they had, and gets all of them", async () => {
      for (const keep_access of [false, true]) {
        const all = await populated({ keep_access });
        const { organization, id, groups, path } = all;
        assertProblem(await organization.admin.send("GET", path), 404, /deleted or deactivated/);
        await lose(all);
        const former = await organization.admin.get(path);
        assert.deepEqual([former.id, former.user_name, former.org_role], [id, "ada@okta.local", "Admin"]);
        assert.equal(former.deleted, who.includes("deleted"));
        assert.deepEqual(
          former.groups,
          GROUPS.map((display_name, i) => ({ id: groups[i], display_name })),
        );
        const back = await organization.admin.call("POST", path, {}, 200);
        assert.deepEqual([back.member.org_role, back.joined, back.left], ["Admin", 3, []]);
        assert.deepEqual(await rolesOf(organization, id), [true, "Admin", GROUPS]);
        assertProblem(await organization.admin.send("POST", path, {}), 404);
      }
    });

    test("comes back without what is left out, and without groups that are gone", async () => {
      const all = await populated();
      const { organization, id, groups, path } = all;
      const team = await organization.addTeam(
        (await organization.admin.get(organization.path("/projects"))).projects[0].id,
        "Data",
      );
      const ofTeam = await organization.groupNamed("Statsig-Demo-Data-Member");
      assertStatus(await organization.okta.patch(`/Groups/${ofTeam.id}`, operation.addMembers([id])), 204);
      await lose(all);
      await organization.admin
        .call("DELETE", organization.path(`/teams/${team.id}`), undefined, 200)
        .catch(async () => {
          assertStatus(await organization.okta.delete(`/Groups/${ofTeam.id}`), 204);
        });
      const former = await organization.admin.get(path);
      assert.deepEqual(
        former.groups.map(({ display_name }) => display_name),
        GROUPS,
      );
      assert.equal(former.left.length, 1);
      const body = { without_role: true, without_groups: [groups[1]] };
      const back = await organization.admin.call("POST", path, body, 200);
      assert.deepEqual([back.member.org_role, back.joined, back.left.length], ["Member", 2, 1]);
      assert.deepEqual(await rolesOf(organization, id), [true, "Member", [GROUPS[0], GROUPS[2]]]);
    });
  });
}

describe("the names of a member", () => {
  test("are changed, removed and left as they are", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local", {
      name: { givenName: "Ada", familyName: "Byron" },
      displayName: "Ada B.",
    });
    const path = organization.path(`/members/${id}`);
    await organization.admin.patch(path, { family_name: "Lovelace" });
    const names = async () => (await organization.admin.get(path)).names;
    assert.deepEqual(await names(), { given_name: "Ada", family_name: "Lovelace", display_name: "Ada B." });
    await organization.admin.patch(path, { display_name: "", given_name: "Augusta", org_role: "Admin" });
    assert.deepEqual(await names(), { given_name: "Augusta", family_name: "Lovelace", display_name: null });
    const user = await organization.user(id);
    assert.deepEqual([user.name.givenName, user.statsigOrgRole], ["Augusta", "Admin"]);
    const events = await worker.sql(
      "SELECT type, source FROM events WHERE org_id = ?1 AND subject_id = ?2 ORDER BY seq",
      organization.id,
      id,
    );
    assert.deepEqual(
      events.map(({ type, source }) => `${type} by ${source}`),
      [
        "person.created by scim",
        "person.updated by console",
        "person.updated by console",
        "org_role.changed by console",
      ],
    );
    await organization.unchangedBy(async () => {
      assertProblem(await organization.admin.send("PATCH", path, {}), 400, /Nothing is to be changed/);
      assertProblem(await organization.admin.send("PATCH", path, { given_name: "x".repeat(70_000) }), 400);
      await organization.admin.patch(path, { given_name: "Augusta" });
    });
  });

  test("can be those of the Owner, of an inactive person and of one whom SCIM does not see", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const { id: owner } = await organization.owner();
    const { id: inactive } = await organization.createUser("ada@okta.local", { active: false });
    const { id: unseen } = await organization.addMember("connie@elsewhere.example");
    for (const id of [owner, inactive, unseen]) {
      const path = organization.path(`/members/${id}`);
      await organization.admin.patch(path, { given_name: "Grace" });
      assert.equal((await organization.admin.get(path)).names.given_name, "Grace");
    }
  });
});

test("a member says what added them", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");
  const { id: added } = await organization.addMember("bob@okta.local");
  const of = async (member) => (await organization.admin.get(organization.path(`/members/${member}`))).created_by;
  assert.deepEqual([(await of(id)).source, (await of(id)).key], ["scim", organization.key.id]);
  assert.deepEqual(await of(added), { source: "console", actor: "admin token", key: null });
  await worker.sql("DELETE FROM event_subjects WHERE org_id = ?1 AND subject_id = ?2", organization.id, added);
  assert.equal(await of(added), null);
});
