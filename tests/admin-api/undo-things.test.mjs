// Undoing changes of groups, teams, projects and settings, and what is kept of inactive people.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { CustomApp } from "../helpers/okta-app.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, newestEvent, startUndo, undo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

async function populated({ settings = {}, count = 3 } = {}) {
  const organization = await createOrganization(worker, {
    settings: { plain_groups: true, email_management: true, ...settings },
    projects: { Demo: ["Engineer"] },
  });
  const ids = (await organization.createUsers(count)).map(({ id }) => id);
  const { projects } = await organization.admin.get(organization.path("/projects"));
  return { organization, okta: organization.okta, admin: organization.admin, ids, project: projects[0] };
}

/** Creates a group over SCIM, with members. */
const pushed = async (okta, displayName, ids) =>
  assertStatus(await okta.post("/Groups", oktaGroup(displayName, ids)), 201);

const add = async (okta, group, ids) =>
  assertStatus(await okta.patch(`/Groups/${group}`, operation.addMembers(ids)), 204);

/** Carries out changes, and resolves with a selection of them all. */
async function changes(organization, change) {
  const from = (await newestEvent(worker, organization)) + 1;
  await change();
  const to = await newestEvent(worker, organization);
  return { events: Array.from({ length: to - from + 1 }, (_, n) => from + n) };
}

const preview = (organization, selection) =>
  organization.admin.call("POST", organization.path("/undo/preview"), { selection }, 200);

/** Undoes changes; the preview says the same as what comes of it. */
async function undone(organization, selection) {
  const foreseen = await preview(organization, selection);
  const result = await undo(organization, selection);
  assert.deepEqual(result.run.restored, foreseen.restored);
  const of = (left) => left.map(({ subject, id, part, reason, event }) => ({ subject, id, part, reason, event }));
  assert.deepEqual(of(result.left), of(foreseen.left));
  return { ...result, preview: foreseen };
}

const listed = ({ left }) => left.map(({ subject, part, reason }) => `${subject} ${part}: ${reason}`).sort();

describe("a deleted team", () => {
  test("comes back after Okta's unlink, with ids, members and roles, and takes Okta's next push", async () => {
    const { organization, okta, admin, ids, project } = await populated();
    const member = await pushed(okta, "Statsig-Demo-Night Shift-Member", ids);
    const lead = await organization.groupNamed("Statsig-Demo-Night Shift-Admin");
    await add(okta, lead.id, [ids[0]]);
    const before = await directory(worker, organization);
    const selection = await changes(organization, async () => {
      assertStatus(await okta.delete(`/Groups/${member.id}`), 204);
    });
    assertStatus(await okta.get(`/Groups/${lead.id}`), 404);
    const { run, left } = await undone(organization, { story: selection.events[0] });
    assert.deepEqual(await directory(worker, organization), before);
    assert.deepEqual(
      [left, run.restored.teams_undeleted, run.restored.groups_undeleted, run.restored.joined, run.restored.people],
      [[], 1, 2, 4, 3],
    );
    assert.deepEqual(memberIds(await organization.group(member.id)).sort(), [...ids].sort());
    // Okta knows the group by its id.
    await new CustomApp(okta).setMembers(member.id, "Statsig-Demo-Night Shift-Member", ids.slice(1));
    assert.deepEqual(memberIds(await organization.group(member.id)).sort(), ids.slice(1).sort());
    const { projects } = await admin.get(organization.path("/projects"));
    assert.deepEqual(
      projects
        .find(({ id }) => id === project.id)
        .teams.map(({ name, roles }) => [name, roles.map(({ group }) => group.id)]),
      [["Night Shift", [lead.id, member.id].sort((a, b) => (a === lead.id ? -1 : b === lead.id ? 1 : 0))]],
    );
  });

  test("comes back with its members by the event of the deletion alone, and by its type", async () => {
    const { organization, okta, ids } = await populated();
    const member = await pushed(okta, "Statsig-Demo-Night Shift-Member", ids);
    const before = await directory(worker, organization);
    for (const select of [
      ({ events }) => ({ events: [events[0]] }),
      () => ({ since: "2026-01-01", types: ["team.deleted"] }),
    ]) {
      const selection = await changes(organization, async () => {
        assertStatus(await okta.delete(`/Groups/${member.id}`), 204);
      });
      const { left } = await undone(organization, select(selection));
      assert.deepEqual(left, []);
      assert.deepEqual(await directory(worker, organization), before);
    }
  });

  test("stays deleted while its project is archived, or its name is another's", async () => {
    const { organization, okta, admin, ids, project } = await populated();
    const member = await pushed(okta, "Statsig-Demo-Night Shift-Member", ids);
    const selection = await changes(organization, async () => {
      assertStatus(await okta.delete(`/Groups/${member.id}`), 204);
    });
    const path = organization.path(`/projects/${project.id}`);
    await admin.call("POST", `${path}/archive`, {}, 200);
    assert.deepEqual(listed(await undone(organization, selection)), [
      "person membership: group_gone",
      "person membership: group_gone",
      "person membership: group_gone",
      "team existence: project_gone",
    ]);
    await admin.call("POST", `${path}/restore`, {}, 200);
    await pushed(okta, "Statsig-Demo-Night Shift-Member", []);
    const { left } = await undone(organization, selection);
    assert.deepEqual(listed({ left }).at(-1), "team existence: group_name_taken");
    assert.equal(left.find(({ subject }) => subject === "team").name, "Night Shift");
  });

  test("that others created again is not what a selected creation made", async () => {
    const { organization, okta, admin, ids, project } = await populated();
    const before = await directory(worker, organization);
    const selection = await changes(organization, async () => {
      await organization.addTeam(project.id, "Crew");
      const { id } = await organization.groupNamed("Statsig-Demo-Crew-Member");
      await add(okta, id, ids.slice(0, 2));
    });
    const used = await organization.groupNamed("Statsig-Demo-Crew-Member");
    await add(okta, used.id, [ids[2]]);
    const kept = await undone(organization, selection);
    assert.deepEqual(listed(kept), ["team existence: changed_since"]);
    assert.deepEqual(memberIds(await organization.group(used.id)), [ids[2]]);
    assertStatus(await okta.patch(`/Groups/${used.id}`, operation.removeMember(ids[2])), 204);
    const { left } = await undone(organization, selection);
    assert.deepEqual(left, []);
    assert.deepEqual(await directory(worker, organization), before);
    assert.deepEqual((await admin.get(organization.path("/projects"))).projects[0].teams, []);
  });
});

