// The Authorization API of OpenID AuthZEN 1.0: decisions, several at once, errors, and who may ask.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct, ProductClient } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const user = (id, properties) => ({ type: "user", id, ...(properties ? { properties } : {}) });
const to = (name) => ({ name });
const project = (id) => ({ type: "project", id });
const EVALUATION = "/access/v1/evaluation";
const EVALUATIONS = "/access/v1/evaluations";

let organization;
let product;
let demo;
let team;
let ann;
const groupOf = (roles, name) => roles.find((role) => role.name === name).group;
const put = (group, person) =>
  organization.admin.call("PUT", organization.path(`/groups/${group}/members/${person}`), {}, 200);

before(async () => {
  await worker.started;
  organization = await createOrganization(worker);
  product = await createProduct(organization, { scopes: ["check"] });
  demo = await organization.addProject("Demo Project", ["Cook"]);
  team = await organization.addTeam(demo.id, "Night");
  const { id } = await organization.createUser("Ann@Okta.Local", { externalId: "00uANN" });
  ann = id;
  await put(groupOf(demo.roles, "Member").id, ann);
  await put(groupOf(team.roles, "Admin").id, ann);
});

const ask = (subject, action, resource) => product.call("POST", EVALUATION, { subject, action, resource });
const decision = async (...question) => (await ask(...question)).decision;

