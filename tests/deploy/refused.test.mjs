// What npm run deploy refuses before it changes anything, with the next step in words.

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Refusal } from "../helpers/account-routes.mjs";
import { useDeployment } from "../helpers/deployment.mjs";

const deployment = useDeployment();
const restore = [];

beforeEach(() => deployment.newAccount());
afterEach(() => {
  for (const each of restore.splice(0)) each();
});

const edit = (change) => restore.push(deployment.change("wrangler.toml", change));

async function assertRefused(args, options, ...patterns) {
  const { status, output } = await deployment.deploy(args, options);
  assert.equal(status, 1, output);
  for (const pattern of patterns) assert.match(output, pattern);
  assert.doesNotMatch(output, /^ +at /m, "a stack is no sentence");
  assert.deepEqual(deployment.account.changes(), []);
  assert.deepEqual(deployment.account.unknown, []);
}

describe("the command line", () => {
  test("is explained", async () => {
    const { status, output } = await deployment.deploy(["--help"]);
    assert.equal(status, 0);
    for (const option of ["--env", "--jurisdiction", "--new-admin-token", "--dry-run", "CLOUDFLARE_API_TOKEN"])
      assert.ok(output.includes(option), option);
  });

  for (const [args, pattern] of [
    [["--jurisdiction", "mars"], /--jurisdiction mars is not one of none, eu, us/],
    [["--env", "qa"], /wrangler.toml has no \[env\.qa\]\. It has: staging/],
    [["--env", ""], /--env needs a name/],
    [["production"], /npm run deploy -- /],
  ]) {
    test(`${args.join(" ")} is refused`, () => assertRefused(args, {}, pattern));
  }
});

