// The calls of Cloudflare's API that wrangler makes for a deployment, as an Account answers them.
import { randomBytes, randomUUID } from "node:crypto";

/** What the API refuses with. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

export const NO_WORKER = [404, 10007, "This Worker does not exist on your account."];

/** All of a list, on its first page. */
function listed(all, { query }) {
  const result = Number(query.page ?? 1) > 1 ? [] : all;
  const info = { page: 1, per_page: 1000, count: result.length, total_count: all.length, total_pages: 1 };
  return { result, info };
}

/** The bindings of an upload. Those that it inherits, and the secrets that it keeps, come from the version before. */
function bindingsOf({ bindings, keep_bindings: kept = [] }, before = []) {
  const all = bindings.map((binding) => {
    if (binding.type !== "inherit") return binding;
    const inherited = before.find(({ name }) => name === binding.name);
    if (!inherited) throw new Refusal(400, 10057, `inherit binding '${binding.name}' is invalid`);
    return inherited;
  });
  return [...all, ...before.filter(({ type, name }) => kept.includes(type) && !all.some((each) => each.name === name))];
}

const upload = ({ metadata, modules }, before) => ({
  main: metadata.main_module,
  modules,
  assets: metadata.assets,
  bindings: bindingsOf(metadata, before?.bindings),
  compatibilityDate: metadata.compatibility_date,
});

/** Secrets are never shown. */
const visible = (bindings) =>
  bindings.map(({ text, ...binding }) => (binding.type === "secret_text" ? binding : { ...binding, text }));

/** Patterns of `METHOD path`, the account's own path left out, with the answers: `{ result, info }`. */
export const ROUTES = [
  [/^GET \/user\/tokens\/verify$/, () => ({ result: { id: "token", status: "active" } })],
  [/^GET \/user$/, () => ({ result: { id: "user", email: "ops@acme.example" } })],
  [/^GET \/accounts$/, (account, call) => listed(account.accounts, call)],
  [
    /^GET \/memberships$/,
    (account, call) =>
      listed(
        account.accounts.map((each) => ({ account: each })),
        call,
      ),
  ],

  [/^GET \/d1\/database$/, (account, call) => listed(account.databases, call)],
  [/^POST \/d1\/database$/, createDatabase],
  [/^GET \/d1\/database\/([^/]+)$/, (account, _call, id) => ({ result: account.findDatabase(id) })],
  [
    /^POST \/d1\/database\/([^/]+)\/query$/,
    (account, { body }, id) => account.query(account.findDatabase(id).uuid, body.sql),
  ],

  [/^GET \/storage\/kv\/namespaces$/, (account, call) => listed(account.namespaces, call)],
  [/^POST \/storage\/kv\/namespaces$/, createNamespace],

  [/^GET \/queues$/, listQueues],
  [/^POST \/queues$/, createQueue],
  [/^POST \/queues\/([^/]+)\/consumers$/, addConsumer],
  [/^PUT \/queues\/([^/]+)\/consumers\/([^/]+)$/, changeConsumer],

  [/^GET \/workers\/subdomain$/, () => ({ result: { subdomain: "acme" } })],
  [/^GET \/workers\/services\/([^/]+)$/, service],
  [
    /^GET \/workers\/workers\/([^/]+)$/,
    (account, _call, name) => ({ result: { subdomain: subdomain(account, name) } }),
  ],
  [/^POST \/workers\/scripts\/([^/]+)\/assets-upload-session$/, openUpload],
  [/^POST \/workers\/assets\/upload$/, uploadAssets],
  [/^PUT \/workers\/scripts\/([^/]+)$/, createWorker],
  [/^POST \/workers\/scripts\/([^/]+)\/versions$/, createVersion],
  [/^GET \/workers\/scripts\/([^/]+)\/versions\/([^/]+)$/, version],
  [/^POST \/workers\/scripts\/([^/]+)\/deployments$/, deployVersion],
  [/^GET \/workers\/scripts\/([^/]+)\/deployments$/, deployments],
  [
    /^GET \/workers\/scripts\/([^/]+)\/settings$/,
    (account, _call, name) => ({ result: { bindings: visible(account.worker(name).bindings) } }),
  ],
  [/^PATCH \/workers\/scripts\/([^/]+)\/script-settings$/, changeSettings],
  [/^POST \/workers\/scripts\/([^/]+)\/subdomain$/, enableSubdomain],
  [/^PUT \/workers\/scripts\/([^/]+)\/schedules$/, changeSchedules],
  [/^PUT \/workers\/scripts\/([^/]+)\/secrets$/, putSecret],
  [/^GET \/workers\/scripts\/([^/]+)\/secrets$/, secrets],
];

async function createDatabase(account, { body: { name, jurisdiction = null } }) {
  if (account.database(name)) throw new Refusal(400, 7502, `The database ${name} already exists`);
  const database = { uuid: randomUUID(), name, jurisdiction, version: "production" };
  account.databases.push(database);
  await account.restarted();
  return { result: database };
}

