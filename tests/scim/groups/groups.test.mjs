// Groups: views of projects, roles and teams; plain groups; members; names.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { members, oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const NOT_A_PROJECT = { detail: /^Project creation is not supported via SCIM/ };

async function groupNames(organization) {
  return (await organization.okta.importAll("/Groups")).map(({ displayName }) => displayName).sort();
}

describe("a project", () => {
  test("shows a group for every role, built in and custom, under the id that the console knows", async () => {
    const organization = await createOrganization(worker);
    const project = await organization.addProject("Web-Shop EU", ["Engineer"]);
    const names = ["Admin", "Engineer", "Member", "Read-Only"].map((role) => `Statsig-Web-Shop EU-${role}`);
    assert.deepEqual(project.roles.map(({ group }) => group.display_name).sort(), names);
    assert.deepEqual(await groupNames(organization), names);
    for (const { group } of project.roles) {
      const answer = await organization.okta.get(`/Groups/${group.id}`);
      const { schemas, id, displayName, meta } = assertStatus(answer, 200);
      assert.deepEqual([schemas, id, displayName], [[SCHEMA.group], group.id, group.display_name]);
      assert.deepEqual([meta.resourceType, meta.location], ["Group", `${organization.okta.base}/Groups/${group.id}`]);
      assert.deepEqual(memberIds(answer.body), []);
    }
  });

  test("gains a group with a new role, and the others keep their ids", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.addProject("Demo");
    const before = await organization.okta.importAll("/Groups");
    const { group } = await organization.admin.create(organization.path(`/projects/${id}/roles`), { name: "Engineer" });
    assert.equal(group.display_name, "Statsig-Demo-Engineer");
    const after = await organization.okta.importAll("/Groups");
    assert.deepEqual(after.slice(0, -1), before);
    assert.equal(after.at(-1).id, group.id);
  });

  test("cannot be made or deleted by SCIM", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
    const { okta } = organization;
    await organization.unchangedBy(async () => {
      for (const name of [
        "Statsig-Unknown-Member",
        "Statsig-Unknown-Team-Member",
        "Engineers",
        "Statsig-",
        "Statsig",
      ]) {
        assertError(await okta.post("/Groups", oktaGroup(name)), 400, NOT_A_PROJECT);
      }
      for (const role of ["Admin", "Member", "Read-Only", "Engineer"]) {
        const { id } = await organization.groupNamed(`Statsig-Demo-${role}`);
        const answer = await okta.delete(`/Groups/${id}`);
        assertError(answer, 400, { detail: /Project deletion is not supported via SCIM/ });
        const again = await okta.post("/Groups", oktaGroup(`Statsig-Demo-${role}`));
        assertError(again, 409, { scimType: "uniqueness" });
      }
    });
  });
});

describe("a team", () => {
  const NAME = "Statsig-Demo-Night Shift";

  test("is made by its -Member group alone", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    await organization.unchangedBy(async () => {
      assertError(await okta.post("/Groups", oktaGroup(`${NAME}-Admin`)), 400, { detail: /-Member/ });
      for (const name of [NAME, `${NAME}-Engineer`, "Statsig-Demo--Member", "Statsig-Demo- -Member"]) {
        assertError(await okta.post("/Groups", oktaGroup(name)), 400);
      }
    });
    const answer = await okta.post("/Groups", oktaGroup(`${NAME}-Member`));
    const { id, meta } = assertStatus(answer, 201);
    assert.equal(answer.headers.location, `${okta.base}/Groups/${id}`);
    assert.equal(meta.location, answer.headers.location);
    assert.deepEqual(await organization.group(id), answer.body);
    for (const role of ["Admin", "Member"]) {
      const again = await organization.unchangedBy(() => okta.post("/Groups", oktaGroup(`${NAME}-${role}`)));
      assertError(again, 409, { scimType: "uniqueness" });
    }
  });

  test("of the console is a team like any other", async () => {
    const organization = await createOrganization(worker);
    const project = await organization.addProject("Demo");
    const team = await organization.addTeam(project.id, "Night Shift");
    assert.deepEqual(
      team.roles.map(({ name, group }) => [name, group.display_name]),
      [
        ["Admin", `${NAME}-Admin`],
        ["Member", `${NAME}-Member`],
      ],
    );
    for (const { group } of team.roles) assert.equal((await organization.groupNamed(group.display_name)).id, group.id);
  });

  for (const role of ["Admin", "Member"]) {
    test(`is deleted by its -${role} group, with both groups and their memberships`, async () => {
      const organization = await createOrganization(worker, { projects: { Demo: [] } });
      const { okta } = organization;
      const user = await organization.createUser("member@okta.local");
      const created = assertStatus(await okta.post("/Groups", oktaGroup(`${NAME}-Member`, [user.id])), 201);
      const admins = await organization.groupNamed(`${NAME}-Admin`);
      assertStatus(await okta.put(`/Groups/${admins.id}`, oktaGroup(`${NAME}-Admin`, [user.id])), 200);
      const doomed = role === "Admin" ? admins.id : created.id;
      assertStatus(await okta.delete(`/Groups/${doomed}`), 204);
      for (const { id } of [created, admins]) {
        assertError(await okta.get(`/Groups/${id}`), 404);
        assertError(await okta.put(`/Groups/${id}`, oktaGroup(`${NAME}-${role}`)), 404);
        assertError(await okta.patch(`/Groups/${id}`, operation.addMembers([user.id])), 404);
        assertError(await okta.delete(`/Groups/${id}`), 404);
      }
      assert.deepEqual(await groupNames(organization), [
        "Statsig-Demo-Admin",
        "Statsig-Demo-Member",
        "Statsig-Demo-Read-Only",
      ]);
      assert.equal((await organization.user(user.id)).active, true);
      const again = assertStatus(await okta.post("/Groups", oktaGroup(`${NAME}-Member`)), 201);
      assert.deepEqual(memberIds(await organization.group(again.id)), []);
      const { id } = await organization.groupNamed(`${NAME}-Admin`);
      assert.deepEqual(memberIds(await organization.group(id)), []);
    });
  }
});

