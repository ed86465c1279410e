// Decisions and searches, compared with what follows from all that was made, by brute force; and checks that come right
// after the answer to a removal or a deactivation.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PERMISSIONS = ["view_project", "create_configs", "manage_team", "view_organization", "bake", "brew"];
/** What the built-in roles allow by default, as docs/guides/authzen.md says. */
const DEFAULTS = {
  "organization Owner": ["view_organization", "manage_members", "manage_organization", "manage_billing"],
  "organization Admin": ["view_organization", "manage_members", "manage_organization"],
  "organization Member": ["view_organization"],
  "project Admin": ["view_project", "create_configs", "edit_or_delete_configs", "approve_reviews"],
  "project Member": ["view_project", "create_configs", "edit_or_delete_configs", "approve_reviews"],
  "project Read-Only": ["view_project"],
  "project Cook": [],
  "team Admin": ["view_team", "manage_team"],
  "team Member": ["view_team"],
};

/** A directory as numbers that decide it, and what is said of it. */
const directories = fc.record({
  people: fc.array(
    fc.record({ role: fc.constantFrom("Member", "Member", "Admin"), active: fc.nat(4), hidden: fc.nat(4) }),
    {
      minLength: 2,
      maxLength: 5,
    },
  ),
  projects: fc.array(fc.record({ teams: fc.nat(2), archived: fc.nat(4) }), { minLength: 1, maxLength: 3 }),
  joins: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 14 }),
  sets: fc.array(fc.tuple(fc.nat(), fc.subarray(PERMISSIONS)), { maxLength: 5 }),
});

async function make({ people, projects, joins, sets }) {
  const organization = await createOrganization(worker, { settings: { brake_percent: 0 } });
  const call = (method, path, body, status = 200) =>
    organization.admin.call(method, organization.path(path), body, status);
  const made = { people: [], things: [], roles: [] };
  for (const [i, { role }] of people.entries()) {
    const { id } = await organization.addMember(`p${i}@${people[i].hidden === 0 ? "else.where" : "okta.local"}`, {
      org_role: role,
    });
    made.people.push({ id, role, active: true, groups: new Set() });
  }
  for (const [i, { teams }] of projects.entries()) {
    const project = await organization.addProject(`Project ${i}`, ["Cook"]);
    made.things.push({
      on: "project",
      id: project.id,
      roles: project.roles.map(({ name, group }) => [name, group.id]),
    });
    for (let t = 0; t < teams; t++) {
      const team = await organization.addTeam(project.id, `Team ${t}`);
      const roles = team.roles.map(({ name, group }) => [name, group.id]);
      made.things.push({ on: "team", id: team.id, within: project.id, roles });
    }
  }
  const groups = made.things.flatMap(({ roles }) => roles.map(([, group]) => group));
  for (const [person, group] of joins) {
    const [who, where] = [made.people[person % made.people.length], groups[group % groups.length]];
    await call("PUT", `/groups/${where}/members/${who.id}`, {});
    who.groups.add(where);
  }
  const allowed = structuredClone(DEFAULTS);
  for (const [number, permissions] of sets) {
    const role = Object.keys(DEFAULTS)[number % Object.keys(DEFAULTS).length];
    await call("PUT", `/permissions/${role.replace(" ", "/")}`, { permissions });
    allowed[role] = permissions;
  }
  for (const [i, { active }] of people.entries()) {
    if (active !== 0) continue;
    await organization.admin.send("DELETE", organization.path(`/members/${made.people[i].id}?confirm_people=1`));
    made.people[i].active = false;
  }
  for (const [i, { archived }] of projects.entries()) {
    if (archived !== 0) continue;
    const id = made.things.filter(({ on }) => on === "project")[i].id;
    await organization.admin.send("POST", organization.path(`/projects/${id}/archive`), { confirm_people: 99 });
    const state = await organization.admin.get(organization.path(`/projects/${id}`));
    if (state.archived_at === null) continue;
    for (const thing of made.things) if (thing.id === id || thing.within === id) thing.isGone = true;
  }
  if (people.some(({ hidden }) => hidden === 0)) {
    await organization.admin.send("PATCH", organization.path(), { mail_domains: ["okta.local"], confirm_people: 99 });
  }
  made.things.push({ on: "organization", id: organization.id, roles: [] });
  return { organization, made, allowed };
}

