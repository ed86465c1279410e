// The events of changes of groups, teams, projects and roles, over SCIM and in the console: which, in which order, and
// with what they say.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../../helpers/events.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
let okta;
let demo;
let ids;

before(async () => {
  await worker.started; // hooks at the top of a file do not wait for each other
  organization = await createOrganization(worker, { settings: { plain_groups: true } });
  await worker.sql("UPDATE organizations SET brake_percent = 0");
  okta = organization.okta;
  demo = await organization.addProject("Demo", ["Engineer"]);
  ids = (await organization.createUsers(4)).map(({ id }) => id);
});

/** The events that an action makes, all of one story. */
async function eventsOf(action) {
  const after = await newestEvent(worker, organization.id);
  await action();
  const events = await storedEvents(worker, organization.id, { after });
  for (const { story, log_id } of events) {
    assert.equal(story, after + 1, "one request is one story");
    assert.ok(log_id, "the entry of the log is named");
  }
  return events;
}

/** A reference to a group without the members that say nothing. */
const refOf = (group) => Object.fromEntries(Object.entries(group).filter(([, value]) => value !== null));
const types = (events) => events.map(({ type }) => type);
const peopleOf = ({ data }) => data.people.map(({ id }) => id).sort();
const since = async (group) => {
  const rows = await worker.sql(
    `SELECT u.id, m.since FROM memberships m JOIN users u ON u.seq = m.user_seq JOIN groups g ON g.seq = m.group_seq
     WHERE g.id = ?1`,
    group,
  );
  return Object.fromEntries(rows.map(({ id, since }) => [id, since]));
};

test("a new project has an event of its own and one for each of its groups", async () => {
  let project;
  const [created, ...groups] = await eventsOf(async () => {
    project = await organization.addProject("Web Shop", ["Engineer"]);
  });
  assert.deepEqual(
    [created.type, created.subject_type, created.subject_id],
    ["project.created", "project", project.id],
  );
  assert.deepEqual(created.data, { name: "Web Shop" });
  assert.deepEqual(types(groups), Array(4).fill("group.created"));
  for (const [index, { name, group }] of project.roles.entries()) {
    const { subject_type, subject_id, version, data, source, actor, key_id } = groups[index];
    assert.deepEqual([subject_type, subject_id, version, source, key_id], ["group", group.id, 1, "console", null]);
    assert.ok(actor);
    const { id } = project;
    const expected = { id: group.id, name: group.display_name, role: name, project: { id, name: "Web Shop" } };
    assert.deepEqual(refOf(data.group), expected);
  }
});

test("a new role and a new team have their groups' events behind them", async () => {
  const of = { id: demo.id, name: "Demo" };
  let role;
  const byRole = await eventsOf(async () => {
    role = await organization.admin.create(organization.path(`/projects/${demo.id}/roles`), { name: "Auditor" });
  });
  assert.deepEqual(types(byRole), ["role.created", "group.created"]);
  assert.deepEqual([byRole[0].subject_id, byRole[1].subject_id], [demo.id, role.group.id]);
  const group = { id: role.group.id, name: "Statsig-Demo-Auditor", role: "Auditor", project: of };
  for (const { data } of byRole) assert.deepEqual(refOf(data.group), group);

  let team;
  const byTeam = await eventsOf(async () => {
    team = await organization.addTeam(demo.id, "Night");
  });
  assert.deepEqual(types(byTeam), ["team.created", "group.created", "group.created"]);
  assert.deepEqual([byTeam[0].subject_id, byTeam[0].data], [team.id, { name: "Night", project: of }]);
  assert.deepEqual(
    byTeam.slice(1).map(({ data }) => refOf(data.group)),
    team.roles.map(({ name, group: { id, display_name } }) => {
      return { id, name: display_name, role: name, project: of, team: { id: team.id, name: "Night" } };
    }),
  );
});