describe("a group", () => {
  test("that was deleted over SCIM comes back under its id, with its members", async () => {
    const { organization, okta, ids } = await populated();
    const group = await pushed(okta, "Plain", ids);
    const before = await directory(worker, organization);
    const selection = await changes(organization, async () => {
      assertStatus(await okta.delete(`/Groups/${group.id}`), 204);
    });
    const { run, left, preview } = await undone(organization, selection);
    assert.deepEqual([left, preview.groups, run.restored.groups_undeleted, run.restored.joined], [[], 1, 1, 3]);
    assert.deepEqual(await directory(worker, organization), before);
    const created = await organization.group(group.id);
    assert.equal(created.meta.created, group.meta.created);
    assert.notEqual(created.meta.version, group.meta.version);
    // The undo is a change: it can be undone, and that as well.
    const again = await undone(organization, { story: run.story });
    assert.deepEqual([again.left, again.run.restored.groups_deleted], [[], 1]);
    assertStatus(await okta.get(`/Groups/${group.id}`), 404);
    assert.deepEqual((await undone(organization, { story: again.run.story })).left, []);
    assert.deepEqual(await directory(worker, organization), before);
  });

  test("gets its former name and external id back, unless they were changed since", async () => {
    const { organization, okta } = await populated();
    const group = await pushed(okta, "Plain", []);
    const change = (value) => okta.patch(`/Groups/${group.id}`, { op: "replace", value });
    const before = await directory(worker, organization);
    const selection = await changes(organization, async () => {
      assertStatus(await change({ displayName: "Plane", externalId: "x-1" }), 204);
    });
    const { run } = await undone(organization, selection);
    assert.deepEqual([run.restored.groups, await directory(worker, organization)], [1, before]);
    const wrong = await changes(organization, async () => {
      assertStatus(await change({ displayName: "Plane", externalId: "x-1" }), 204);
    });
    assertStatus(await change({ externalId: "x-2" }), 204);
    await pushed(okta, "Plain", []);
    assert.deepEqual(listed(await undone(organization, wrong)), [
      "group display_name: group_name_taken",
      "group external_id: changed_since",
    ]);
    const { displayName, externalId } = await organization.group(group.id);
    assert.deepEqual([displayName, externalId], ["Plane", "x-2"]);
  });

  test("comes back although the same changes gave its name to another one", async () => {
    const { organization, okta, ids } = await populated();
    const group = await pushed(okta, "Plain", ids);
    const before = await directory(worker, organization);
    // Okta unlinks a group and pushes it anew; Entra deletes a person and creates them anew.
    const selection = await changes(organization, async () => {
      assertStatus(await okta.delete(`/Groups/${group.id}`), 204);
      await pushed(okta, "Plain", ids.slice(1));
      for (const [number, id] of ids.entries()) {
        assertStatus(await okta.delete(`/Users/${id}`), 204);
        await organization.createUser(`person${number}@okta.local`);
      }
    });
    const { run, left } = await undone(organization, selection);
    assert.deepEqual(left, []);
    assert.deepEqual(await directory(worker, organization), before);
    const { groups_undeleted, groups_deleted, undeleted, deleted } = run.restored;
    assert.deepEqual([groups_undeleted, groups_deleted, undeleted, deleted], [1, 1, 3, 3]);
  });

  test("stays deleted while another one has its name, and its members are listed", async () => {
    const { organization, okta, ids } = await populated();
    const group = await pushed(okta, "Plain", [ids[0]]);
    const selection = await changes(organization, async () => {
      assertStatus(await okta.delete(`/Groups/${group.id}`), 204);
    });
    const other = await pushed(okta, "PLAIN", []);
    const { left } = await undone(organization, selection);
    assert.deepEqual(listed({ left }), ["group existence: group_name_taken", "person membership: group_gone"]);
    assert.deepEqual(
      left.map(({ name, group_name }) => [name, group_name]),
      [
        ["Plain", null],
        ["person0@okta.local", "Plain"],
      ],
    );
    assertStatus(await okta.delete(`/Groups/${other.id}`), 204);
    assert.deepEqual((await undone(organization, selection)).left, []);
    assert.deepEqual(memberIds(await organization.group(group.id)), [ids[0]]);
  });

  test("that a selected change created is deleted, unless others have put people into it", async () => {
    const { organization, okta, ids } = await populated();
    const before = await directory(worker, organization);
    const selection = await changes(organization, () => pushed(okta, "New", ids.slice(1)));
    const group = await organization.groupNamed("New");
    await add(okta, group.id, [ids[0]]);
    const since = await newestEvent(worker, organization);
    const { left } = await undone(organization, selection);
    assert.deepEqual(
      left.map(({ subject, reason, event }) => [subject, reason, event]),
      [["group", "changed_since", since]],
    );
    assert.deepEqual(memberIds(await organization.group(group.id)), [ids[0]]);
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.removeMember(ids[0])), 204);
    const { run } = await undone(organization, selection);
    assert.equal(run.restored.groups_deleted, 1);
    assert.deepEqual(await directory(worker, organization), before);
  });

  test("of a role that a selected change created is deleted", async () => {
    const { organization, admin, okta, ids, project } = await populated();
    const before = await directory(worker, organization);
    const selection = await changes(organization, async () => {
      const role = await admin.create(organization.path(`/projects/${project.id}/roles`), { name: "Cook" });
      await add(okta, role.group.id, ids);
    });
    const { run, left } = await undone(organization, selection);
    assert.deepEqual([left, run.restored.groups_deleted], [[], 1]);
    assert.deepEqual(await directory(worker, organization), before);
    const back = await undone(organization, { story: run.story });
    assert.deepEqual([back.left, back.run.restored.groups_undeleted, back.run.restored.joined], [[], 1, 3]);
  });
});

