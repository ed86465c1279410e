// Permissions of roles by the admin API: defaults, changes, events, and what follows the groups of projects and teams.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { operation } from "../helpers/bodies.mjs";
import { newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const change = (organization, role, permissions, status = 200) =>
  organization.admin.call("PUT", organization.path(`/permissions/${role}`), { permissions }, status);
const listed = (organization) => organization.admin.get(organization.path("/permissions"));

/** The groups that projects and teams list as those of their roles, and those that they have. */
async function listedGroups() {
  const sql = (table, column) => `SELECT x.id, x.role_groups, (
      SELECT json_group_array(g.seq) FROM groups g WHERE ${column} = x.id ORDER BY g.seq) AS present, x.roles, (
      SELECT json_group_object(g.seq, json_object('on', iif(g.team_id IS NULL, 'project', 'team'), 'role', g.role,
        'group_id', g.id, 'group', g.display_name)) FROM groups g WHERE ${column} = x.id) AS described
    FROM ${table} x ORDER BY x.id`;
  const rows = [
    ...(await worker.sql(sql("projects", "g.team_id IS NULL AND g.project_id"))),
    ...(await worker.sql(sql("teams", "g.team_id"))),
  ];
  for (const { role_groups, present, roles, described } of rows) {
    assert.deepEqual(JSON.parse(role_groups).sort(), JSON.parse(present).sort());
    assert.deepEqual(JSON.parse(roles), JSON.parse(described));
  }
  return rows.filter(({ role_groups }) => role_groups !== "[]").length;
}

describe("permissions of roles", () => {
  test("are defaults until they are set, for built-in and custom roles", async () => {
    const organization = await createOrganization(worker, {
      projects: { Demo: ["Reviewer", "Cook"], Other: ["Cook"] },
    });
    const { roles, in_use } = await listed(organization);
    assert.deepEqual(
      roles.map(({ on, role }) => `${on} ${role}`),
      [
        ...["Owner", "Admin", "Member"].map((role) => `organization ${role}`),
        ...["Admin", "Member", "Read-Only"].map((role) => `project ${role}`),
        ...["Admin", "Member"].map((role) => `team ${role}`),
        "project Cook",
        "project Reviewer",
      ],
    );
    assert.ok(roles.every(({ is_default }) => is_default));
    assert.deepEqual(roles.at(-1).permissions, []);
    assert.ok(in_use.includes("launch_to_production"));
    const set = await change(organization, "project/reviewer", ["peel_onions", "approve_reviews", "peel_onions"]);
    assert.deepEqual(set, {
      on: "project",
      role: "Reviewer",
      permissions: ["approve_reviews", "peel_onions"],
      is_default: false,
    });
    assert.deepEqual(await organization.admin.get(organization.path("/permissions/project/Reviewer")), set);
    const after = await listed(organization);
    assert.deepEqual(after.roles.at(-1), set);
    assert.ok(after.in_use.includes("peel_onions"));
    const [read_only] = after.roles.filter(({ role }) => role === "Read-Only");
    await change(organization, "project/Read-Only", []);
    assert.deepEqual(await change(organization, "project/Read-Only", null), read_only);
    await change(organization, "project/reviewer", null);
    assert.deepEqual(await listed(organization), { roles, in_use });
  });

  test("make an event and an entry of the log, and nothing where nothing changes", async () => {
    const organization = await createOrganization(worker);
    const after = await newestEvent(worker, organization.id);
    await change(organization, "team/Member", ["view_team", "order_pizza"]);
    await change(organization, "team/Member", ["order_pizza", "view_team"]);
    const events = await storedEvents(worker, organization.id, { after });
    assert.deepEqual(
      events.map(({ type, data, subject_id }) => [type, data, subject_id]),
      [
        [
          "role.permissions_changed",
          { on: "team", role: "Member", permissions: { before: ["view_team"], after: ["order_pizza", "view_team"] } },
          organization.id,
        ],
      ],
    );
    const entries = await worker.sql(
      "SELECT detail, body FROM log WHERE org_id = ?1 AND path LIKE '%/permissions/%'",
      organization.id,
    );
    assert.equal(entries.length, 1);
    assert.equal(entries[0].detail, "Changed what the team role Member allows.");
    assert.deepEqual(JSON.parse(entries[0].body), { permissions: ["view_team", "order_pizza"] });
    const deeds = await organization.admin.get(organization.path("/events?kind=settings"));
    assert.ok(JSON.stringify(deeds).includes("role.permissions_changed"));
  });

  test("are refused with words where they are wrong", async () => {
    const organization = await createOrganization(worker);
    const put = (role, body) => organization.admin.send("PUT", organization.path(`/permissions/${role}`), body);
    for (const name of ["Launch", "", "1st", "läuft", "x".repeat(51), "a-b"]) {
      assertProblem(await put("project/Admin", { permissions: [name] }), 400, /is not the name of a permission/);
    }
    const many = Array.from({ length: 51 }, (_, i) => `p${i}`);
    assertProblem(await put("project/Admin", { permissions: many }), 400, /at most 50/);
    assertProblem(await put("project/Nobody", { permissions: [] }), 404, /no such role/);
    assertProblem(await put("planet/Admin", { permissions: [] }), 404, /no such role/);
    assertProblem(await put("team/Admin", { permissions: "all" }), 400, /permissions/);
    assertProblem(await put("team/Admin", {}), 400, /permissions/);
    assertProblem(await put("team/Admin", { permissions: null, why: "x" }), 400, /why/);
    assert.ok((await listed(organization)).roles.every(({ is_default }) => is_default));
  });

  test("are lost by no one when many are changed at once", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const roles = ["organization/Owner", "organization/Member", "project/Admin", "project/Cook", "team/Admin"];
    await Promise.all(roles.map((role, i) => change(organization, role, [`p${i}`])));
    for (const [i, role] of roles.entries()) {
      const { permissions } = await organization.admin.get(organization.path(`/permissions/${role}`));
      assert.deepEqual(permissions, [`p${i}`]);
    }
  });

  test("are those of another organization for no one", async () => {
    const [mine, theirs] = [await createOrganization(worker), await createOrganization(worker)];
    await change(theirs, "project/Admin", ["secret_plan"]);
    assert.ok(!JSON.stringify(await listed(mine)).includes("secret_plan"));
  });
});

