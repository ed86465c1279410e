// Compiles the Worker: build/index.js and build/index_bg.wasm.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { notices } from "./notices.mjs";
import { root } from "./paths.mjs";
import { ask, logged, step } from "./run.mjs";

const OUTPUTS = ["build/index.js", "build/index_bg.wasm"].map((name) => join(root, name));
/** The licences of what is compiled in. */
export const NOTICES = join(root, "build/THIRD-PARTY-NOTICES.txt");
/** The same WebAssembly with the names of its functions, for `npm run size`. */
export const NAMED = join(root, "target/named.wasm");
const INPUTS = ["src", "crates", "Cargo.toml", "Cargo.lock", ".cargo", "package-lock.json", "scripts/lib/build.mjs"];
const STAMP = join(root, "build/.inputs"); // the hash of the inputs that the outputs were built from

/** Builds the Worker unless nothing that goes into it has changed. */
export async function build(tools) {
  const inputs = hash(ask("rustc", ["-vV"], tools.wasm));
  const current =
    [...OUTPUTS, NAMED, NOTICES].every(existsSync) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs;
  if (current) return;
  await step("Compiling the Worker", async () => {
    rmSync(STAMP, { force: true });
    const env = { ...tools.wasm, CARGO_TARGET_DIR: join(root, "target/wasm") };
    await logged("worker-build", "worker-build", ["--release", "--", "--locked"], { cwd: root, env });
    // worker-build keeps the names of functions, a tenth of the Worker's size.
    const wasm = join(root, "build/index_bg.wasm");
    copyFileSync(wasm, NAMED);
    // The first kilobyte of memory is the far end of the stack, which is used when the stack is about to overflow.
    const smaller = ["-Oz", "--low-memory-unused", "--strip-debug", wasm, "-o", wasm];
    await logged("wasm-opt", tools.wasm.WASM_OPT_BIN, smaller, { cwd: root, env });
    writeFileSync(NOTICES, notices(env));
    writeFileSync(STAMP, inputs);
  });
  console.log(`The Worker is ${(gzippedSize() / 1000).toFixed(0)} KB gzipped.`);
}

/** The size of what is uploaded, in bytes. */
export function gzippedSize() {
  return OUTPUTS.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
}

function hash(compiler) {
  const digest = createHash("sha256").update(compiler);
  for (const path of INPUTS.flatMap(filesOf)) digest.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return digest.digest("hex");
}

function filesOf(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats ? [path] : [];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
