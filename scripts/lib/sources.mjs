// What the Worker is made from, as one hash that needs no compiler. It tells whether a Worker fits the sources.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { Problem } from "./run.mjs";

const WORKER_BUILD = "0.8.7";

const SOURCES = ["src", "crates", "Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml"];
/** The scripts that decide what is compiled in, and how. */
const SCRIPTS = ["build.mjs", "entry.mjs", "flags.mjs", "notices.mjs", "order.mjs", "wasm.mjs"].map(
  (name) => `scripts/lib/${name}`,
);

/** The versions of the programs that make the Worker, beside the compiler. */
export const toolVersions = () => ({
  "worker-build": WORKER_BUILD,
  "wasm-bindgen": lockedCrate("wasm-bindgen"),
  binaryen: lockedPackage("binaryen"),
  esbuild: lockedPackage("esbuild"),
});

/** The SHA-256 over the sources, the lock file of the crates, and the versions of the tools. */
export function sourcesHash() {
  const digest = createHash("sha256").update(JSON.stringify(toolVersions()));
  for (const path of [...SOURCES, ...SCRIPTS].flatMap(filesOf)) {
    digest.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return digest.digest("hex");
}

/** The SHA-256 of a file. */
export const hashOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Without files of editors and of the system, whose names begin with a dot. */
function filesOf(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path))
    .filter((name) => !name.startsWith("."))
    .sort()
    .flatMap((name) => filesOf(`${path}/${name}`));
}

// wasm-bindgen's program and library must be of exactly the same version.
function lockedCrate(name) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = new RegExp(`name = "${name}"\nversion = "(.*)"`).exec(lock)?.[1];
  if (version) return version;
  throw new Problem(`Cargo.lock names no version of ${name}: restore it with git checkout Cargo.lock.`);
}

function lockedPackage(name) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const version = packages[`node_modules/${name}`]?.version;
  if (version) return version;
  throw new Problem(`package-lock.json names no version of ${name}: restore it with git checkout package-lock.json.`);
}
