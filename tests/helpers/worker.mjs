// The built Worker in workerd for one test file, with a database and a KV namespace of its own.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { builtWorker, databaseName, openWorkers, SWEEP, schema, workerOf } from "../../scripts/lib/local-worker.mjs";

/**
 * Starts the Worker on a free port. `vars` override those of wrangler.toml; `adminToken: null` leaves ADMIN_TOKEN
 * unset. With `persistTo` its data are kept in that folder, and an existing database there is used as it is.
 * `databases` is how many it has; a restart may change that. `modules` are more of the Worker's modules, of which the
 * first is then the main one. `initialSchema` is the SQL that an empty database gets, schema.sql if not given.
 * `rateLimits` are rate-limit bindings by name, each `{ limit, period }`. `queues` are more queues by their bindings,
 * `hasQueue: false` leaves out the Worker's own, `hasAssets: false` its static assets; `others` are Workers beside it.
 */
export async function startWorker({
  vars = {},
  adminToken = "test-admin-token-of-40-characters-length",
  persistTo,
  databases = 1,
  modules,
  initialSchema = schema(),
  rateLimits,
  queues,
  hasQueue,
  hasAssets,
  others = [],
} = {}) {
  const folder = persistTo ?? (await mkdtemp(join(tmpdir(), "scim-edge-test-")));
  const bindings = { ...vars, ...(adminToken === null ? {} : { ADMIN_TOKEN: adminToken }) };
  const lines = [];
  const marks = new Map(); // what is called when the line is logged
  const onLog = ({ message }) => (marks.has(message) ? marks.get(message)() : lines.push(message));
  let sqlUrl;
  const open = async (port, databases) => {
    const workers = [
      builtWorker({ bindings, modules, databases, rateLimits, queues, hasQueue, hasAssets }),
      sqlWorker(databases),
      ...others,
    ];
    const opened = await openWorkers({ workers, folder, port, onLog });
    sqlUrl = await opened.directUrl("sql");
    return opened;
  };

  let worker = await open(0, databases);
  const { url } = worker;
  const post = async (content) => {
    const answer = await fetch(sqlUrl, { method: "POST", body: JSON.stringify(content) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const sqlIn = (number, query, ...params) => post({ database: databaseName(number), query, params });
  for (let number = 0; number < databases; number++) {
    const [{ tables }] = await sqlIn(
      number,
      "SELECT count(*) AS tables FROM sqlite_schema WHERE name NOT GLOB '_cf_*'",
    );
    if (tables === 0) await sqlIn(number, initialSchema);
  }

  /** The Worker's KV namespace. It is opened when a test uses it, which takes a while. */
  const kv = Object.fromEntries(
    ["get", "put", "list", "delete"].map((name) => [name, async (...args) => (await worker.kv())[name](...args)]),
  );

  return {
    url,
    adminToken,
    /** The lines that the Worker has logged so far. */
    logs: () => [...lines],
    /** Resolves once all lines that were logged before are in `logs`: they come by another pipe than the answers. */
    async flushLogs() {
      const mark = `mark ${randomUUID()}`;
      const logged = new Promise((resolve) => marks.set(mark, resolve));
      await post({ mark });
      const late = sleep(60_000, undefined, { ref: false }).then(() => assert.fail("the log does not arrive"));
      await Promise.race([logged, late]);
      marks.delete(mark);
    },
    /** Runs a statement on the Worker's database and resolves with its rows. */
    sql: (query, ...params) => sqlIn(0, query, ...params),
    /** Runs a statement on the database with that number. */
    sqlIn,
    /**
     * Runs statements on the Worker's database as one transaction, each `[sql, ...params]`. Resolves with the rows of
     * each.
     */
    sqlBatch: (batch) => post({ database: databaseName(0), batch }),
    /** Resolves with the Worker's database. */
    database: () => worker.database(),
    /** Bytes of the Worker's database. */
    size: async () => (await (await worker.database()).prepare("SELECT 1").all()).meta.size_after,
    kv,
    /** Runs the hourly maintenance; resolves with the outcome. */
    scheduled: () => worker.scheduled(),
    /** Runs the sweep of webhooks, as every minute; resolves with the outcome. */
    sweep: () => worker.scheduled(SWEEP),
    /** The address of another Worker's own socket. */
    directUrl: (name) => worker.directUrl(name),
    /** A request to any address, also by https, as if its host were this Worker. */
    fetch: (address, init) => worker.fetch(address, init),
    /** Ends workerd and starts it again at the same address with the same data. */
    async restart(count = databases) {
      await worker.close();
      worker = await open(Number(new URL(url).port), count);
    },
    async close() {
      await worker.close();
      if (persistTo === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A Worker that runs statements for the tests. Miniflare's own access to a database takes several times as long, and
 * waits without yielding.
 */
function sqlWorker(databases) {
  const numbers = Array.from({ length: databases }, (_, number) => number);
  const env = Object.fromEntries(numbers.map(databaseName).map((id) => [id, { type: "d1", id }]));
  const contents = readFileSync(new URL("../fixtures/sql.js", import.meta.url), "utf8");
  const dev = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };
  return { ...workerOf("sql", { modules: { "sql.js": { type: "esm", contents } }, env }), dev };
}

/**
 * One Worker for a test file: started before its first test, stopped after its last.
 * @returns an object that becomes the running Worker (see startWorker) once the tests run
 */
export function useWorker(options) {
  const worker = {};
  let running;
  const start = async () => {
    running = await startWorker(options);
    // The prototype, so that methods and getters of the real one stay live across a restart.
    Object.setPrototypeOf(worker, running);
  };
  before(() => (worker.started = start()));
  after(() => running?.close());
  return worker;
}