describe("names that could mean two things", () => {
  test("resolve to the longest project", async () => {
    const organization = await createOrganization(worker, { projects: { Web: [], "Web-Shop EU": [] } });
    assertStatus(await organization.okta.post("/Groups", oktaGroup("Statsig-Web-Shop EU-X-Member")), 201);
    const { projects } = await organization.admin.get(organization.path("/projects"));
    const teams = Object.fromEntries(projects.map(({ name, teams }) => [name, teams.map((team) => team.name)]));
    assert.deepEqual(teams, { Web: [], "Web-Shop EU": ["X"] });
  });

  test("never name two groups, whichever is made first", async () => {
    const organization = await createOrganization(worker);
    const web = await organization.addProject("Web");
    await organization.addTeam(web.id, "Shop EU");
    // Its roles would be groups of the same names as the team's.
    const project = await organization.admin.send("POST", organization.path("/projects"), { name: "Web-Shop EU" });
    assert.equal(project.status, 409, project.text);

    await organization.addProject("Mobile");
    await organization.addProject("Mobile-App");
    const { projects } = await organization.admin.get(organization.path("/projects"));
    const mobile = projects.find(({ name }) => name === "Mobile");
    const team = await organization.admin.send("POST", organization.path(`/projects/${mobile.id}/teams`), {
      name: "App",
    });
    assert.equal(team.status, 409, team.text);
    assertError(await organization.okta.post("/Groups", oktaGroup("Statsig-Mobile-App-Member")), 409, {
      scimType: "uniqueness",
    });
    const names = await groupNames(organization);
    assert.equal(new Set(names).size, names.length);
    assert.equal(names.length, 3 + 2 + 3 + 3);

    // A custom role may be called like a team's.
    const [first] = projects;
    const role = (name) => organization.admin.send("POST", organization.path(`/projects/${first.id}/roles`), { name });
    assert.equal((await role("Day-Member")).status, 201);
    assertError(await organization.okta.post("/Groups", oktaGroup(`Statsig-${first.name}-Day-Member`)), 409);
    assertStatus(await organization.okta.post("/Groups", oktaGroup(`Statsig-${first.name}-Night-Member`)), 201);
    assert.equal((await role("Night-Admin")).status, 409);
  });

  test("are compared without case, and shown as they are", async () => {
    const organization = await createOrganization(worker, { projects: { "Web-Shop EU": [] } });
    const { okta } = organization;
    const { id } = await organization.groupNamed("Statsig-Web-Shop EU-Admin");
    const answer = await okta.find("/Groups", 'displayName eq "STATSIG-WEB-SHOP EU-ADMIN"');
    assertListOf(answer, [id]);
    assert.equal(answer.body.Resources[0].displayName, "Statsig-Web-Shop EU-Admin");
    const shouted = oktaGroup("STATSIG-WEB-SHOP EU-ADMIN");
    assertError(await organization.unchangedBy(() => okta.post("/Groups", shouted)), 409, { scimType: "uniqueness" });
  });
});