test("a pushed team: the team, its groups, then its members", async () => {
  let pushed;
  const events = await eventsOf(async () => {
    const body = { ...oktaGroup("Statsig-Demo-Day-Member", ids.slice(0, 2)), externalId: "e1" };
    pushed = assertStatus(await okta.post("/Groups", body), 201);
  });
  assert.deepEqual(types(events), ["team.created", "group.created", "group.created", "membership.added"]);
  const [team, admin, member, added] = events;
  assert.deepEqual([member.subject_id, added.subject_id], [pushed.id, pushed.id]);
  assert.deepEqual(
    [admin, member].map(({ data }) => refOf(data.group).external_id),
    [undefined, "e1"],
  );
  assert.deepEqual(added.data.groups, [refOf(member.data.group)]);
  assert.deepEqual(peopleOf(added), ids.slice(0, 2).sort());
  assert.deepEqual(await since(pushed.id), { [ids[0]]: added.seq, [ids[1]]: added.seq });
  assert.equal(added.key_id, organization.key.id);
  assert.ok(events.every(({ source, active, lost }) => source === "scim" && active === 0 && lost === 0));

  // Its deletion says all that is needed to bring it back.
  const [{ created_at: teamCreated }] = await worker.sql("SELECT created_at FROM teams WHERE id = ?1", team.subject_id);
  const rows = await worker.sql(
    "SELECT id, created_at, pushed_at, version FROM groups WHERE team_id = ?1",
    team.subject_id,
  );
  const deleted = await eventsOf(async () => assertStatus(await okta.delete(`/Groups/${pushed.id}`), 204));
  assert.deepEqual(types(deleted), ["team.deleted", "group.deleted", "group.deleted", "membership.removed"]);
  assert.deepEqual(deleted[0].data, { ...team.data, created_at: teamCreated });
  for (const [index, { id, created_at, pushed_at, version }] of rows.entries()) {
    const { subject_id, data, version: versionOfEvent } = deleted[index + 1];
    assert.deepEqual([subject_id, versionOfEvent], [id, version]);
    assert.deepEqual(data, { group: refOf([admin, member][index].data.group), created_at, pushed_at });
  }
  const removed = deleted[3];
  assert.deepEqual(removed.data.groups, [refOf(member.data.group)]);
  assert.deepEqual(
    removed.data.people.sort((a, b) => (a.id < b.id ? -1 : 1)),
    ids
      .slice(0, 2)
      .sort()
      .map((id) => ({ id, since: added.seq })),
  );
  for (const id of ids.slice(0, 2)) assert.deepEqual(removed.subjects[id], { since: added.seq, personal: null });
  assert.equal(removed.lost, 2);
  const lost = await worker.sql("SELECT id FROM users WHERE org_id = ?1 AND lost_at IS NOT NULL", organization.id);
  assert.deepEqual(lost.map(({ id }) => id).sort(), ids.slice(0, 2).sort());
});

test("a person who is in both groups of a deleted team loses access once", async () => {
  const team = await organization.addTeam(demo.id, "Twice");
  for (const { group } of team.roles)
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([ids[3]])), 204);
  const path = organization.path(`/projects/${demo.id}/teams/${team.id}`);
  const inConsole = await organization.addTeam(demo.id, "Console");
  const byKey = await eventsOf(async () => assertStatus(await okta.delete(`/Groups/${team.roles[0].group.id}`), 204));
  assert.deepEqual(types(byKey).slice(3), ["membership.removed", "membership.removed"]);
  assert.deepEqual(
    byKey.map(({ lost }) => lost),
    [0, 0, 0, 1, 0],
  );
  assert.equal((await organization.admin.send("DELETE", path)).status, 404, "it is gone");
  const byAdministrator = await eventsOf(() =>
    organization.admin.call("DELETE", organization.path(`/projects/${demo.id}/teams/${inConsole.id}`), undefined, 200),
  );
  assert.deepEqual(types(byAdministrator), ["team.deleted", "group.deleted", "group.deleted"]);
});

describe("a plain group", () => {
  let group;
  let path;

  test("is created with its members", async () => {
    const events = await eventsOf(async () => {
      const body = { ...oktaGroup("Engineers", [ids[0]]), externalId: "g1" };
      group = assertStatus(await okta.post("/Groups", body), 201);
    });
    path = `/Groups/${group.id}`;
    assert.deepEqual(types(events), ["group.created", "membership.added"]);
    assert.deepEqual(refOf(events[0].data.group), { id: group.id, name: "Engineers", external_id: "g1" });
  });

  test("is renamed, with members that come and go in the same request", async () => {
    const renamed = { ...oktaGroup("Builders", [ids[1], ids[2]]), externalId: "g1" };
    const events = await eventsOf(async () => assertStatus(await okta.put(path, renamed), 200));
    assert.deepEqual(types(events), ["group.updated", "membership.added", "membership.removed"]);
    const [updated, added, removed] = events;
    assert.deepEqual(updated.data, {
      name: { before: "Engineers", after: "Builders" },
      external_id: { before: "g1", after: "g1" },
    });
    const { meta } = await organization.group(group.id);
    for (const { version } of events) assert.equal(meta.version, `W/"${version}"`);
    assert.deepEqual([peopleOf(added), peopleOf(removed)], [[ids[1], ids[2]].sort(), [ids[0]]]);
    assert.equal(removed.lost, 0, "a plain group gives no access");
  });

  test("gets another externalId, as it was sent", async () => {
    const events = await eventsOf(async () => {
      const change = { op: "replace", path: "externalId", value: "e\u0301" };
      assertStatus(await okta.patch(path, change), 204);
    });
    assert.deepEqual(types(events), ["group.updated"]);
    assert.deepEqual(events[0].data.external_id, { before: "g1", after: "e\u0301" });
    assert.deepEqual(
      await eventsOf(async () => assertStatus(await okta.patch(path, operation.addMembers([ids[1]])), 204)),
      [],
    );
  });

  test("is deleted with its memberships", async () => {
    const events = await eventsOf(async () => assertStatus(await okta.delete(path), 204));
    assert.deepEqual(types(events), ["group.deleted", "membership.removed"]);
    assert.deepEqual(refOf(events[0].data.group), { id: group.id, name: "Builders", external_id: "e\u0301" });
    assert.deepEqual(peopleOf(events[1]), [ids[1], ids[2]].sort());
    assertError(await okta.delete(path), 404);
  });
});

