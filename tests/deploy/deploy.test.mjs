// npm run deploy: a deployment from its first minute to a second database, each step with what wrangler really sends.

import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/lib/paths.mjs";
import { ADMIN_TOKEN, useDeployment } from "../helpers/deployment.mjs";

const deployment = useDeployment();

const MIGRATIONS = readdirSync(join(root, "migrations"));
const NAME = "scim-edge";
const VARS = [
  ["READ_REPLICAS", "off"],
  ["GROUP_PREFIX", "Statsig"],
  ["ORG_ROLE_ATTRIBUTE", "statsigOrgRole"],
  ["ACCESS_TEAM", ""],
  ["ACCESS_AUDIENCE", ""],
  ["OPERATORS", ""],
  ["LOG_RETENTION_DAYS", "30"],
  ["IMPORT_PAGES_PER_DAY", "800"],
  ["EVENT_RETENTION_DAYS", "400"],
  ["DELETED_RETENTION_DAYS", "30"],
].map(([name, text]) => ({ name, type: "plain_text", text }));
const limit = (name, namespace_id, limit) => ({ name, type: "ratelimit", namespace_id, simple: { limit, period: 60 } });

/** What a run changed, and its output. */
async function run(args, options) {
  const { account } = deployment;
  account.requests.length = 0;
  const result = await deployment.deploy(args, options);
  assert.deepEqual(account.unknown, [], result.output);
  return { ...result, changes: account.changes(), requests: [...account.requests] };
}

async function succeeded(args, options) {
  const result = await run(args, options);
  assert.equal(result.status, 0, result.output);
  return result;
}

/** The statements that were sent to a database. */
const statements = (requests, { uuid }) =>
  requests.filter(({ path }) => path === `/d1/database/${uuid}/query`).map(({ body }) => body.sql);
const sent = (requests, key) => requests.find(({ method, path }) => `${method} ${path}` === key);

/** `n` times what `wrangler d1 migrations apply` sends for one migration or look-up. */
const queries = ({ uuid }, n) => Array.from({ length: n }, () => `POST /d1/database/${uuid}/query`);
/** What follows an upload. `consumers` is what makes the Worker the consumer of its queue. */
const triggers = (name, consumers = `PUT /queues/id-of-${name}-webhooks/consumers/consumer-1`) => [
  `POST /workers/scripts/${name}/subdomain`,
  `PUT /workers/scripts/${name}/schedules`,
  consumers,
];
/** Static assets: what asks for them, and, when the account does not have them yet, what sends them. */
const session = (name) => `POST /workers/scripts/${name}/assets-upload-session`;
const assets = (name) => [session(name), "POST /workers/assets/upload"];
const first = (name) => triggers(name, `POST /queues/id-of-${name}-webhooks/consumers`);
const upgraded = (name) => [
  session(name),
  `POST /workers/scripts/${name}/versions`,
  `POST /workers/scripts/${name}/deployments`,
  `PATCH /workers/scripts/${name}/script-settings`,
  ...triggers(name),
];

async function assertServes(name, databases = 1) {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
  const { account } = deployment;
  const organizations = "/console/api/organizations";
  for (let database = 0; database < databases; database++) {
    const body = JSON.stringify({ name: `Acme ${name} ${database}`, owner: { user_name: "o@acme.example" }, database });
    const created = await account.fetch(name, organizations, { method: "POST", headers, body });
    assert.equal(created.status, 201, await created.text());
  }
  const guide = await account.fetch(name, "/console/guides/okta");
  assert.match(await guide.text(), /<h1 id="okta">Okta<\/h1>/);
}

