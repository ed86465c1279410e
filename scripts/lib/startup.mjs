// The start-up time of the built Worker, as `wrangler check startup` measures it on this machine.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { node22 } from "./npm.mjs";
import { root } from "./paths.mjs";
import { Problem } from "./run.mjs";

/** The milliseconds that the start takes. */
export function startup() {
  const folder = join(root, "target/startup");
  mkdirSync(folder, { recursive: true });
  // The deployment's own configuration would build the Worker once more.
  const [date] = /^compatibility_date = .*$/m.exec(readFileSync(join(root, "wrangler.toml"), "utf8"));
  const config = join(folder, "wrangler.toml");
  writeFileSync(config, `name = "startup"\nmain = ${JSON.stringify(join(root, "build/index.js"))}\n${date}\n`);
  const args = ["check", "startup", "--config", config, "--outfile", join(folder, "worker-startup.cpuprofile")];
  const env = { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" };
  const program = join(root, "node_modules/wrangler/bin/wrangler.js");
  const options = { env, cwd: folder, encoding: "utf8", timeout: 120_000 };
  const { stdout, stderr } = spawnSync(node22(), [program, ...args], options);
  const [, millis] = /Active: ([\d.]+) ms/.exec(stdout) ?? [];
  if (millis === undefined)
    throw new Problem(`wrangler could not measure the start of the Worker.\n${stdout}${stderr}`);
  return Number(millis);
}
