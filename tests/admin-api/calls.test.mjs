// The console's JSON API.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const OWNER = { user_name: "owner@okta.local" };

describe("the admin token", () => {
  const unguarded = useWorker({ adminToken: null });

  test("guards every call", async () => {
    const organization = await createOrganization(worker);
    const { key } = organization.key;
    for (const Authorization of [
      "",
      "Bearer wrong",
      worker.adminToken.slice(0, -1),
      `Bearer ${key}`,
      "Basic YWRtaW46YWRtaW4=",
    ]) {
      const admin = new AdminApi(worker);
      for (const [method, path] of [
        ["GET", "/organizations"],
        ["POST", "/organizations"],
        ["GET", organization.path("/keys")],
        ["POST", organization.path(`/keys/${organization.key.id}/deactivate`)],
      ]) {
        assertProblem(await admin.send(method, path, method === "POST" ? {} : undefined, { Authorization }), 401);
      }
    }
    assertStatus(await organization.okta.get("/Users"), 200);
  });

  test("is no SCIM key", async () => {
    const { okta } = await createOrganization(worker);
    assertError(await okta.with({ key: worker.adminToken }).get("/Users"), 401);
  });

  test("has to be configured", async () => {
    for (const token of ["", "undefined", "null", "x"]) {
      const admin = new AdminApi({ url: unguarded.url, adminToken: token });
      assertProblem(await admin.send("GET", "/organizations"), 503, /ADMIN_TOKEN/);
    }
  });
});

describe("organizations", () => {
  test("are made with an Owner and default settings, listed and read", async () => {
    const admin = new AdminApi(worker);
    const made = await admin.create("/organizations", { name: "Acme", owner: OWNER });
    const { owner: _, ...shown } = made;
    const { id, created_at, last_modified, ...rest } = shown;
    const settings = {
      email_management: false,
      plain_groups: false,
      keep_access: false,
      mail_domains: [],
      key_lifetime_days: null,
      brake_percent: 20,
      revocation_minutes: 5,
      brake: { engaged_at: null, engaged_by: null, lifted_until: null, lost: 0, limit: 25, undo: null },
      pause: null,
      deletion: null,
    };
    const attribute = { org_role_attribute: "statsigOrgRole", confirmed_org_role_attribute: "statsigOrgRole" };
    const names = { name: "Acme", group_prefix: "Statsig", ...attribute };
    const owner_user_name = OWNER.user_name;
    const counts = { user_limit: null, user_count: 1, group_count: 0, failed_webhooks: 0 };
    assert.deepEqual(rest, { ...names, ...settings, ...counts, owner_user_name, database: 0 });
    assert.match(created_at, TIME);
    assert.equal(last_modified, created_at);
    assert.deepEqual(await admin.get(`/organizations/${id}`), shown);
    const { organizations } = await admin.get("/organizations");
    assert.deepEqual(
      organizations.filter((each) => each.id === id),
      [shown],
    );
  });

  test("change by PATCH, one setting at a time, at once", async () => {
    const organization = await createOrganization(worker);
    for (const change of [
      { name: "Renamed" },
      { email_management: true },
      { plain_groups: true },
      { keep_access: true },
      { mail_domains: ["okta.local", "example.com"] },
      { email_management: false, plain_groups: false, mail_domains: [] },
    ]) {
      const before = await organization.admin.get(organization.path());
      const after = await organization.configure(change);
      const { last_modified, ...rest } = after;
      assert.deepEqual({ ...rest, last_modified: before.last_modified }, { ...before, ...change });
      assert.ok(last_modified >= before.last_modified);
      assert.deepEqual(await organization.admin.get(organization.path()), after);
    }
  });

  test("may have many of a name; the id tells them apart", async () => {
    const admin = new AdminApi(worker);
    const body = { name: "Twin", owner: OWNER };
    const [one, two] = [
      await admin.send("POST", "/organizations", body),
      await admin.send("POST", "/organizations", body),
    ];
    assert.equal(one.status, 201, one.text);
    if (two.status === 201) assert.notEqual(one.body.id, two.body.id);
    else assertProblem(two, 409);
  });
});

