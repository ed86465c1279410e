// Contestants with a process of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Starts a server, feeds it `input`, and resolves with the first line that it prints. It ends with this process. */
export async function startServer(command, args, { input = "", cwd } = {}) {
  const child = spawn(command, args, { cwd, stdio: ["pipe", "pipe", "pipe", "ipc"] });
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  child.stdin.end(input);
  const gone = once(child, "exit");
  const stop = () => {
    child.kill();
    return gone;
  };
  process.once("exit", stop);
  const ended = gone.then(() => {
    throw new Error(`${command} ended: ${errors.trim().split("\n").at(-1)}`);
  });
  ended.catch(() => {}); // only the start waits for it
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
  return { pid: child.pid, line, stop };
}
