// The setting keep_access: a deactivation keeps role and memberships, and an activation gives them back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../../helpers/events.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ROLES = ["Admin", "Member", "Read-Only", "Engineer", "Auditor"];

/** An organization that keeps access, with groups and a client that pushes as Microsoft Entra ID does. */
async function keeping(settings = { keep_access: true }) {
  const organization = await createOrganization(worker, { settings, projects: { Web: ["Engineer", "Auditor"] } });
  const groups = await Promise.all(ROLES.map((role) => organization.groupNamed(`Statsig-Web-${role}`)));
  const push = async (group, op, ids) => {
    const value = ids.map((id) => ({ value: id }));
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, { op, path: "members", value }), 204);
  };
  const put = async (group, ids) =>
    assertStatus(
      await organization.okta.put(`/Groups/${group.id}`, {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        displayName: group.displayName,
        members: ids.map((value) => ({ value })),
      }),
      200,
    );
  const active = async (user, value) =>
    assertStatus(await organization.okta.patch(`/Users/${user.id}`, operation.active(value)), 200);
  const groupsOf = async ({ id }) => (await organization.user(id)).groups.map(({ value }) => value).sort();
  const kept = async () =>
    (
      await worker.sql(
        "SELECT count(*) AS n FROM kept_memberships k JOIN users u ON u.seq = k.user_seq WHERE u.org_id = ?1",
        organization.id,
      )
    )[0].n;
  return { organization, groups, push, put, active, groupsOf, kept };
}

const sorted = (groups) => groups.map(({ id }) => id).sort();

