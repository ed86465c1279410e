// What the account has of a deployment: its Worker, databases and KV namespace. What is missing is created.
import { setTimeout as sleep } from "node:timers/promises";
import { ask, isInteractive } from "../lib/ask.mjs";
import { Problem, step } from "../lib/run.mjs";
import { JURISDICTIONS } from "./options.mjs";
import { WranglerFailure, wrangler, wranglerJson } from "./wrangler.mjs";

/** Cloudflare's API: there is no such Worker. */
const NO_WORKER = 10007;

/** How often a list is read until it has what was just created, and the milliseconds in between. */
const READINGS = 5;
const PAUSE = 2_000;

/**
 * Looks a deployment up: `{ live, databases, namespaces }`. `live` are the bindings of the running Worker, if there is
 * one; those without an `id` in the lists have to be created.
 */
export async function lookUp(configuration) {
  const [live, inAccount, titles] = await Promise.all([
    runningBindings(configuration.name),
    listDatabases(),
    listNamespaces(),
  ]);
  if (live) checkOwn(configuration.name, live);
  const databases = configuration.databases.map((each) => ({ ...each, id: databaseId(each, live, inAccount) }));
  for (const other of configuration.others) checkData(databases, other, inAccount);
  const namespaces = configuration.namespaces.map((each) => ({
    ...each,
    id: each.id ?? bound(live, each.binding)?.namespace_id ?? titles.find(({ title }) => title === each.name)?.id,
  }));
  return { live, databases, namespaces, inAccount };
}

const listDatabases = () => wranglerJson(["d1", "list", "--json"]);
const listNamespaces = () => wranglerJson(["kv", "namespace", "list"]);

/** The bindings of the Worker that runs under this name; undefined if there is none. */
async function runningBindings(name) {
  try {
    const { versions } = await wranglerJson(["deployments", "status", "--name", name, "--json"]);
    const id = versions.toSorted((a, b) => b.percentage - a.percentage)[0].version_id;
    return (await wranglerJson(["versions", "view", id, "--name", name, "--json"])).resources.bindings;
  } catch (error) {
    if (error instanceof WranglerFailure && error.code === NO_WORKER) return;
    throw error;
  }
}

const bound = (live, binding) => live?.find(({ name }) => name === binding);

/** A Worker of that name may be another project's. One with only an ADMIN_TOKEN is what `wrangler secret put` makes. */
function checkOwn(name, live) {
  const isOwn = bound(live, "DB")?.type === "d1" && bound(live, "KV")?.type === "kv_namespace";
  const isEmpty = live.length > 0 && live.every(({ type, name }) => type === "secret_text" && name === "ADMIN_TOKEN");
  if (isOwn || isEmpty) return;
  throw new Problem(
    `The account has a Worker ${name} that is not scim-edge: it has no database bound as DB and no KV namespace ` +
      "bound as KV. Deploying would replace it. Write another name into wrangler.toml.",
  );
}

/** The id of a database: as wrangler.toml says, else as the running Worker has it, else by its name. */
function databaseId({ binding, name, id }, live, inAccount) {
  const nameOf = (id) => inAccount.find(({ uuid }) => uuid === id)?.name;
  if (id !== undefined) {
    if (nameOf(id) === undefined)
      throw new Problem(`The account has no database with the database_id of ${binding} in wrangler.toml, ${id}.`);
    return id;
  }
  const byName = inAccount.find((each) => each.name === name)?.uuid;
  const used = bound(live, binding);
  const usedId = used?.database_id ?? used?.id;
  if (usedId === undefined || usedId === byName) return byName;
  const usedName = nameOf(usedId) ?? `${usedId}, which the account no longer has,`;
  throw new Problem(
    `The running Worker uses the database ${usedName} as ${binding}, and wrangler.toml names ${name}. Deploying ` +
      "would leave the Worker's data behind. Write the name of the database that is used into wrangler.toml; or, if " +
      "you mean another one, its database_id.",
  );
}

/** The ids of a deployment must not be those of another one that wrangler.toml describes. */
function checkData(databases, other, inAccount) {
  const ids = other.databases.map(({ name, id }) => id ?? inAccount.find((each) => each.name === name)?.uuid);
  const shared = databases.find(({ id }) => id !== undefined && ids.includes(id));
  if (!shared) return;
  throw new Problem(
    `The database of ${shared.binding} is that of ${other.title} in wrangler.toml. Each deployment needs its own.`,
  );
}

/** Where databases are created: the option, or the answer to a question; undefined if none has to be created. */
export async function chooseJurisdiction({ databases, inAccount }, option) {
  const missing = databases.filter(({ id }) => id === undefined);
  if (missing.length > 0) return option ?? askForJurisdiction(missing);
  for (const { name, id } of databases) {
    const { jurisdiction } = inAccount.find(({ uuid }) => uuid === id) ?? {};
    if (option === undefined || jurisdiction === undefined || (jurisdiction ?? "none") === option) continue;
    throw new Problem(
      `The database ${name} has the jurisdiction ${jurisdiction ?? "none"}, which cannot be changed: leave out ` +
        `--jurisdiction ${option}. To move the data, see docs/guides/move-organization.md.`,
    );
  }
}

async function askForJurisdiction(missing) {
  const names = missing.map(({ name }) => name).join(", ");
  if (!isInteractive()) {
    throw new Problem(
      `The account has no database ${names}. Say where it keeps its data, since that cannot be changed later: ` +
        "--jurisdiction none (anywhere), eu or us.",
    );
  }
  console.log(`The account has no database ${names}: it is created now. Where it keeps its data cannot be changed.`);
  const complaint = `Type one of ${JURISDICTIONS.join(", ")}.`;
  const check = (answer) => (JURISDICTIONS.includes(answer) ? undefined : complaint);
  return ask("Jurisdiction: none (anywhere), eu (European Union) or us (United States)? ", check);
}

/** Creates what has no id, and returns all with their ids. */
export async function create({ databases, namespaces }, jurisdiction) {
  for (const { name, id } of databases) {
    if (id !== undefined) continue;
    const where = jurisdiction === "none" ? [] : ["--jurisdiction", jurisdiction];
    const args = ["d1", "create", name, ...where, "--update-config=false"];
    await step(`Creating the database ${name}`, () => wrangler(args));
  }
  for (const { name, id } of namespaces) {
    if (id !== undefined) continue;
    const args = ["kv", "namespace", "create", name, "--update-config=false"];
    await step(`Creating the KV namespace ${name}`, () => wrangler(args));
  }
  return {
    databases: await withIds(databases, async () => (await listDatabases()).map(({ name, uuid }) => [name, uuid])),
    namespaces: await withIds(namespaces, async () => (await listNamespaces()).map(({ title, id }) => [title, id])),
  };
}

/** The lists of the API may lag behind what was created. */
async function withIds(resources, list) {
  for (let reading = 1; ; reading++) {
    const missing = resources.find(({ id }) => id === undefined);
    if (!missing) return resources;
    if (reading > READINGS) {
      throw new Problem(
        `${missing.name} was created, but the account does not list it yet. Run the same command again.`,
      );
    }
    if (reading > 1) await sleep(PAUSE);
    const ids = new Map(await list());
    resources = resources.map((each) => ({ ...each, id: each.id ?? ids.get(each.name) }));
  }
}
