// Quirks of identity providers in pushing groups (docs/idp-quirks.md).

import assert from "node:assert/strict";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { members, oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { quirk } from "../../helpers/quirk.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const NAME = "Statsig-Demo-Member";

/** An organization with one project, three people, and the first two of them in a group. */
async function pushedGroup() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const ids = (await organization.createUsers(3)).map(({ id }) => id);
  const { id } = await organization.groupNamed(NAME);
  assertStatus(await organization.okta.put(`/Groups/${id}`, oktaGroup(NAME, ids.slice(0, 2))), 200);
  const held = async () => memberIds(await organization.group(id));
  assert.deepEqual(await held(), ids.slice(0, 2).sort());
  return { organization, okta: organization.okta, path: `/Groups/${id}`, id, ids, held };
}

quirk("own-name-again", "PUT of a group with its own name is no conflict with itself", async () => {
  const { organization, okta, path, id } = await pushedGroup();
  const known = await organization.group(id);
  await organization.unchangedBy(async () => {
    assert.deepEqual(assertStatus(await okta.put(path, known), 200), known);
  });
});

quirk("rename-after-a-push", "the rename that follows every push is a no-op; another name is refused", async () => {
  const { organization, okta, path, id } = await pushedGroup();
  await organization.unchangedBy(async () => {
    assertStatus(await okta.patch(path, operation.rename(id, NAME)), 204);
    assertStatus(await okta.patch(path, operation.rename("an id of Okta's own", NAME)), 204);
    assertStatus(await okta.patch(path, { op: "Replace", path: "displayName", value: NAME }), 204);
    for (const answer of [
      await okta.patch(path, operation.rename(id, "Statsig-Demo-Admin")),
      await okta.patch(path, operation.rename(id, "Everybody")),
      await okta.put(path, oktaGroup("Everybody", [])),
    ]) {
      assertError(answer, 400, { scimType: "mutability" });
    }
  });
});

quirk(
  "member-removed-by-filter",
  "a member is removed by value path, without a value; removing again is success",
  async () => {
    const { okta, path, ids, held } = await pushedGroup();
    for (let i = 0; i < 2; i++) {
      assertStatus(await okta.patch(path, operation.removeMember(ids[0])), 204);
      assert.deepEqual(await held(), [ids[1]]);
    }
    assertStatus(await okta.patch(path, operation.removeMember(ids[2])), 204);
    assertStatus(await okta.patch(path, operation.removeMember("00000000-gone-long-ago")), 204);
    assert.deepEqual(await held(), [ids[1]]);
  },
);

quirk("remove-with-an-array", "Entra's remove with a value array removes those, not everyone", async () => {
  const { organization, path, ids, held } = await pushedGroup();
  const remove = (value) => organization.entra.patch(path, { op: "Remove", path: "members", value });
  assertStatus(await remove([{ value: ids[2] }]), 204);
  assert.deepEqual(await held(), ids.slice(0, 2).sort());
  assertStatus(await remove([{ $ref: null, value: ids[0] }]), 204);
  assert.deepEqual(await held(), [ids[1]]);
  assertStatus(await remove([]), 204);
  assert.deepEqual(await held(), [ids[1]], "an empty array names no member");
});

quirk("replacing-all-members", "replace of members is a full replace, also by none", async () => {
  const { okta, path, ids, held } = await pushedGroup();
  for (const wanted of [[ids[2]], [ids[0], ids[2]], [], ids]) {
    assertStatus(await okta.patch(path, operation.replaceMembers(wanted)), 204);
    assert.deepEqual(await held(), [...wanted].sort());
  }
});

quirk("empty-members", "empty members create an empty group, or clear one", async () => {
  const { organization, okta, path, held } = await pushedGroup();
  const created = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Empty-Member", [])), 201);
  assert.deepEqual(memberIds(await organization.group(created.id)), []);
  assertStatus(await okta.put(path, oktaGroup(NAME, [])), 200);
  assert.deepEqual(await held(), []);
});

quirk("complete-members", "GET of a group has all its members, more than a page of them", async () => {
  const { organization, okta, path, id, held } = await pushedGroup();
  const crowd = (await organization.createUsers(250, { stem: "crowd" })).map((user) => user.id);
  assertStatus(await okta.put(path, oktaGroup(NAME, crowd)), 200);
  assert.deepEqual(await held(), [...crowd].sort());
  const listed = (await okta.importAll("/Groups")).find((group) => group.id === id);
  assert.deepEqual(memberIds(listed), [...crowd].sort(), "list and get agree");
});

quirk("stale-member-ids", "a person keeps one id for ever; an unknown id is named, and nothing changes", async () => {
  const { organization, okta, path, ids } = await pushedGroup();
  const user = await organization.user(ids[0]);
  await okta.patch(`/Users/${user.id}`, operation.active(false));
  const restored = await okta.put(`/Users/${user.id}`, oktaUser(person(user.userName)));
  assert.equal(assertStatus(restored, 200).id, user.id);
  const stale = "4f2c6f0e-9d0a-4a55-8a3f-1d9b0e7f0001";
  await organization.unchangedBy(async () => {
    for (const answer of [
      await okta.put(path, oktaGroup(NAME, [ids[2], stale])),
      await okta.patch(path, operation.addMembers([ids[2], stale])),
      await okta.patch(path, operation.replaceMembers([ids[2], stale])),
      await okta.patch(path, operation.removeMember(ids[1]), operation.addMembers([stale])),
      await okta.post("/Groups", oktaGroup("Statsig-Demo-Stale-Member", [ids[2], stale])),
    ]) {
      assertError(answer, 400, { scimType: "invalidValue", detail: new RegExp(stale) });
    }
  });
});

quirk("hyphens-in-group-names", "names with hyphens and spaces resolve against the projects that exist", async () => {
  const organization = await createOrganization(worker, {
    projects: { "Statsig-Okta Test Project": ["Engineer"], "Okta Test": [] },
  });
  const { okta } = organization;
  const engineers = await organization.groupNamed("Statsig-Statsig-Okta Test Project-Engineer");
  assert.equal(engineers.displayName, "Statsig-Statsig-Okta Test Project-Engineer");
  const name = "Statsig-Statsig-Okta Test Project-X-Ray 7-Member";
  const { id } = await organization.createUser("pilot@okta.local");
  const created = assertStatus(await okta.post("/Groups", { ...oktaGroup(name), members: members([id]) }), 201);
  assert.equal(created.displayName, name);
  assert.deepEqual(memberIds(await organization.group(created.id)), [id]);
  await organization.groupNamed("Statsig-Statsig-Okta Test Project-X-Ray 7-Admin");
  const { projects } = await organization.admin.get(organization.path("/projects"));
  const teams = Object.fromEntries(projects.map((project) => [project.name, project.teams.map((team) => team.name)]));
  assert.deepEqual(teams, { "Statsig-Okta Test Project": ["X-Ray 7"], "Okta Test": [] });
});