test("a renamed project renames its groups; an archived one ends their memberships", async () => {
  const project = await organization.addProject("Old", []);
  const team = await organization.addTeam(project.id, "Core");
  const [role] = project.roles;
  const groups = [...project.roles, ...team.roles].map(({ group }) => group);
  for (const { group } of [role, team.roles[0]])
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers(ids.slice(0, 2))), 204);
  const path = organization.path(`/projects/${project.id}`);

  const renamed = await eventsOf(() => organization.admin.patch(path, { name: "New" }));
  assert.deepEqual(types(renamed), ["project.renamed", ...groups.map(() => "group.updated")]);
  assert.deepEqual(renamed[0].data, { name: { before: "Old", after: "New" } });
  for (const [index, { id, display_name }] of groups.entries()) {
    const { subject_id, data } = renamed[index + 1];
    assert.equal(subject_id, id);
    assert.deepEqual(data.name, { before: display_name, after: display_name.replace("-Old-", "-New-") });
  }

  const archived = await eventsOf(() => organization.admin.call("POST", `${path}/archive`, {}, 200));
  assert.deepEqual(types(archived), ["project.archived", "membership.removed", "membership.removed", "group.hidden"]);
  assert.deepEqual([archived[0].subject_id, archived[0].data], [project.id, { name: "New" }]);
  assert.deepEqual(
    archived.map(({ lost }) => lost),
    [0, 0, 0, 0],
    "the brake counts what SCIM takes",
  );
  for (const event of archived.slice(1, 3)) assert.deepEqual(peopleOf(event), ids.slice(0, 2).sort());
  const left = await worker.sql(
    "SELECT count(*) AS n FROM memberships m JOIN users u ON u.seq = m.user_seq WHERE u.id = ?1",
    ids[0],
  );
  assert.equal(left[0].n, 0);

  const restored = await eventsOf(() => organization.admin.call("POST", `${path}/restore`, {}, 200));
  assert.deepEqual(types(restored), ["project.restored", "group.shown"]);
  assert.deepEqual(restored[0].data, { name: "New" });
});

test("many members have events of at most 500 each, which the memberships name", async () => {
  const COUNT = 1_203;
  const people = (await organization.createUsers(COUNT, { stem: "many", width: 16 })).map(({ id }) => id);
  const { id, displayName } = await organization.groupNamed("Statsig-Demo-Engineer");
  const added = await eventsOf(async () => {
    assertStatus(await okta.put(`/Groups/${id}`, oktaGroup(displayName, people)), 200);
  });
  assert.deepEqual(types(added), Array(3).fill("membership.added"));
  assert.deepEqual(
    added.map(({ data }) => data.people.length),
    [500, 500, people.length - 1_000],
  );
  const named = await since(id);
  for (const event of added) for (const person of peopleOf(event)) assert.equal(named[person], event.seq);

  const removed = await eventsOf(async () => {
    assertStatus(await okta.put(`/Groups/${id}`, oktaGroup(displayName, people.slice(0, 1))), 200);
  });
  assert.deepEqual(types(removed), Array(3).fill("membership.removed"));
  assert.deepEqual(removed.flatMap(peopleOf).sort(), people.slice(1).sort());
  assert.ok(removed.every(({ data }) => data.people.length <= 500));
  for (const { data } of removed) for (const { id, since } of data.people) assert.equal(since, named[id]);
  assert.equal(
    removed.reduce((sum, { lost }) => sum + lost, 0),
    people.length - 1,
  );
});

test("all of them are sound", async () => {
  const events = await assertEventsAreSound(worker, organization.id);
  assert.ok(events.length > 50);
});