describe("with keep_access", () => {
  test("an activation gives back role and memberships, with what was pushed meanwhile, and says so", async () => {
    const { organization, groups, push, active, groupsOf, kept } = await keeping();
    const user = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
    for (const group of groups.slice(0, 3)) await push(group, "add", [user.id]);
    await active(user, false);
    const away = await organization.user(user.id);
    assert.deepEqual([away.active, away.statsigOrgRole, away.groups], [false, "Member", []], "none of it is in force");
    assert.ok(!(await organization.group(groups[0].id)).members?.length);
    await push(groups[3], "add", [user.id]);
    await push(groups[0], "remove", [user.id]);
    assert.deepEqual(await groupsOf(user), []);
    const after = await newestEvent(worker, organization.id);
    const versions = await Promise.all(groups.map(async ({ id }) => (await organization.group(id)).meta.version));
    await active(user, true);
    const expected = [groups[1], groups[2], groups[3]];
    assert.deepEqual(await groupsOf(user), sorted(expected));
    assert.equal((await organization.user(user.id)).statsigOrgRole, "Admin");
    assert.equal(await kept(), 0);
    const now = await Promise.all(groups.map(async ({ id }) => (await organization.group(id)).meta.version));
    assert.deepEqual(
      now.map((version, index) => version !== versions[index]),
      [false, true, true, true, false],
      "the versions of the groups with a new member move",
    );
    const events = await storedEvents(worker, organization.id, { after });
    assert.deepEqual(
      events.map(({ type }) => type),
      ["person.restored", "membership.added"],
    );
    assert.equal(events[0].data.org_role.after, "Admin");
    assert.deepEqual(events[1].data.groups.map(({ id }) => id).sort(), sorted(expected));
    assert.deepEqual(events[1].data.people, [{ id: user.id }]);
    assert.equal(events[1].story, events[0].seq);
    const since = await worker.sql(
      "SELECT DISTINCT m.since FROM memberships m JOIN users u ON u.seq = m.user_seq WHERE u.id = ?1",
      user.id,
    );
    assert.deepEqual(since, [{ since: events[1].seq }]);
    await assertEventsAreSound(worker, organization.id);
  });

  test("a push for inactive people that changes nothing writes nothing, and the log says what is kept", async () => {
    const { organization, groups, push, active, kept } = await keeping();
    const user = await organization.createUser("ben@okta.local");
    await active(user, false);
    const version = async () => (await organization.group(groups[0].id)).meta.version;
    await push(groups[0], "add", [user.id]);
    const before = await version();
    await push(groups[0], "add", [user.id]);
    assert.equal(await version(), before);
    assert.equal(await kept(), 1);
    const { entries } = await organization.admin.get(organization.path("/log"));
    const details = entries.filter(({ path }) => path.endsWith(groups[0].id)).map(({ detail }) => detail);
    assert.equal(details.filter((detail) => /^Kept for the activation/.test(detail)).length, 1, details.join());
    await push(groups[0], "remove", [user.id]);
    await push(groups[0], "remove", [user.id]);
    assert.equal(await kept(), 0);
  });

  test("a group that was deleted meanwhile is not given back, and neither is what a PUT leaves out", async () => {
    const { organization, groups, push, put, active, groupsOf } = await keeping();
    const [user, other] = await organization.createUsers(2);
    const team = assertStatus(
      await organization.okta.post("/Groups", {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        displayName: "Statsig-Web-Night-Member",
        members: [{ value: user.id }],
      }),
      201,
    );
    for (const group of groups.slice(0, 3)) await push(group, "add", [user.id]);
    await active(user, false);
    assertStatus(await organization.okta.delete(`/Groups/${team.id}`), 204);
    await put(groups[0], [other.id]);
    await put(groups[1], [other.id, user.id]);
    await put(groups[3], [user.id]);
    await active(user, true);
    assert.deepEqual(await groupsOf(user), sorted([groups[1], groups[2], groups[3]]));
  });

  test("a new group keeps what it is created with", async () => {
    const { organization, active, groupsOf } = await keeping();
    const user = await organization.createUser("new@okta.local");
    await active(user, false);
    const displayName = "Statsig-Web-Day-Member";
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    const body = { schemas, displayName, members: [{ value: user.id }] };
    const team = assertStatus(await organization.okta.post("/Groups", body), 201);
    await active(user, true);
    assert.deepEqual(await groupsOf(user), [team.id]);
  });

  test("switching it off forgets what was kept: roles, with an event, and memberships", async () => {
    const { organization, groups, push, active, groupsOf, kept } = await keeping();
    const user = await organization.createUser("eva@okta.local", { statsigOrgRole: "Admin" });
    await push(groups[0], "add", [user.id]);
    await active(user, false);
    const after = await newestEvent(worker, organization.id);
    await organization.configure({ keep_access: false });
    const events = await storedEvents(worker, organization.id, { after });
    assert.deepEqual(
      events.map(({ type, subject_id }) => [type, subject_id]),
      [
        ["settings.changed", organization.id],
        ["org_role.changed", user.id],
      ],
    );
    assert.deepEqual(events[1].data, { org_role: { before: "Admin", after: "Member" }, active: false });
    assert.equal(await kept(), 0);
    await active(user, true);
    assert.deepEqual(await groupsOf(user), []);
    assert.equal((await organization.user(user.id)).statsigOrgRole, "Member");
  });

  test("random pushes to an inactive person come out as if the person had been active", async () => {
    const { organization, groups, push, put, active, groupsOf, kept } = await keeping();
    const [user, shadow] = await organization.createUsers(2);
    let seed = 20261128;
    const random = (below) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    let isActive = true;
    for (let step = 0; step < 120; step++) {
      const group = groups[random(groups.length)];
      const both = [user.id, shadow.id];
      const deed = random(8);
      if (deed <= 2) await push(group, "add", both);
      else if (deed <= 4) await push(group, "remove", both);
      else if (deed === 5) await put(group, random(2) ? both : []);
      else {
        isActive = !isActive;
        await active(user, isActive);
        if (!isActive) assert.deepEqual(await groupsOf(user), [], `step ${step}`);
      }
      if (isActive) {
        assert.deepEqual(await groupsOf(user), await groupsOf(shadow), `step ${step}`);
        assert.equal(await kept(), 0, `step ${step}`);
      }
    }
    if (!isActive) await active(user, true);
    assert.deepEqual(await groupsOf(user), await groupsOf(shadow));
    await assertEventsAreSound(worker, organization.id);
  });
});

describe("without keep_access", () => {
  test("nothing is kept, and a deactivation and an activation cost what they did", async () => {
    const { organization, groups, push, active, groupsOf, kept } = await keeping({});
    const user = await organization.createUser("off@okta.local", { statsigOrgRole: "Admin" });
    await push(groups[0], "add", [user.id]);
    await active(user, false);
    await push(groups[1], "add", [user.id]);
    assert.equal(await kept(), 0);
    await active(user, true);
    assert.deepEqual(await groupsOf(user), []);
    assert.equal((await organization.user(user.id)).statsigOrgRole, "Member");
  });
});