/** Whether a person may do something, by looking at everything. */
function expected({ made, allowed }, person, permission, thing) {
  if (!person.active || thing.isGone) return false;
  const held = [`organization ${person.role}`];
  const within = made.things.find(({ id }) => id === thing.within);
  for (const { on, roles } of [thing, within].filter(Boolean)) {
    for (const [role, group] of roles) if (person.groups.has(group)) held.push(`${on} ${role}`);
  }
  return held.some((role) => allowed[role].includes(permission));
}

async function drained(product, what, body, limit) {
  const found = [];
  for (let token = ""; ; ) {
    const answer = await product.call("POST", `/access/v1/search/${what}`, { ...body, page: { token, limit } });
    assert.ok(answer.results.length <= limit);
    found.push(...answer.results);
    token = answer.page.next_token;
    if (token === "") return found;
  }
}

test("decisions and searches are what brute force says", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(directories, fc.integer({ min: 1, max: 4 }), async (directory, limit) => {
      const world = await make(directory);
      const { made } = world;
      const product = await createProduct(world.organization, { scopes: ["check"] });
      for (const person of made.people) {
        for (const thing of made.things) {
          const subject = { type: "user", id: person.id };
          const resource = { type: thing.on, id: thing.id };
          const evaluations = PERMISSIONS.map((name) => ({ action: { name } }));
          const { evaluations: answers } = await product.call("POST", "/access/v1/evaluations", {
            subject,
            resource,
            evaluations,
          });
          const wanted = PERMISSIONS.map((permission) => expected(world, person, permission, thing));
          assert.deepEqual(
            answers.map(({ decision }) => decision),
            wanted,
          );
          const actions = (await drained(product, "action", { subject, resource }, limit)).map(({ name }) => name);
          assert.deepEqual(
            actions.filter((name) => PERMISSIONS.includes(name)).sort(),
            PERMISSIONS.filter((_, i) => wanted[i]).sort(),
          );
        }
      }
      for (const name of PERMISSIONS) {
        const action = { name };
        for (const thing of made.things) {
          const resource = { type: thing.on, id: thing.id };
          const found = await drained(product, "subject", { subject: { type: "user" }, action, resource }, limit);
          const ids = found.map(({ id }) => id).filter((id) => made.people.some((person) => person.id === id));
          const wanted = made.people.filter((person) => expected(world, person, name, thing)).map(({ id }) => id);
          assert.deepEqual(ids.sort(), wanted.sort());
        }
        for (const person of made.people) {
          for (const on of ["project", "team", "organization"]) {
            const asked = { subject: { type: "user", id: person.id }, action, resource: { type: on } };
            const found = (await drained(product, "resource", asked, limit)).map(({ id }) => id);
            const things = made.things.filter((thing) => thing.on === on && expected(world, person, name, thing));
            assert.deepEqual(found.sort(), things.map(({ id }) => id).sort());
          }
        }
      }
    }),
    { numRuns: 8, interruptAfterTimeLimit: 200_000 },
  );
});

test("a token is for the search that gave it", async () => {
  const organization = await createOrganization(worker, { projects: { A: [], B: [], C: [] } });
  const product = await createProduct(organization, { scopes: ["check"] });
  await organization.admin.call(
    "PUT",
    organization.path("/permissions/organization/Owner"),
    { permissions: ["brew"] },
    200,
  );
  const search = (body) => product.send("POST", "/access/v1/search/resource", body);
  const body = (name, page) => ({
    subject: { type: "user", id: "owner@okta.local" },
    action: { name },
    resource: { type: "project" },
    page,
  });
  const first = (await search(body("brew", { limit: 2 }))).body;
  assert.equal(first.results.length, 2);
  assert.equal(first.page.count, 2);
  const token = first.page.next_token;
  assert.equal((await search(body("brew", { limit: 2, token }))).body.results.length, 1);
  for (const wrong of [
    body("bake", { limit: 2, token }),
    body("brew", { limit: 3, token }),
    body("brew", { limit: 2, token: "x" }),
  ]) {
    const answer = await search(wrong);
    assert.equal(answer.status, 400);
    assert.match(answer.text, /page.token/);
  }
  assert.equal((await search(body("brew", { limit: 0 }))).status, 400);
});

