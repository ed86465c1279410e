// npm test: all jobs, one after another. USAGE has the options.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkBytes, checkRecord } from "./lib/artefact.mjs";
import { gzippedSize } from "./lib/build.mjs";
import { chromium, NO_CHROMIUM } from "./lib/chromium.mjs";
import { installLinters, linters, wasmLinter } from "./lib/lint.mjs";
import { node22 } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { scimPython } from "./lib/python.mjs";
import { reproduce } from "./lib/reproduce.mjs";
import { main, Problem, run } from "./lib/run.mjs";
import { startup } from "./lib/startup.mjs";
import { FLAG } from "./lib/system-packages.mjs";
import { toolchain } from "./lib/toolchain.mjs";

const JOBS = ["lint", "unit", "black-box", "browser", "cost", "conformance"];
/** Jobs that run if they are named only: this one compiles the Worker once more, which takes minutes. */
const MORE_JOBS = ["reproducible"];

const USAGE = `npm test -- [--only JOBS] [${FLAG}] [FILES]

  FILES        run only these files of black-box tests, such as tests/scim/users/*.mjs
  --only JOBS  run only these jobs, separated by commas: ${JOBS.join(", ")};
               or ${MORE_JOBS}, which else does not run: two builds in different folders are the same bytes
  --write      with the job conformance: renew docs/conformance.md before it is compared
  ${FLAG}
               install with apt-get what the tests need and this machine lacks`;

/** What the Worker may have gzipped: 1 MB, a third of what Cloudflare's free plan takes. */
const MAX_GZIPPED_SIZE = 1024 * 1024;

/** The files of tests that take longest, also by waiting, and are therefore started first. */
const LONGEST = [
  "deploy/deploy.test.mjs",
  "deploy/interrupted.test.mjs",
  "deploy/lost-answers.test.mjs",
  "deploy/refused.test.mjs",
  "property/imports.property.test.mjs",
  "property/exactly-once.test.mjs",
  "docs/commands.test.mjs",
  "admin-api/access/jwks.test.mjs",
  "cost/scale.test.mjs",
  "console/html-injection.browser.test.mjs",
  "storage/slow-storage.test.mjs",
  "scim/requests/keys.test.mjs",
  "security/rate-limits.test.mjs",
  "console/accessibility.browser.test.mjs",
  "cost/filters-large.test.mjs",
  "security/memory.test.mjs",
  "property/filters.property.test.mjs",
  "property/patch.property.test.mjs",
  "scim/lists/import.test.mjs",
  "scim/lists/cursor.test.mjs",
  "scim/groups/large.test.mjs",
  "storage/transient-errors.test.mjs",
];

/**
 * The bound of the Worker's start-up time, in milliseconds. It takes a few where the machine is quiet; Cloudflare
 * refuses more than a second.
 */
const MAX_STARTUP = 1_000;

const started = performance.now();
const failures = []; // what failed as a whole: a lint, a build, a runner
const skipped = []; // what could not be tried on this machine
const total = { passed: 0, failed: 0 };

await main(async () => {
  process.chdir(root);
  const { only, write, help, files } = readOptions();
  if (help) return console.log(USAGE);
  const jobs = files.length > 0 ? [] : chosen(only);
  const has = (job) => jobs.includes(job);
  const needsWorker = files.length > 0 || jobs.some((job) => job !== "lint" && job !== "unit");
  const tools = await toolchain();
  if (has("lint")) await installLinters(tools.native);
  // The end of a build uses one processor: what compiles for WebAssembly goes on beside the rest.
  const isCompared = has("lint") || has("reproducible");
  const wasm = compileForWasm(tools, { needsWorker, isLinted: has("lint"), isCompared });
  if (has("lint")) await lint(tools);
  if (has("lint") && !needsWorker) await attempt("the released Worker", checkRecord);
  if (has("unit")) await unitTests(tools);
  if (has("browser")) await attempt("Chromium", browser);
  const isBuilt = await wasm;
  if (!needsWorker || !isBuilt) return report();
  files.push(...testFiles().filter((file) => has(file.endsWith(".browser.test.mjs") ? "browser" : "black-box")));
  if (files.length > 0) await node("Black-box tests", "scripts/black-box.mjs", files);
  if (has("reproducible")) await attempt("two builds", reproducible);
  const suite = has("conformance") && attempt("conformance", () => conformance(write, has("cost")));
  if (has("cost")) await costs();
  await suite;
  return report();
});