describe("an evaluation", () => {
  test("says through which group a person may do something", async () => {
    const member = groupOf(demo.roles, "Member");
    const { decision, context } = await ask(user(ann), to("create_configs"), project(demo.id));
    assert.equal(decision, true);
    assert.deepEqual(context.reason.through, [
      { on: "project", role: "Member", group_id: member.id, group: member.display_name },
    ]);
    const denied = await ask(user(ann), to("launch_to_production"), project(demo.id));
    assert.deepEqual([denied.decision, denied.context.reason.code], [false, "not_permitted"]);
  });

  test("finds a person by id, userName and externalId, folded as the directory does", async () => {
    for (const id of [ann, "ann@okta.local", "ANN@OKTA.LOCAL", "00uANN"]) {
      assert.equal(await decision(user(id), to("view_project"), project(demo.id)), true, id);
    }
    for (const id of ["00uann", "nobody", " ", "'"]) {
      assert.equal(await decision(user(id), to("view_project"), project(demo.id)), false, id);
    }
    const by = (id_type, id) => decision(user(id, { id_type }), to("view_project"), project(demo.id));
    assert.deepEqual([await by("userName", "ann@okta.local"), await by("userName", ann)], [true, false]);
    assert.deepEqual([await by("externalId", "00uANN"), await by("externalId", ann)], [true, false]);
    assert.deepEqual([await by("id", ann), await by("id", "00uANN")], [true, false]);
  });

  test("denies where an id is that of one person and the userName of another", async () => {
    const { id } = await organization.createUser("twin@okta.local", { externalId: "one@okta.local" });
    const { id: other } = await organization.createUser("one@okta.local", { externalId: "two" });
    for (const person of [id, other]) await put(groupOf(demo.roles, "Member").id, person);
    const denied = await ask(user("one@okta.local"), to("view_project"), project(demo.id));
    assert.deepEqual([denied.decision, denied.context.reason.code], [false, "subject_unknown"]);
    const asked = user("one@okta.local", { id_type: "userName" });
    assert.equal(await decision(asked, to("view_project"), project(demo.id)), true);
  });

  test("finds projects and teams by id and by name", async () => {
    assert.equal(await decision(user(ann), to("view_project"), project("demo project")), true);
    assert.equal(await decision(user(ann), to("manage_team"), { type: "team", id: team.id }), true);
    const named = (within) => ({ type: "team", id: "NIGHT", properties: { project: within } });
    assert.equal(await decision(user(ann), to("manage_team"), named("Demo Project")), true);
    assert.equal(await decision(user(ann), to("manage_team"), named(demo.id)), true);
    assert.equal(await decision(user(ann), to("manage_team"), { type: "team", id: "Night" }), false);
    const organizationOf = (id) => ({ type: "organization", id });
    assert.equal(await decision(user(ann), to("view_organization"), organizationOf(organization.id)), true);
    assert.equal(await decision(user(ann), to("manage_billing"), organizationOf(organization.id)), false);
    assert.equal(await decision(user("owner@okta.local"), to("manage_billing"), organizationOf(organization.id)), true);
    for (const resource of [project("Nothing"), project(team.id), { type: "planet", id: demo.id }]) {
      const denied = await ask(user(ann), to("view_project"), resource);
      assert.deepEqual([denied.decision, denied.context.reason.code], [false, "resource_unknown"]);
    }
    const robot = await ask({ type: "robot", id: ann }, to("view_project"), project(demo.id));
    assert.equal(robot.context.reason.code, "subject_unknown");
  });

  test("holds what a project's role allows for its teams, and not the reverse", async () => {
    assert.equal(await decision(user(ann), to("create_configs"), { type: "team", id: team.id }), true);
    assert.equal(await decision(user(ann), to("manage_team"), project(demo.id)), false);
    const set = (permissions) =>
      organization.admin.call("PUT", organization.path("/permissions/organization/Owner"), { permissions }, 200);
    await set(["launch_to_production"]);
    const owner = user("owner@okta.local");
    for (const resource of [project(demo.id), { type: "team", id: team.id }]) {
      assert.equal(await decision(owner, to("launch_to_production"), resource), true);
    }
    await set(null);
    assert.equal(await decision(owner, to("launch_to_production"), project(demo.id)), false);
  });

  test("takes one round trip and at most 12 rows", async () => {
    const many = await organization.addProject(
      "Many",
      Array.from({ length: 12 }, (_, i) => `Role ${i}`),
    );
    const { id } = await organization.createUser("many@okta.local");
    for (const { group } of many.roles.slice(0, 2)) await put(group.id, id);
    for (let i = 0; i < 20; i++) {
      const other = await organization.addProject(`Other ${i}`);
      await put(other.roles[1].group.id, id);
    }
    await put(groupOf((await organization.addTeam(many.id, "Crew")).roles, "Member").id, id);
    for (const [subject, resource] of [
      [user(id), project(many.id)],
      [user("many@okta.local"), project("Many")],
      [user(ann), project(demo.id)],
      [user(ann), { type: "team", id: team.id }],
      [user("owner@okta.local"), { type: "organization", id: organization.id }],
      [user("nobody"), project(demo.id)],
      [user(ann), project("Nothing")],
    ]) {
      const answer = await product.send("POST", EVALUATION, { subject, action: to("view_project"), resource });
      const { round_trips, rows_read } = serverTiming(answer);
      assert.equal(round_trips, 1);
      assert.ok(rows_read <= 12, `${rows_read} rows for ${JSON.stringify({ subject, resource })}`);
    }
  });

  for (const count of [1, 2, 10, 50]) {
    test(`takes as many rows for a person with ${count} roles in one project, and in ${count} teams`, async () => {
      const name = `Roles ${count}`;
      const made = await organization.addProject(
        name,
        Array.from({ length: 50 }, (_, i) => `Cook ${i}`),
      );
      const { id } = await organization.createUser(`roles-${count}@okta.local`);
      const held = made.roles.filter(({ name }) => name.startsWith("Cook")).slice(50 - count);
      for (const { group } of held) await put(group.id, id);
      const teams = [];
      for (let i = 0; i < count; i++) teams.push(await organization.addTeam(made.id, `Crew ${i}`));
      for (const { roles } of teams) await put(groupOf(roles, "Member").id, id);
      const action = to(`view_${count}`);
      for (const { name } of held) {
        const path = organization.path(`/permissions/project/${encodeURIComponent(name)}`);
        await organization.admin.call("PUT", path, { permissions: [action.name] }, 200);
      }
      const through = held.map(({ name, group }) => ({
        on: "project",
        role: name,
        group_id: group.id,
        group: group.display_name,
      }));
      for (const [resource, rows] of [
        [project(made.id), 6],
        [project(name), 7],
        [{ type: "team", id: teams.at(-1).id }, 8],
      ]) {
        const answer = await product.send("POST", EVALUATION, { subject: user(id), action, resource });
        assert.deepEqual([serverTiming(answer).round_trips, serverTiming(answer).rows_read], [1, rows]);
        assert.deepEqual(answer.body.context.reason.through, through);
      }
    });
  }

  test("finds a role behind the first thousand of a project", async () => {
    const huge = await organization.addProject("Huge");
    const { id } = await organization.createUser("huge@okta.local");
    await worker.sql(
      `WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 1099)
       INSERT INTO groups (org_id, id, project_id, role, display_name, name_fold, created_at, last_modified)
       SELECT ?1, 'huge-' || i, ?2, 'Cook ' || i, 'Statsig-Huge-Cook ' || i, 'statsig-huge-cook ' || i, '', '' FROM n`,
      organization.id,
      huge.id,
    );
    for (const place of [900, 1090]) {
      await worker.sql(
        `INSERT INTO memberships (group_seq, user_seq)
         SELECT g.seq, u.seq FROM groups g CROSS JOIN users u WHERE g.id = ?1 AND u.id = ?2`,
        `huge-${place}`,
        id,
      );
    }
    // More roles than the console lists.
    const allowed = { project: { "cook 900": ["peel_onions"], "cook 1090": ["peel_onions"] } };
    await worker.sql(
      "UPDATE organizations SET permissions = ?1 WHERE id = ?2",
      JSON.stringify(allowed),
      organization.id,
    );
    const { context } = await ask(user(id), to("peel_onions"), project(huge.id));
    assert.deepEqual(
      context.reason.through.map(({ group }) => group),
      ["Statsig-Huge-Cook 900", "Statsig-Huge-Cook 1090"],
    );
  });
});