describe("projects, roles, teams and members", () => {
  test("are made, and shown with their groups", async () => {
    const organization = await createOrganization(worker);
    const { admin } = organization;
    const project = await organization.addProject("Demo", ["Engineer"]);
    await admin.create(organization.path(`/projects/${project.id}/roles`), { name: "Data Analyst" });
    const team = await organization.addTeam(project.id, "Night Shift");
    const { projects } = await admin.get(organization.path("/projects"));
    assert.equal(projects.length, 1);
    const [shown] = projects;
    assert.deepEqual([shown.id, shown.name], [project.id, "Demo"]);
    assert.deepEqual(shown.teams, [team]);
    assert.deepEqual(
      shown.roles.map(({ name, group }) => [name, group.display_name]),
      ["Admin", "Member", "Read-Only", "Engineer", "Data Analyst"].map((name) => [name, `Statsig-Demo-${name}`]),
    );
    for (const { group } of [...shown.roles, ...team.roles]) {
      assertListOf(await organization.okta.find("/Groups", `displayName eq "${group.display_name}"`), [group.id]);
    }
  });

  test("a member added here is a user there", async () => {
    const organization = await createOrganization(worker);
    const names = { given_name: "Ada", family_name: "Lovelace", org_role: "Admin" };
    const member = await organization.addMember("Ada@okta.local", names);
    assert.deepEqual(member, {
      id: member.id,
      user_name: "Ada@okta.local",
      org_role: "Admin",
      active: true,
      managed: true,
    });
    const user = await organization.user(member.id);
    assert.deepEqual(
      [user.userName, user.name.givenName, user.name.familyName, user.statsigOrgRole, user.active],
      ["Ada@okta.local", "Ada", "Lovelace", "Admin", true],
    );
    assert.equal(user.emails[0].value, "Ada@okta.local");
  });
});

