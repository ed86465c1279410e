// Who may use the console for what: operators for everything, administrators for their own organizations, other users
// for nothing.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { behindAccess, call, keyPair } from "../helpers/access.mjs";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";

const { team, worker } = await behindAccess(keyPair("only"));

/** Every call that names an organization, with ids that exist in it. */
const CALLS = (o) => [
  ["GET", ""],
  ["GET", "/keys"],
  ["GET", "/members"],
  ["GET", `/members/${o.person}`],
  ["GET", "/projects"],
  ["GET", "/projects/summaries"],
  ["GET", `/projects/${o.project.id}`],
  ["GET", `/projects/${o.project.id}/roles/${o.group}`],
  ["GET", `/projects/${o.project.id}/teams/${o.team.id}`],
  ["GET", "/groups"],
  ["GET", `/groups/${o.group}`],
  ["GET", "/log"],
  ["GET", "/imports"],
  ["PATCH", "", { name: "Taken over" }],
  ["POST", "/keys", {}],
  ["POST", `/keys/${o.key.id}/regenerate`, {}],
  ["POST", `/keys/${o.key.id}/deactivate`, {}],
  ["PATCH", `/keys/${o.key.id}`, { name: "Mine" }],
  ["POST", "/keys/deactivate", {}],
  ["POST", "/projects", { name: "Mine" }],
  ["PATCH", `/projects/${o.project.id}`, { name: "Mine too" }],
  ["POST", `/projects/${o.project.id}/archive`],
  ["POST", `/projects/${o.project.id}/restore`],
  ["POST", `/projects/${o.project.id}/roles`, { name: "Mine" }],
  ["POST", `/projects/${o.project.id}/teams`, { name: "Mine" }],
  ["PATCH", `/projects/${o.project.id}/roles/${o.role}`, { name: "Mine now" }],
  ["DELETE", `/projects/${o.project.id}/roles/${o.role}`],
  ["PATCH", `/projects/${o.project.id}/teams/${o.team.id}`, { name: "Mine now" }],
  ["DELETE", `/projects/${o.project.id}/teams/${o.team.id}`],
  ["POST", "/members", { user_name: "eve@okta.local", org_role: "Admin" }],
  ["PATCH", `/members/${o.person}`, { org_role: "Admin" }],
  ["DELETE", `/members/${o.person}`],
  ["PUT", "/owner", { member: o.person }],
];

async function furnished() {
  const organization = await createOrganization(worker);
  organization.project = await organization.addProject("Demo", ["Engineer"]);
  organization.team = await organization.addTeam(organization.project.id, "Night");
  organization.person = (await organization.createUser("person@okta.local")).id;
  organization.group = organization.project.roles[0].group.id;
  organization.role = organization.project.roles.at(-1).group.id;
  const admin = await organization.addMember("admin@okta.local", { org_role: "Admin" });
  await organization.addMember("member@okta.local");
  organization.adminId = admin.id;
  assertStatus(await by("admin@okta.local", "POST", organization.path("/accept")), 200);
  return organization;
}

/** A call by the user with this email address, from a page of the console. */
const by = (email, method, path, body) =>
  call(worker, team.token({ email }), {
    method,
    path,
    body,
    headers: { Origin: worker.url, ...(body ? { "Content-Type": "application/json" } : {}) },
  });