describe("npm run deploy", () => {
  test("creates, migrates, deploys, sets the admin token, and tests the address", async () => {
    const { account } = deployment;
    account.unsettled = 2;
    const { output, changes, requests } = await succeeded(["--jurisdiction", "eu"]);
    const [database] = account.databases;
    const [namespace] = account.namespaces;
    assert.deepEqual(changes, [
      "POST /d1/database",
      "POST /storage/kv/namespaces",
      ...queries(database, 2 + MIGRATIONS.length), // the table of migrations, what it has, each migration
      ...assets(NAME),
      "POST /queues", // by wrangler itself
      `PUT /workers/scripts/${NAME}`,
      ...first(NAME),
      `PUT /workers/scripts/${NAME}/secrets`,
    ]);

    assert.deepEqual(sent(requests, "POST /d1/database").body, { name: NAME, jurisdiction: "eu" });
    assert.deepEqual(sent(requests, "POST /storage/kv/namespaces").body, { title: `${NAME}-kv` });
    const upload = sent(requests, `PUT /workers/scripts/${NAME}`);
    assert.deepEqual(upload.query, { excludeScript: "true", bindings_inherit: "strict" });
    const { metadata, modules } = upload.body;
    const byName = (a, b) => (a.name < b.name ? -1 : 1);
    assert.deepEqual(
      metadata.bindings.toSorted(byName),
      [
        ...VARS,
        { name: "ASSETS", type: "assets" },
        { name: "DB", type: "d1", id: database.uuid },
        { name: "KV", type: "kv_namespace", namespace_id: namespace.id },
        { name: "WEBHOOKS", type: "queue", queue_name: `${NAME}-webhooks` },
        limit("FAILED_SIGN_INS", "7644001", 20),
        limit("KEY_REQUESTS", "7644002", 3000),
        limit("PRODUCT_KEY_REQUESTS", "7644004", 30_000),
        limit("KEY_SCANS", "7644003", 60),
      ].sort(byName),
    );
    assert.equal(metadata.compatibility_date, "2026-10-01");
    assert.deepEqual(metadata.observability, { enabled: true, logs: { invocation_logs: false } });
    assert.equal(metadata.main_module, "index.js");
    assert.deepEqual(metadata.assets.config, { run_worker_first: true, html_handling: "none" });
    assert.deepEqual(
      Object.values(modules)
        .map(({ type }) => type)
        .sort(),
      ["esm", "wasm"],
    );
    const secret = { name: "ADMIN_TOKEN", text: ADMIN_TOKEN, type: "secret_text" };
    assert.deepEqual(sent(requests, `PUT /workers/scripts/${NAME}/secrets`).body, secret);
    assert.deepEqual(account.workers.get(NAME).schedules, ["23 * * * *", "* * * * *"]);
    assert.deepEqual(account.queues[0].consumers[0].settings, {
      batch_size: 10,
      max_retries: 3,
      max_wait_time_ms: 1000,
    });

    const address = `https://${NAME}.acme.workers.dev`;
    assert.ok(output.includes(`SCIM connector base URL              ${address}/scim`), output);
    assert.ok(output.includes(`Console                   ${address}/console`), output);
    assert.match(output, /Unique identifier field for users +userName/);
    assert.match(output, new RegExp(`Testing ${address} \\.\\.\\. [\\d.]+ s`));
    assert.ok(!output.includes(ADMIN_TOKEN), "a token that is known already is not shown");
    await assertServes(NAME);
  });

  test("changes nothing but the Worker when it is repeated", async () => {
    const { account } = deployment;
    const before = structuredClone([account.databases, account.namespaces]);
    const other = { ADMIN_TOKEN: `${ADMIN_TOKEN}-another` };
    const { changes } = await succeeded([], { env: other });
    assert.deepEqual(changes, [...queries(account.database(NAME), 2), ...upgraded(NAME)]);
    assert.deepEqual([account.databases, account.namespaces], before);
    const { text } = account.workers.get(NAME).bindings.find(({ name }) => name === "ADMIN_TOKEN");
    assert.equal(text, ADMIN_TOKEN, "an admin token that is set stays");
    await assertServes(NAME);
  });

  test("stops before the new Worker when a migration fails, and goes on later", async () => {
    const { account, folder } = deployment;
    const good = join(folder, "migrations/9001_good.sql");
    const bad = join(folder, "migrations/9002_bad.sql");
    writeFileSync(good, "CREATE TABLE good (x);");
    writeFileSync(bad, "CREATE TABLE half (x);\nINSERT INTO missing VALUES (1);");
    // The admin token is set, so that none is needed.
    const { status, output, changes } = await run([], { env: { ADMIN_TOKEN: undefined } });
    assert.equal(status, 1);
    assert.deepEqual(changes, queries(account.database(NAME), 4));
    assert.match(output, /no such table: missing/);
    assert.match(output, /The new Worker was not deployed: the one before goes on\. .*run the same command again/);
    const tables = await account.sql(NAME, "SELECT name FROM sqlite_schema WHERE name IN ('good', 'half')");
    assert.deepEqual(tables, [{ name: "good" }], "the failed migration was taken back as a whole");
    await assertServes(NAME);

    writeFileSync(bad, "CREATE TABLE half (x);");
    const again = await succeeded([]);
    assert.deepEqual(again.changes, [...queries(account.database(NAME), 3), ...upgraded(NAME)]);
    const applied = await account.sql(NAME, "SELECT name FROM d1_migrations ORDER BY id");
    const names = [...MIGRATIONS, "9001_good.sql", "9002_bad.sql"];
    assert.deepEqual(
      applied.map(({ name }) => name),
      names,
    );
    for (const path of [good, bad]) rmSync(path);
  });

  test("creates and migrates further databases for the Worker, and sets another admin token on demand", async () => {
    const { account } = deployment;
    const restore = deployment.change("wrangler.toml", (text) =>
      text
        .replace("#[[d1_databases]]", "[[d1_databases]]")
        .replace('#binding = "DB_1"', 'binding = "DB_1"')
        .replace('#database_name = "scim-edge-1"', 'database_name = "scim-edge-1"'),
    );
    const refused = await run([]);
    assert.equal(refused.status, 1);
    assert.match(refused.output, /no database scim-edge-1\. .*--jurisdiction none \(anywhere\), eu or us/s);
    assert.deepEqual(refused.changes, []);

    const { changes, requests } = await succeeded(["--jurisdiction", "none", "--new-admin-token"]);
    const [first, second] = [account.database(NAME), account.database("scim-edge-1")];
    assert.deepEqual(changes, [
      "POST /d1/database",
      ...queries(first, 2),
      ...queries(second, 2 + MIGRATIONS.length),
      ...upgraded(NAME),
      `PUT /workers/scripts/${NAME}/secrets`,
    ]);
    assert.deepEqual(sent(requests, "POST /d1/database").body, { name: "scim-edge-1" });
    assert.equal(statements(requests, second).length, 2 + MIGRATIONS.length);
    await assertServes(NAME, 2);
    restore();
  });
});

