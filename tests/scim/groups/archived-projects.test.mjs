// Projects that are renamed, archived and restored while identity providers push: the names of their groups stay
// theirs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

test("an archived project's groups are gone over SCIM, and come back empty under their ids", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
  const { okta, admin } = organization;
  const [{ id }] = (await admin.get(organization.path("/projects"))).projects;
  const [ada] = await organization.createUsers(1);
  const team = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Night-Member", [ada.id])), 201);
  const before = await okta.importAll("/Groups");
  assert.equal(before.length, 6);
  assert.equal((await organization.user(ada.id)).groups.length, 1);

  const archived = await admin.call("POST", organization.path(`/projects/${id}/archive`), {}, 200);
  assert.ok(archived.archived_at);
  assert.deepEqual(await okta.importAll("/Groups"), []);
  assertError(await okta.patch(`/Groups/${team.id}`, operation.addMembers([ada.id])), 404);
  assert.deepEqual((await organization.user(ada.id)).groups, []);
  for (const [method, path, body] of [
    ["PATCH", "", { name: "Other" }],
    ["POST", "/archive", {}],
    ["POST", "/roles", { name: "Other" }],
    ["POST", "/teams", { name: "Other" }],
  ]) {
    assertProblem(await admin.send(method, organization.path(`/projects/${id}${path}`), body), 409, /archived/);
  }

  await admin.call("POST", organization.path(`/projects/${id}/restore`), {}, 200);
  const after = await okta.importAll("/Groups");
  const names = (groups) => groups.map(({ id, displayName }) => [id, displayName]).sort();
  assert.deepEqual(names(after), names(before));
  for (const group of after) assert.deepEqual(memberIds(group), []);
  for (const group of after) {
    const old = before.find((each) => each.id === group.id);
    assert.notEqual(group.meta.version, old.meta.version);
  }
  assertStatus(await okta.patch(`/Groups/${team.id}`, operation.addMembers([ada.id])), 204);
});

test("the names of an archived project's groups are kept for them", async () => {
  const organization = await createOrganization(worker, {
    settings: { plain_groups: true },
    projects: { A: [], "A-B": [] },
  });
  const { okta, admin } = organization;
  const { projects } = await admin.get(organization.path("/projects"));
  const { id } = projects.find(({ name }) => name === "A-B");
  const other = projects.find(({ name }) => name === "A");
  await admin.call("POST", organization.path(`/projects/${id}/archive`), {}, 200);
  const [ada] = await organization.createUsers(1);
  // Otherwise, this would be the team B of the project A.
  assertError(await okta.post("/Groups", oktaGroup("Statsig-A-B-Member", [ada.id])), 409, { scimType: "uniqueness" });
  assertListOf(await okta.find("/Groups", 'displayName eq "Statsig-A-B-Member"'), []);
  const team = { name: "B" };
  assertProblem(await admin.send("POST", organization.path(`/projects/${other.id}/teams`), team), 409, /archived/);
  assertProblem(await admin.send("POST", organization.path("/projects"), { name: "A-B" }), 409);
  const elsewhere = await createOrganization(worker, { projects: { A: [] } });
  assertStatus(await elsewhere.okta.post("/Groups", oktaGroup("Statsig-A-B-Member", [])), 201);
  await admin.call("POST", organization.path(`/projects/${id}/restore`), {}, 200);
  assert.equal((await organization.groupNamed("Statsig-A-B-Member")).displayName, "Statsig-A-B-Member");
});

test("a project that is renamed while teams, roles and pushes come has no group of the old name", async () => {
  for (let round = 0; round < 6; round++) {
    const organization = await createOrganization(worker, { projects: { Old: [] } });
    const { okta, admin } = organization;
    const [{ id }] = (await admin.get(organization.path("/projects"))).projects;
    const at = (rest) => organization.path(`/projects/${id}${rest}`);
    await Promise.all([
      admin.send("PATCH", at(""), { name: "New" }),
      admin.send("POST", at("/teams"), { name: "T" }),
      admin.send("POST", at("/roles"), { name: "R" }),
      okta.post("/Groups", oktaGroup("Statsig-Old-Night-Member", [])),
    ]);
    const [{ name }] = (await admin.get(organization.path("/projects"))).projects;
    const groups = (await okta.importAll("/Groups")).map(({ displayName }) => displayName);
    for (const group of groups) assert.ok(group.startsWith(`Statsig-${name}-`), `${group} of ${name}`);
  }
});
