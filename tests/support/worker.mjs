// The built Worker in workerd for one test file, with a database and a KV namespace of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtWorker, openWorkers, schema } from "../../scripts/lib/local-worker.mjs";

/**
 * Starts the Worker on a free port. `vars` override those of wrangler.toml; `adminToken: null` leaves ADMIN_TOKEN unset.
 * With `persistTo` its data are kept in that folder, and an existing database there is used as it is. `modules` are more of
 * the Worker's modules, of which the first is then the main one.
 */
export async function startWorker({ vars = {}, adminToken = "test-admin-token", persistTo, modules } = {}) {
  const folder = persistTo ?? (await mkdtemp(join(tmpdir(), "scim-edge-test-")));
  const bindings = { ...vars, ...(adminToken === null ? {} : { ADMIN_TOKEN: adminToken }) };
  const lines = [];
  const workers = [builtWorker({ bindings, modules })];
  const open = (port) => openWorkers({ workers, folder, port, onLog: ({ message }) => lines.push(message) });

  let worker = await open(0);
  const { url } = worker;
  const sql = async (query, ...params) => {
    const statement = worker.db.prepare(query).bind(...params);
    return (await statement.all()).results;
  };
  const [{ tables }] = await sql("SELECT count(*) AS tables FROM sqlite_schema WHERE name NOT GLOB '_cf_*'");
  if (tables === 0) await worker.db.prepare(schema()).run();

  return {
    url,
    adminToken,
    /** The lines that the Worker has logged so far. */
    logs: () => [...lines],
    /** Runs a statement on the Worker's database and resolves with its rows. */
    sql,
    /** The Worker's KV namespace: get, put, list, delete. */
    get kv() {
      return worker.kv;
    },
    /** Ends workerd and starts it again at the same address with the same data. */
    async restart() {
      await worker.close();
      worker = await open(Number(new URL(url).port));
    },
    async close() {
      await worker.close();
      if (persistTo === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
