// The deployment that wrangler.toml describes: its Worker, databases and KV namespace by name.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { assetsOf } from "../lib/built.mjs";
import { root } from "../lib/paths.mjs";
import { Problem } from "../lib/run.mjs";

const FILE = "wrangler.toml";

/** As wrangler.toml of earlier versions had it before a database was created. */
const PLACEHOLDER = /^[0-]*$/;

/** The deployment at the top of wrangler.toml, or the one of `[env.<env>]`. */
export function readConfiguration(env) {
  // Not imported: wrangler may have been installed by this very command.
  const { experimental_readRawConfig } = createRequire(import.meta.url)("wrangler");
  const { rawConfig: raw } = experimental_readRawConfig({ config: join(root, FILE) });
  const environments = Object.keys(raw.env ?? {});
  if (env !== undefined && !environments.includes(env)) {
    throw new Problem(
      `${FILE} has no [env.${env}]. It has: ${environments.join(", ") || "none"}. Write one like [env.staging], with ` +
        "names of its own.",
    );
  }
  const others = [undefined, ...environments].filter((each) => each !== env).map((each) => deploymentOf(raw, each));
  const own = deploymentOf(raw, env);
  checkBindings(own);
  checkAssets(raw);
  for (const other of others) checkApart(own, other);
  return { ...own, raw, others };
}

function deploymentOf(raw, env) {
  const section = env === undefined ? raw : raw.env[env];
  const name = env === undefined ? raw.name : (section.name ?? `${raw.name}-${env}`);
  return {
    env,
    name,
    title: env === undefined ? "the deployment at the top" : `[env.${env}]`,
    vars: section.vars ?? {},
    account: section.account_id ?? raw.account_id,
    databases: (section.d1_databases ?? []).map((each) => ({
      binding: each.binding,
      name: each.database_name,
      id: each.database_id,
    })),
    queues: (section.queues?.producers ?? []).map(({ queue }) => queue),
    counters: (section.ratelimits ?? []).map(({ namespace_id }) => namespace_id),
    // Without a name of its own in wrangler.toml: as `wrangler deploy` names one that it creates.
    namespaces: (section.kv_namespaces ?? []).map(({ binding, id }) => ({
      binding,
      name: `${name}-${binding.toLowerCase().replaceAll("_", "-")}`,
      id,
    })),
  };
}

/** What the Worker needs, and what would otherwise fail in the middle of a deployment. */
function checkBindings({ title, databases, namespaces }) {
  const complain = (text) => {
    throw new Problem(`${FILE}, ${title}: ${text}`);
  };
  const number = ({ binding }) => (binding === "DB" ? 0 : Number(/^DB_([1-9]\d*)$/.exec(binding)?.[1] ?? Number.NaN));
  const numbers = databases.map(number).sort((a, b) => a - b);
  if (numbers.length === 0) complain("there is no database with the binding DB.");
  const gap = numbers.findIndex((each, index) => each !== index);
  if (gap !== -1)
    complain(
      "the databases' bindings are DB, DB_1, DB_2 and so on without a gap, and not " +
        `${databases.map(({ binding }) => binding).join(", ")}.`,
    );
  if (!namespaces.some(({ binding }) => binding === "KV")) complain("there is no KV namespace with the binding KV.");
  for (const { binding, name, id } of [...databases, ...namespaces]) {
    if (name === undefined) complain(`the database ${binding} has no database_name.`);
    if (id !== undefined && PLACEHOLDER.test(id)) complain(`the id of ${binding} is a placeholder. Delete its line.`);
  }
}

/** The console needs its static assets; an older wrangler.toml has none. Environments inherit them. */
function checkAssets({ assets }) {
  if (assets?.binding === "ASSETS" && assets.run_worker_first === true) return;
  throw new Problem(
    `${FILE} has no static assets with the binding ASSETS that the Worker serves: take over the section [assets] of ` +
      "the repository's wrangler.toml, above the first section that begins with [[.",
  );
}

/** Two deployments that shared something would change each other's data. */
function checkApart(own, other) {
  const resources = ({ name, databases, namespaces, counters, queues }) => [
    `the Worker ${name}`,
    ...queues.filter(Boolean).map((queue) => `the queue ${queue}`),
    ...counters.map((id) => `the namespace_id ${id}`),
    ...databases.map(({ name }) => `the database ${name}`),
    ...[...databases, ...namespaces].filter(({ id }) => id).map(({ id }) => `the id ${id}`),
  ];
  const shared = resources(own).find((each) => resources(other).includes(each));
  if (shared)
    throw new Problem(`${FILE}: ${own.title} and ${other.title} both have ${shared}. Give one of them another.`);
}

/**
 * Writes the configuration that wrangler gets: that of wrangler.toml with ids, for the compiled Worker in the folder
 * `worker`. Returns the arguments that choose it. Nothing reads the file again: each run looks the ids up.
 */
export function writeConfiguration({ raw, env, name, databases, namespaces }, worker) {
  const folder = join(root, ".wrangler/scim-edge");
  const from = (path) => relative(folder, path);
  const { build, env: environments, ...config } = structuredClone(raw);
  const section = env === undefined ? config : environments[env];
  section.d1_databases = section.d1_databases.map((each) => ({
    ...each,
    database_id: idOf(databases, each),
    migrations_dir: from(join(root, each.migrations_dir ?? "migrations")),
  }));
  section.kv_namespaces = section.kv_namespaces.map((each) => ({ ...each, id: idOf(namespaces, each) }));
  config.main = from(join(worker, "index.js"));
  config.assets.directory = from(assetsOf(worker));
  if (env !== undefined) {
    // What belongs to the other deployment is not even in the file: wrangler would inherit its domain.
    for (const key of ["d1_databases", "kv_namespaces", "queues", "routes", "route"]) delete config[key];
    config.env = { [env]: section };
  }
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
  return ["--config", relative(root, path), ...(env === undefined ? [] : ["--env", env])];
}

const idOf = (resources, { binding }) => resources.find((each) => each.binding === binding).id;
