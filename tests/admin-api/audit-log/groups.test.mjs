// Details of groups in the provisioning log: people who were left out, and what was deleted with a team.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, eventually } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { logText } from "../../helpers/storage.mjs";
import { startWorker, useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

/** The newest entry about a resource, once one has that detail. */
function told(organization, id, detail) {
  return eventually(async () => {
    const { entries } = await organization.admin.get(organization.path(`/log?resource=${id}`));
    assert.match(entries[0]?.detail ?? "", detail);
    return entries[0];
  });
}

test("people who are left out of a group, since they are inactive, are named in the log", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const [active, ...inactive] = (await organization.createUsers(8)).map(({ id }) => id);
  for (const id of inactive) assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const path = `/Groups/${group.id}`;
  const [bob] = inactive;
  const LEFT_OUT = new RegExp(
    `^Not added to the group, because inactive: "${bob}"\\. Activating them later does not add`,
  );
  assertStatus(await okta.patch(path, operation.addMembers([active, bob])), 204);
  assert.equal((await told(organization, group.id, LEFT_OUT)).status, 204);
  assertStatus(await okta.put(path, oktaGroup(group.displayName, [bob])), 200);
  assert.equal((await told(organization, group.id, LEFT_OUT)).status, 200);
  const NOTHING = new RegExp(`^Nothing had to be changed\\. Not added to the group, because inactive: "${bob}"`);
  assertStatus(await okta.patch(path, operation.addMembers([bob])), 204);
  await told(organization, group.id, NOTHING);
  const created = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Core-Member", inactive)), 201);
  const { detail } = await told(organization, created.id, /because inactive/);
  assert.match(detail, /("[^"]+", ){4}"[^"]+" and 2 others\./);
  assertStatus(await okta.patch(path, operation.addMembers([active])), 204);
  const { entries } = await organization.admin.get(organization.path(`/log?resource=${group.id}`));
  assert.equal(entries[0].detail, null);
});

test("the log names what is deleted with a team's group", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { plain_groups: true } });
  const { okta } = organization;
  const ids = (await organization.createUsers(3)).map(({ id }) => id);
  for (const role of ["Admin", "Member"]) {
    const team = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Core-Member", ids)), 201);
    const admins = await organization.groupNamed("Statsig-Demo-Core-Admin");
    assertStatus(await okta.patch(`/Groups/${admins.id}`, operation.addMembers(ids.slice(1))), 204);
    const doomed = role === "Admin" ? admins.id : team.id;
    assertStatus(await okta.delete(`/Groups/${doomed}`), 204);
    const { detail } = await told(organization, doomed, /^Deleted the team/);
    assert.equal(
      detail,
      'Deleted the team with its groups "Statsig-Demo-Core-Admin" (2 memberships) and ' +
        '"Statsig-Demo-Core-Member" (3 memberships). People stay.',
    );
  }
  const plain = assertStatus(await okta.post("/Groups", oktaGroup("Plain", ids)), 201);
  assertStatus(await okta.delete(`/Groups/${plain.id}`), 204);
  assert.equal(
    (await told(organization, plain.id, /^Deleted/)).detail,
    'Deleted the group "Plain" (3 memberships). People stay.',
  );
  const [project] = (await organization.admin.get(organization.path("/projects"))).projects;
  const team = await organization.addTeam(project.id, "Night Shift");
  assertStatus(await okta.patch(`/Groups/${team.roles[1].group.id}`, operation.addMembers(ids)), 204);
  const path = organization.path(`/projects/${project.id}/teams/${team.id}`);
  await organization.admin.call("DELETE", path, undefined, 200);
  // The entry is about a group of the team, as that of its creation; the ids of the team and of both groups find it.
  for (const id of [team.id, ...team.roles.map(({ group }) => group.id)]) {
    const entry = await told(
      organization,
      id,
      /^Deleted the team Night Shift of the project Demo\. .*-Member" \(3 memberships\)/,
    );
    assert.deepEqual([entry.resource_type, entry.resource_id], ["Group", team.roles[0].group.id]);
  }
});

test("an invalid GROUP_PREFIX is refused, and the Worker's log says what to change", async (t) => {
  for (const [prefix, why] of [
    ["Stat\u0007sig", /U\+0007/],
    ["Statsig\n", /space|U\+000A/],
    ["", /empty/],
    ["  ", /empty/],
    [" Statsig", /space/],
    ["x".repeat(250), /longer/],
  ]) {
    const worker = await startWorker({ vars: { GROUP_PREFIX: prefix } });
    t.after(() => worker.close());
    for (const path of ["/scim/ServiceProviderConfig", "/scim/Groups", "/console/api/organizations"]) {
      const answer = await fetch(new URL(path, worker.url));
      assert.equal(answer.status, 503, `${JSON.stringify(prefix)} ${path}`);
      assert.match(await answer.text(), /GROUP_PREFIX/);
    }
    const log = await logText(worker);
    assert.match(log, /GROUP_PREFIX.*Change it in wrangler\.toml/s);
    assert.match(log, why);
    await worker.close();
  }
});
