// The start-up time of the built Worker, as `wrangler check startup` measures it on this machine.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { run } from "./run.mjs";
import { node22 } from "./toolchain.mjs";

/** Resolves with the milliseconds that the start takes, or undefined where wrangler fails. */
export async function startup() {
  const folder = join(root, "target/startup");
  mkdirSync(folder, { recursive: true });
  // The deployment's own configuration would build the Worker once more.
  const [date] = /^compatibility_date = .*$/m.exec(readFileSync(join(root, "wrangler.toml"), "utf8"));
  const config = join(folder, "wrangler.toml");
  writeFileSync(config, `name = "startup"\nmain = ${JSON.stringify(join(root, "build/index.js"))}\n${date}\n`);
  const args = ["check", "startup", "--config", config, "--outfile", join(folder, "worker-startup.cpuprofile")];
  const env = { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" };
  let output = "";
  const onStdout = (data) => (output += data);
  const program = join(root, "node_modules/wrangler/bin/wrangler.js");
  if ((await run(node22(), [program, ...args], { env, cwd: folder, onStdout })) !== 0) return undefined;
  const [, millis] = /Active: ([\d.]+) ms/.exec(output) ?? [];
  return millis === undefined ? undefined : Number(millis);
}