function readOptions() {
  try {
    const options = {
      only: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { ...values, files: positionals };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}

function chosen(only) {
  const jobs = only?.split(",") ?? JOBS;
  const all = [...JOBS, ...MORE_JOBS];
  const unknown = jobs.find((job) => !all.includes(job));
  if (unknown !== undefined) throw new Problem(`There is no job ${unknown}. The jobs are ${all.join(", ")}.`);
  return jobs;
}

/**
 * Builds the Worker, compares it with the one in deploy/, and lints it for WebAssembly. Resolves with whether there is
 * a Worker.
 */
async function compileForWasm(tools, { needsWorker, isLinted, isCompared }) {
  const options = { inBackground: "Build" };
  const build = () => run(process.execPath, [join(root, "scripts/build.mjs")], options);
  const isBuilt = needsWorker && (await build()) === 0;
  if (needsWorker && !isBuilt) failures.push("the build of the Worker");
  if (isBuilt && isCompared) await attempt("the released Worker", compareReleased);
  if (isLinted) {
    const { name, command, args, env } = wasmLinter(tools);
    if ((await run(command, args, { env, inBackground: `Lint: ${name}` })) !== 0) failures.push(`lint: ${name}`);
  }
  return isBuilt;
}

function compareReleased() {
  const compared = checkBytes();
  console.log(`\n== Released Worker\ndeploy/ has what its sources make. Compared: ${compared}.`);
}

async function lint(tools) {
  for (const { name, command, args, env } of linters(tools)) {
    heading(`Lint: ${name}`);
    await attempt(name, async () => {
      const program = typeof command === "function" ? await command() : command;
      if ((await run(program, args, { env })) !== 0) failures.push(`lint: ${name}`);
    });
  }
}

async function unitTests({ native }) {
  heading("Unit tests");
  const args = ["test", "--locked", "--quiet", "--workspace"];
  await counted("unit tests", "cargo", args, { env: native }, /^test result: \w+\. (\d+) passed; (\d+) failed/gm);
}

/** The tests read the path of the browser from this variable, and are skipped without one. */
async function browser() {
  const path = await chromium();
  if (path) process.env.CHROMIUM_PATH = path;
  else skipped.push(`the tests in a browser, since ${NO_CHROMIUM}`);
}

async function reproducible() {
  heading("Two builds");
  await reproduce();
  console.log("The build in another folder made the same bytes.");
  total.passed++;
}

/** The size of the Worker, its start-up time, and the cost of the benchmark's operations as D1 bills them. */
async function costs() {
  heading("Size");
  const size = gzippedSize();
  console.log(`${size} bytes gzipped; at most ${MAX_GZIPPED_SIZE} are allowed.`);
  if (size > MAX_GZIPPED_SIZE) failures.push(`size: ${size} bytes gzipped are more than ${MAX_GZIPPED_SIZE}`);
  heading("Start-up");
  await attempt("the start of the Worker", () => {
    const millis = startup();
    console.log(`${millis} ms; at most ${MAX_STARTUP} are allowed.`);
    if (millis > MAX_STARTUP) failures.push(`start-up: ${millis} ms are more than ${MAX_STARTUP}`);
  });
  await node("Costs", "bench/run.mjs", [JSON.stringify({ quick: true })]);
}

async function conformance(write, inBackground) {
  const python = await scimPython();
  const args = [python, ...(write ? ["--write"] : [])];
  await node("Conformance: scim2-tester", "scripts/conformance.mjs", args, inBackground);
}

/** Runs a script that needs Node 22 and ends with its counts. */
async function node(title, script, args, inBackground = false) {
  if (!inBackground) heading(title);
  const options = inBackground ? { inBackground: title } : {};
  await counted(title, node22(), [join(root, script), ...args], options, /^(\d+) passed, (\d+) failed/gm);
}

/** Runs a program and adds the counts that it prints to ours. */
async function counted(name, command, args, options, pattern) {
  let output = "";
  const code = await run(command, args, { ...options, onStdout: (data) => (output += data) });
  const counts = [...output.matchAll(pattern)];
  for (const [, passed, failed] of counts) {
    total.passed += Number(passed);
    total.failed += Number(failed);
  }
  if (code !== 0) failures.push(name);
  else if (counts.length === 0) failures.push(`${name}: no test ran`);
}

/** Resolves with whether `work` succeeded. A Problem is printed, and the run goes on. */
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

/** All files of tests: first those that take longest, so that none of them is left running alone at the end. */
function testFiles() {
  const names = readdirSync(join(root, "tests"), { recursive: true }).filter((name) => name.endsWith(".test.mjs"));
  const missing = LONGEST.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`LONGEST in scripts/test.mjs names what is not there: ${missing}`);
  return [...new Set([...LONGEST, ...names.sort()])].map((name) => join("tests", name));
}

function report() {
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all.`);
  for (const tests of skipped) console.log(`Skipped: ${tests}.`);
  for (const failure of failures) console.log(`Failed: ${failure}`);
  // A lint or a build that failed counts as one, so that the last line never looks like success.
  console.log(`${total.passed} passed, ${Math.max(total.failed, failures.length > 0 ? 1 : 0)} failed`);
  return failures.length > 0 ? 1 : 0;
}

function heading(text) {
  console.log(`\n== ${text}`);
}