describe("an organization", () => {
  let ours;
  let theirs;
  const rows = async (organization) =>
    JSON.stringify(
      await worker.sql(
        `SELECT (SELECT group_concat(status || detail) FROM log WHERE org_id = ?1) AS log, o.*,
           (SELECT group_concat(id || coalesce(deactivated_at, '')) FROM auth_keys WHERE org_id = ?1) AS auth_keys,
           (SELECT group_concat(id || active || org_role) FROM users WHERE org_id = ?1) AS users,
           (SELECT group_concat(name || coalesce(archived_at, '')) FROM projects WHERE org_id = ?1) AS projects,
           (SELECT group_concat(display_name) FROM groups WHERE org_id = ?1) AS groups
         FROM organizations o WHERE id = ?1`,
        organization.id,
      ),
    );

  before(async () => {
    ours = await furnished();
    theirs = await furnished();
    await theirs.addMember("stranger@okta.local", { org_role: "Admin" });
    const former = await ours.addMember("former@okta.local", { org_role: "Admin" });
    await ours.admin.call("DELETE", ours.path(`/members/${former.id}`), undefined, 200);
  });

  test("is not found by users who are no administrators of it", async () => {
    const before = await rows(ours);
    for (const email of ["member@okta.local", "stranger@okta.local", "former@okta.local", "nobody@okta.local", "%"]) {
      for (const [method, path, body] of CALLS(ours)) {
        const answer = await by(email, method, ours.path(path), body);
        assertProblem(answer, 404, /not among its administrators/);
      }
    }
    assert.equal(await rows(ours), before);
  });

  test("has projects, people and keys that another's administrator cannot reach through their own", async () => {
    const before = await rows(ours);
    for (const [method, path, body] of CALLS(ours)) {
      const named = [ours.person, ours.group, ours.key.id, ours.project.id].some((id) => path.includes(id));
      if (named || path === "/owner") {
        const answer = await by("stranger@okta.local", method, theirs.path(path), body);
        assert.ok([403, 404].includes(answer.status), `${method} ${path} -> ${answer.status}`);
      }
    }
    assert.equal(await rows(ours), before);
  });

  test("is managed by its administrators, and the log says who did what", async () => {
    for (const [method, path, body] of CALLS(ours)) {
      const answer = await by("ADMIN@okta.local", method, ours.path(path), body);
      // Who is to be the Owner has just been removed.
      if (path === "/owner") assertProblem(answer, 409, /deactivated/);
      else assert.ok(answer.status < 300, `${method} ${path} -> ${answer.status} ${answer.text}`);
    }
    const { entries } = await ours.admin.get(ours.path("/log?source=console&count=200"));
    const done = entries.filter(({ actor }) => actor === "admin@okta.local");
    // Neither of what was refused, nor of what had been done already: a key that is replaced at once is deactivated.
    // But of the acceptance before.
    assert.equal(done.length, CALLS(ours).filter(([method]) => method !== "GET").length - 2 + 1);
    const keys = (await ours.admin.get(ours.path("/keys"))).keys;
    assert.deepEqual([...new Set(keys.map(({ created_by }) => created_by))].sort(), [
      "admin token",
      "admin@okta.local",
    ]);
  });

  test("has a limit of people and a group prefix that only operators set", async () => {
    for (const change of [{ user_limit: 5 }, { group_prefix: "Mine" }]) {
      const refused = await by("admin@okta.local", "PATCH", theirs.path(), change);
      assertProblem(refused, 403, /Only an operator/);
      assert.equal(refused.body.code, "operators_only");
      assertStatus(await theirs.admin.send("PATCH", theirs.path(), change), 200);
    }
  });

  test("is transferred by its Owner", async () => {
    assertStatus(await by("owner@okta.local", "PUT", theirs.path("/owner"), { member: theirs.adminId }), 200);
    assertProblem(await by("owner@okta.local", "PUT", theirs.path("/owner"), { member: theirs.person }), 403);
  });

  test("is no longer accessible to an administrator who was deactivated over SCIM or made a member", async () => {
    const organization = await furnished();
    const admin = await organization.userNamed("admin@okta.local");
    assertStatus(await by("admin@okta.local", "GET", organization.path("/keys")), 200);
    const demoted = { op: "replace", value: { statsigOrgRole: "Member" } };
    assertStatus(await organization.okta.patch(`/Users/${admin.id}`, demoted), 200);
    assertProblem(await by("admin@okta.local", "GET", organization.path("/keys")), 404);
    const promoted = { op: "replace", value: { statsigOrgRole: "Admin" } };
    assertStatus(await organization.okta.patch(`/Users/${admin.id}`, promoted), 200);
    assertStatus(await by("admin@okta.local", "GET", organization.path("/keys")), 200);
    assertStatus(await organization.okta.patch(`/Users/${admin.id}`, operation.active(false)), 200);
    assertProblem(await by("admin@okta.local", "GET", organization.path("/keys")), 404);
  });
});

test("an administrator is recognized by the user name, in any case of ASCII letters, by no similar one", async () => {
  const organization = await createOrganization(worker);
  const emails = [
    { value: "kim.lee@okta.local", type: "work", primary: true },
    { value: "Kim@Private.example", type: "home" },
  ];
  const kim = await organization.createUser("Kim.Lee@okta.local", { emails, statsigOrgRole: "Admin" });
  assert.equal(kim.statsigOrgRole, "Admin");
  assertStatus(await by("kim.lee@okta.local", "POST", organization.path("/accept")), 200);
  assertStatus(await by("KIM.LEE@okta.local", "GET", organization.path("/keys")), 200);
  // The Kelvin sign's lower case is an ASCII k; the address is another one all the same.
  for (const email of [
    "kim@private.example",
    "\u212aim.lee@okta.local",
    "kim.lee@okta.local.evil",
    "kim",
    "' OR 1=1 --",
  ]) {
    assertProblem(await by(email, "GET", organization.path("/keys")), 404);
  }
  await organization.createUser("\u212aay@okta.local", { statsigOrgRole: "Admin" });
  assertProblem(await by("kay@okta.local", "GET", organization.path("/keys")), 404);
});

