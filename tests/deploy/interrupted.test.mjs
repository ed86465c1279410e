// npm run deploy that ends at any moment, and is repeated.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/lib/paths.mjs";
import { Refusal } from "../helpers/account-routes.mjs";
import { ADMIN_TOKEN, useDeployment } from "../helpers/deployment.mjs";

const deployment = useDeployment();
const ARGS = ["--jurisdiction", "eu"];

/** All changes of a first deployment, each the pattern of its request. */
const STEPS = [
  "POST /d1/database$",
  "POST /storage/kv/namespaces",
  "POST /d1/database/.*/query",
  "PUT /workers/scripts/scim-edge$",
  "POST /workers/scripts/scim-edge/subdomain",
  "PUT /workers/scripts/scim-edge/schedules",
  "PUT /workers/scripts/scim-edge/secrets",
];

/** Ends the running command at the first request like `pattern`, `when` it is carried out: before it or after it. */
async function deployUntil(pattern, when, signal) {
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

async function assertDeployed() {
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
  assert.deepEqual(schedules, ["23 * * * *"]);
  const applied = await account.sql("scim-edge", "SELECT name FROM d1_migrations ORDER BY id");
  assert.deepEqual(
    applied.map(({ name }) => name),
    readdirSync(join(root, "migrations")),
  );
}

describe("a first deployment", () => {
  test("goes on after each step whose answer was lost", async () => {
    for (const pattern of STEPS) await deployUntil(pattern, "after", "SIGKILL");
    await assertDeployed();
  });

  test("goes on after a step that was not carried out", async () => {
    await deployment.newAccount();
    for (const pattern of [STEPS[0], STEPS[2], STEPS[3], STEPS[6]]) await deployUntil(pattern, "before", "SIGKILL");
    await assertDeployed();
  });

  test("says what is done when the Worker is refused, and goes on later", async () => {
    await deployment.newAccount();
    const { account } = deployment;
    account.before = ({ method, path }) => {
      if (method === "PUT" && path.endsWith("/scripts/scim-edge"))
        throw new Refusal(400, 10027, "The script is too large");
    };
    const { status, output } = await deployment.deploy(ARGS);
    assert.equal(status, 1);
    assert.match(
      output,
      /The script is too large.*could not deploy the Worker, .*The migrations are applied; .*again/s,
    );
    assert.deepEqual([...account.workers.keys()], []);
    account.before = () => {};
    await assertDeployed();
  });

  test("ends at Ctrl-C without a stack, and goes on later", async () => {
    await deployment.newAccount();
    const { status, output } = await deployUntil(STEPS[2], "after", "SIGINT");
    assert.equal(status, 130, output);
    assert.doesNotMatch(output, /^ +at /m);
    await assertDeployed();
  });
});