describe("a bad call", () => {
  test("names the field that is unknown, missing or wrong", async () => {
    const organization = await createOrganization(worker);
    const project = await organization.addProject("Demo");
    const bad = [
      ["POST", "/organizations", { name: "A", owner: OWNER, email_managment: true }, /email_managment/],
      ["POST", "/organizations", { name: "A", owner: { ...OWNER, nick: "O" } }, /nick/],
      ["POST", "/organizations", { owner: OWNER }, /name/],
      ["POST", "/organizations", { name: "A" }, /owner/],
      ["POST", "/organizations", { name: 7, owner: OWNER }, /./],
      ["POST", "/organizations", { name: " ", owner: OWNER }, /name/],
      ["POST", "/organizations", { name: "A", owner: { user_name: "" } }, /user_name/],
      ["POST", "/organizations", { name: "A", owner: OWNER, mail_domains: "okta.local" }, /./],
      ["POST", "/organizations", "{", /./],
      ["PATCH", organization.path(), { plain_group: true }, /plain_group/],
      ["PATCH", organization.path(), { plain_groups: "yes" }, /./],
      ["POST", organization.path("/keys"), { expires: 5 }, /expires/],
      ["POST", organization.path("/keys"), { expires_in_seconds: -5 }, /./],
      ["POST", organization.path("/keys"), { expires_in_seconds: "5" }, /./],
      ["POST", organization.path(`/keys/${organization.key.id}/regenerate`), { overlap: 5 }, /overlap/],
      ["POST", organization.path(`/keys/${organization.key.id}/regenerate`), { overlap_seconds: -1 }, /./],
      ["POST", organization.path("/projects"), { title: "Demo" }, /title/],
      ["POST", organization.path("/projects"), { name: "" }, /name/],
      ["POST", organization.path(`/projects/${project.id}/roles`), {}, /name/],
      ["POST", organization.path(`/projects/${project.id}/teams`), { name: "X", role: "Y" }, /role/],
      ["POST", organization.path("/members"), { user_name: "x@okta.local", org_role: "Emperor" }, /Emperor|org_role/],
      ["POST", organization.path("/members"), { given_name: "X" }, /user_name/],
    ];
    const state = async () => [
      (await organization.admin.get("/organizations")).organizations.length,
      await organization.admin.get(organization.path()),
      (await organization.admin.get(organization.path("/keys"))).keys.length,
      await organization.admin.get(organization.path("/projects")),
      await organization.dump(),
    ];
    const before = await state();
    for (const [method, path, body, detail] of bad) {
      assertProblem(await organization.admin.send(method, path, body), 400, detail);
    }
    assert.deepEqual(await state(), before);
  });

  test("is 409 for what exists, in any case", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.addProject("Demo", ["Engineer"]);
    await organization.addTeam(id, "Night Shift");
    await organization.addMember("ada@okta.local");
    for (const [path, body] of [
      ["/projects", { name: "Demo" }],
      ["/projects", { name: "DEMO" }],
      [`/projects/${id}/roles`, { name: "Engineer" }],
      [`/projects/${id}/roles`, { name: "member" }],
      [`/projects/${id}/teams`, { name: "night shift" }],
      ["/members", { user_name: "ADA@okta.local" }],
      ["/members", { user_name: "owner@okta.local" }],
    ]) {
      assertProblem(await organization.admin.send("POST", organization.path(path), body), 409);
    }
  });

  test("is 400 for a second Owner", async () => {
    const organization = await createOrganization(worker);
    const body = { user_name: "second@okta.local", org_role: "Owner" };
    assertProblem(await organization.admin.send("POST", organization.path("/members"), body), 400);
    assertListOf(await organization.okta.find("/Users", 'userName eq "second@okta.local"'), []);
  });

  test("is 404 for what is not there, 405 for what cannot be done", async () => {
    const organization = await createOrganization(worker);
    const stranger = await createOrganization(worker);
    const { id } = await stranger.addProject("Theirs");
    for (const [method, path, body] of [
      ["GET", "/organizations/none"],
      ["PATCH", "/organizations/none", { name: "X" }],
      ["GET", "/organizations/none/keys"],
      ["POST", "/organizations/none/keys", {}],
      ["GET", "/organizations/none/projects"],
      ["POST", "/organizations/none/projects", { name: "X" }],
      ["POST", "/organizations/none/members", { user_name: "x@okta.local" }],
      ["POST", organization.path("/keys/none/deactivate"), {}],
      ["POST", organization.path("/keys/none/regenerate"), {}],
      ["POST", organization.path("/projects/none/roles"), { name: "X" }],
      ["POST", organization.path(`/projects/${id}/roles`), { name: "X" }],
      ["POST", organization.path(`/projects/${id}/teams`), { name: "X" }],
      ["GET", "/nothing"],
    ]) {
      assertProblem(await organization.admin.send(method, path, body), 404);
    }
    const answer = await organization.admin.send("DELETE", "/organizations");
    assertProblem(answer, 405);
    assert.match(answer.headers.allow, /GET.*POST|POST.*GET/);
  });
});

describe("deployment settings", () => {
  const renamed = useWorker({ vars: { GROUP_PREFIX: "Acme", ORG_ROLE_ATTRIBUTE: "acmeOrgRole" } });

  test("give another product its own prefix and role attribute", async () => {
    const organization = await createOrganization(renamed, { projects: { Demo: [] } });
    const groups = await organization.okta.importAll("/Groups");
    assert.deepEqual(
      groups.map(({ displayName }) => displayName),
      ["Acme-Demo-Admin", "Acme-Demo-Member", "Acme-Demo-Read-Only"],
    );
    const user = await organization.createUser("ada@okta.local", { acmeOrgRole: "admin", statsigOrgRole: "Owner" });
    assert.equal(user.acmeOrgRole, "Admin");
    assert.ok(!("statsigOrgRole" in user));
    const { attributes } = assertStatus(
      await organization.okta.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
      200,
    );
    const names = attributes.map(({ name }) => name);
    assert.ok(names.includes("acmeOrgRole") && !names.includes("statsigOrgRole"));
  });
});
