// examples/product-worker beside scim-edge, in one workerd, bound to its organization as wrangler.toml there says.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { adminApi, demoOrganization, newKey } from "./demo.mjs";
import { builtWorker, openWorkers, SWEEP, schema, workerOf } from "./local-worker.mjs";
import { root } from "./paths.mjs";

const EXAMPLE = join(root, "examples/product-worker");
const CLIENT = join(root, "clients/typescript/src/index.ts");
const NAME = "product-worker";

/**
 * Starts both on the data in a folder, which it fills the first time. `from` is the folder of the compiled Worker,
 * build/ if not given; `vars` are variables of scim-edge. Resolves with the address of each, the id of the
 * organization, a SCIM key and the admin token.
 */
export async function openExample({ folder, from, vars = {}, onLog }) {
  const record = join(folder, "example.json");
  const known = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : await firstTime({ folder, from, vars });
  writeFileSync(record, JSON.stringify(known));
  const scimEdge = builtWorker({ from, bindings: { ...vars, ADMIN_TOKEN: known.adminToken } });
  const product = await productWorker(known.organization);
  const workers = await openWorkers({ workers: [scimEdge, product], folder, direct: true, onLog });
  return {
    ...known,
    url: await workers.directUrl("scim-edge"),
    productUrl: await workers.directUrl(NAME),
    /** The database of scim-edge. */
    database: () => workers.database("DB", "scim-edge"),
    /** The database of the product. */
    productDatabase: () => workers.database("DB", NAME),
    scheduled: workers.scheduled,
    /** Runs the sweep of webhooks, as every minute. */
    sweep: () => workers.scheduled(SWEEP),
    close: workers.close,
  };
}

async function firstTime({ folder, from, vars }) {
  mkdirSync(folder, { recursive: true });
  const adminToken = randomBytes(32).toString("hex");
  const scimEdge = builtWorker({ from, bindings: { ...vars, ADMIN_TOKEN: adminToken } });
  const workers = await openWorkers({ workers: [scimEdge, await productWorker("none")], folder });
  try {
    await (await workers.database("DB", "scim-edge")).prepare(schema()).run();
    const tables = readFileSync(join(EXAMPLE, "schema.sql"), "utf8");
    await (await workers.database("DB", NAME)).prepare(tables).run();
    const admin = adminApi(workers.url, adminToken);
    const organization = await demoOrganization(admin);
    return { adminToken, organization, key: await newKey(admin, organization) };
  } finally {
    await workers.close();
  }
}

async function productWorker(organization) {
  const { outputFiles } = await build({
    entryPoints: [join(EXAMPLE, "src/index.ts")],
    alias: { "scim-edge-client": CLIENT },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return workerOf(NAME, {
    modules: { "product.js": { type: "esm", contents: outputFiles[0].text } },
    env: {
      DB: { type: "d1", id: NAME },
      SCIM_EDGE: {
        type: "worker",
        worker: "scim-edge",
        exportName: "Product",
        props: { organization, consumer: NAME },
      },
    },
  });
}
