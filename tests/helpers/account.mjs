// A Cloudflare account that a test plays for wrangler: a local server with the part of Cloudflare's API that wrangler
// uses here. Whatever else is asked is refused and noted. What is uploaded runs, with real D1 and KV.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { NO_WORKER, Refusal, ROUTES } from "./account-routes.mjs";
import { AccountRuntime } from "./account-runtime.mjs";

const TOKEN = "token-of-the-test";
const ID = "0123456789abcdef0123456789abcdef";

export class Account {
  /** What the account has. A Worker has `bindings`, `modules`, `versions`, `schedules` and more. */
  databases = [];
  namespaces = [];
  queues = [];
  workers = new Map();
  /** Static assets: the content of files by their hash, and the lists of files that were uploaded together. */
  files = new Map();
  manifests = [];
  accounts = [{ id: ID, name: "Acme" }];
  /** The requests that changed something, and all requests. Each `{ method, path, query, body }`. */
  requests = [];
  /** Requests that the real API has, perhaps, and this one has not. */
  unknown = [];
  /** Called before and after a request is carried out; may throw or never return. */
  before = () => {};
  after = () => {};
  /** How many requests to a Worker's address are answered as if the address was not known yet. */
  unsettled = 0;
  #runtime = new AccountRuntime(this);
  #server;
  #seed;

  /** Starts the server. */
  async open() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#runtime.close();
  }

  get #origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** The variables with which wrangler uses this account, logged in. */
  get env() {
    const preload = fileURLToPath(new URL("workers-dev.mjs", import.meta.url));
    return {
      CLOUDFLARE_API_BASE_URL: `${this.#origin}/client/v4`,
      CLOUDFLARE_API_TOKEN: TOKEN,
      WORKERS_DEV_AT: this.#origin,
      NODE_OPTIONS: `--import=${preload}`,
    };
  }

  /** The requests that change something, as `METHOD path`, the account's own path left out. */
  changes() {
    return this.requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
  }

  database(name) {
    return this.databases.find((each) => each.name === name);
  }

  /** Runs SQL in a database by its name. */
  sql(name, sql, ...params) {
    return this.#runtime.query(this.database(name).uuid, sql, ...params);
  }

  /** A request to a Worker at its public address. */
  fetch(worker, path, init) {
    return this.#runtime.fetch(worker, `https://${worker}.acme.workers.dev${path}`, init);
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.#origin);
    const body = await buffer(request);
    if (request.headers["x-workers-dev"]) return this.#answerAsWorker(request, response, body);
    const send = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    try {
      const { result, info } = await this.#carryOut(request, url, body);
      send(200, { success: true, errors: [], messages: [], result, ...(info && { result_info: info }) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, status } = error;
      send(status, { success: false, errors: [{ code, message }], messages: [], result: null });
    }
  }

  async #carryOut(request, url, body) {
    const provisioning = /^\/client\/v4\/provisioning\/previews(\/challenge)?$/.exec(url.pathname);
    if (provisioning) return provisioning[1] ? this.#challenge() : this.#temporary(JSON.parse(body));
    const path = url.pathname.replace("/client/v4", "").replace(`/accounts/${ID}`, "") || "/";
    const bearer = request.headers.authorization?.replace("Bearer ", "");
    // Static assets are sent with the token that was given for them.
    if (bearer !== TOKEN && path !== "/workers/assets/upload") throw new Refusal(403, 10000, "Authentication error");
    const query = Object.fromEntries(url.searchParams);
    const call = { method: request.method, path, query, bearer, body: await parsed(request, body) };
    this.requests.push(call);
    await this.before(call);
    const result = await this.#route(call);
    await this.after(call);
    return result;
  }

  /** What `wrangler deploy --temporary` asks for first. */
  #challenge() {
    this.#seed = randomBytes(32);
    return { result: { challengeToken: "challenge", seed: this.#seed.toString("base64url"), k: 1, g: 1 } };
  }

  /** An account without a login, for a client that has accepted the terms and done the work. */
  #temporary({ acceptTermsOfService, challengeToken, solution }) {
    const sha256 = (data) => createHash("sha256").update(data).digest();
    const first = sha256(this.#seed);
    const expected = Buffer.concat([first, sha256(first)]).toString("base64");
    if (acceptTermsOfService !== "yes" || challengeToken !== "challenge" || solution.checkpoints !== expected)
      throw new Refusal(400, 1000, "The challenge is not solved.");
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const account = { ...this.accounts[0], apiToken: TOKEN, expiresAt };
    return { result: { account, claim: { url: "https://dash.cloudflare.com/claim-preview?token=x", expiresAt } } };
  }

  async #route(call) {
    const key = `${call.method} ${call.path}`;
    for (const [pattern, handler] of ROUTES) {
      const match = pattern.exec(key);
      if (match) return handler(this, call, ...match.slice(1).map(decodeURIComponent));
    }
    this.unknown.push(key);
    throw new Refusal(404, 7003, `Could not route to ${key}, perhaps your object identifier is invalid?`);
  }

  async #answerAsWorker(request, response, body) {
    const host = request.headers["x-workers-dev"];
    const worker = /^(.*)\.acme\.workers\.dev$/.exec(host)?.[1];
    if (this.unsettled-- > 0) return request.socket.destroy();
    if (!this.workers.get(worker)?.enabled) return response.writeHead(404).end("There is nothing here yet");
    const init = { method: request.method, ...(body.length > 0 && { body }) };
    const answer = await this.#runtime.fetch(worker, `https://${host}${request.url}`, init);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  }

  worker(name) {
    const worker = this.workers.get(name);
    if (!worker) throw new Refusal(...NO_WORKER);
    return worker;
  }

  findDatabase(idOrName) {
    const database = this.databases.find(({ uuid, name }) => uuid === idOrName || name === idOrName);
    if (!database) throw new Refusal(404, 7404, `The database ${idOrName} could not be found`);
    return database;
  }

  async query(uuid, sql) {
    try {
      return { result: [{ results: await this.#runtime.query(uuid, sql), success: true, meta: { duration: 1 } }] };
    } catch (error) {
      throw new Refusal(400, 7500, error.message);
    }
  }

  /** A version of a Worker that runs from now on. */
  async run(name, { main, modules, assets, bindings, compatibilityDate }) {
    const before = this.workers.get(name);
    const id = randomUUID();
    const versions = [...(before?.versions ?? []), { id, bindings }];
    this.workers.set(name, { enabled: false, ...before, main, modules, assets, bindings, compatibilityDate, versions });
    await this.#runtime.changed();
    return id;
  }

  /** D1 and Workers are started anew before the next request, with what the account has then. */
  async restarted() {
    await this.#runtime.changed();
  }
}

const bytes = async (part) => new Uint8Array(await part.arrayBuffer());

/** A body as its sender meant it: JSON, or the parts of a form. */
async function parsed(request, body) {
  const type = request.headers["content-type"] ?? "";
  if (body.length === 0) return undefined;
  if (!type.startsWith("multipart/form-data")) return JSON.parse(body.toString());
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const modules = {};
  const files = {};
  let metadata;
  for (const [name, part] of form) {
    if (name === "metadata") metadata = JSON.parse(typeof part === "string" ? part : await part.text());
    else if (part.type === "application/wasm") modules[name] = { type: "wasm", contents: await bytes(part) };
    else if (part.type === "application/javascript+module")
      modules[name] = { type: "esm", contents: await part.text() };
    else if (typeof part !== "string") files[name] = Buffer.from(await part.text(), "base64");
  }
  return { metadata, modules, files };
}
