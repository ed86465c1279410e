// Compiles the Worker: build/index.js and build/index_bg.wasm.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BUILD, builtFrom, MADE_FROM, OUTPUTS } from "./built.mjs";
import { cargo } from "./cargo.mjs";
import { addEntry } from "./entry.mjs";
import { TARGET } from "./flags.mjs";
import { notices } from "./notices.mjs";
import { orderForCompression } from "./order.mjs";
import { root } from "./paths.mjs";
import { ask, logged, step } from "./run.mjs";
import { hashOf, sourcesHash } from "./sources.mjs";
import { toolchain } from "./toolchain.mjs";
import { readModule, renameFunctions } from "./wasm.mjs";

const [SCRIPT, WASM, NOTICES] = OUTPUTS.map((name) => join(BUILD, name));
/** The same WebAssembly with the names of its functions, for `npm run size`. */
export const NAMED = join(root, "target/named.wasm");

/** Builds the Worker unless nothing that goes into it has changed, with all tools that this needs. */
export async function build() {
  const inputs = { sources: sourcesHash() };
  let isBuilt;
  // The crates take as long as the tools, and need only the compiler.
  const tools = await toolchain(async (env) => {
    inputs.compiler = compiler(env);
    isBuilt = existsSync(NAMED) && isCurrent(inputs);
    if (!isBuilt) await compile(env);
  });
  if (isBuilt) return;
  await step("Finishing the Worker", () => finish(tools.wasm, inputs));
  const size = gzippedSize();
  const inUnits = `${(size / 1000).toFixed(0)} KB gzipped, ${(size / 1024).toFixed(0)} KiB as wrangler prints it`;
  console.log(`The Worker is ${inUnits}.`);
}

/** The size of what is uploaded, in bytes. */
export function gzippedSize() {
  return [SCRIPT, WASM].reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
}

/** What names the compiler, and the machine that it runs on. */
export const compiler = (env) => ask("rustc", ["-vV"], env);

function isCurrent(inputs) {
  const record = builtFrom();
  return record?.sources === inputs.sources && record.compiler === inputs.compiler;
}

/** The module with names that sort its functions as they compress best. */
function namedByOrder(module) {
  const { functions } = readModule(module);
  // Instances of one generic function are next to each other by their names.
  const byName = [...functions.keys()].sort((a, b) => compare(functions[a].name, functions[b].name) || a - b);
  const names = [];
  orderForCompression(byName.map((index) => functions[index].code)).forEach((place, position) => {
    names[byName[place]] = String(position).padStart(7, "0");
  });
  return renameFunctions(module, names);
}

const compare = (a, b) => Number(a > b) - Number(a < b);

const withTarget = (env) => ({ ...env, CARGO_TARGET_DIR: join(root, "target/wasm") });

/** Compiles all crates, as worker-build will ask cargo to. */
function compile(env) {
  const args = ["build", "--lib", "--release", "--target", TARGET, "--locked"];
  return step("Compiling the Worker", () => cargo("worker", args, { cwd: root, env: withTarget(env) }));
}

async function finish(tools, inputs) {
  rmSync(MADE_FROM, { force: true });
  const env = withTarget(tools);
  await logged("worker-build", "worker-build", ["--release", "--", "--locked"], { cwd: root, env });
  await addEntry();
  // worker-build keeps the names of functions, a tenth of the Worker's size.
  copyFileSync(WASM, NAMED);
  writeFileSync(WASM, namedByOrder(readFileSync(NAMED)));
  const smaller = ["--reorder-functions-by-name", "--strip-debug", WASM, "-o", WASM];
  await logged("wasm-opt", tools.WASM_OPT_BIN, smaller, { cwd: root, env });
  writeFileSync(NOTICES, notices(env));
  const files = Object.fromEntries(OUTPUTS.map((name) => [name, hashOf(join(BUILD, name))]));
  writeFileSync(MADE_FROM, JSON.stringify({ ...inputs, files }));
}