test("a page is filled beyond rows that are no results, by a bounded number of reads", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { brake_percent: 0 } });
  const product = await createProduct(organization, { scopes: ["check"] });
  await organization.admin.call(
    "PUT",
    organization.path("/permissions/organization/Member"),
    { permissions: ["brew"] },
    200,
  );
  const people = await organization.createUsers(40, { stem: "tea" });
  // The first thirty by their names have no access.
  const names = people
    .map(({ id, userName }) => ({ id, userName }))
    .toSorted((a, b) => (a.userName < b.userName ? -1 : 1));
  await worker.sql(
    `UPDATE users SET active = 0 WHERE org_id = ?1 AND id IN (SELECT value FROM json_each(?2))`,
    organization.id,
    JSON.stringify(names.slice(0, 30).map(({ id }) => id)),
  );
  const search = async (token) => {
    const answer = await product.send("POST", "/access/v1/search/subject", {
      subject: { type: "user" },
      action: { name: "brew" },
      resource: { type: "organization", id: organization.id },
      page: { limit: 5, ...(token ? { token } : {}) },
    });
    assert.equal(answer.status, 200, answer.text);
    const { round_trips } = serverTiming(answer);
    assert.ok(round_trips <= 6, `${round_trips} round trips`);
    return answer.body;
  };
  const pages = [await search()];
  while (pages.at(-1).page.next_token !== "") pages.push(await search(pages.at(-1).page.next_token));
  const found = pages.flatMap(({ results }) => results.map(({ id }) => id));
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual(new Set(found), new Set(names.slice(30).map(({ id }) => id)));
  // Thirty rows are no results: five reads of five rows are one page, and the next one is full.
  assert.ok(pages.length <= 5, `${pages.length} pages`);
  const short = pages.filter(({ results }) => results.length < 5);
  assert.ok(short.length <= 3, "pages are filled");
});

test("1,000 times, the next check after an answered deactivation or removal is false", {
  timeout: 300_000,
}, async () => {
  const LANES = 20;
  const ROUNDS = 25;
  const organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { brake_percent: 0 } });
  const product = await createProduct(organization, { scopes: ["check"] });
  const { projects } = await organization.admin.get(organization.path("/projects"));
  const group = projects[0].roles.find(({ name }) => name === "Member").group.id;
  const people = await organization.createUsers(LANES, { stem: "racer" });
  let checks = 0;
  await Promise.all(
    people.map(async ({ id }) => {
      const check = async () => {
        const resource = { type: "project", id: projects[0].id };
        const body = { subject: { type: "user", id }, action: { name: "view_project" }, resource };
        return (await product.call("POST", "/access/v1/evaluation", body)).decision;
      };
      const join = () => organization.okta.patch(`/Groups/${group}`, operation.addMembers([id]));
      for (let round = 0; round < ROUNDS; round++) {
        assert.equal((await join()).status, 204);
        assert.equal(await check(), true);
        assert.equal((await organization.okta.patch(`/Groups/${group}`, operation.removeMember(id))).status, 204);
        assert.equal(await check(), false, "after a removal");
        assert.equal((await join()).status, 204);
        assert.equal((await organization.okta.patch(`/Users/${id}`, operation.active(false))).status, 200);
        assert.equal(await check(), false, "after a deactivation");
        assert.equal((await organization.okta.patch(`/Users/${id}`, operation.active(true))).status, 200);
        checks += 2;
      }
    }),
  );
  assert.equal(checks, 1_000);
});