test("an administrator is known in either composition, also if an upgrade gave the name to another", async () => {
  const organization = await createOrganization(worker);
  const jose = await organization.createUser("jose\u0301@okta.local", { statsigOrgRole: "Admin" });
  const reads = async (email) => (await by(email, "GET", organization.path("/keys"))).status;
  const lists = async (email) => {
    const { organizations } = assertStatus(await by(email, "GET", "/organizations"), 200);
    return organizations.some(({ id }) => id === organization.id);
  };
  const known = async (email) => [await reads(email), await lists(email)];
  assert.deepEqual(await known("jose\u0301@okta.local"), [403, false], "is invited");
  assertStatus(await by("jose\u0301@okta.local", "POST", organization.path("/accept")), 200);
  for (const email of ["jose\u0301@okta.local", "josé@okta.local", "JOSE\u0301@okta.local"]) {
    assert.deepEqual(await known(email), [200, true], email);
  }
  for (const email of ["ｊosé@okta.local", "jose@okta.local", "josé＠okta.local"]) {
    assert.deepEqual(await known(email), [404, false], email);
  }
  // As an upgrade leaves two people of one name.
  const sql = "UPDATE users SET user_name_fold = user_name_fold || char(1) || 'SAME NAME ' || id WHERE id = ?1";
  await worker.sql(sql, jose.id);
  await organization.createUser("josé@okta.local");
  assert.deepEqual(await known("jose\u0301@okta.local"), [200, true]);
  assert.deepEqual(await known("josé@okta.local"), [404, false], "is the other one, who is no Admin");
});

test("a client with the SCIM key, or an Admin, cannot become the Owner by changing addresses", async () => {
  const organization = await createOrganization(worker);
  const mallory = await organization.addMember("mallory@okta.local", { org_role: "Admin" });
  assertStatus(await by("mallory@okta.local", "POST", organization.path("/accept")), 200);
  const takeOver = () => by("mallory@okta.local", "PUT", organization.path("/owner"), { member: mallory.id });
  assertProblem(await takeOver(), 403, /Only the Owner/);
  await organization.configure({ email_management: true });
  const owner = await organization.owner();
  const address = { op: "add", path: "emails", value: [{ value: "mallory@okta.local", type: "home" }] };
  assertStatus(await organization.okta.patch(`/Users/${owner.id}`, address), 200);
  assertProblem(await takeOver(), 403, /Only the Owner/);
  for (const userName of ["mallory2@okta.local", "idp@okta.local"]) {
    const renamed = await organization.okta.put(`/Users/${owner.id}`, { ...owner, userName });
    assertStatus(renamed, 400);
    assert.match(renamed.body.detail, /Owner cannot be modified/);
  }
  assertStatus(await by("owner@okta.local", "GET", organization.path("/keys")), 200);
});

