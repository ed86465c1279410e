// Projects, roles, teams and plain groups by the admin API: pages of them with their numbers of people, new names, and
// roles that are deleted.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, eventually, memberIds, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, newestEvent, undo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const add = async ({ okta }, group, ids) =>
  assertStatus(await okta.patch(`/Groups/${group}`, operation.addMembers(ids)), 204);
const roleOf = (project, name) => project.roles.find((role) => role.name === name).group.id;
const namesOf = (all) => all.map(({ name }) => name);

/** The types of the events since `action` began, with the story of the newest. */
async function eventsOf(organization, action) {
  const last = await newestEvent(worker, organization);
  await action();
  const events = await worker.sql(
    "SELECT type, story, data FROM events WHERE org_id = ?1 AND seq > CAST(?2 AS INTEGER) ORDER BY seq",
    organization.id,
    last,
  );
  return { types: events.map(({ type }) => type), story: events[0].story, data: JSON.parse(events[0].data) };
}

describe("lists", () => {
  let organization;
  let people;

  before(async () => {
    await worker.started;
    organization = await createOrganization(worker, { settings: { plain_groups: true, brake_percent: 0 } });
    ({ people } = await populate(worker.sql, organization.id, { users: 150 }));
    for (const name of ["Beta", "alpha", "Gamma"]) organization[name] = await organization.addProject(name, ["Cook"]);
    organization.team = await organization.addTeam(organization.Beta.id, "Night");
    await add(organization, roleOf(organization.Beta, "Member"), people.slice(0, 3));
    await add(organization, roleOf(organization.Beta, "Cook"), people.slice(2, 4));
    await add(organization, organization.team.roles[0].group.id, people.slice(0, 12));
    await add(organization, roleOf(organization.Gamma, "Admin"), people.slice(0, 1));
    for (const name of ["Zeta", "Eta"]) assertStatus(await organization.okta.post("/Groups", oktaGroup(name, [])), 201);
  });

  const summaries = (query = "") => organization.admin.get(organization.path(`/projects/summaries${query}`));

  test("have projects with roles and teams, the oldest first, a page at a time, at no cost for others", async () => {
    const whole = await organization.admin.get(organization.path("/projects"));
    assert.deepEqual([namesOf(whole.projects), whole.next], [["Beta", "alpha", "Gamma"], null]);
    const paged = [];
    for (let after = ""; after !== null; ) {
      const query = `?count=1${after && `&after=${encodeURIComponent(after)}`}`;
      const answer = await organization.admin.send("GET", organization.path(`/projects${query}`));
      const page = assertStatus(answer, 200);
      // Of the page, and of the first project behind it.
      const { rows_read, round_trips } = serverTiming(answer);
      assert.ok(round_trips === 1 && rows_read <= 100, `${rows_read} rows read, ${round_trips} round trips`);
      paged.push(...page.projects);
      after = page.next;
    }
    assert.deepEqual(paged, whole.projects);
    for (const wrong of ["after=x", "count=0", "count=1001", "skip=1"]) {
      assertProblem(await organization.admin.send("GET", organization.path(`/projects?${wrong}`)), 400);
    }
  });

  test("have projects by name, by people and by the last push, a page at a time", async () => {
    const first = await summaries("?count=2");
    assert.deepEqual([namesOf(first.projects), first.total, first.next], [["alpha", "Beta"], 3, 2]);
    const second = await summaries("?count=2&skip=2");
    assert.deepEqual([namesOf(second.projects), second.next], [["Gamma"], null]);
    assert.deepEqual(namesOf((await summaries("?sort=people")).projects), ["Beta", "Gamma", "alpha"]);
    const pushed = (await summaries("?sort=pushed")).projects;
    assert.deepEqual(namesOf(pushed), ["Gamma", "Beta", "alpha"]);
    assert.equal(pushed[2].pushed_at, null);
    assert.deepEqual(namesOf((await summaries("?search=ALPH")).projects), ["alpha"]);
    const { people: counted, role_count, team_count } = first.projects[1];
    assert.deepEqual([counted, role_count, team_count], [{ count: 12, counted_at: null }, 4, 1]);
  });

  test("have archived projects only on demand, with the numbers of their roles and teams", async () => {
    const old = await organization.addProject("Old", ["Cook"]);
    await organization.addTeam(old.id, "Day");
    await organization.admin.call("POST", organization.path(`/projects/${old.id}/archive`), {}, 200);
    assert.ok(!namesOf((await summaries()).projects).includes("Old"));
    assert.ok(namesOf((await summaries("?archived=with")).projects).includes("Old"));
    const [only] = (await summaries("?archived=only")).projects;
    assert.deepEqual([only.name, only.role_count, only.team_count, only.people.count], ["Old", 4, 1, 0]);
    const detail = await organization.admin.get(organization.path(`/projects/${old.id}`));
    assert.deepEqual([detail.roles, detail.archived_at !== null], [[], true]);
  });

  test("have roles and teams of a project with their people", async () => {
    const path = organization.path(`/projects/${organization.Beta.id}`);
    const { roles, teams, team_total } = await organization.admin.get(path);
    assert.deepEqual(
      roles.map(({ name, built_in, people: { count } }) => [name, built_in, count]),
      [
        ["Admin", true, 0],
        ["Member", true, 3],
        ["Read-Only", true, 0],
        ["Cook", false, 2],
      ],
    );
    assert.deepEqual([namesOf(teams), team_total], [["Night"], 1]);
    const team = await organization.admin.get(`${path}/teams/${organization.team.id}`);
    assert.deepEqual(
      team.roles.map(({ name, people: { count }, members }) => [name, count, members.map(({ id }) => id)]),
      [
        ["Admin", 12, people.slice(0, 10)],
        ["Member", 0, []],
      ],
    );
    assert.deepEqual([team.name, team.project.name], ["Night", "Beta"]);
    for (const [rest, why] of [
      [`/projects/${organization.team.id}`, /no such project/],
      [`/projects/${organization.Beta.id}/roles/${organization.team.roles[0].group.id}`, /no such role/],
      [`/projects/${organization.alpha.id}/teams/${organization.team.id}`, /no such team/],
    ]) {
      assertProblem(await organization.admin.send("GET", organization.path(rest)), 404, why);
    }
  });

  test("have the groups that belong to no project", async () => {
    const { groups, total, next } = await organization.admin.get(organization.path("/groups"));
    assert.deepEqual([groups.map(({ display_name }) => display_name), total, next], [["Eta", "Zeta"], 2, null]);
    const found = await organization.admin.get(organization.path("/groups?search=ZE&sort=people"));
    assert.deepEqual(
      found.groups.map(({ display_name, people: { count }, pushed_at }) => [display_name, count, pushed_at !== null]),
      [["Zeta", 0, true]],
    );
  });

  test("count many people hourly, and again what has changed since", async () => {
    const members = roleOf(organization.alpha, "Member");
    await add(organization, members, people);
    const counted = async () => {
      const { projects } = await summaries("?search=alpha");
      const { roles } = await organization.admin.get(organization.path(`/projects/${organization.alpha.id}`));
      return [projects[0].people, roles[1].people];
    };
    const none = { count: null, counted_at: null };
    assert.deepEqual(await counted(), [none, none]);
    assert.deepEqual(namesOf((await summaries("?sort=people")).projects)[0], "alpha");
    const numbers = async () => (await counted()).map(({ count }) => count);
    await worker.scheduled();
    await eventually(async () => assert.deepEqual(await numbers(), [150, 150]));
    assert.ok((await counted()).every(({ counted_at }) => counted_at !== null));
    const [{ id }] = await worker.sql("SELECT id FROM users WHERE org_id = ?1 AND id = ?2", organization.id, people[0]);
    assertStatus(await organization.okta.patch(`/Groups/${members}`, operation.removeMember(id)), 204);
    await worker.scheduled();
    await eventually(async () => assert.deepEqual(await numbers(), [149, 149]));
    await organization.admin.call("POST", organization.path(`/projects/${organization.alpha.id}/archive`), {}, 200);
    assert.deepEqual(await worker.sql("SELECT * FROM people_counts WHERE org_id = ?1", organization.id), []);
  });

  test("refuse what they do not know", async () => {
    for (const query of ["sort=size", "skip=-1", "skip=20001", "count=0", "archived=yes", "more=1"]) {
      const answer = await organization.admin.send("GET", organization.path(`/projects/summaries?${query}`));
      assertProblem(answer, 400, new RegExp(query.split("=")[0]));
    }
  });
});

