// A write is one batch, all or nothing: when its last statement fails, its first has not happened. Its events are in
// it: there is no row without them, and none of them without the row.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { whileFailing } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("a write of which one statement fails", () => {
  const worker = useWorker();
  const TEAM = "Statsig-Demo-Night Shift-Member";
  let organization;
  let okta;
  let ada;
  let bob;
  let team;

  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { email_management: true } });
    okta = organization.okta;
    ada = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
    bob = await organization.createUser("bob@okta.local");
    team = assertStatus(await okta.post("/Groups", oktaGroup(TEAM, [ada.id])), 201);
  });

  /** All that a write may change, but the log: a failure has an entry of its own. */
  const WRITTEN = ["organizations", "users", "user_emails", "projects", "teams", "groups", "archived_groups"];
  WRITTEN.push("memberships", "events", "event_subjects", "access_losses", "deleted_people");
  const rows = async () =>
    Object.fromEntries(
      await Promise.all(WRITTEN.map(async (table) => [table, await worker.sql(`SELECT * FROM ${table}`)])),
    );

  /** Runs a write while a change fails, and asserts that no row is changed. */
  async function unchangedBy(change, write) {
    const before = await rows();
    const answer = await whileFailing(worker, change, "disk I/O error", write);
    assert.deepEqual(await rows(), before);
    return answer;
  }

  const moved = () => oktaUser(person("moved@okta.local"));
  const writes = [
    ["POST of a user", "INSERT ON user_emails", () => okta.post("/Users", oktaUser(person("carol@okta.local")))],
    ["PUT of a user", "INSERT ON user_emails", () => okta.put(`/Users/${ada.id}`, moved())],
    ["PUT of a user", "DELETE ON user_emails", () => okta.put(`/Users/${ada.id}`, moved())],
    ["deactivation", "DELETE ON memberships", () => okta.patch(`/Users/${ada.id}`, operation.active(false))],
    ["deactivation", "UPDATE ON users", () => okta.patch(`/Users/${ada.id}`, operation.active(false))],
    ["DELETE of a user", "DELETE ON memberships", () => okta.delete(`/Users/${ada.id}`)],
    ["DELETE of a user", "DELETE ON user_emails", () => okta.delete(`/Users/${ada.id}`)],
    ["POST of a team", "INSERT ON groups", () => okta.post("/Groups", oktaGroup("Statsig-Demo-Day-Member"))],
    [
      "POST of a team",
      "INSERT ON memberships",
      () => okta.post("/Groups", oktaGroup("Statsig-Demo-Day-Member", [bob.id])),
    ],
    ["PUT of a group", "INSERT ON memberships", () => okta.put(`/Groups/${team.id}`, oktaGroup(TEAM, [bob.id]))],
    ["PUT of a group", "DELETE ON memberships", () => okta.put(`/Groups/${team.id}`, oktaGroup(TEAM, [bob.id]))],
    ["PATCH of a group", "UPDATE ON groups", () => okta.patch(`/Groups/${team.id}`, operation.addMembers([bob.id]))],
    ["DELETE of a team", "DELETE ON groups", () => okta.delete(`/Groups/${team.id}`)],
    ["DELETE of a team", "DELETE ON memberships", () => okta.delete(`/Groups/${team.id}`)],
  ];
  for (const [name, change, write] of writes) {
    test(`changes nothing: ${name}, when ${change} fails`, async () => {
      const failed = () => unchangedBy(change, write);
      assertError(await organization.unchangedBy(failed), 500, { scimType: undefined });
    });
  }

  for (const [name, write] of new Map(writes.map(([name, , write]) => [name, write]))) {
    for (const change of ["INSERT ON events", "INSERT ON event_subjects"]) {
      test(`changes nothing: ${name}, when ${change} fails`, async () => {
        assertError(await unchangedBy(change, write), 500, { scimType: undefined });
      });
    }
  }

  test("changes nothing of projects, roles and teams without their events", async () => {
    const { admin } = organization;
    const project = organization.path(`/projects/${(await admin.get(organization.path("/projects"))).projects[0].id}`);
    const [{ id }] = await worker.sql("SELECT id FROM teams");
    for (const [method, path, body] of [
      ["POST", organization.path("/projects"), { name: "Half" }],
      ["POST", `${project}/roles`, { name: "Half" }],
      ["POST", `${project}/teams`, { name: "Half" }],
      ["PATCH", project, { name: "Half" }],
      ["POST", `${project}/archive`, {}],
      ["DELETE", `${project}/teams/${id}`],
    ])
      for (const change of ["INSERT ON events", "INSERT ON event_subjects"]) {
        assertProblem(await unchangedBy(change, () => admin.send(method, path, body)), 500);
      }
  });

  test("changes nothing in the console either", async () => {
    const state = async () => [
      await organization.admin.get(organization.path("/projects")),
      (await organization.admin.get("/organizations")).organizations.length,
      await organization.dump(),
    ];
    const before = await state();
    const owner = { user_name: "owner@okta.local" };
    for (const [path, body, change] of [
      ["/organizations", { name: "Half", owner }, "INSERT ON users"],
      [organization.path("/projects"), { name: "Half" }, "INSERT ON groups"],
      [organization.path("/members"), { user_name: "half@okta.local" }, "INSERT ON user_emails"],
    ]) {
      const post = () => organization.admin.send("POST", path, body);
      assertProblem(await whileFailing(worker, change, "disk I/O error", post), 500);
    }
    assert.deepEqual(await state(), before);
  });
});
