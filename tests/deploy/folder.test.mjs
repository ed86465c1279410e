// deploy/: what Cloudflare's button and a copy of the folder need, and nothing outside it.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { root } from "../../scripts/lib/paths.mjs";
import { wrangler } from "../helpers/wrangler.mjs";

const { experimental_readRawConfig, unstable_readConfig } = createRequire(import.meta.url)("wrangler");

const folder = join(root, "deploy");
const read = (path) => readFileSync(join(root, path), "utf8");
const json = (path) => JSON.parse(read(path));
/** As JSON, since the objects of a TOML file have no prototype. */
const rawConfig = (path) =>
  JSON.parse(JSON.stringify(experimental_readRawConfig({ config: join(root, path) }).rawConfig));
const own = rawConfig("wrangler.toml");
const ready = rawConfig("deploy/wrangler.jsonc");

const copies = [];
after(() => {
  for (const copy of copies) rmSync(copy, { recursive: true });
});

/** A copy of the folder as a repository of its own, with the Worker of this build. */
function copyOfFolder() {
  const copy = mkdtempSync(join(tmpdir(), "scim-edge-deploy-"));
  copies.push(copy);
  cpSync(folder, copy, { recursive: true, filter: (path) => !/node_modules|\.wrangler/.test(path) });
  for (const name of ["index.js", "index_bg.wasm"]) cpSync(join(root, "build", name), join(copy, "build", name));
  cpSync(join(root, "src/assets"), join(copy, "build/assets"), { recursive: true });
  return copy;
}

describe("the configuration in deploy/", () => {
  test("is that of wrangler.toml, but for the build", () => {
    const { build, env, ...settings } = own;
    const { $schema, ...same } = ready;
    assert.ok(build && env && $schema);
    const database = ({ migrations_dir, ...rest }) => rest;
    const assets = { ...same.assets, directory: "src/assets" };
    assert.deepEqual({ ...same, assets, d1_databases: same.d1_databases.map(database) }, settings);
    assert.equal(same.assets.directory, "build/assets");
    assert.deepEqual(
      ready.d1_databases.map(({ migrations_dir }) => migrations_dir),
      ["migrations"],
    );
  });

  test("has no ids of an account, and no settings that wrangler does not know", () => {
    for (const path of ["wrangler.toml", "deploy/wrangler.jsonc"]) {
      assert.doesNotMatch(read(path), /database_id|account_id|\bid\b" ?[:=]|^id =/m, path);
      const warnings = [];
      const warn = console.warn;
      console.warn = (text) => warnings.push(text);
      unstable_readConfig({ config: join(root, path) });
      console.warn = warn;
      assert.deepEqual(warnings, [], path);
    }
  });

  test("has the migrations", () => {
    const names = readdirSync(join(root, "migrations"));
    assert.deepEqual(readdirSync(join(folder, "migrations")), names, "cp migrations/*.sql deploy/migrations/");
    for (const name of names) assert.equal(read(`deploy/migrations/${name}`), read(`migrations/${name}`), name);
  });

  test("uses the wrangler of this repository, locked", () => {
    const { wrangler: version } = json("package.json").devDependencies;
    assert.deepEqual(json("deploy/package.json").devDependencies, { wrangler: version });
    const { packages } = json("deploy/package-lock.json");
    assert.equal(packages["node_modules/wrangler"].version, version);
    for (const [name, { integrity }] of Object.entries(packages)) assert.ok(name === "" || integrity, name);
  });

  test("explains each binding, and asks for the admin token with a value that the Worker refuses", () => {
    const bindings = [
      ...Object.keys(ready.vars),
      ...[...ready.d1_databases, ...ready.kv_namespaces].map(({ binding }) => binding),
      ...ready.ratelimits.map(({ name }) => name),
      ...ready.queues.producers.map(({ binding }) => binding),
      ready.assets.binding,
      "ADMIN_TOKEN",
    ];
    const explained = json("deploy/package.json").cloudflare.bindings;
    assert.deepEqual(Object.keys(explained).sort(), bindings.sort());
    for (const [name, { description }] of Object.entries(explained)) assert.match(description, /\.$/, name);
    // The button fills in the value of the example, and people leave it as it is.
    const [, value] = /^ADMIN_TOKEN=(.*)$/m.exec(read("deploy/.dev.vars.example"));
    assert.ok(value.length < 32, value);
  });

  test("migrates by the name of the binding before it deploys, since the button may rename the database", () => {
    const { scripts } = json("deploy/package.json");
    assert.equal(scripts.predeploy, "wrangler d1 migrations apply DB --remote");
    assert.equal(scripts.deploy, "wrangler deploy");
  });

  test("deploys with nothing outside the folder", () => {
    const { status, output } = wrangler(copyOfFolder(), ["deploy", "--dry-run"]);
    assert.equal(status, 0, output);
    for (const name of ["KV", "DB (scim-edge)", "KEY_REQUESTS", "GROUP_PREFIX"]) assert.ok(output.includes(name), name);
    assert.doesNotMatch(output, /WARNING/);
  });
});

describe("git", () => {
  test("keeps the examples of .dev.vars, and no .dev.vars", () => {
    const lines = (path) => read(path).split("\n");
    for (const path of [".gitignore", "deploy/.gitignore"]) {
      assert.ok(lines(path).indexOf("!.dev.vars.example") > lines(path).indexOf(".dev.vars*"), path);
    }
  });
});

describe("staging", () => {
  const { staging } = own.env;

  test("has all settings of the first deployment", () => {
    const names = (list, key) => list.map((each) => each[key]);
    assert.deepEqual(Object.keys(staging.vars), Object.keys(own.vars));
    assert.deepEqual(names(staging.d1_databases, "binding"), names(own.d1_databases, "binding"));
    assert.deepEqual(names(staging.kv_namespaces, "binding"), names(own.kv_namespaces, "binding"));
    assert.deepEqual(names(staging.queues.producers, "binding"), names(own.queues.producers, "binding"));
    const consumers = ({ consumers }) => consumers.map(({ queue, ...rest }) => rest);
    assert.deepEqual(consumers(staging.queues), consumers(own.queues));
    const limits = (list) => list.map(({ namespace_id, ...rest }) => rest);
    assert.deepEqual(limits(staging.ratelimits), limits(own.ratelimits));
  });

  test("shares no Worker, database, queue, or counter with it", () => {
    assert.deepEqual(staging.routes, [], "wrangler would inherit the domain of the first");
    const resources = ({ name, d1_databases, ratelimits, queues }) => [
      name,
      ...[...queues.producers, ...queues.consumers].map(({ queue }) => `queue ${queue}`),
      ...d1_databases.map(({ database_name }) => `database ${database_name}`),
      ...ratelimits.map(({ namespace_id }) => `counter ${namespace_id}`),
    ];
    const shared = resources(staging).filter((each) => resources(own).includes(each));
    assert.deepEqual(shared, []);
  });
});