async function populated() {
  const organization = await createOrganization(worker, { projects: {} });
  const project = await organization.addProject("Demo", ["Engineer"]);
  const team = await organization.addTeam(project.id, "Night");
  const ids = (await organization.createUsers(3)).map(({ id }) => id);
  const engineers = roleOf(project, "Engineer");
  await add(organization, engineers, ids.slice(0, 2));
  await add(organization, team.roles[1].group.id, ids);
  const path = organization.path(`/projects/${project.id}`);
  return { organization, admin: organization.admin, project, team, ids, engineers, path };
}

describe("a role", () => {
  test("is renamed with its group, and back", async () => {
    const { organization, admin, engineers, path, ids } = await populated();
    const state = await directory(worker, organization);
    const { types, story, data } = await eventsOf(organization, async () => {
      const renamed = await admin.patch(`${path}/roles/${engineers}`, { name: "Coder" });
      assert.deepEqual([renamed.name, renamed.group.id], ["Coder", engineers]);
      assert.equal(renamed.group.display_name, "Statsig-Demo-Coder");
    });
    assert.deepEqual(types, ["role.renamed", "group.updated"]);
    assert.deepEqual(data.role, { before: "Engineer", after: "Coder" });
    const group = await organization.group(engineers);
    assert.deepEqual([group.displayName, memberIds(group).sort()], ["Statsig-Demo-Coder", ids.slice(0, 2).sort()]);
    const { types: none } = await eventsOf(organization, async () => {
      await admin.patch(`${path}/roles/${engineers}`, { name: "Coder" });
      await admin.patch(path, { name: "Shop" });
    });
    assert.equal(none[0], "project.renamed");
    const { left, run } = await undo(organization, { story });
    assert.deepEqual([left, run.restored.groups], [[], 1]);
    assert.equal((await organization.group(engineers)).displayName, "Statsig-Shop-Engineer");
    await admin.patch(path, { name: "Demo" });
    assert.deepEqual(await directory(worker, organization), state);
  });

  test("is deleted with its group, and comes back with its members", async () => {
    const { organization, admin, engineers, path } = await populated();
    const state = await directory(worker, organization);
    const preview = await admin.get(`${path}/roles/${engineers}/preview`);
    assert.deepEqual([preview.people, preview.memberships, preview.needs_confirmation], [2, 2, false]);
    const refused = await admin.send("DELETE", `${path}/roles/${engineers}?confirm_people=1`);
    assertProblem(refused, 409);
    assert.equal(refused.body.people, 2);
    assert.deepEqual(await directory(worker, organization), state);
    const { types, story } = await eventsOf(organization, async () => {
      assertStatus(await admin.send("DELETE", `${path}/roles/${engineers}?confirm_people=2`), 200);
    });
    assert.deepEqual(types, ["group.deleted", "membership.removed"]);
    assertStatus(await organization.okta.get(`/Groups/${engineers}`), 404);
    assertProblem(await admin.send("DELETE", `${path}/roles/${engineers}`), 404, /no such role/);
    const { left, run } = await undo(organization, { story });
    assert.deepEqual([left, run.restored.groups_undeleted, run.restored.joined], [[], 1, 2]);
    assert.deepEqual(await directory(worker, organization), state);
  });

  test("that was renamed and then deleted comes back under its first name", async () => {
    const { organization, admin, engineers, path } = await populated();
    const state = await directory(worker, organization);
    const from = (await newestEvent(worker, organization)) + 1;
    await admin.patch(`${path}/roles/${engineers}`, { name: "Coder" });
    assertStatus(await admin.send("DELETE", `${path}/roles/${engineers}`), 200);
    const to = await newestEvent(worker, organization);
    await undo(organization, { events: Array.from({ length: to - from + 1 }, (_, n) => from + n) });
    assert.deepEqual(await directory(worker, organization), state);
  });

  test("that every project has stays, and no role gets a name that is taken", async () => {
    const { organization, admin, project, team, engineers, path } = await populated();
    const state = await directory(worker, organization);
    for (const name of ["Admin", "Member", "Read-Only"]) {
      const role = `${path}/roles/${roleOf(project, name)}`;
      assertProblem(await admin.send("PATCH", role, { name: "Boss" }), 409, /Every project has the role/);
      assertProblem(await admin.send("DELETE", role), 409, /Every project has the role/);
    }
    const renamed = (name) => admin.send("PATCH", `${path}/roles/${engineers}`, { name });
    for (const name of ["member", "Night-Member"]) assertProblem(await renamed(name), 409, /exists already/);
    for (const name of ["", " x", "x".repeat(201)]) assertProblem(await renamed(name), 400);
    const ofTeam = `${path}/roles/${team.roles[0].group.id}`;
    assertProblem(await admin.send("DELETE", ofTeam), 404, /no such role/);
    await admin.call("POST", `${path}/archive`, {}, 200);
    assertProblem(await renamed("Coder"), 409, /archived/);
    assertProblem(await admin.send("DELETE", `${path}/roles/${engineers}`), 409, /archived/);
    assert.deepEqual((await directory(worker, organization)).users, state.users);
  });
});