describe("a plain group", () => {
  test("can be made, renamed and deleted where the organization allows it", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    assertError(await okta.post("/Groups", oktaGroup("Engineers")), 400, NOT_A_PROJECT);
    await organization.configure({ plain_groups: true });
    const user = await organization.createUser("member@okta.local");
    const created = assertStatus(await okta.post("/Groups", oktaGroup("Engineers", [user.id])), 201);
    const path = `/Groups/${created.id}`;
    assert.deepEqual(memberIds(await organization.group(created.id)), [user.id]);

    assert.equal(assertStatus(await okta.put(path, oktaGroup("Builders", [user.id])), 200).displayName, "Builders");
    assertStatus(await okta.patch(path, operation.rename(created.id, "Makers")), 204);
    assert.equal((await organization.groupNamed("Makers")).id, created.id);
    assertListOf(await okta.find("/Groups", 'displayName eq "Engineers"'), []);

    assertStatus(await okta.post("/Groups", oktaGroup("Analysts")), 201);
    await organization.unchangedBy(async () => {
      const taken = { scimType: "uniqueness" };
      for (const name of ["Analysts", "ANALYSTS"]) {
        assertError(await okta.put(path, oktaGroup(name, [])), 409, taken);
        assertError(await okta.patch(path, operation.rename(created.id, name)), 409, taken);
        assertError(await okta.post("/Groups", oktaGroup(name)), 409, taken);
      }
    });

    assertStatus(await okta.delete(path), 204);
    assertError(await okta.get(path), 404);
    assert.equal((await organization.user(user.id)).active, true);
  });

  test("cannot have the name of a project's group", async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
    const { okta } = organization;
    const { id } = assertStatus(await okta.post("/Groups", oktaGroup("Engineers")), 201);
    await organization.unchangedBy(async () => {
      for (const name of [
        "Statsig-Unknown-Member",
        "STATSIG-Unknown-Member",
        "Statsig-Demo-Team-Member",
        "Statsig-Demo-Admin",
      ]) {
        assertError(await okta.put(`/Groups/${id}`, oktaGroup(name)), 400);
        assertError(await okta.patch(`/Groups/${id}`, operation.rename(id, name)), 400);
      }
      for (const name of ["Statsig-Unknown-Member", "STATSIG-Unknown-Member"]) {
        assertError(await okta.post("/Groups", oktaGroup(name)), 400, NOT_A_PROJECT);
      }
      const admins = await organization.groupNamed("Statsig-Demo-Admin");
      const renamed = await okta.put(`/Groups/${admins.id}`, oktaGroup("Anything"));
      assertError(renamed, 400, { scimType: "mutability" });
      assertError(await okta.delete(`/Groups/${admins.id}`), 400, { detail: /Project deletion is not supported/ });
      assert.notEqual(id, admins.id);
    });
  });
});