describe("several evaluations", () => {
  const evaluations = ["view_project", "launch_to_production", "create_configs"].map((name) => ({ action: { name } }));
  const body = (semantic, rest = {}) => ({
    subject: user(ann),
    resource: project(demo.id),
    evaluations,
    ...(semantic ? { options: { evaluations_semantic: semantic } } : {}),
    ...rest,
  });
  const decisions = async (sent) =>
    (await product.call("POST", EVALUATIONS, sent)).evaluations.map((it) => it.decision);

  test("inherit what they leave out, and are answered by each semantic", async () => {
    assert.deepEqual(await decisions(body()), [true, false, true]);
    assert.deepEqual(await decisions(body("execute_all")), [true, false, true]);
    assert.deepEqual(await decisions(body("deny_on_first_deny")), [true, false]);
    assert.deepEqual(await decisions(body("permit_on_first_permit")), [true]);
    const own = [{ subject: user("nobody") }, {}, { resource: project("Nothing") }, { action: to("view_project") }];
    assert.deepEqual(await decisions(body("execute_all", { action: to("create_configs"), evaluations: own })), [
      false,
      true,
      false,
      true,
    ]);
  });

  test("are one evaluation where there are none", async () => {
    for (const rest of [{ evaluations: [] }, { evaluations: undefined }]) {
      const answer = await product.call("POST", EVALUATIONS, body(undefined, { action: to("view_project"), ...rest }));
      assert.equal(answer.decision, true);
    }
  });

  test("take one round trip, and rows by their number", async () => {
    const many = Array.from({ length: 50 }, () => ({ action: to("view_project") }));
    const answer = await product.send("POST", EVALUATIONS, body(undefined, { evaluations: many }));
    const { round_trips, rows_read } = serverTiming(answer);
    assert.equal(round_trips, 1);
    assert.ok(rows_read <= 12 * 50, `${rows_read} rows`);
    assert.equal(answer.body.evaluations.length, 50);
    const more = await product.send("POST", EVALUATIONS, body(undefined, { evaluations: [...many, {}] }));
    assert.equal(more.status, 400);
    assert.match(more.text, /more than 50/);
  });
});

