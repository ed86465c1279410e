// What runs in a Cloudflare account that a test plays: its D1 databases, KV namespaces and Workers, in workerd.
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openWorkers, workerOf } from "../../scripts/lib/local-worker.mjs";

const NOTHING = "export default { fetch: () => new Response() }";

export class AccountRuntime {
  #account;
  #folder;
  #running;
  #first; // the Worker that answers requests

  /** `account` has `databases` and `workers`. */
  constructor(account) {
    this.#account = account;
  }

  /** Runs statements in a database, all or none, and resolves with the rows of a single one. */
  async query(uuid, sql, ...params) {
    const running = await this.#open(this.#first);
    const database = await running.database(uuid, "sql");
    const { results } = await database
      .prepare(sql)
      .bind(...params)
      .all();
    return results;
  }

  /** A request to a Worker at its public address. */
  async fetch(worker, url, init) {
    const running = await this.#open(worker);
    return running.fetch(url, init);
  }

  /** To be called when the account has got another database or Worker. Data stay. */
  async changed() {
    await this.#running?.close();
    this.#running = undefined;
  }

  async close() {
    await this.changed();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  async #open(first) {
    if (this.#first !== first) await this.changed();
    this.#first = first;
    this.#folder ??= await mkdtemp(join(tmpdir(), "scim-edge-account-"));
    this.#running ??= await openWorkers({ workers: this.#workers(), folder: this.#folder });
    return this.#running;
  }

  #workers() {
    const databases = this.#account.databases.map(({ uuid }) => [uuid, { type: "d1", id: uuid }]);
    const modules = { "sql.js": { type: "esm", contents: NOTHING } };
    const sql = workerOf("sql", { modules, env: Object.fromEntries(databases) });
    const own = this.#account.workers.get(this.#first);
    return own ? [running(this.#first, own, this.#assets(own)), sql] : [sql];
  }

  /** The static assets of a Worker in a folder, as they were uploaded. */
  #assets({ assets }) {
    if (!assets) return undefined;
    const { manifest } = JSON.parse(Buffer.from(assets.jwt.split(".")[1], "base64url"));
    const directory = join(this.#folder, `assets-${manifest}`);
    for (const [path, { hash }] of Object.entries(this.#account.manifests[manifest])) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), this.#account.files.get(hash));
    }
    const { run_worker_first: runWorkerFirst, html_handling: htmlHandling } = assets.config;
    return { directory, hasUserWorker: true, runWorkerFirst, htmlHandling };
  }
}

/** A Worker as it was uploaded. */
function running(name, { main, modules, bindings, compatibilityDate }, assets) {
  const env = Object.fromEntries(bindings.map((binding) => [binding.name, bindingOf(binding)]));
  const manifest = { mainModule: main, modulesRoot: "/", modules };
  return { config: { name, compatibilityDate, manifest, env, assets } };
}

function bindingOf(binding) {
  const { type } = binding;
  if (type === "d1") return { type: "d1", id: binding.id };
  if (type === "kv_namespace") return { type: "kv", id: binding.namespace_id };
  if (type === "plain_text" || type === "secret_text") return { type: "text", value: binding.text };
  if (type === "assets") return { type };
  if (type === "queue") return { type: "queue", name: binding.queue_name };
  if (type === "ratelimit") return { type: "rate-limit", namespace: binding.namespace_id, simple: binding.simple };
  throw new Error(`There is no binding of type ${type} in this account.`);
}
