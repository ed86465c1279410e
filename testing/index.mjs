// scim-edge for the tests of other products: docs/testing.md shows it.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiledWorker } from "../scripts/lib/artefact.mjs";
import { adminApi, demoOrganization, newKey } from "../scripts/lib/demo.mjs";
import { root } from "../scripts/lib/paths.mjs";

const NODE = 22;

/** See index.d.ts. */
export async function startScimEdge({ port = 0, vars = {}, adminToken = randomBytes(32).toString("hex"), onLog } = {}) {
  const from = workerFolder();
  // What these need may be missing where the checks above have something better to say.
  const { openWorker, schema } = await import("../scripts/lib/local-worker.mjs");
  const folder = mkdtempSync(join(tmpdir(), "scim-edge-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  let worker;
  try {
    const bindings = { ...vars, ADMIN_TOKEN: adminToken };
    worker = await openWorker({ from, folder, port, bindings, onLog: onLog && (({ message }) => onLog(message)) });
    await (await worker.database()).prepare(schema()).run();
    const admin = adminApi(worker.url, adminToken);
    const organization = await demoOrganization(admin);
    const key = await newKey(admin, organization);
    const close = async () => {
      await worker.close();
      remove();
    };
    return {
      url: worker.url,
      baseUrl: `${worker.url}/scim`,
      key,
      organization,
      adminToken,
      admin,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await worker?.close();
    remove();
    throw error;
  }
}

function workerFolder() {
  if (Number(process.versions.node.split(".")[0]) < NODE)
    throw new Error(`scim-edge/testing needs Node ${NODE} or newer, and this is ${process.version}.`);
  const { folder, why } = compiledWorker();
  if (folder) return folder;
  throw new Error(`${why}: compile it with npm run build in ${root}.`);
}