describe("what is wrong", () => {
  const good = () => ({ subject: user(ann), action: to("view_project"), resource: project(demo.id) });

  test("is a text with 400", async () => {
    for (const [change, said] of [
      [{ subject: undefined }, /"subject"/],
      [{ subject: { id: ann } }, /"subject.type"/],
      [{ subject: { type: "user" } }, /"subject.id"/],
      [{ subject: { type: "user", id: 7 } }, /subject.id/],
      [{ subject: "ann" }, /subject/],
      [{ subject: user(ann, { id_type: "shoe size" }) }, /id_type/],
      [{ action: undefined }, /"action"/],
      [{ action: {} }, /"action.name"/],
      [{ resource: { type: "project", id: "" } }, /"resource.id"/],
    ]) {
      const answer = await product.send("POST", EVALUATION, { ...good(), ...change });
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.headers["content-type"], /^text\/plain/);
      assert.match(answer.text, said);
    }
    for (const text of ["", "{", "[]", "null", '"x"', "{".repeat(5000)]) {
      const answer = await product.send("POST", EVALUATION, undefined, {});
      assert.equal(answer.status, 400);
      const raw = await fetch(worker.url + EVALUATION, {
        method: "POST",
        headers: { Authorization: `Bearer ${product.key.key}`, "Content-Type": "application/json" },
        body: text,
      });
      assert.equal(raw.status, 400, text);
      assert.ok((await raw.text()).length > 10);
    }
    const semantic = { ...good(), evaluations: [{}], options: { evaluations_semantic: "guess" } };
    assert.match((await product.send("POST", EVALUATIONS, semantic)).text, /evaluations_semantic/);
    const second = { ...good(), action: undefined, evaluations: [{ action: to("x") }, {}] };
    assert.match((await product.send("POST", EVALUATIONS, second)).text, /evaluations\[1\].action/);
  });

  test("is bounded: a large body is not read", async () => {
    const answer = await product.send("POST", EVALUATION, { ...good(), context: { fill: "x".repeat(70_000) } });
    assert.equal(answer.status, 413);
    const fields = { ...good(), unknown: [1, { deep: true }], context: { time: "2026-01-01T00:00:00Z" } };
    assert.equal((await product.call("POST", EVALUATION, fields)).decision, true, "unknown fields are ignored");
  });

  test("is a key that may not ask", async () => {
    const reader = await createProduct(organization, { name: "Reader", scopes: ["read", "events"] });
    const forbidden = await reader.send("POST", EVALUATION, good());
    assert.equal(forbidden.status, 403);
    assert.match(forbidden.text, /lacks the scope "check"/);
    const scim = new ProductClient(worker, organization.key);
    assert.equal((await scim.send("POST", EVALUATION, good())).status, 401);
    assert.equal((await new ProductClient(worker).send("POST", EVALUATION, good())).status, 401);
    const other = await createOrganization(worker);
    const stranger = await createProduct(other, { scopes: ["check"] });
    const answer = await stranger.call("POST", EVALUATION, good());
    assert.deepEqual([answer.decision, answer.context.reason.code], [false, "subject_unknown"]);
    const theirs = { ...good(), subject: user("owner@okta.local", { id_type: "userName" }) };
    assert.equal((await stranger.call("POST", EVALUATION, theirs)).context.reason.code, "resource_unknown");
    const resource = { type: "organization", id: organization.id };
    assert.equal((await stranger.call("POST", EVALUATION, { ...theirs, resource })).decision, false);
    assert.equal((await product.send("GET", EVALUATION)).status, 405);
  });

  test("names the request, as an answer does", async () => {
    const id = { "X-Request-ID": "bfe9eb29-ab87; any text" };
    for (const [client, body, status] of [
      [product, good(), 200],
      [product, {}, 400],
      [new ProductClient(worker), good(), 401],
    ]) {
      const answer = await client.send("POST", EVALUATION, body, id);
      assert.deepEqual([answer.status, answer.headers["x-request-id"]], [status, id["X-Request-ID"]]);
    }
    assert.equal((await product.send("POST", EVALUATION, good())).headers["x-request-id"], undefined);
  });
});

