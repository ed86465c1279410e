// A first npm run deploy that ends at some step, and what it has to come to in the end.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { ADMIN_TOKEN } from "./deployment.mjs";

export const ARGS = ["--jurisdiction", "eu"];

/** All changes of a first deployment, each the pattern of its request. */
export const STEPS = [
  "POST /d1/database$",
  "POST /storage/kv/namespaces",
  "POST /d1/database/.*/query",
  "POST /queues$",
  "PUT /workers/scripts/scim-edge$",
  "POST /workers/scripts/scim-edge/subdomain",
  "PUT /workers/scripts/scim-edge/schedules",
  "POST /queues/.*/consumers",
  "PUT /workers/scripts/scim-edge/secrets",
];

/** Ends the running command at the first request like `pattern`, `when` it is carried out: before it or after it. */
export async function deployUntil(deployment, pattern, when, signal) {
  const { account } = deployment;
  let group;
  let isEnded = false;
  account[when] = async ({ method, path }) => {
    if (isEnded || !new RegExp(`^${pattern}`).test(`${method} ${path}`)) return;
    isEnded = true;
    process.kill(group, signal);
    if (when === "before") await new Promise(() => {}); // it never arrived
  };
  const result = await deployment.deploy(ARGS, { onStart: ({ pid }) => (group = -pid) });
  account[when] = () => {};
  assert.ok(isEnded, `${pattern} was never sent\n${result.output}`);
  assert.notEqual(result.status, 0);
  return result;
}

/** Asserts that another run finishes what was begun, with nothing created twice. */
export async function assertDeployed(deployment) {
  const { account } = deployment;
  const { status, output } = await deployment.deploy(ARGS);
  assert.equal(status, 0, output);
  assert.deepEqual(account.unknown, []);
  assert.deepEqual(
    account.databases.map(({ name, jurisdiction }) => [name, jurisdiction]),
    [["scim-edge", "eu"]],
  );
  assert.deepEqual(
    account.namespaces.map(({ title }) => title),
    ["scim-edge-kv"],
  );
  assert.deepEqual([...account.workers.keys()], ["scim-edge"]);
  const { bindings, schedules } = account.workers.get("scim-edge");
  const bound = (name) => bindings.filter((each) => each.name === name);
  assert.deepEqual(bound("DB"), [{ name: "DB", type: "d1", id: account.databases[0].uuid }]);
  assert.deepEqual(bound("KV"), [{ name: "KV", type: "kv_namespace", namespace_id: account.namespaces[0].id }]);
  assert.deepEqual(
    bound("ADMIN_TOKEN").map(({ text }) => text),
    [ADMIN_TOKEN],
  );
  assert.deepEqual(schedules, ["23 * * * *", "* * * * *"]);
  assert.deepEqual(
    account.queues.map(({ queue_name, consumers }) => [queue_name, consumers.map(({ script }) => script)]),
    [["scim-edge-webhooks", ["scim-edge"]]],
  );
  const applied = await account.sql("scim-edge", "SELECT name FROM d1_migrations ORDER BY id");
  assert.deepEqual(
    applied.map(({ name }) => name),
    readdirSync(join(root, "migrations")),
  );
}
