// The Worker in a process of its own, which can be killed. Run as a program, this file is that process: its argument is
// the folder of the data.

import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startWorker } from "./worker.mjs";

const file = fileURLToPath(import.meta.url);

/** Starts the Worker on the data in a folder. `kill` ends it as `kill -9` does, in the middle of whatever it does. */
export async function startProcess(folder) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const node = fork(file, [folder], { execArgv: [], env });
  const exit = once(node, "exit");
  const [worker] = await Promise.race([once(node, "message"), exit]);
  if (typeof worker?.url !== "string") throw new Error("the process of the Worker has ended before it answered");
  return {
    ...worker,
    async kill() {
      const own = execFileSync("pgrep", ["-P", String(node.pid), "workerd"], { encoding: "utf8" });
      for (const id of own.trim().split("\n")) process.kill(Number(id), "SIGKILL");
      node.kill("SIGKILL");
      await exit;
    },
  };
}

if (process.argv[1] === file) {
  const { url, adminToken } = await startWorker({ persistTo: process.argv[2] });
  process.send({ url, adminToken });
}
