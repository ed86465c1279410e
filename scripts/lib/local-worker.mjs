// A compiled Worker in workerd on this machine, with a D1 database and a KV namespace in a folder. Needs Node 22.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import workerd from "workerd";
import { assetsOf, BUILD } from "./built.mjs";
import { root } from "./paths.mjs";

// An import would parse the whole bundle once more, for its named exports, in each of a hundred test files.
const { Miniflare } = createRequire(import.meta.url)("miniflare");

process.env.WORKERD = workerd.default;
process.env.MINIFLARE_WORKERD_PATH = join(import.meta.dirname, "workerd.sh");

/** The statements that create an empty database. */
export const schema = () => readFileSync(join(root, "schema.sql"), "utf8");

/**
 * Starts the Worker and resolves when it answers. `from` is its folder, build/ if not given; `bindings` are its
 * variables and secrets, `databases` is how many it has; `onLog({ level, message })` gets its lines of console output.
 */
export function openWorker({ from, bindings, databases, ...options }) {
  return openWorkers({ workers: [builtWorker({ from, bindings, databases })], ...options });
}

/** The binding of the database with that number. */
export const databaseName = (number) => (number === 0 ? "DB" : `DB_${number}`);

/** The name of the queue of webhooks, and the cron trigger of their sweep. */
const OWN_QUEUE = "scim-edge-webhooks";
export const SWEEP = "* * * * *";

/** On this machine all clients have the same address, and tests send more requests than people do. */
const LOCAL_RATES = Object.fromEntries(
  ["FAILED_SIGN_INS", "KEY_REQUESTS", "KEY_SCANS", "PRODUCT_KEY_REQUESTS"].map((name) => [
    `${name}_PER_MINUTE`,
    "1000000",
  ]),
);

/**
 * The configuration of the Worker in the folder `from`; `modules` are more, of which the first is then the main one.
 * `rateLimits` are the rate-limit bindings by name, each `{ limit, period }`; `queues` are more queues by their
 * bindings; `hasQueue: false` leaves out the Worker's own, and `hasAssets: false` its static assets. `wasm` is the
 * WebAssembly, if it is not that of the folder.
 */
export function builtWorker({
  name = "scim-edge",
  from = BUILD,
  bindings = {},
  databases = 1,
  modules = {},
  rateLimits = {},
  queues = {},
  hasQueue = true,
  hasAssets = true,
  wasm = join(from, "index_bg.wasm"),
} = {}) {
  const d1 = Array.from({ length: databases }, (_, number) => databaseName(number)).map((id) => [
    id,
    { type: "d1", id },
  ]);
  const limiters = Object.entries(rateLimits).map(([name, simple]) => [
    name,
    { type: "rate-limit", namespace: name, simple },
  ]);
  const text = Object.entries({ ...deployment().vars, ...LOCAL_RATES, ...bindings }).map(([key, value]) => [
    key,
    { type: "text", value },
  ]);
  const own = hasQueue ? { WEBHOOKS: OWN_QUEUE } : {};
  const producers = Object.entries({ ...own, ...queues }).map(([key, name]) => [key, { type: "queue", name }]);
  return workerOf(name, {
    assets: hasAssets ? assetsOf(from) : undefined,
    triggers: hasQueue ? [{ type: "queue", name: OWN_QUEUE, maxBatchSize: 10, maxBatchTimeout: 1 }] : [],
    modules: {
      ...modules,
      "index.js": { type: "esm", contents: readFileSync(join(from, "index.js"), "utf8") },
      "index_bg.wasm": { type: "wasm", contents: readFileSync(wasm) },
    },
    env: {
      ...Object.fromEntries(d1),
      KV: { type: "kv", id: "KV" },
      ...(hasAssets && { ASSETS: { type: "assets" } }),
      ...Object.fromEntries([...text, ...limiters, ...producers]),
    },
  });
}

/** Runs what cron triggers run, until this process ends: each minute the sweep, each hour the maintenance. */
export function runCrons({ scheduled }) {
  const minute = 60_000;
  const failed = (error) => console.error(`A cron job did not run: ${error.message}`);
  setInterval(() => scheduled(SWEEP).catch(failed), minute);
  setInterval(() => scheduled().catch(failed), 60 * minute);
}

/** A Worker's configuration; the first of its modules is the main one, `assets` is the folder of its static assets. */
export function workerOf(name, { modules, env, triggers = [], assets }) {
  const { compatibilityDate } = deployment();
  const manifest = { mainModule: Object.keys(modules)[0], modulesRoot: BUILD, modules };
  const served = assets && { directory: assets, hasUserWorker: true, runWorkerFirst: true, htmlHandling: "none" };
  return { config: { name, compatibilityDate, manifest, env, triggers, assets: served } };
}

/**
 * Starts Workers in one workerd; `url` is the first one's. With `direct`, each has a socket of its own, with none of
 * Miniflare's proxies before it. `inspected`: they have an inspector. `https`: with a certificate that they have signed
 * themselves.
 */
export async function openWorkers({
  workers,
  folder,
  port = 0,
  direct = false,
  inspected = false,
  https = false,
  onLog = () => {},
}) {
  const dev = direct ? { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] } : undefined;
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port,
    https,
    resourcePersistencePath: folder,
    handleStructuredLogs: onLog,
    logRequests: false, // the Worker logs its own requests
    cf: false, // no look-up of this machine's place on the Internet
    telemetry: { enabled: false },
    inspectorPort: inspected ? 0 : undefined,
    workers: workers.map((worker) => ({ dev, ...worker })),
  });
  const url = await miniflare.ready;
  return {
    url: url.origin,
    directUrl: async (name) => (await miniflare.unsafeGetDirectURL(name)).origin,
    inspectorUrl: async () => (await miniflare.getInspectorURL()).href,
    database: (name = "DB", worker) => miniflare.getD1Database(name, worker),
    kv: () => miniflare.getKVNamespace("KV"),
    /** Runs what a cron trigger is for; without one, the hourly maintenance. */
    scheduled: async (cron = "") => (await miniflare.getWorker()).scheduled({ cron }),
    /** A request to any address, as if its host were this Worker. */
    fetch: (url, init) => miniflare.dispatchFetch(url, { redirect: "manual", ...init }),
    close: () => miniflare.dispose(),
  };
}

/** The settings of wrangler.toml that also apply here. */
function deployment() {
  const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
  const pairs = (text) => [...text.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]);
  const [, vars] = /^\[vars\]\n([^[]*)/m.exec(toml);
  return {
    compatibilityDate: Object.fromEntries(pairs(toml)).compatibility_date,
    vars: Object.fromEntries(pairs(vars)),
  };
}
