// npm test: lints, native unit tests, black-box tests, costs and a conformance suite, of the built Worker in workerd.
//   npm test -- tests/scim/users/users.test.mjs ...   only these black-box tests
//   npm run lint                           only the lints
//   npm run test:conformance               only the conformance suite; -- --write renews docs/conformance.md
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./lib/build.mjs";
import { cargoDeny } from "./lib/cargo-deny.mjs";
import { chromium, NO_CHROMIUM } from "./lib/chromium.mjs";
import { linters } from "./lib/linters.mjs";
import { bin, root } from "./lib/paths.mjs";
import { conformancePython } from "./lib/python.mjs";
import { ask, main, Problem, run } from "./lib/run.mjs";
import { node22, toolchain } from "./lib/toolchain.mjs";

const started = performance.now();
const failures = []; // what failed as a whole: a lint, a build, a runner
const skipped = []; // what could not be tried on this machine
const total = { passed: 0, failed: 0 };

await main(async () => {
  process.chdir(root);
  const flag = { type: "boolean", default: false };
  const options = { lint: flag, conformance: flag, write: flag };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const tools = await toolchain();
  const everything = positionals.length === 0 && !values.conformance;
  if (everything) {
    await linters(tools.native);
    await lint(tools);
    if (values.lint) return failures.length > 0 ? 1 : 0;
    await unitTests(tools);
    await attempt("Chromium", browser);
  }
  heading("Build");
  const built = await attempt("the build of the Worker", () => build(tools));
  if (built && !values.conformance) await blackBoxTests(everything ? testFiles() : positionals);
  if (built && everything) await costs();
  if (built && (everything || values.conformance)) await attempt("conformance", () => conformance(values.write));
  return report();
});

async function lint({ native, wasm }) {
  const clippy = ["clippy", "--locked", "--quiet"];
  const deny = ["--", "-D", "warnings"];
  await check("JavaScript", bin("biome"), ["ci", "--error-on-warnings"]);
  await check("Rust's format", "cargo", ["fmt", "--check"], native);
  await check("Rust", "cargo", [...clippy, "--workspace", "--all-targets", ...deny], native);
  // Where the compiler for WebAssembly is another one than the native, clippy, which is a compiler too, would not fit it.
  const version = (env) => ask("rustc", ["-vV"], env);
  const target = ["--lib", "--release", "--target", "wasm32-unknown-unknown"];
  const args =
    version(wasm) === version(native) ? [...clippy, ...target, ...deny] : ["check", "--locked", "--quiet", ...target];
  await check("Rust for WebAssembly", "cargo", args, { ...wasm, CARGO_TARGET_DIR: join(root, "target/wasm") });
  const checks = ["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
  await attempt("cargo-deny", async () => check("Licences and origins of crates", await cargoDeny(), checks, native));
}

/** One lint; its own output says what is wrong. */
async function check(name, command, args, env = process.env) {
  heading(`Lint: ${name}`);
  if ((await run(command, args, { env })) !== 0) failures.push(`lint: ${name}`);
}

async function unitTests({ native }) {
  heading("Unit tests");
  let output = "";
  const code = await run("cargo", ["test", "--locked", "--quiet", "--workspace"], {
    env: native,
    onStdout: (data) => (output += data),
  });
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    add(Number(passed), Number(failed));
  }
  if (code !== 0) failures.push("unit tests");
}

/** Whether `work` could be done; if not, says why, and the rest goes on. */
async function attempt(name, work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`\n${error.message}`);
    failures.push(name);
    return false;
  }
}

/** The tests take the browser from this variable, and skip what needs one where there is none. */
async function browser() {
  const path = await chromium();
  if (path) process.env.CHROMIUM_PATH = path;
  else skipped.push(`the tests in a browser, since ${NO_CHROMIUM}`);
}

async function blackBoxTests(files) {
  heading("Black-box tests");
  const counts = join(root, "target/logs/black-box-counts.json");
  rmSync(counts, { force: true });
  const code = await run(node22(), [
    "--test",
    // One more than there are processors: some wait more than they compute.
    `--test-concurrency=${Math.min(4, availableParallelism() + 1)}`,
    // A test that hangs fails by its name instead of taking the whole run's time.
    `--test-timeout=${10 * 60_000}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "scripts/lib/count-reporter.mjs")}`,
    `--test-reporter-destination=${counts}`,
    ...files,
  ]);
  const written = existsSync(counts) ? readFileSync(counts, "utf8") : "";
  const { passed, failed, cancelled } = written ? JSON.parse(written) : { passed: 0, failed: 0, cancelled: 1 };
  add(passed, failed + cancelled);
  if (code !== 0) failures.push("black-box tests");
}

/** What the benchmark's operations cost as D1 bills them. */
async function costs() {
  heading("Costs");
  let output = "";
  const args = [join(root, "bench/run.mjs"), JSON.stringify({ quick: true })];
  const code = await run(node22(), args, { onStdout: (data) => (output += data) });
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
  add(Number(passed), Number(failed));
  if (code !== 0) failures.push("costs");
}

async function conformance(write) {
  heading("Conformance: scim2-tester");
  const python = await conformancePython();
  let output = "";
  const args = [join(root, "scripts/conformance.mjs"), python, ...(write ? ["--write"] : [])];
  const code = await run(node22(), args, { onStdout: (data) => (output += data) });
  const [, passed = 0, failed = 0] = /^(\d+) passed; (\d+) failed; \d+ deviate/m.exec(output) ?? [];
  add(Number(passed), Number(failed));
  if (code !== 0) failures.push("conformance");
}

function testFiles() {
  const names = readdirSync(join(root, "tests"), { recursive: true }).filter((name) => name.endsWith(".test.mjs"));
  return names.sort().map((name) => join("tests", name));
}

function add(passed, failed) {
  total.passed += passed;
  total.failed += failed;
}

function report() {
  if (total.passed + total.failed === 0) failures.push("no test ran");
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all.`);
  for (const tests of skipped) console.log(`Skipped: ${tests}.`);
  for (const failure of failures) console.log(`Failed: ${failure}`);
  // A lint or a build that failed counts as one, so that the last line never reads as if all were well.
  console.log(`${total.passed} passed, ${Math.max(total.failed, failures.length > 0 ? 1 : 0)} failed`);
  return failures.length > 0 ? 1 : 0;
}

function heading(text) {
  console.log(`\n== ${text}`);
}
