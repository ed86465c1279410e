// Names of groups that are the same but for spaces around them, and names that only look like those of a project's
// groups.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const SPACED = (name) => [`${name} `, ` ${name}`, `\u2003${name}\u00a0`, `  ${name.toUpperCase()}\u3000`];

describe("a name with spaces around it", () => {
  /** An organization that has every kind of group. */
  async function furnished() {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const project = await organization.addProject("Demo", ["Engineer"]);
    await organization.addTeam(project.id, "Night Shift");
    assertStatus(await organization.okta.post("/Groups", oktaGroup("Everybody")), 201);
    const names = [
      "Statsig-Demo-Member",
      "Statsig-Demo-Engineer",
      "Statsig-Demo-Night Shift-Member",
      "Statsig-Demo-Night Shift-Admin",
      "Everybody",
    ];
    return { organization, okta: organization.okta, names, project };
  }

  test("is found", async () => {
    const { organization, okta, names } = await furnished();
    for (const name of names) {
      const { id } = await organization.groupNamed(name);
      for (const spaced of SPACED(name)) {
        assertListOf(await okta.find("/Groups", `displayName eq ${JSON.stringify(spaced)}`), [id]);
        const search = { filter: `displayName eq ${JSON.stringify(spaced)} or id eq "x"`, count: 5 };
        assertListOf(await okta.list("/", search), [id]);
      }
    }
    assert.equal(assertStatus(await okta.find("/Groups", 'displayName co " "'), 200).totalResults, 2);
    assertListOf(await okta.find("/Groups", 'displayName sw " "'), []);
  });

  test("makes no second group", async () => {
    const { organization, okta, names } = await furnished();
    for (const name of names) {
      const { id } = await organization.groupNamed(name);
      for (const spaced of SPACED(name)) {
        const answer = await organization.unchangedBy(() => okta.post("/Groups", oktaGroup(spaced)));
        assertError(answer, 409, { scimType: "uniqueness" });
        assert.ok(answer.body.detail.includes(`"${name}"`) && answer.body.detail.includes(id), answer.text);
      }
    }
  });

  test("is the name that the group has, for PUT, PATCH and bulk", async () => {
    const { organization, okta, names } = await furnished();
    const { id: ada } = await organization.createUser("ada@okta.local");
    for (const name of names) {
      const { id } = await organization.groupNamed(name);
      const path = `/Groups/${id}`;
      const state = async () => {
        const group = await organization.group(id);
        return [group.displayName, memberIds(group)];
      };
      for (const spaced of SPACED(name)) {
        assert.deepEqual(memberIds(assertStatus(await okta.put(path, oktaGroup(spaced, [ada])), 200)), [ada]);
        assert.deepEqual(await state(), [name, [ada]]);
        const patched = await okta.patch(path, operation.rename(id, spaced), operation.removeMember(ada));
        assertStatus(patched, 204);
        assert.deepEqual(await state(), [name, []]);
        const renamed = { op: "replace", path: "displayName", value: spaced };
        assertStatus(await organization.unchangedBy(() => okta.patch(path, renamed)), 204);
        const bulk = await okta.post("/Bulk", {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
          Operations: [{ method: "PUT", path, data: oktaGroup(spaced, []) }],
        });
        assert.equal(assertStatus(bulk, 200).Operations[0].status, "200");
        assert.deepEqual(await state(), [name, []]);
      }
    }
  });

  test("is refused with advice if there is no such group", async () => {
    const { organization, okta } = await furnished();
    const everybody = await organization.groupNamed("Everybody");
    await organization.unchangedBy(async () => {
      for (const name of [
        "Somebody ",
        "\u00a0Somebody",
        "Statsig-Demo-New Team-Member ",
        " Statsig-Demo-New Team-Member",
        "Statsig-Demo-New Team -Member",
        "Statsig-Demo- New Team-Member",
        "Statsig-Demo-Night Shift -Member",
        "Statsig-Demo-New Team -Admin",
        "Statsig-Demo- Gardener",
        "Statsig-Demo -Member",
        "Statsig- Demo-Member",
      ]) {
        assertError(await okta.post("/Groups", oktaGroup(name)), 400, { scimType: "invalidValue", detail: /space/ });
      }
      for (const name of ["Somebody ", "\u2003Somebody"])
        assertError(await okta.patch(`/Groups/${everybody.id}`, operation.rename(everybody.id, name)), 400, {
          detail: /space/,
        });
    });
  });

  test("is refused in the console, with advice", async () => {
    const { organization, project } = await furnished();
    const { admin } = organization;
    const projects = organization.path("/projects");
    const state = () => admin.get(projects);
    const before = await state();
    for (const [path, name] of [
      [projects, "Demo"],
      [projects, "New"],
      [`${projects}/${project.id}/roles`, "Engineer"],
      [`${projects}/${project.id}/roles`, "New"],
      [`${projects}/${project.id}/teams`, "Night Shift"],
      [`${projects}/${project.id}/teams`, "New"],
    ]) {
      for (const spaced of SPACED(name)) assertProblem(await admin.send("POST", path, { name: spaced }), 400, /space/);
    }
    for (const name of SPACED("Other"))
      assertProblem(await admin.send("PATCH", `${projects}/${project.id}`, { name }), 400, /space/);
    for (const role of SPACED("Gardener"))
      assertProblem(await admin.send("POST", projects, { name: "Web", roles: [role] }), 400, /space/);
    assert.deepEqual(await state(), before);
  });
});

describe("a name that begins with a look-alike of the prefix", () => {
  const DASHES = ["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\ufe63"];

  test("is refused, and the dash is named", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { plain_groups: true } });
    const { okta } = organization;
    const plain = assertStatus(await okta.post("/Groups", oktaGroup("Everybody")), 201);
    await organization.unchangedBy(async () => {
      for (const dash of DASHES) {
        const detail = new RegExp(`U\\+${dash.codePointAt(0).toString(16).toUpperCase()}`);
        for (const name of [
          `Statsig${dash}Demo${dash}Member`,
          `STATSIG${dash}Demo-Member`,
          `Statsig-Demo${dash}Member`,
        ]) {
          assertError(await okta.post("/Groups", oktaGroup(name)), 400, { detail });
          assertError(await okta.patch(`/Groups/${plain.id}`, operation.rename(plain.id, name)), 400, { detail });
          assertError(await okta.put(`/Groups/${plain.id}`, oktaGroup(name)), 400, { detail });
        }
      }
    });
  });

  test("may have dashes elsewhere", async () => {
    const { okta } = await createOrganization(worker, { settings: { plain_groups: true } });
    for (const name of ["Sales – EMEA", "Statsigs – all of them", "–"])
      assert.equal(assertStatus(await okta.post("/Groups", oktaGroup(name)), 201).displayName, name);
  });
});
