// GROUP_PREFIX and ORG_ROLE_ATTRIBUTE are changed when there are organizations already: names stay as the identity
// providers know them, or what no longer fits is refused with words, until an administrator changes it.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, memberIds } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, person } from "../helpers/bodies.mjs";
import { OKTA, ScimClient } from "../helpers/client.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { requestsLogged } from "../helpers/storage.mjs";
import { startWorker } from "../helpers/worker.mjs";

/** Workers with other variables one after the other, on the same data. */
function useDeployment() {
  let folder;
  let running;
  const close = async () => running?.close();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "scim-edge-names-"));
  });
  after(async () => {
    await close();
    await rm(folder, { recursive: true, force: true });
  });
  return async (vars) => {
    await close();
    running = await startWorker({ persistTo: folder, vars });
    return running;
  };
}

describe("GROUP_PREFIX, once there are groups", () => {
  const deploy = useDeployment();
  let worker;
  let admin;
  let okta;
  const ids = {};
  const path = (rest = "") => `/organizations/${ids.used}${rest}`;
  const names = async () => (await okta.importAll("/Groups")).map(({ displayName }) => displayName).sort();
  const project = async (id) => (await admin.get(path("/projects"))).projects.find((each) => each.id === id);
  const groupsOf = ({ roles, teams }) =>
    [...roles, ...teams.flatMap((team) => team.roles)].map(({ group }) => group.display_name).sort();

  before(async () => {
    worker = await deploy({ GROUP_PREFIX: "Statsig" });
    const used = await createOrganization(worker, {
      projects: { Demo: [], Past: [] },
      settings: { plain_groups: true },
    });
    const empty = await createOrganization(worker);
    const user = await used.createUser("ada@okta.local");
    const { body } = await used.okta.post("/Groups", oktaGroup("Statsig-Demo-Night-Member", [user.id]));
    const { projects } = await used.admin.get(used.path("/projects"));
    const idOf = (name) => projects.find((each) => each.name === name).id;
    Object.assign(ids, { used: used.id, empty: empty.id, user: user.id, team: body.id });
    Object.assign(ids, { demo: idOf("Demo"), past: idOf("Past") });
    await used.admin.call("POST", used.path(`/projects/${ids.past}/archive`), {}, 200);
    worker = await deploy({ GROUP_PREFIX: "Acme" });
    admin = new AdminApi(worker);
    okta = new ScimClient(new URL("/scim", worker.url).href, used.key.key, OKTA);
  });

  test("is for organizations that have none: others keep the prefix of their groups", async () => {
    assert.equal((await admin.get(path())).group_prefix, "Statsig");
    assert.equal((await admin.get(`/organizations/${ids.empty}`)).group_prefix, "Acme");
    const role = await admin.create(path(`/projects/${ids.demo}/roles`), { name: "Analyst" });
    assert.equal(role.group.display_name, "Statsig-Demo-Analyst");
    const team = await admin.create(path(`/projects/${ids.demo}/teams`), { name: "Day" });
    assert.equal(team.roles[1].group.display_name, "Statsig-Demo-Day-Member");
    const made = await admin.create(path("/projects"), { name: "Web" });
    assert.ok(groupsOf(made).every((name) => name.startsWith("Statsig-Web-")));
    const renamed = await admin.patch(path(`/projects/${made.id}`), { name: "Shop" });
    assert.ok(groupsOf(renamed).every((name) => name.startsWith("Statsig-Shop-")));
    const first = await admin.create(`/organizations/${ids.empty}/projects`, { name: "First" });
    assert.ok(groupsOf(first).every((name) => name.startsWith("Acme-First-")));
  });

  test("lets an identity provider push what it knows, and keeps its prefix for projects", async () => {
    const pushed = await okta.put(`/Groups/${ids.team}`, oktaGroup("Statsig-Demo-Night-Member", [ids.user]));
    assert.deepEqual(memberIds(assertStatus(pushed, 200)), [ids.user]);
    assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Late-Member", [])), 201);
    assertError(await okta.post("/Groups", oktaGroup("Statsig-Nowhere-Member", [])), 400, { detail: /"Statsig-/ });
    const { id } = assertStatus(await okta.post("/Groups", oktaGroup("Acme-Plain", [])), 201);
    const taken = { op: "replace", path: "displayName", value: "Statsig-Other" };
    assertError(await okta.patch(`/Groups/${id}`, taken), 400, { detail: /"Statsig-"/ });
    assertStatus(await okta.delete(`/Groups/${id}`), 204);
  });

  test("can be given to an organization, project by project, under the ids and with the members", async () => {
    assertProblem(await admin.send("PATCH", path(), { group_prefix: " Acme" }), 400, /space/);
    assert.equal((await admin.patch(path(), { group_prefix: "Acme" })).group_prefix, "Acme");
    const before = await names();
    assert.ok(
      before.every((name) => name.startsWith("Statsig-")),
      "the groups wait for their project",
    );
    const { version } = (await okta.get(`/Groups/${ids.team}`)).body.meta;
    const renamed = await admin.patch(path(`/projects/${ids.demo}`), { name: "Demo" });
    const expected = before.filter((name) => name.includes("-Demo-")).map((name) => name.replace("Statsig", "Acme"));
    assert.deepEqual(
      groupsOf(renamed).filter((name) => expected.includes(name)),
      expected,
    );
    assert.ok(groupsOf(renamed).every((name) => name.startsWith("Acme-Demo-")));
    const team = assertStatus(await okta.get(`/Groups/${ids.team}`), 200);
    assert.deepEqual([team.displayName, memberIds(team)], ["Acme-Demo-Night-Member", [ids.user]]);
    assert.notEqual(team.meta.version, version);
    assertStatus(await okta.post("/Groups", oktaGroup("Acme-Demo-Noon-Member", [])), 201);
    const [deed] = await worker.sql(
      `SELECT count(*) AS events, count(DISTINCT story) AS stories FROM events
       WHERE org_id = ?1 AND type = 'group.updated' AND data LIKE '%"before":"Statsig-Demo-%"after":"Acme-Demo-%'`,
      ids.used,
    );
    assert.deepEqual(deed, { events: groupsOf(renamed).length, stories: 1 });
    const [entry] = (await admin.get(path("/log?source=console"))).entries;
    assert.equal(entry.detail, "Renamed the groups of the project Demo to begin with Acme.");
    await admin.patch(path(`/projects/${ids.demo}`), { name: "Demo" });
    const again = (await admin.get(path("/log?source=console"))).entries[0];
    assert.equal(again.id, entry.id, "a second time there is nothing to rename");
  });

  test("of an archived project comes once it is restored", async () => {
    await admin.call("POST", path(`/projects/${ids.past}/restore`), {}, 200);
    assert.ok(groupsOf(await project(ids.past)).every((name) => name.startsWith("Statsig-Past-")));
    const renamed = await admin.patch(path(`/projects/${ids.past}`), { name: "Past" });
    assert.ok(groupsOf(renamed).every((name) => name.startsWith("Acme-Past-")));
  });
});

describe("ORG_ROLE_ATTRIBUTE, once there are organizations", () => {
  const deploy = useDeployment();
  const OLD = { ORG_ROLE_ATTRIBUTE: "statsigOrgRole" };
  const NEW = { ORG_ROLE_ATTRIBUTE: "acmeOrgRole" };
  const BEARER = ({ adminToken }) => ({ Authorization: `Bearer ${adminToken}` });
  let worker;
  let id;
  let key;
  let user;
  const okta = () => new ScimClient(new URL("/scim", worker.url).href, key, OKTA);
  const words = () =>
    new RegExp(
      `set up with the attribute "statsigOrgRole".*ORG_ROLE_ATTRIBUTE is now "acmeOrgRole".*` +
        `confirms that at ${worker.url}/console/organizations/${id}/settings`,
    );

  before(async () => {
    worker = await deploy(OLD);
    const organization = await createOrganization(worker);
    id = organization.id;
    key = organization.key.key;
    user = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
  });

  test("refuses what the identity provider sends and reads, and says what to do", async () => {
    worker = await deploy(NEW);
    const { result: refused, requests } = await requestsLogged(worker, () => okta().get(`/Users/${user.id}`));
    assertError(refused, 503, { detail: words() });
    assert.equal(requests[0].code, "org_role_attribute_changed");
    const changed = { ...user, statsigOrgRole: "Member" };
    const bulk = { schemas: [SCHEMA.bulk], Operations: [{ method: "DELETE", path: `/Users/${user.id}` }] };
    for (const answer of [
      await okta().list("/Users"),
      await okta().post("/Users", oktaUser(person("bea@okta.local"))),
      await okta().put(`/Users/${user.id}`, changed),
      await okta().delete(`/Users/${user.id}`),
      await okta().send("POST", "/Bulk", bulk),
    ]) {
      if (answer.status === 200) assert.equal(answer.body.Operations[0].status, "503", answer.text);
      else assertError(answer, 503, { detail: words() });
    }
    for (const path of ["/ServiceProviderConfig", "/Schemas"]) assertStatus(await okta().get(path), 200);
    const people = await worker.sql("SELECT org_role FROM users WHERE org_id = ?1 ORDER BY seq", id);
    assert.deepEqual(
      people.map(({ org_role }) => org_role),
      ["Owner", "Admin"],
    );
  });

  test("works as before when it is set back", async () => {
    worker = await deploy(OLD);
    assert.equal(assertStatus(await okta().get(`/Users/${user.id}`), 200).statsigOrgRole, "Admin");
  });

  test("is confirmed in the console, on each of whose pages it is said", async () => {
    worker = await deploy(NEW);
    const pages = new URL(`/console/organizations/${id}/`, worker.url);
    const page = await (await fetch(new URL("members", pages), { headers: BEARER(worker) })).text();
    assert.match(page, /set up with the attribute <code>statsigOrgRole<\/code>/);
    assert.match(page, /value="confirm-attribute">It sends acmeOrgRole now</);
    const admin = new AdminApi(worker);
    const wrong = await admin.send("PATCH", `/organizations/${id}`, { org_role_attribute: "other" });
    assertProblem(wrong, 400, /must be "acmeOrgRole"/);
    assertError(await okta().get(`/Users/${user.id}`), 503);
    const saved = await fetch(new URL("settings", pages), {
      ...{ method: "POST", redirect: "manual", body: "action=confirm-attribute" },
      headers: { ...BEARER(worker), Origin: worker.url, "Content-Type": "application/x-www-form-urlencoded" },
    });
    assert.equal(saved.status, 303);
    const shown = assertStatus(await okta().get(`/Users/${user.id}`), 200);
    assert.deepEqual([shown.acmeOrgRole, "statsigOrgRole" in shown], ["Admin", false]);
    const events = await worker.sql("SELECT data FROM events WHERE org_id = ?1 AND type = 'settings.changed'", id);
    const change = { before: "statsigOrgRole", after: "acmeOrgRole" };
    assert.deepEqual(JSON.parse(events.at(-1).data).settings, { org_role_attribute: change });
    const settings = await (await fetch(new URL("settings", pages), { headers: BEARER(worker) })).text();
    assert.doesNotMatch(settings, /confirm-attribute/);
  });

  test("is noted by the maintenance for organizations that a Worker of before made", async () => {
    await worker.sql("UPDATE organizations SET org_role_attribute = NULL WHERE id = ?1", id);
    worker = await deploy(OLD);
    assertStatus(await okta().get(`/Users/${user.id}`), 200);
    await worker.scheduled();
    const [{ org_role_attribute }] = await worker.sql("SELECT org_role_attribute FROM organizations WHERE id = ?1", id);
    assert.equal(org_role_attribute, "statsigOrgRole");
  });
});