describe("a project", () => {
  test("that was archived in the console is restored with its teams and members", async () => {
    const { organization, okta, admin, ids, project } = await populated();
    await pushed(okta, "Statsig-Demo-Night Shift-Member", ids);
    await add(okta, (await organization.groupNamed("Statsig-Demo-Engineer")).id, [ids[1]]);
    const before = await directory(worker, organization);
    const path = organization.path(`/projects/${project.id}`);
    const selection = await changes(organization, () => admin.call("POST", `${path}/archive`, {}, 200));
    const { run, left, preview } = await undone(organization, { story: selection.events[0] });
    assert.deepEqual([left, preview.projects, run.restored.projects, run.restored.joined], [[], 1, 1, 4]);
    assert.deepEqual(await directory(worker, organization), before);
    // The undo of the undo archives it again.
    const again = await undone(organization, { story: run.story });
    assert.deepEqual([again.left, again.run.restored.projects, again.run.restored.left], [[], 1, 4]);
    assert.notEqual((await admin.get(organization.path("/projects"))).projects[0].archived_at, null);
  });

  test("gets its former name back, and its groups theirs", async () => {
    const { organization, okta, admin, project } = await populated();
    await pushed(okta, "Statsig-Demo-Night Shift-Member", []);
    const before = await directory(worker, organization);
    const path = organization.path(`/projects/${project.id}`);
    const selection = await changes(organization, async () => {
      await admin.patch(path, { name: "Demonstration" });
      await admin.call("POST", `${path}/archive`, {}, 200);
    });
    const { run, left } = await undone(organization, selection);
    assert.deepEqual([left, run.restored.projects, run.restored.groups], [[], 1, 0]);
    assert.deepEqual(await directory(worker, organization), before);
    const renamed = await changes(organization, () => admin.patch(path, { name: "Demonstration" }));
    await organization.addProject("Demo");
    assert.deepEqual(listed(await undone(organization, renamed)), ["project display_name: project_name_taken"]);
    const groups = { ...renamed, types: ["group.updated"] };
    assert.deepEqual(
      new Set(listed(await undone(organization, groups))),
      new Set(["group display_name: name_of_project"]),
    );
  });

  test("that was created stays, which is listed", async () => {
    const { organization } = await populated();
    const selection = await changes(organization, () => organization.addProject("Other"));
    assert.deepEqual(listed(await undone(organization, selection)), ["project existence: project_stays"]);
    const groups = { ...selection, types: ["group.created"] };
    assert.deepEqual(listed(await undone(organization, groups)), ["project existence: project_stays"]);
  });

  test("that others have used since it was restored is not archived again", async () => {
    const { organization, okta, admin, ids, project } = await populated();
    const path = organization.path(`/projects/${project.id}`);
    await admin.call("POST", `${path}/archive`, {}, 200);
    const selection = await changes(organization, () => admin.call("POST", `${path}/restore`, {}, 200));
    await add(okta, (await organization.groupNamed("Statsig-Demo-Engineer")).id, [ids[1]]);
    assert.deepEqual(listed(await undone(organization, selection)), ["project archived: changed_since"]);
    assert.equal((await admin.get(organization.path("/projects"))).projects[0].archived_at, null);
  });
});

