// The Worker of a product, bound to scim-edge by its entrypoint for products: no key, and the organization by props.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { builtWorker, openWorkers, schema, workerOf } from "../../scripts/lib/local-worker.mjs";
import { createOrganization } from "../helpers/organization.mjs";

const ADMIN_TOKEN = "test-admin-token-of-40-characters-length";
// Calls the method of a binding that the body names, and answers with what that returns or throws.
const PRODUCT = `export default {
  async fetch(request, env) {
    const { binding, method, args } = await request.json();
    try {
      if (method !== "fetch") return Response.json({ value: await env[binding][method](...args) });
      const [address, init] = args;
      const answer = await env[binding].fetch(new Request(address, init));
      return Response.json({ value: { status: answer.status, text: await answer.text() } });
    } catch (error) {
      return Response.json({ error: error.message, name: error.name });
    }
  },
};`;

let folder;
let workers;
let url;
let product;
const organizations = {};

/** Starts both Workers; `props` are those of each binding by its name. */
async function open(props) {
  const bound = Object.entries(props).map(([name, props]) => [
    name,
    { type: "worker", worker: "scim-edge", exportName: name.startsWith("DEFAULT") ? "default" : "Product", props },
  ]);
  const modules = { "product.js": { type: "esm", contents: PRODUCT } };
  return openWorkers({
    workers: [
      builtWorker({ bindings: { ADMIN_TOKEN } }),
      workerOf("product", { modules, env: Object.fromEntries(bound) }),
    ],
    folder,
    direct: true,
  });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "scim-edge-binding-"));
  workers = await open({ PRODUCT: {} });
  await (await workers.database("DB", "scim-edge")).prepare(schema()).run();
  const worker = { url: await workers.directUrl("scim-edge"), adminToken: ADMIN_TOKEN };
  for (const name of ["mine", "theirs"]) {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { id } = await organization.createUser(`${name}@okta.local`);
    const { projects } = await organization.admin.get(organization.path("/projects"));
    const [group] = projects[0].roles.filter((role) => role.name === "Member").map((role) => role.group.id);
    await organization.admin.call("PUT", organization.path(`/groups/${group}/members/${id}`), {}, 200);
    organizations[name] = organization.id;
  }
  await workers.close();
  workers = await open({
    PRODUCT: { organization: organizations.mine, consumer: "shop" },
    THEIRS: { organization: organizations.theirs },
    EMPTY: {},
    UNKNOWN: { organization: "00000000-0000-4000-8000-000000000000" },
  });
  url = await workers.directUrl("scim-edge");
  product = await workers.directUrl("product");
});

after(async () => {
  await workers?.close();
  await rm(folder, { recursive: true, force: true });
});

const post = async (content) => (await fetch(product, { method: "POST", body: JSON.stringify(content) })).json();
const call = async (binding, method, ...args) => {
  const answer = await post({ binding, method, args });
  assert.equal(answer.error, undefined);
  return answer.value;
};
const refused = async (binding, method, ...args) => (await post({ binding, method, args })).error;
const demo = { type: "project", id: "Demo" };

test("a check needs no key, and is about the organization of the props", async () => {
  const permitted = await call("PRODUCT", "check", "mine@okta.local", "view_project", demo);
  assert.equal(permitted.decision, true);
  assert.equal(permitted.context.reason.through[0].role, "Member");
  assert.equal((await call("PRODUCT", "check", "theirs@okta.local", "view_project", demo)).decision, false);
  assert.equal((await call("THEIRS", "check", "theirs@okta.local", "view_project", demo)).decision, true);
  const subject = { type: "user", id: "mine@okta.local", properties: { id_type: "userName" } };
  assert.equal((await call("PRODUCT", "check", subject, { name: "view_project" }, demo)).decision, true);
  const organization = { type: "organization", id: organizations.theirs };
  assert.equal((await call("PRODUCT", "check", "mine@okta.local", "view_organization", organization)).decision, false);
});

test("several checks are one call", async () => {
  const ask = (action) => ({ subject: "mine@okta.local", action, resource: demo });
  const asked = ["view_project", "launch_to_production", "create_configs"].map(ask);
  const decisions = async (...args) => (await call("PRODUCT", "checkAll", ...args)).map(({ decision }) => decision);
  assert.deepEqual(await decisions(asked), [true, false, true]);
  assert.deepEqual(await decisions(asked, "deny_on_first_deny"), [true, false]);
  assert.deepEqual(await decisions([]), []);
});

test("people, events and acknowledgements are methods, too", async () => {
  const { person, access } = await call("PRODUCT", "person", "mine@okta.local");
  assert.deepEqual([person.user_name, access.map(({ role }) => role)], ["mine@okta.local", ["Member"]]);
  assert.match(await refused("PRODUCT", "person", "theirs@okta.local"), /^404 member_not_found: /);
  const { people } = await call("PRODUCT", "peopleOf", "Demo", { role: "Member" });
  assert.deepEqual(
    people.map((holder) => holder.person.id),
    [person.id],
  );
  const first = await call("PRODUCT", "events", { limit: 2 });
  assert.deepEqual([first.events.length, first.has_more], [2, true]);
  const rest = await call("PRODUCT", "events", { after: first.cursor, types: "membership.added" });
  assert.deepEqual(
    rest.events.map(({ type, organization }) => [type, organization]),
    [["membership.added", organizations.mine]],
  );
  const { consumer, behind } = await call("PRODUCT", "acknowledge", rest.cursor);
  assert.deepEqual([consumer, behind], ["shop", 0]);
  assert.match(await refused("THEIRS", "acknowledge", rest.cursor), /^400 invalid_cursor: /);
});

test("a request over the binding is as one over HTTPS with a key of all scopes", async () => {
  const { status, text } = await call("PRODUCT", "fetch", "https://any.example/product/v1", {});
  assert.equal(status, 200);
  const about = JSON.parse(text);
  assert.deepEqual([about.organization.id, about.consumer], [organizations.mine, "shop"]);
});

test("an error says what is wrong", async () => {
  assert.match(await refused("PRODUCT", "check", "", "view_project", demo), /^400 refused: .*subject.id/);
  assert.match(await refused("PRODUCT", "check", "mine@okta.local", "view_project"), /^400 .*"resource"/);
  assert.match(await refused("UNKNOWN", "check", "x", "y", demo), /^404 .*props/);
  assert.match(await refused("EMPTY", "check", "x", "y", demo), /^401 .*product key/, "without props it is no one");
});

test("the binding opens nothing else, and nothing from the internet is taken for it", async () => {
  for (const path of ["/scim/Users", "/console/api/organizations"]) {
    assert.equal((await call("PRODUCT", "fetch", `https://any.example${path}`, {})).status, 401, path);
  }
  const props = JSON.stringify({ organization: organizations.mine, consumer: "shop" });
  const body = JSON.stringify({
    subject: { type: "user", id: "mine@okta.local" },
    action: { name: "x" },
    resource: demo,
  });
  for (const headers of [
    { "cf-props": props, props, "x-props": props, "cf-worker": "product", "cf-entrypoint": "Product" },
    { "MF-Entrypoint": "Product", "cf-ew-via": "15", host: "scim-edge.internal" },
  ]) {
    const init = { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body };
    const answer = await fetch(`${url}/access/v1/evaluation`, init);
    assert.equal(answer.status, 401);
    await answer.text();
  }
});
