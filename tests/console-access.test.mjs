// Who may use the console for what: operators everything, administrators their own organizations, nobody else anything.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { behindAccess, call, keyPair } from "./lib/access.mjs";
import { AdminApi, assertProblem } from "./lib/admin.mjs";
import { assertStatus } from "./lib/assert.mjs";
import { operation } from "./lib/bodies.mjs";
import { send } from "./lib/http.mjs";
import { createOrganization } from "./lib/organization.mjs";

const { team, worker } = await behindAccess(keyPair("only"));

/** Every call that names an organization, with ids that exist in it. */
const CALLS = (o) => [
  ["GET", ""],
  ["GET", "/keys"],
  ["GET", "/members"],
  ["GET", `/members/${o.person}`],
  ["GET", "/projects"],
  ["GET", `/groups/${o.group}`],
  ["GET", "/log"],
  ["GET", "/imports"],
  ["PATCH", "", { name: "Taken over" }],
  ["POST", "/keys", {}],
  ["POST", `/keys/${o.key.id}/regenerate`, {}],
  ["POST", `/keys/${o.key.id}/deactivate`, {}],
  ["POST", "/projects", { name: "Mine" }],
  ["PATCH", `/projects/${o.project.id}`, { name: "Mine too" }],
  ["POST", `/projects/${o.project.id}/archive`],
  ["POST", `/projects/${o.project.id}/restore`],
  ["POST", `/projects/${o.project.id}/roles`, { name: "Mine" }],
  ["POST", `/projects/${o.project.id}/teams`, { name: "Mine" }],
  ["DELETE", `/projects/${o.project.id}/teams/${o.team.id}`],
  ["POST", "/members", { user_name: "eve@okta.local", org_role: "Admin" }],
  ["PATCH", `/members/${o.person}`, { org_role: "Admin" }],
  ["DELETE", `/members/${o.person}`],
  ["PUT", "/owner", { member: o.person }],
];

async function furnished() {
  const organization = await createOrganization(worker);
  organization.project = await organization.addProject("Demo");
  organization.team = await organization.addTeam(organization.project.id, "Night");
  organization.person = (await organization.createUser("person@okta.local")).id;
  organization.group = organization.project.roles[0].group.id;
  const admin = await organization.addMember("admin@okta.local", { org_role: "Admin" });
  await organization.addMember("member@okta.local");
  organization.adminId = admin.id;
  return organization;
}

/** A call by whoever has this mail address, from a page of the console. */
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

  test("is none of the business of whoever is no administrator of it", async () => {
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

  test("is its administrators' to manage, and the log has who did what", async () => {
    for (const [method, path, body] of CALLS(ours)) {
      const answer = await by("ADMIN@okta.local", method, ours.path(path), body);
      if (path === "/owner") assertProblem(answer, 403, /Only the Owner/);
      else assert.ok(answer.status < 300, `${method} ${path} -> ${answer.status} ${answer.text}`);
    }
    const { entries } = await ours.admin.get(ours.path("/log?source=console&count=200"));
    const done = entries.filter(({ actor }) => actor === "admin@okta.local");
    // Neither of what was refused, nor of what had been done already: a key that is replaced at once is deactivated.
    assert.equal(done.length, CALLS(ours).filter(([method]) => method !== "GET").length - 2);
    const keys = (await ours.admin.get(ours.path("/keys"))).keys;
    assert.deepEqual([...new Set(keys.map(({ created_by }) => created_by))].sort(), [
      "admin token",
      "admin@okta.local",
    ]);
  });

  test("changes hands by its Owner", async () => {
    assertStatus(await by("owner@okta.local", "PUT", theirs.path("/owner"), { member: theirs.adminId }), 200);
    assertProblem(await by("owner@okta.local", "PUT", theirs.path("/owner"), { member: theirs.person }), 403);
  });

  test("is lost to an administrator who has been deactivated over SCIM, or made a member", async () => {
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

test("an administrator is known by any of the person's addresses, in any case of ASCII letters, and by nothing like it", async () => {
  const organization = await createOrganization(worker);
  const emails = [
    { value: "kim.lee@okta.local", type: "work", primary: true },
    { value: "Kim@Private.example", type: "home" },
  ];
  const kim = await organization.createUser("kim.lee@okta.local", { emails, statsigOrgRole: "Admin" });
  assert.equal(kim.statsigOrgRole, "Admin");
  for (const email of ["KIM.LEE@okta.local", "kim@private.EXAMPLE"]) {
    assertStatus(await by(email, "GET", organization.path("/keys")), 200);
  }
  // The Kelvin sign's lower case is an ASCII k; the address is another one all the same.
  for (const email of ["\u212aim.lee@okta.local", "kim.lee@okta.local.evil", "kim", "kim.lee@okta.local' OR 1=1 --"]) {
    assertProblem(await by(email, "GET", organization.path("/keys")), 404);
  }
});

test("the list of organizations is the operator's; anybody else sees those they administer", async () => {
  const organization = await createOrganization(worker, { settings: { name: "Only one" } });
  await organization.addMember("only@okta.local", { org_role: "Admin" });
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

test("what a browser sends by itself changes nothing for a page of somebody else's", async () => {
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
  assert.deepEqual(attributes.sort(), ["HttpOnly", "Max-Age=43200", "Path=/console", "SameSite=Strict"]);
  const list = (Cookie) => send("GET", `${worker.url}/console/api/organizations`, { headers: { Cookie } });
  assertStatus(await list(`other=1; ${cookie}`), 200);
  const [name, value] = cookie.split("=");
  const [end, signature] = value.split(".");
  for (const forged of [
    `${end}0.${signature}`,
    `${Number(end) + 1}.${signature}`,
    end,
    `.${signature}`,
    `${end}.`,
    "",
  ]) {
    assertProblem(await list(`${name}=${forged}`), 401);
  }
  const admin = new AdminApi({ url: worker.url, adminToken: "wrong" });
  assertProblem(await admin.send("GET", "/organizations", undefined, { Cookie: cookie }), 401);
});
