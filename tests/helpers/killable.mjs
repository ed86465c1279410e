// A process that runs a Worker, and can be killed.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a file as a program whose argument is the folder of the data, and resolves with what it sends once its Worker
 * answers. `kill` ends it as `kill -9` does, in the middle of its work.
 */
export async function startKillable(file, folder) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const node = fork(file, [folder], { execArgv: [], env });
  const exit = once(node, "exit");
  const [started] = await Promise.race([once(node, "message"), exit]);
  if (typeof started?.url !== "string") throw new Error("the process has ended before its Worker answered");
  return {
    ...started,
    async kill() {
      const own = execFileSync("pgrep", ["-P", String(node.pid), "workerd"], { encoding: "utf8" });
      for (const id of own.trim().split("\n")) process.kill(Number(id), "SIGKILL");
      node.kill("SIGKILL");
      await exit;
    },
  };
}