test("what is where, is known without a key", async () => {
  const { body, status } = await new ProductClient(worker).send("GET", "/.well-known/authzen-configuration");
  assert.equal(status, 200);
  assert.equal(body.policy_decision_point, worker.url);
  assert.equal(body.access_evaluation_endpoint, worker.url + EVALUATION);
  assert.equal(body.access_evaluations_endpoint, worker.url + EVALUATIONS);
});

test("a deactivation, a removal, an archive and a deletion hold from the next check on", async () => {
  const here = await createOrganization(worker, { settings: { brake_percent: 0 } });
  const client = await createProduct(here);
  const { id, roles } = await here.addProject("Demo");
  const { id: person } = await here.createUser("bob@okta.local");
  const group = groupOf(roles, "Member").id;
  const check = async () => {
    const body = { subject: user(person), action: to("view_project"), resource: project(id) };
    return (await client.send("POST", EVALUATION, body)).body?.decision;
  };
  await here.okta.patch(`/Groups/${group}`, operation.addMembers([person]));
  assert.equal(await check(), true);
  await here.okta.patch(`/Groups/${group}`, operation.removeMember(person));
  assert.equal(await check(), false);
  await here.okta.patch(`/Groups/${group}`, operation.addMembers([person]));
  await here.okta.patch(`/Users/${person}`, operation.active(false));
  assert.equal(await check(), false);
  await here.okta.patch(`/Users/${person}`, operation.active(true));
  await here.okta.patch(`/Groups/${group}`, operation.addMembers([person]));
  assert.equal(await check(), true);
  await here.admin.call("POST", here.path(`/projects/${id}/archive`), { confirm_people: 1 }, 200);
  assert.equal(await check(), false);
  await here.admin.call("POST", here.path(`/projects/${id}/restore`), {}, 200);
  await here.okta.patch(`/Groups/${group}`, operation.addMembers([person]));
  assert.equal(await check(), true);
  const { name } = await here.admin.get(here.path());
  await here.admin.call("DELETE", here.path(`?confirm_name=${encodeURIComponent(name)}`), undefined, 200);
  assert.equal(await check(), undefined);
});

describe("rates", () => {
  const busy = useWorker({ vars: { PRODUCT_KEY_REQUESTS_PER_MINUTE: "30000" } });
  const limited = useWorker({ vars: { PRODUCT_KEY_REQUESTS_PER_MINUTE: "20" } });
  const body = { subject: user("owner@okta.local"), action: to("manage_members"), resource: project("x") };

  test("let 500 checks a second pass", async () => {
    const client = await createProduct(await createOrganization(busy), { scopes: ["check"] });
    const answers = await Promise.all(Array.from({ length: 500 }, () => client.send("POST", EVALUATION, body)));
    assert.ok(answers.every(({ status }) => status === 200));
  });

  test("are told with a whole number of seconds, as a text", async () => {
    const client = await createProduct(await createOrganization(limited), { scopes: ["check"] });
    let answer;
    for (let i = 0; i < 30 && answer?.status !== 429; i++) answer = await client.send("POST", EVALUATION, body);
    assert.equal(answer.status, 429);
    assert.match(answer.headers["retry-after"], /^[1-9]\d*$/);
    assert.match(answer.headers["content-type"], /^text\/plain/);
    assert.match(answer.text, /Try again/);
  });
});
