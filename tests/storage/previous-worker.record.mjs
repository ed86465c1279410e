// Records what the built Worker sends to its database, for previous-worker.test.mjs. Run it in a checkout of the
// version before a migration, built: node tests/storage/previous-worker.record.mjs > previous-worker.json

import { readFileSync } from "node:fs";
import { AdminApi } from "../helpers/admin.mjs";
import { entraGroup, entraUser, oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { send } from "../helpers/http.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { startWorker } from "../helpers/worker.mjs";

const contents = readFileSync(new URL("../fixtures/recording-storage.js", import.meta.url), "utf8");
const worker = await startWorker({ modules: { "recording-storage.js": { type: "esm", contents } } });
const admin = new AdminApi(worker);

/** Requests of an identity provider, successful and failed. */
async function provision(okta, groups, owner) {
  const ids = [];
  for (const name of ["ada", "bea", "cid", "dan"]) {
    const { body } = await okta.post("/Users", oktaUser(person(`${name}@acme.test`, name, "King")));
    ids.push(body.id);
  }
  const [ada, bea, cid, dan] = ids;
  await okta.post("/Users", entraUser(person("eve@acme.test", "Eve", "Lin"), { externalId: "e-1" }));
  await okta.post("/Users", oktaUser(person("ADA@acme.test"))); // the name is taken
  await okta.post("/Users", oktaUser(person("max@elsewhere.test")));
  await okta.put(`/Users/${ada}`, oktaUser(person("ada@acme.test", "Ada", "Byron"), { statsigOrgRole: "Admin" }));
  await okta.patch(`/Users/${bea}`, { op: "replace", value: { title: "Dr", "name.givenName": "Béa" } });
  await okta.patch(`/Users/${bea}`, { op: "replace", value: { title: "Dr" } }); // changes nothing
  await okta.patch(`/Users/${owner}`, operation.active(false)); // refused

  const [role, plain] = [groups["Statsig-Demo-Member"], "Everyone"];
  await okta.put(`/Groups/${role}`, oktaGroup("Statsig-Demo-Member", [ada, bea]));
  await okta.patch(`/Groups/${role}`, operation.addMembers([cid]), operation.removeMember(ada));
  await okta.patch(`/Groups/${role}`, operation.replaceMembers([ada, dan]));
  await okta.patch(`/Groups/${role}`, { op: "remove", path: 'members[display eq "dan King"]' });
  await okta.patch(`/Groups/${role}`, operation.rename(role, "Statsig-Demo-Other")); // refused
  const { body: team } = await okta.post("/Groups", oktaGroup("Statsig-Demo-Night Shift-Member", [ada, cid]));
  const { body: group } = await okta.post("/Groups", { ...entraGroup(plain, "g-1"), members: [{ value: bea }] });
  await okta.put(`/Groups/${group.id}`, { ...oktaGroup("All", [bea, cid]), externalId: "g-2" });
  await okta.post("/Groups", oktaGroup("all")); // the name is taken
  await okta.get(`/Groups/${group.id}`);
  await okta.send("GET", `/Users/${ada}`, undefined, { "If-None-Match": 'W/"1"' });

  for (const filter of [
    'userName eq "ADA@acme.test"',
    'externalId eq "e-1" or id eq "1"',
    'emails.value eq "bea@acme.test"',
    'title co "d" and active eq true',
    `groups.value eq "${role}"`,
    'meta.lastModified gt "2026-01-01T00:00:00Z"',
  ]) {
    await okta.find("/Users", filter);
  }
  for (const filter of ['displayName eq "all"', `members.value eq "${ada}"`, 'externalId eq "g-2"']) {
    await okta.find("/Groups", filter);
  }
  for (const path of ["/Users", "/Groups"]) await okta.importPages(path, 2);
  await okta.list("/Users", { filter: 'name.familyName sw "k"', startIndex: 1, count: 2 });
  await okta.list("/Users", { filter: 'name.familyName sw "k"', startIndex: 3, count: 2 });
  const first = await okta.list("/Users", { cursor: "", count: 2, sortBy: "userName" });
  await okta.list("/Users", { cursor: first.body.nextCursor, count: 2, sortBy: "userName" });
  await okta.post("/.search", { schemas: [SCHEMA.search], filter: 'externalId eq "g-2"', count: 3 });
  const bulk = [
    { method: "POST", path: "/Users", bulkId: "a", data: oktaUser(person("fay@acme.test")) },
    { method: "POST", path: "/Groups", bulkId: "b", data: { displayName: "Bulk", members: [{ value: "bulkId:a" }] } },
  ];
  await okta.post("/Bulk", { schemas: [SCHEMA.bulk], Operations: bulk });

  await okta.patch(`/Users/${ada}`, operation.active(false));
  await okta.patch(`/Users/${ada}`, operation.active(true));
  await okta.delete(`/Users/${dan}`);
  await okta.delete(`/Users/${dan}`); // not there
  await okta.delete(`/Groups/${team.id}`);
  await okta.delete(`/Groups/${group.id}`);
  await okta.put(`/Groups/${role}`, oktaGroup("Statsig-Demo-Member", [ada, bea, cid]));
  return { ada, bea, cid };
}

/** Requests of administrators. */
async function administrate(path, { bea, cid }, key) {
  const member = await admin.create(path("/members"), { user_name: "guest@elsewhere.test", given_name: "Gus" });
  await admin.patch(path(`/members/${bea}`), { org_role: "Admin" });
  await admin.get(path(`/members/${bea}`));
  await admin.get(path("/members?search=k&status=active"));
  await admin.patch(path(), { mail_domains: ["acme.test"], name: "Acme Ltd" });
  await admin.patch(path(), { mail_domains: [] });
  const { id: project } = await admin.create(path("/projects"), { name: "Web", roles: ["Engineer"] });
  await admin.create(path(`/projects/${project}/roles`), { name: "Analyst" });
  const team = await admin.create(path(`/projects/${project}/teams`), { name: "Day" });
  await admin.patch(path(`/projects/${project}`), { name: "Shop" });
  await admin.send("POST", path("/projects"), { name: "shop" }); // the name is taken
  const groups = (await admin.get(path("/projects"))).projects.find(({ id }) => id === project).groups ?? [];
  for (const { id } of groups.slice(0, 1)) await admin.get(path(`/groups/${id}`));
  await admin.send("DELETE", path(`/projects/${project}/teams/${team.id}`));
  await admin.call("POST", path(`/projects/${project}/archive`), {}, 200);
  await admin.call("POST", path(`/projects/${project}/restore`), {}, 200);
  await admin.create(path(`/projects/${project}/teams`), { name: "Late" });
  await admin.send("PUT", path("/owner"), { member: cid });
  await admin.send("DELETE", path(`/members/${member.id}`));
  await admin.create(path(`/keys/${key}/regenerate`), { overlap_seconds: 3600 });
  const spare = await admin.create(path("/keys"), { expires_in_seconds: 3600 });
  await admin.call("POST", path(`/keys/${spare.id}/deactivate`), {}, 200);
  for (const read of [
    "/keys",
    "/imports",
    "/log",
    "/log?status=failed",
    `/log?resource=${bea}`,
    "/log?source=console",
  ]) {
    await admin.get(path(read));
  }
  const repeated = { "Idempotency-Key": "1" };
  await admin.send("POST", path("/projects"), { name: "Once" }, repeated);
  await admin.send("POST", path("/projects"), { name: "Once" }, repeated);
}

/** The console's pages, in a session. */
async function browse(path) {
  const form = { "Content-Type": "application/x-www-form-urlencoded", Origin: worker.url };
  const token = new URLSearchParams({ token: worker.adminToken }).toString();
  const { headers } = await send("POST", `${worker.url}/console/sign-in`, { headers: form, body: token });
  const [Cookie] = [headers["set-cookie"]].flat()[0].split(";");
  for (const page of [
    "/console",
    ...["/keys", "/members", "/projects", "/log", "/settings"].map((page) => path(page)),
  ]) {
    await send("GET", `${worker.url}${page.startsWith("/console") ? page : `/console${page}`}`, {
      headers: { Cookie },
    });
  }
  await send("POST", `${worker.url}/console/sign-out`, { headers: { ...form, Cookie }, body: "" });
}

const settings = { email_management: true, plain_groups: true };
const owner = { user_name: "owner@acme.test", given_name: "Olga" };
const {
  id,
  owner: { id: ownerId },
} = await admin.create("/organizations", { name: "Acme", owner, ...settings });
const path = (rest = "") => `/organizations/${id}${rest}`;
await admin.get("/organizations");
const { id: key, key: secret } = await admin.create(path("/keys"));
await admin.create(path("/projects"), { name: "Demo" });
const okta = new ScimClient(`${worker.url}/scim`, secret);
const groups = await okta.importAll("/Groups");
const ids = Object.fromEntries(groups.map((group) => [group.displayName, group.id]));
const people = await provision(okta, ids, ownerId);
await administrate(path, people, key);
await browse(path);
await worker.scheduled();
await worker.flushLogs();

// Each text once; a statement of a batch is the number of its text, and its parameters.
const batches = worker.logs().flatMap((line) => (line.startsWith('{"batch":') ? [JSON.parse(line)] : []));
const texts = [...new Set(batches.flatMap(({ batch }) => batch.map(([sql]) => sql)))];
const numbered = batches.map(({ batch, isDone }) => ({
  isDone,
  batch: batch.map(([sql, ...params]) => [texts.indexOf(sql), ...params]),
}));
const lines = (list) => list.map((each) => `    ${JSON.stringify(each)}`).join(",\n");
process.stdout.write(`{\n  "texts": [\n${lines(texts)}\n  ],\n  "batches": [\n${lines(numbered)}\n  ]\n}\n`);
await worker.close();