describe("the login", () => {
  test("is missed, with the next step", () => {
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    return assertRefused([], { env }, /not logged in/, /npx wrangler login/, /CLOUDFLARE_API_TOKEN/);
  });

  test("that Cloudflare refuses is named", () =>
    assertRefused(
      [],
      { env: { CLOUDFLARE_API_TOKEN: "old" } },
      /the login does not permit it\. Run npx wrangler login/,
    ));

  test("needs a network", () =>
    assertRefused([], { env: { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9/client/v4" } }, /API was not reached/));

  test("has to name one of several accounts, and one that it has", async () => {
    const { account } = deployment;
    account.accounts = [...account.accounts, { id: "f".repeat(32), name: "Other" }];
    await assertRefused([], {}, /several accounts\. Set CLOUDFLARE_ACCOUNT_ID/, /Acme \(0123/, /Other \(ffff/);
    const env = { CLOUDFLARE_ACCOUNT_ID: "a".repeat(32) };
    await assertRefused([], { env }, /has no account a{32}\. It has:\n {2}Acme/);
  });

  test("may be a token that cannot list accounts, if the account is named", async () => {
    const { account } = deployment;
    const [{ id }] = account.accounts;
    account.before = ({ path }) => {
      if (/^\/(accounts|memberships)$/.test(path)) throw new Refusal(403, 10000, "Authentication error");
    };
    await assertRefused([], {}, /whoami --json failed: the login does not permit it/);
    await assertRefused([], { env: { CLOUDFLARE_ACCOUNT_ID: id } }, /no database scim-edge\. /);
  });
});

describe("the admin token", () => {
  for (const [name, ADMIN_TOKEN, pattern] of [
    ["that is short", "short", /ADMIN_TOKEN has 5 characters .* at least 32\. Make one with: openssl rand -hex 32/],
    ["of the public example", "public-value-for-wrangler-dev-on-this-machine", /the public value of \.dev\.vars/],
    ["that is missing without a terminal", undefined, /no terminal to show one in\. Set ADMIN_TOKEN\. .*openssl rand/],
  ]) {
    test(`${name} is refused`, () => assertRefused(["--jurisdiction", "eu"], { env: { ADMIN_TOKEN } }, pattern));
  }
});

describe("data", () => {
  const uuid = "11111111-2222-4333-8444-555555555555";
  const run = (bindings) =>
    deployment.account.run("scim-edge", { main: "x.js", modules: {}, compatibilityDate: "2026-10-01", bindings });
  const kv = { name: "KV", type: "kv_namespace", namespace_id: "0".repeat(32) };

  test("need a jurisdiction before they are created", () =>
    assertRefused(
      [],
      {},
      /no database scim-edge\. .*cannot be changed later: --jurisdiction none \(anywhere\), eu or us/,
    ));

  test("keep the jurisdiction that they have", async () => {
    deployment.account.databases.push({ uuid, name: "scim-edge", jurisdiction: "eu" });
    await assertRefused(["--jurisdiction", "us"], {}, /scim-edge has the jurisdiction eu, which cannot be changed/);
  });

  test("of another project's Worker are not touched", async () => {
    await run([{ name: "ASSETS", type: "plain_text", text: "" }]);
    await assertRefused(["--jurisdiction", "eu"], {}, /a Worker scim-edge that is not scim-edge.*Write another name/s);
  });

  test("of the running Worker are not left behind", async () => {
    deployment.account.databases.push({ uuid, name: "older-name", jurisdiction: null });
    await run([{ name: "DB", type: "d1", id: uuid }, kv]);
    await assertRefused(["--jurisdiction", "eu"], {}, /uses the database older-name as DB, and wrangler\.toml names/);
  });

  test("of production are not staging's, neither by name nor by id", async () => {
    const { account } = deployment;
    edit((text) => text.replace('"scim-edge-staging"\n\n[[env.staging.kv', '"scim-edge"\n\n[[env.staging.kv'));
    await assertRefused(
      ["--env", "staging"],
      {},
      /\[env\.staging\] and the deployment at the top both have the database/,
    );
    restore.pop()();
    account.databases.push({ uuid, name: "scim-edge", jurisdiction: null });
    edit((text) =>
      text.replace('"scim-edge-staging"\n\n[[env', `"scim-edge-staging"\ndatabase_id = "${uuid}"\n\n[[env`),
    );
    await assertRefused(["--env", "staging"], {}, /The database of DB is that of the deployment at the top/);
  });
});

describe("the configuration that wrangler gets for another deployment", () => {
  test("has no database, namespace or domain of the first, whichever way it is chosen", async () => {
    edit((text) => text.replace('name = "scim-edge"\n', 'name = "scim-edge"\nroutes = ["scim.acme.example/*"]\n'));
    const file = join(deployment.folder, ".wrangler/scim-edge/scim-edge-staging.json");
    for (const [args, env] of [
      [["--env", "staging"], {}],
      [[], { CLOUDFLARE_ENV: "staging" }],
    ]) {
      rmSync(file, { force: true });
      const { status, output } = await deployment.deploy(["--dry-run", ...args], { env });
      assert.equal(status, 0, output);
      const { env: environments, ...inherited } = JSON.parse(readFileSync(file, "utf8"));
      for (const key of ["d1_databases", "kv_namespaces", "routes", "build"]) assert.ok(!(key in inherited), key);
      assert.deepEqual(Object.keys(environments), ["staging"]);
      assert.deepEqual(environments.staging.routes, []);
      assert.equal(environments.staging.d1_databases[0].database_name, "scim-edge-staging");
    }
  });
});

describe("wrangler.toml", () => {
  for (const [name, change, pattern] of [
    [
      "with a gap between databases",
      (text) => text.replace(/#(\[\[d1_databases\]\])\n#(binding = )"DB_1"\n#(.*)/, '$1\n$2"DB_2"\n$3'),
      /without a gap, and not DB, DB_2/,
    ],
    [
      "with the placeholder of an earlier version",
      (text) => text.replace('name = "scim-edge"\n\n#', 'name = "scim-edge"\ndatabase_id = "00000000-0000"\n\n#'),
      /the id of DB is a placeholder\. Delete its line/,
    ],
    [
      "with a counter that staging shares",
      (text) => text.replace('"7644011"', '"7644001"'),
      /both have the namespace_id 7644001\. Give one of them another/,
    ],
    [
      "without KV",
      (text) => text.replace('binding = "KV"', 'binding = "CACHE"'),
      /no KV namespace with the binding KV/,
    ],
    [
      "without static assets, as earlier versions had it",
      (text) => text.replace(/\[assets\]\n(\w.*\n)+/, ""),
      /no static assets with the binding ASSETS that the Worker serves: take over the section \[assets\]/,
    ],
  ]) {
    test(`${name} is refused`, async () => {
      edit(change);
      await assertRefused(["--jurisdiction", "eu"], {}, pattern);
    });
  }
});