test("projects and teams list the groups of their roles through all that happens to them", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: ["Cook"], Past: ["Cook"] } });
  const { projects } = await organization.admin.get(organization.path("/projects"));
  const [demo, past] = projects;
  const team = await organization.addTeam(demo.id, "Night");
  await organization.addTeam(past.id, "Day");
  const pushed = await organization.okta.post("/Groups", { displayName: "Statsig-Demo-Dawn-Member", members: [] });
  assert.equal(pushed.status, 201);
  const all = await listedGroups();
  const cook = demo.roles.find(({ name }) => name === "Cook");
  await organization.admin.call(
    "DELETE",
    organization.path(`/projects/${demo.id}/roles/${cook.group.id}`),
    undefined,
    200,
  );
  assert.equal(await listedGroups(), all);
  for (const path of [`/projects/${demo.id}`, `/projects/${demo.id}/teams/${team.id}`]) {
    await organization.admin.patch(organization.path(path), { name: "Renamed" });
    assert.equal(await listedGroups(), all, "by their new names");
  }
  const member = demo.roles.find(({ name }) => name === "Member").group.id;
  const rename = operation.rename(member, "Statsig-Renamed-Member");
  assert.equal((await organization.okta.patch(`/Groups/${member}`, rename)).status, 204);
  await listedGroups();
  await organization.admin.call("POST", organization.path(`/projects/${past.id}/archive`), {}, 200);
  assert.equal(await listedGroups(), all - 2, "neither the project nor its team lists any");
  await organization.admin.call("POST", organization.path(`/projects/${past.id}/restore`), {}, 200);
  assert.equal(await listedGroups(), all);
  await organization.admin.call("DELETE", organization.path(`/projects/${demo.id}/teams/${team.id}`), undefined, 200);
  assert.equal(await listedGroups(), all - 1);
});
