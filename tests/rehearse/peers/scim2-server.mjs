// scim2-server of PyPI, with people and groups in memory, as the benchmark starts it.

import { join } from "node:path";
import { startServer } from "../../../bench/contestants/process.mjs";
import { root } from "../../../scripts/lib/paths.mjs";
import { scimPython } from "../../../scripts/lib/python.mjs";

const KEY = "the-key-of-scim2-server";

/** Starts it on a free port, without people. */
export async function startScim2Server() {
  const script = join(root, "bench/peers/scim2-server.py");
  const noPeople = "0\n0";
  const { line, stop } = await startServer(await scimPython(), ["-I", script, KEY], { input: noPeople });
  return { base: `http://127.0.0.1:${JSON.parse(line).port}/v2`, key: KEY, close: stop };
}