describe("a team", () => {
  test("is renamed with both its groups, and back", async () => {
    const { organization, admin, team, path, ids } = await populated();
    const state = await directory(worker, organization);
    const { types, story, data } = await eventsOf(organization, async () => {
      const renamed = await admin.patch(`${path}/teams/${team.id}`, { name: "Day" });
      assert.deepEqual(
        renamed.roles.map(({ group }) => group.display_name),
        ["Statsig-Demo-Day-Admin", "Statsig-Demo-Day-Member"],
      );
    });
    assert.deepEqual(types, ["team.renamed", "group.updated", "group.updated"]);
    assert.deepEqual(data.name, { before: "Night", after: "Day" });
    const [, members] = team.roles;
    const group = await organization.group(members.group.id);
    assert.deepEqual([group.displayName, memberIds(group).sort()], ["Statsig-Demo-Day-Member", [...ids].sort()]);
    await admin.patch(path, { name: "Shop" });
    const foreseen = await admin.call("POST", organization.path("/undo/preview"), { selection: { story } }, 200);
    const { left, run } = await undo(organization, { story });
    assert.deepEqual([left, foreseen.left, run.restored], [[], [], foreseen.restored]);
    assert.equal((await organization.group(members.group.id)).displayName, "Statsig-Shop-Night-Member");
    await admin.patch(path, { name: "Demo" });
    assert.deepEqual(await directory(worker, organization), state);
  });

  test("that was renamed and then deleted comes back under its first name", async () => {
    const { organization, admin, team, path } = await populated();
    const state = await directory(worker, organization);
    const from = (await newestEvent(worker, organization)) + 1;
    await admin.patch(`${path}/teams/${team.id}`, { name: "Day" });
    assertStatus(await admin.send("DELETE", `${path}/teams/${team.id}`), 200);
    const to = await newestEvent(worker, organization);
    await undo(organization, { events: Array.from({ length: to - from + 1 }, (_, n) => from + n) });
    assert.deepEqual(await directory(worker, organization), state);
  });

  test("keeps its name if that which it had is taken since", async () => {
    const { organization, admin, project, team, path } = await populated();
    const { story } = await eventsOf(organization, () => admin.patch(`${path}/teams/${team.id}`, { name: "Day" }));
    await organization.addTeam(project.id, "Night");
    assertProblem(await admin.send("PATCH", `${path}/teams/${team.id}`, { name: "night" }), 409, /exists already/);
    const { left } = await undo(organization, { story });
    const [{ subject, part, reason }] = left;
    assert.deepEqual([subject, part, reason], ["team", "display_name", "group_name_taken"]);
    assert.equal((await admin.get(`${path}/teams/${team.id}`)).name, "Day");
  });
});
