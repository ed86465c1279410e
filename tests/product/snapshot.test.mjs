// The snapshot, and reads of people and projects: with the events behind its cursor, a copy becomes the directory.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { directory, Mirror } from "../helpers/mirror.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** Numbers that look random, the same with each run. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Makes one change to people, groups, projects or roles. */
async function change(organization, state, random) {
  const { okta, admin } = organization;
  const person = () => state.people[random(state.people.length)];
  const group = () => state.groups[random(state.groups.length)];
  const patchGroup = async (action) => {
    const { status } = await okta.patch(`/Groups/${group()}`, action);
    assert.ok([204, 400, 404].includes(status));
  };
  const patchUser = async (action) => {
    const { status } = await okta.patch(`/Users/${person()}`, action);
    assert.ok([200, 404].includes(status));
  };
  const number = ++state.changes;
  const kinds = [
    async () => state.people.push((await organization.createUser(`new${number}@okta.local`)).id),
    () => patchUser(operation.active(false)),
    () => patchUser(operation.active(true)),
    () => patchUser({ op: "replace", path: "statsigOrgRole", value: random(2) ? "Admin" : "Member" }),
    () => patchUser({ op: "replace", path: "displayName", value: `Name ${number}` }),
    () => patchUser({ op: "replace", value: { name: { familyName: `Family ${number}` } } }),
    () => okta.delete(`/Users/${person()}`),
    () => patchGroup(operation.addMembers([person(), person()])),
    () => patchGroup(operation.removeMember(person())),
    () => patchGroup({ op: "replace", path: "members", value: [{ value: person() }] }),
    async () => {
      const answer = await okta.post("/Groups", oktaGroup(`Statsig-Demo-Team ${number}-Member`, [person()]));
      if (answer.status === 201) state.groups.push(answer.body.id);
    },
    async () => {
      const answer = await okta.post("/Groups", oktaGroup(`Plain ${number}`, [person()]));
      if (answer.status === 201) state.plain.push(answer.body.id);
    },
    async () => {
      const id = state.plain[random(state.plain.length)];
      if (id) await okta.patch(`/Groups/${id}`, { op: "replace", value: { displayName: `Renamed ${number}` } });
    },
    () => admin.send("PATCH", organization.path(`/projects/${state.project}`), { name: `Demo ${number}` }),
    () => admin.send("PATCH", organization.path(`/projects/${state.project}`), { name: "Demo" }),
    async () => {
      const id = state.plain.pop();
      if (id) assertStatus(await okta.delete(`/Groups/${id}`), 204);
    },
  ];
  await kinds[random(kinds.length)]();
}

describe("a snapshot", () => {
  for (const seed of [1, 2, 3]) {
    test(`with the events behind it becomes the directory, whatever changes meanwhile (${seed})`, async () => {
      const random = numbers(seed);
      const organization = await createOrganization(worker, {
        settings: { plain_groups: true },
        projects: { Demo: ["Cook"], Other: [] },
      });
      await organization.configure({ brake_percent: 0 });
      await populate(worker.sql, organization.id, { users: 1_200, groups: 3, members: 300 });
      const product = await createProduct(organization);
      const people = (
        await worker.sql("SELECT id FROM users WHERE org_id = ?1 AND org_role <> 'Owner'", organization.id)
      )
        .map(({ id }) => id)
        .filter((_, i) => i % 30 === 0);
      const projects = await organization.admin.get(organization.path("/projects"));
      const groups = (
        await worker.sql("SELECT id FROM groups WHERE org_id = ?1 AND role IS NOT NULL", organization.id)
      ).map(({ id }) => id);
      const project = projects.projects.find(({ name }) => name === "Demo").id;
      const state = { people, groups, plain: [], project, changes: 0 };
      for (let i = 0; i < 20; i++) await change(organization, state, random);
      let chunks = 0;
      const mirror = await Mirror.read(product, async () => {
        chunks++;
        for (let i = 0; i < 12; i++) await change(organization, state, random);
      });
      assert.ok(chunks >= 3, "it is streamed");
      for (let i = 0; i < 40; i++) await change(organization, state, random);
      await mirror.drain(product);
      assert.deepEqual(mirror.content(), await directory(worker, organization.id));
      // And without any change, a snapshot is the directory.
      assert.deepEqual((await Mirror.read(product)).content(), await directory(worker, organization.id));
    });
  }

  test("has people of every kind, and needs the scope", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    await organization.addMember("guest@elsewhere.example");
    const [ada] = await organization.createUsers(1);
    await organization.okta.patch(`/Users/${ada.id}`, operation.active(false));
    const product = await createProduct(organization, { scopes: ["read"] });
    const { people } = await Mirror.read(product);
    assert.deepEqual(
      [...people.values()].map(({ user_name, active, org_role }) => [user_name, active, org_role]).sort(),
      [
        ["guest@elsewhere.example", true, "Member"],
        ["owner@okta.local", true, "Owner"],
        [ada.userName, false, null],
      ].sort(),
    );
    const other = await createProduct(organization, { scopes: ["events"] });
    await other.refused(403, "scope_missing", "GET", "/product/v1/snapshot");
    await other.refused(403, "scope_missing", "GET", `/product/v1/people/${ada.id}`);
  });
});

