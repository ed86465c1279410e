// wrangler without an account, as a test runs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { node22 } from "../../scripts/lib/npm.mjs";
import { root } from "../../scripts/lib/paths.mjs";

const PROGRAM = join(root, "node_modules/wrangler/bin/wrangler.js");

const homes = [];
process.once("exit", () => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** The environment of a machine on which wrangler has no login, and is not asked questions. */
export function withoutLogin(more = {}) {
  const home = mkdtempSync(join(tmpdir(), "scim-edge-home-"));
  homes.push(home);
  const kept = Object.entries(process.env).filter(([name]) => !/^(CLOUDFLARE|CF|WRANGLER|XDG)_/.test(name));
  const own = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), CI: "true", WRANGLER_SEND_METRICS: "false" };
  return { ...Object.fromEntries(kept), ...own, NO_COLOR: "1", ...more };
}

/** Runs wrangler in `folder`; returns `{ status, output }`. */
export function wrangler(folder, args, env = withoutLogin()) {
  const options = { cwd: folder, env, encoding: "utf8", timeout: 120_000 };
  const { status, stdout, stderr } = spawnSync(node22(), [PROGRAM, ...args], options);
  return { status, output: `${stdout}${stderr}` };
}