describe("settings", () => {
  test("with one letter too many in the mail domains are set back: SCIM sees the people again", async () => {
    const { organization, okta, ids } = await populated({ settings: { mail_domains: ["okta.local"] } });
    const before = await directory(worker, organization);
    const of = ({ mail_domains, key_lifetime_days, name }) => ({ mail_domains, key_lifetime_days, name });
    const settings = of(await organization.admin.get(organization.path()));
    const selection = await changes(organization, () =>
      organization.configure({ mail_domains: ["okta.locall"], key_lifetime_days: 30 }),
    );
    assertStatus(await okta.get(`/Users/${ids[0]}`), 404);
    const { run, left, preview } = await undone(organization, { story: selection.events[0] });
    assert.deepEqual([left, run.restored.settings, run.restored.shown, run.restored.hidden], [[], 2, 4, 0]);
    assert.deepEqual(
      preview.others.map(({ type, count, why }) => [type, count, /undone with their change/.test(why)]),
      [["person.hidden", 1, true]],
    );
    assert.deepEqual(await directory(worker, organization), before);
    assert.deepEqual(of(await organization.admin.get(organization.path())), settings);
    assert.equal((await organization.user(ids[0])).userName, "person0@okta.local");
  });

  test("that were changed since stay, and those of operators", async () => {
    const { organization } = await populated();
    const selection = await changes(organization, () =>
      organization.configure({ name: "Wrong", brake_percent: 50, user_limit: 100, keep_access: true }),
    );
    await organization.configure({ name: "Right" });
    const { run, left } = await undone(organization, selection);
    assert.deepEqual(
      left.map(({ subject, attribute, reason }) => [subject, attribute, reason]),
      [
        ["organization", "name", "changed_since"],
        ["organization", "user_limit", "operator_only"],
      ],
    );
    const after = await organization.admin.get(organization.path());
    const { name, brake_percent, user_limit, keep_access } = after;
    assert.deepEqual([name, brake_percent, user_limit, keep_access], ["Right", 20, 100, false]);
    assert.equal(run.restored.settings, 2);
  });
});

test("keys are never undone: the preview says why", async () => {
  const { organization } = await populated();
  const selection = await changes(organization, async () => {
    const { id } = await organization.addKey();
    await organization.deactivateKey(id);
    await organization.configure({ brake_percent: 30 });
  });
  const foreseen = await preview(organization, selection);
  assert.deepEqual(
    foreseen.others.map(({ type, count }) => [type, count]),
    [
      ["key.created", 1],
      ["key.deactivated", 1],
    ],
  );
  assert.match(foreseen.others[0].why, /in use/);
  assert.match(foreseen.others[1].why, /never comes back/);
  const { keys } = await organization.admin.get(organization.path("/keys"));
  await undo(organization, selection);
  assert.deepEqual((await organization.admin.get(organization.path("/keys"))).keys, keys);
});