test("of two transfers at once by the Owner, one takes place", async () => {
  for (let round = 0; round < 5; round++) {
    const organization = await createOrganization(worker);
    const heirs = await Promise.all(["a", "b"].map((name) => organization.addMember(`${name}@okta.local`)));
    const transfers = heirs.map(({ id }) => by("owner@okta.local", "PUT", organization.path("/owner"), { member: id }));
    const statuses = (await Promise.all(transfers)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
  }
});

test("an administrator's page costs what it shows, however many people there are", async () => {
  const organization = await createOrganization(worker);
  await populate(worker.sql, organization.id, { users: 3_000 });
  const admin = await organization.addMember("late@okta.local", { org_role: "Admin" });
  assertStatus(await by("late@okta.local", "POST", organization.path("/accept")), 200);
  await worker.sql(
    `INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id, resource_name,
       detail, body, duration, code)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
     SELECT ?1, printf('2026-01-01T00:00:00.%03dZ-%08x', i % 1000, i), 'scim', 'scim-ABCD…', 'PUT', '/scim/Users/x',
       200, 'User',
       'r' || (i % 2), 'a user', NULL, NULL, 1, NULL FROM n`,
    organization.id,
  );
  for (const [path, most] of [
    // Four of them for the brake: the newest event has what it counts, and what its limit is a share of.
    ["", 8],
    // With those that were deactivated, which are looked for apart, and the failures of today.
    ["/keys", 22],
    ["/members", 120],
    // No index serves a part of a text: each person is looked at, and most addresses.
    ["/members?search=z", 6_800],
    // What added them is two of these; imports that showed them are looked for in three.
    [`/members/${admin.id}`, 36],
    ["/log?count=20", 60],
    ["/log?status=failed", 20],
    ["/log?source=console", 60],
    ["/log?resource=nobody", 21],
    ["/log?resource=late@okta.local", 35],
    ["/imports", 20],
    ["/projects", 20],
  ]) {
    const answer = await by("late@okta.local", "GET", organization.path(path));
    assertStatus(answer, 200);
    const { rows_read, round_trips } = serverTiming(answer);
    assert.equal(round_trips, 1, path);
    assert.ok(rows_read <= most, `${path}: ${rows_read} rows read, at most ${most} expected`);
  }
  const [{ organizations }] = await worker.sql("SELECT count(*) AS organizations FROM organizations");
  const { rows_read } = serverTiming(await by("nobody@okta.local", "GET", "/organizations"));
  assert.ok(rows_read <= 3 * organizations + 5, `${rows_read} rows read of ${organizations} organizations`);
});

test("the list of organizations is the operator's; other users see those they administer", async () => {
  const organization = await createOrganization(worker, { settings: { name: "Only one" } });
  await organization.addMember("only@okta.local", { org_role: "Admin" });
  assertStatus(await by("only@okta.local", "POST", organization.path("/accept")), 200);
  const { organizations } = assertStatus(await by("only@okta.local", "GET", "/organizations"), 200);
  assert.deepEqual(
    organizations.map(({ id }) => id),
    [organization.id],
  );
  assert.deepEqual(assertStatus(await by("nobody@okta.local", "GET", "/organizations"), 200).organizations, []);
  const all = assertStatus(await by("ann@example.com", "GET", "/organizations"), 200).organizations;
  assert.ok(all.length > 1);
  const made = { name: "Mine", owner: { user_name: "only@okta.local" } };
  assertProblem(await by("only@okta.local", "POST", "/organizations", made), 403, /operator/);
});

test("what a browser sends by itself changes nothing for a page of another origin", async () => {
  const organization = await createOrganization(worker);
  const assertion = team.token();
  const body = { name: "Taken over" };
  for (const headers of [
    {},
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Origin: worker.url, "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "none" },
  ]) {
    const answer = await call(worker, assertion, { method: "PATCH", path: organization.path(), body, headers });
    assertProblem(answer, 403, /not sent by a page of this console/);
  }
  const headers = { "Sec-Fetch-Site": "same-origin" };
  assertStatus(await call(worker, assertion, { method: "PATCH", path: organization.path(), body, headers }), 200);
});

test("a session is good for the API as it is for the pages, until it is signed out or forged", async () => {
  const form = { "Content-Type": "application/x-www-form-urlencoded", Origin: worker.url };
  const signIn = (token) =>
    send("POST", `${worker.url}/console/sign-in`, { headers: form, body: `token=${encodeURIComponent(token)}` });
  const wrong = await signIn("wrong");
  assert.equal(wrong.status, 401);
  assert.equal(wrong.headers["set-cookie"], undefined);
  const signedIn = await signIn(worker.adminToken);
  assert.equal(signedIn.status, 303);
  const [cookie, ...attributes] = [signedIn.headers["set-cookie"]].flat()[0].split("; ");
  assert.deepEqual(attributes.sort(), ["HttpOnly", "Max-Age=7200", "Path=/console", "SameSite=Strict"]);
  const list = (Cookie) => send("GET", `${worker.url}/console/api/organizations`, { headers: { Cookie } });
  assertStatus(await list(`other=1; ${cookie}`), 200);
  const [name, value] = cookie.split("=");
  const swapped = value.startsWith("A") ? "B" : "A";
  for (const forged of [`${value}A`, `${swapped}${value.slice(1)}`, value.slice(1), "A".repeat(43), ""]) {
    assertProblem(await list(`${name}=${forged}`), 401);
  }
  const admin = new AdminApi({ url: worker.url, adminToken: "wrong" });
  assertProblem(await admin.send("GET", "/organizations", undefined, { Cookie: cookie }), 401);
});
