// The example product beside scim-edge. Run as a program, this file is a process with both, which can be killed; its
// argument is the folder of the data.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { openExample } from "../../scripts/lib/example.mjs";

const file = fileURLToPath(import.meta.url);

/** The example for the tests of a file: started before them, and removed after them. */
export function useExample() {
  const example = {};
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "scim-edge-test-"));
    Object.assign(example, await openExample({ folder }));
  });
  after(async () => {
    await example.close?.();
    await rm(folder, { recursive: true, force: true });
  });
  return example;
}

/** Starts both on the data in a folder. `kill` ends them as `kill -9` does, in the middle of whatever they do. */
export async function startExampleProcess(folder) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const node = fork(file, [folder], { execArgv: [], env });
  const exit = once(node, "exit");
  const [example] = await Promise.race([once(node, "message"), exit]);
  if (typeof example?.url !== "string") throw new Error("the process of the example has ended before it answered");
  return {
    ...example,
    async kill() {
      const own = execFileSync("pgrep", ["-P", String(node.pid), "workerd"], { encoding: "utf8" });
      for (const id of own.trim().split("\n")) process.kill(Number(id), "SIGKILL");
      node.kill("SIGKILL");
      await exit;
    },
  };
}

/** A client of the product: `sign` is the session or API key of its requests. */
export function productClient({ productUrl }) {
  return async (method, path, { session, key, body } = {}) => {
    const headers = {
      ...(session && { cookie: `session=${session}` }),
      ...(key && { authorization: `Bearer ${key}` }),
    };
    const response = await fetch(`${productUrl}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
}

if (process.argv[1] === file) {
  const { url, productUrl, organization, adminToken, key } = await openExample({ folder: process.argv[2] });
  process.send({ url, productUrl, organization, adminToken, key });
}