function createNamespace(account, { body: { title } }) {
  if (account.namespaces.some((each) => each.title === title))
    throw new Refusal(400, 10014, "a namespace with this account ID and title already exists");
  const namespace = { id: randomBytes(16).toString("hex"), title };
  account.namespaces.push(namespace);
  return { result: namespace };
}

/** Those with the names that are asked for, or all. */
function listQueues(account, { query, ...call }) {
  const names = [query.name].flat().filter(Boolean);
  const found = account.queues.filter(({ queue_name }) => names.length === 0 || names.includes(queue_name));
  return listed(found, { query, ...call });
}

function createQueue(account, { body: { queue_name } }) {
  if (account.queues.some((each) => each.queue_name === queue_name))
    throw new Refusal(409, 11009, `Queue name '${queue_name}' is already taken.`);
  const queue = { queue_id: `id-of-${queue_name}`, queue_name, consumers: [] };
  account.queues.push(queue);
  return { result: queue };
}

function addConsumer(account, { body }, id) {
  const queue = account.queues.find(({ queue_id }) => queue_id === id);
  if (queue.consumers.length > 0) throw new Refusal(400, 11004, "Queue already has a consumer.");
  const consumer = { ...body, consumer_id: "consumer-1", script: body.script_name };
  queue.consumers.push(consumer);
  return { result: consumer };
}

function changeConsumer(account, { body }, id, consumerId) {
  const queue = account.queues.find(({ queue_id }) => queue_id === id);
  const consumer = queue.consumers.find(({ consumer_id }) => consumer_id === consumerId);
  return { result: Object.assign(consumer, body) };
}

/** Asks for the files whose content the account does not have. A JWT stands for the files with their paths. */
function openUpload(account, { body: { manifest } }) {
  const jwt = token(account.manifests.length);
  account.manifests.push(manifest);
  const missing = Object.values(manifest)
    .map(({ hash }) => hash)
    .filter((hash) => !account.files.has(hash));
  return { result: { jwt, buckets: missing.length > 0 ? [missing] : [] } };
}

function uploadAssets(account, { body, bearer }) {
  for (const [hash, content] of Object.entries(body.files)) account.files.set(hash, content);
  return { result: { jwt: bearer } };
}

/** A JWT with the number of a manifest; nothing looks at its signature. */
const token = (manifest) =>
  ["{}", JSON.stringify({ manifest }), ""].map((part) => Buffer.from(part).toString("base64url")).join(".");

function service(account, _call, name) {
  const { tags = [] } = account.worker(name);
  const script = { id: name, tag: `tag-of-${name}`, tags, last_deployed_from: "wrangler" };
  return { result: { default_environment: { environment: "production", script } } };
}

async function createWorker(account, { body }, name) {
  const id = await account.run(name, upload(body, account.workers.get(name)));
  return { result: { id: name, etag: "etag", deployment_id: id.replaceAll("-", ""), startup_time_ms: 3 } };
}

function createVersion(account, { body }, name) {
  const worker = account.worker(name);
  worker.next = { id: randomUUID(), ...upload(body, worker) };
  const resources = { script: { etag: "etag" } };
  return { result: { id: worker.next.id, startup_time_ms: 3, resources, metadata: { has_preview: false } } };
}

async function deployVersion(account, { body }, name) {
  const { next } = account.worker(name);
  if (body.versions[0].version_id !== next?.id) throw new Refusal(400, 10021, "There is no such version.");
  const { id: _id, ...version } = next;
  await account.run(name, version);
  return { result: { id: randomUUID(), ...body } };
}

function version(account, _call, name, id) {
  const found = account.worker(name).versions.find((each) => each.id === id);
  if (!found) throw new Refusal(404, 10007, "There is no such version.");
  return { result: { id, metadata: {}, resources: { bindings: visible(found.bindings) } } };
}

function deployments(account, _call, name) {
  const versions = [{ version_id: account.worker(name).versions.at(-1).id, percentage: 100 }];
  const created_on = new Date().toISOString();
  return { result: { deployments: [{ id: randomUUID(), source: "wrangler", created_on, versions }] } };
}

function changeSettings(account, { body }, name) {
  Object.assign(account.worker(name), { tags: body.tags, settings: body });
  return { result: body };
}

const subdomain = (account, name) => ({ enabled: account.worker(name).enabled, previews_enabled: false });

function enableSubdomain(account, { body }, name) {
  account.worker(name).enabled = body.enabled;
  return { result: { ...subdomain(account, name), previews_enabled: body.previews_enabled ?? false } };
}

function changeSchedules(account, { body }, name) {
  account.worker(name).schedules = body.map(({ cron }) => cron);
  return { result: { schedules: body } };
}

async function putSecret(account, { body }, name) {
  const worker = account.worker(name);
  const bindings = [...worker.bindings.filter((each) => each.name !== body.name), body];
  await account.run(name, { ...worker, bindings });
  return { result: { name: body.name, type: body.type } };
}

function secrets(account, _call, name) {
  const own = account.worker(name).bindings.filter(({ type }) => type === "secret_text");
  return { result: visible(own) };
}