describe("people and projects", () => {
  test("a person is found by id, userName and external identifier, in one round trip", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const ada = await organization.createUser("Ada@okta.local", { externalId: "00u-ada" });
    const { id: group } = await organization.groupNamed("Statsig-Demo-Cook");
    await organization.okta.patch(`/Groups/${group}`, operation.addMembers([ada.id]));
    for (const who of [ada.id, "ada@OKTA.local", "00u-ada"]) {
      const answer = await product.send("GET", `/product/v1/people/${encodeURIComponent(who)}`);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.person.id, ada.id);
      assert.deepEqual(
        answer.body.access.map(({ group_id, project, role }) => [group_id, project, role]),
        [[group, "Demo", "Cook"]],
      );
      assert.ok(Date.now() - Date.parse(answer.body.access[0].since) < 60_000);
      const { round_trips, rows_read } = serverTiming(answer);
      assert.equal(round_trips, 1);
      assert.ok(rows_read <= 20, `${rows_read} rows`);
    }
    await product.refused(404, "member_not_found", "GET", "/product/v1/people/bob@okta.local");
    const stranger = await createProduct(await createOrganization(worker));
    await stranger.refused(404, "member_not_found", "GET", `/product/v1/people/${ada.id}`);
  });

  test("a project has its people, role by role and page by page", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const people = await organization.createUsers(7);
    const ids = people.map(({ id }) => id);
    const { id: cook } = await organization.groupNamed("Statsig-Demo-Cook");
    const { id: admin } = await organization.groupNamed("Statsig-Demo-Admin");
    await organization.okta.patch(`/Groups/${cook}`, operation.addMembers(ids));
    await organization.okta.patch(`/Groups/${admin}`, operation.addMembers(ids.slice(0, 2)));
    const [project] = (await organization.admin.get(organization.path("/projects"))).projects;
    for (const name of [project.id, "demo"]) {
      const found = [];
      let after = "";
      do {
        const answer = await product.send("GET", `/product/v1/projects/${name}/people?limit=4${after}`);
        assert.ok(serverTiming(answer).rows_read <= 40, `${serverTiming(answer).rows_read} rows`);
        const { project: shown, people: page, next } = answer.body;
        assert.deepEqual(shown, { id: project.id, name: "Demo" });
        found.push(...page.map(({ person, role }) => `${role} ${person.id}`));
        after = next === null ? undefined : `&after=${next}`;
      } while (after);
      const expected = [...ids.map((id) => `Cook ${id}`), ...ids.slice(0, 2).map((id) => `Admin ${id}`)];
      assert.deepEqual(found.toSorted(), expected.toSorted());
    }
    const { people: admins } = await product.get(`/product/v1/projects/${project.id}/people?role=Admin`);
    assert.equal(admins.length, 2);
    await product.refused(404, "project_not_found", "GET", "/product/v1/projects/Elsewhere/people");
    await product.refused(400, "invalid_parameter", "GET", "/product/v1/projects/Demo/people?after=x");
  });
});