describe("members", () => {
  async function groupOf(...userNames) {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const ids = [];
    for (const userName of userNames) ids.push((await organization.createUser(userName)).id);
    const { id, displayName } = await organization.groupNamed("Statsig-Demo-Member");
    const held = async () => memberIds(await organization.group(id));
    return { organization, okta: organization.okta, path: `/Groups/${id}`, id, displayName, ids, held };
  }

  test("who are inactive are skipped, and the push goes through", async () => {
    const { organization, okta, path, ids, displayName, held } = await groupOf("a@okta.local", "b@okta.local");
    await okta.patch(`/Users/${ids[1]}`, operation.active(false));
    assertStatus(await okta.put(path, oktaGroup(displayName, ids)), 200);
    assert.deepEqual(await held(), [ids[0]]);
    // What adds only them changes nothing, not even the time of the last change.
    await organization.unchangedBy(async () => {
      assertStatus(await okta.patch(path, operation.addMembers([ids[1]])), 204);
    });
    await okta.patch(`/Users/${ids[1]}`, operation.active(true));
    assert.deepEqual(await held(), [ids[0]], "a membership does not come back by itself");
  });

  test("are a set, whatever is sent twice or was there before", async () => {
    const { okta, path, ids, displayName, held } = await groupOf("a@okta.local", "b@okta.local");
    const twice = [ids[0], ids[0], ids[1]];
    assertStatus(await okta.put(path, oktaGroup(displayName, twice)), 200);
    assert.deepEqual(await held(), [...ids].sort());
    assertStatus(await okta.patch(path, operation.addMembers(twice), operation.addMembers([ids[1]])), 204);
    assert.deepEqual(await held(), [...ids].sort());
  });

  test("change in the order of the operations", async () => {
    const { okta, path, ids, held } = await groupOf("a@okta.local", "b@okta.local", "c@okta.local");
    const [a, b, c] = ids;
    const { addMembers, removeMember, replaceMembers } = operation;
    const steps = [
      [[addMembers([a, b]), removeMember(a)], [b]],
      [
        [removeMember(b), addMembers([b, c])],
        [b, c],
      ],
      [[replaceMembers([a]), addMembers([c]), removeMember(a)], [c]],
      [[addMembers([a]), replaceMembers([b])], [b]],
      [[{ op: "remove", path: "members" }, addMembers([a])], [a]],
      [[{ op: "add", value: { members: members([b]) } }], [a, b]],
      [[{ op: "replace", value: { members: members([c]) } }], [c]],
      [[addMembers(ids), { op: "remove", path: "members" }], []],
    ];
    for (const [operations, expected] of steps) {
      assertStatus(await okta.patch(path, ...operations), 204);
      assert.deepEqual(await held(), [...expected].sort());
    }
  });

  test("who are unknown by the thousand are refused in a short answer", async () => {
    const { organization, okta, path, displayName } = await groupOf("a@okta.local");
    const strangers = Array.from(
      { length: 40_000 },
      (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
    );
    const answer = await organization.unchangedBy(() => okta.put(path, oktaGroup(displayName, strangers)));
    assertError(answer, 400, { scimType: "invalidValue", detail: /00000000-0000-4000-8000-0000000/ });
    assert.ok(answer.text.length < 2_000, `${answer.text.length} characters`);
  });

  test("with an id that is longer than any are refused", async () => {
    const { organization, okta, path, ids, displayName } = await groupOf("a@okta.local");
    for (const length of [1_025, 400_000, 1_900_000]) {
      const members = [...ids, "0".repeat(length)];
      for (const send of [
        () => okta.put(path, oktaGroup(displayName, members)),
        () => okta.patch(path, operation.addMembers(members)),
      ]) {
        const answer = await organization.unchangedBy(send);
        assertError(answer, 400, { scimType: "invalidValue", detail: /"members\.value" is longer than 1024 bytes/ });
      }
    }
  });

  test("who change nothing leave version and time as they are", async () => {
    const { organization, okta, path, ids, displayName } = await groupOf("a@okta.local");
    assertStatus(await okta.put(path, oktaGroup(displayName, ids)), 200);
    await organization.unchangedBy(async () => {
      assertStatus(await okta.put(path, oktaGroup(displayName, ids)), 200);
      assertStatus(await okta.patch(path, operation.addMembers(ids)), 204);
      assertStatus(await okta.patch(path, operation.removeMember("nobody-of-ours")), 204);
    });
  });

  test("are people, not groups", async () => {
    const { organization, okta, path, displayName } = await groupOf("a@okta.local");
    const other = await organization.groupNamed("Statsig-Demo-Admin");
    await organization.unchangedBy(async () => {
      for (const answer of [
        await okta.put(path, oktaGroup(displayName, [other.id])),
        await okta.patch(path, operation.addMembers([other.id])),
      ]) {
        assertError(answer, 400, { scimType: "invalidValue", detail: new RegExp(other.id) });
      }
    });
  });

  test("stay where a PUT has no `members`", async () => {
    const { okta, path, id, ids, displayName, held } = await groupOf("a@okta.local");
    assertStatus(await okta.put(path, oktaGroup(displayName, ids)), 200);
    // RFC 7644 section 3.5.1 lets a provider clear or keep what is left out; an emptied group would lock people out.
    assertStatus(await okta.put(path, { schemas: [SCHEMA.group], id, displayName }), 200);
    assert.deepEqual(await held(), ids);
  });

  test("can be looked up, alone and with the group", async () => {
    const { organization, okta, path, id, ids } = await groupOf("a@okta.local", "b@okta.local");
    assertStatus(await okta.patch(path, operation.addMembers([ids[0]])), 204);
    const admins = await organization.groupNamed("Statsig-Demo-Admin");
    assertStatus(await okta.patch(`/Groups/${admins.id}`, operation.addMembers(ids)), 204);
    const order = (await okta.importAll("/Groups")).map((group) => group.id);
    const inOrder = (...wanted) => order.filter((one) => wanted.includes(one));
    for (const [filter, expected] of [
      [`members.value eq "${ids[0]}"`, inOrder(id, admins.id)],
      [`members eq "${ids[1]}"`, [admins.id]],
      [`id eq "${id}" and members eq "${ids[0]}"`, [id]],
      [`members eq "${ids[1]}" and id eq "${id}"`, []],
      [`displayName eq "Statsig-Demo-Admin" and members.value eq "${ids[0]}"`, [admins.id]],
    ]) {
      assertListOf(await okta.find("/Groups", filter), expected);
    }
  });
});

describe("an externalId", () => {
  test("of a group is stored, and finds it", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const name = "Statsig-Demo-Admin";
    const { id } = await organization.groupNamed(name);
    const put = await okta.put(`/Groups/${id}`, { ...oktaGroup(name), externalId: "Okta-Group-7" });
    assert.equal(assertStatus(put, 200).externalId, "Okta-Group-7");
    assert.equal((await organization.group(id)).externalId, "Okta-Group-7");
    assertListOf(await okta.find("/Groups", 'externalId eq "Okta-Group-7"'), [id]);
    assertListOf(await okta.find("/Groups", 'externalId eq "okta-group-7"'), []);
  });
});