describe("--env staging", () => {
  const STAGING = `${NAME}-staging`;

  test("is a second deployment, and touches nothing of the first", async () => {
    const { account } = deployment;
    const production = structuredClone(account.workers.get(NAME).bindings);
    const { changes, requests } = await succeeded(["--env", "staging", "--jurisdiction", "us"]);
    const database = account.database(STAGING);
    assert.deepEqual(changes, [
      "POST /d1/database",
      "POST /storage/kv/namespaces",
      ...queries(database, 2 + MIGRATIONS.length),
      session(STAGING), // the account has the files
      "POST /queues",
      `PUT /workers/scripts/${STAGING}`,
      `PATCH /workers/scripts/${STAGING}/script-settings`, // the name of the environment, as a tag
      ...first(STAGING),
      `PUT /workers/scripts/${STAGING}/secrets`,
    ]);
    const own = account.namespaces.find(({ title }) => title === `${STAGING}-kv`).id;
    const { bindings } = sent(requests, `PUT /workers/scripts/${STAGING}`).body.metadata;
    const data = bindings.filter(({ type }) => type === "d1" || type === "kv_namespace");
    assert.deepEqual(data.map(({ id, namespace_id }) => id ?? namespace_id).sort(), [database.uuid, own].sort());

    const ofProduction = [account.database(NAME).uuid, account.namespaces[0].id, "7644001", "7644002", "7644003"];
    const all = JSON.stringify(
      requests.map(({ method, path, query, body }) => [method, path, query, body?.metadata ?? body]),
    );
    for (const id of ofProduction) assert.ok(!all.includes(id), id);
    assert.deepEqual(
      requests.filter(({ path }) => /\/(scripts|services|workers)\/scim-edge(\/|$)/.test(path)),
      [],
    );
    assert.deepEqual(account.workers.get(NAME).bindings, production);
    await assertServes(STAGING);
    await assertServes(NAME);
  });

  test("is upgraded by itself", async () => {
    const { account } = deployment;
    const { changes } = await succeeded(["--env", "staging"]);
    assert.deepEqual(changes, [...queries(account.database(STAGING), 2), ...upgraded(STAGING)]);
  });
});