describe("where access is kept for the next activation", () => {
  const settings = { keep_access: true };

  test("people whom an undo activates get what was kept, and not what was taken out of it", async () => {
    const { organization, okta, ids } = await populated({ settings });
    const groups = {};
    for (const name of ["A", "B", "C"]) groups[name] = (await pushed(okta, name, [])).id;
    for (const name of ["A", "B"]) await add(okta, groups[name], [ids[0]]);
    const selection = await changes(organization, async () => {
      assertStatus(await okta.patch(`/Users/${ids[0]}`, operation.active(false)), 200);
    });
    // What the identity provider pushes meanwhile: a group more, and one less.
    await add(okta, groups.C, [ids[0]]);
    assertStatus(await okta.patch(`/Groups/${groups.B}`, operation.removeMember(ids[0])), 204);
    const { run, left } = await undone(organization, selection);
    assert.deepEqual(listed({ left }), ["person membership: changed_since"]);
    assert.deepEqual([left[0].group_name, run.restored.joined], ["B", 2]);
    for (const [name, isMember] of [
      ["A", true],
      ["B", false],
      ["C", true],
    ])
      assert.equal(memberIds(await organization.group(groups[name])).includes(ids[0]), isMember, name);
    assert.deepEqual(
      await worker.sql(
        "SELECT * FROM kept_memberships k JOIN users u ON u.seq = k.user_seq WHERE u.org_id = ?1",
        organization.id,
      ),
      [],
    );
  });

  test("a deleted person who was inactive comes back with what was kept", async () => {
    const { organization, okta, admin, ids } = await populated({ settings });
    const group = await pushed(okta, "A", [ids[0]]);
    assertStatus(await okta.patch(`/Users/${ids[0]}`, operation.active(false)), 200);
    assertStatus(await okta.delete(`/Users/${ids[0]}`), 204);
    await admin.call("POST", organization.path(`/deleted-people/${ids[0]}/restore`), {}, 200);
    assert.deepEqual(memberIds(await organization.group(group.id)), []);
    assertStatus(await okta.patch(`/Users/${ids[0]}`, operation.active(true)), 200);
    assert.deepEqual(memberIds(await organization.group(group.id)), [ids[0]]);
    // Active again by an undo of both.
    const selection = await changes(organization, async () => {
      assertStatus(await okta.patch(`/Users/${ids[0]}`, operation.active(false)), 200);
      assertStatus(await okta.delete(`/Users/${ids[0]}`), 204);
    });
    assert.deepEqual((await undone(organization, selection)).left, []);
    assert.deepEqual(memberIds(await organization.group(group.id)), [ids[0]]);
  });

  test("what was forgotten with the setting is listed", async () => {
    const { organization, okta, ids } = await populated({ settings });
    await pushed(okta, "A", [ids[0]]);
    assertStatus(await okta.patch(`/Users/${ids[0]}`, operation.active(false)), 200);
    const selection = await changes(organization, () => organization.configure({ keep_access: false }));
    assert.deepEqual(listed(await undone(organization, selection)), ["organization setting: access_forgotten"]);
    assert.equal((await organization.admin.get(organization.path())).keep_access, true);
  });
});

test("several callers and a closed browser carry an undo of teams on", async () => {
  const { organization, okta, admin, ids, project } = await populated({ count: 2 });
  for (let n = 0; n < 25; n++) await organization.addTeam(project.id, `Team ${n}`);
  const groups = await okta.importAll("/Groups");
  const members = groups.filter(({ displayName }) => /-Team \d+-Member$/.test(displayName));
  for (const { id } of members) await add(okta, id, ids);
  const before = await directory(worker, organization);
  const selection = await changes(organization, async () => {
    for (const { id } of members) assertStatus(await okta.delete(`/Groups/${id}`), 204);
  });
  const run = await startUndo(organization, selection);
  const step = () => admin.send("POST", organization.path(`/undo/${run.id}/steps`), {});
  for (let status = "running", n = 0; status === "running"; n++) {
    assert.ok(n < 20, "the undo does not end");
    const answers = await Promise.all([step(), step(), step()]);
    assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 409));
    ({ status } = answers.find((answer) => answer.status === 200)?.body ?? { status });
  }
  assert.deepEqual(await directory(worker, organization), before);
});
