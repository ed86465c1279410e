// Copies of this checkout, in which a test can run commands and change files.

import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";

const folders = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for the present process, which is deleted when that ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "scim-edge-checkout-"));
  folders.push(folder);
  return folder;
}

/**
 * A copy of what git knows of this checkout, changes included, with its packages of npm and the Worker in build/.
 * Returns its folder, which is temporary.
 */
export function copyOfCheckout() {
  const folder = temporaryFolder();
  const { stdout } = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard");
  for (const name of stdout.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  // Or the lock file is newer than the packages, and npm installs them again.
  utimesSync(join(folder, "package-lock.json"), 0, 0);
  cpSync(join(root, "build"), join(folder, "build"), { recursive: true });
  return folder;
}

/** Puts into `folder`/node_modules the packages that are no devDependencies, which are all that serving may use. */
export function linkPackages(folder) {
  const packages = join(folder, "node_modules");
  rmSync(packages, { recursive: true, force: true });
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
  writeFileSync(join(packages, ".package-lock.json"), ""); // as npm does when it is done
  return packages;
}

/** Runs git in a folder. */
export function git(folder, ...args) {
  const who = {
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@b.c",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@b.c",
  };
  return spawnSync("git", args, { cwd: folder, encoding: "utf8", maxBuffer: 16e6, env: { ...process.env, ...who } });
}

/** Runs JavaScript of a module in a folder, `imports` included. Throws with its words if it fails. */
export function evaluate(folder, script, env = process.env) {
  const args = ["--input-type=module", "--eval", script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8", env });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** Runs a script of a folder as npm does: `{ status, output }`. */
export function command(folder, script, args, env = process.env) {
  const all = ["-r", "./scripts/node-version.cjs", `scripts/${script}.mjs`, ...args];
  const name = { npm_lifecycle_event: script };
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, ...name },
  });
  return { status, output: stdout + stderr };
}

/**
 * Starts a script that goes on, and resolves when it has printed `pattern` with `{ output, stop() }`. Rejects if it
 * ends before.
 */
export function begin(folder, script, args, env, pattern) {
  const child = spawn(process.execPath, [`scripts/${script}.mjs`, ...args], { cwd: folder, env });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (data) => {
      output += data;
      if (pattern.test(output)) resolve({ output, stop: () => child.kill() && ended });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    ended.then(() => reject(new Error(output)));
  });
}
