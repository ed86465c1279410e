// The part of `npm test` that needs Node 22: runs files of black-box tests, several at once, in the order of the
// arguments.
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./lib/paths.mjs";

/** A file that hangs fails by its name, instead of taking the time of the whole run. */
const TIMEOUT = 10 * 60_000;

/** How many of the longest files are named at the end. */
const LONGEST = 10;

// Every file is a process of its own, and most of what it compiles is the same.
process.env.NODE_COMPILE_CACHE ??= join(root, "target/node-compile-cache");

// The processes of the tests would otherwise go on.
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop.abort());

const durations = [];
let failed = true; // until the summary says otherwise

const tests = run({
  files: process.argv.slice(2).map((file) => resolve(file)),
  // One more than there are processors: some files wait more than they compute.
  concurrency: Math.min(4, availableParallelism() + 1),
  timeout: TIMEOUT,
  signal: stop.signal,
});
tests.on("test:summary", ({ file, counts, duration_ms: millis }) => {
  // Each file has a summary; the one without a file is that of the whole run.
  if (file !== undefined) return durations.push({ file, millis });
  failed = counts.failed + counts.cancelled > 0;
  process.once("beforeExit", () => report(counts));
});
tests.compose(new spec()).pipe(process.stdout);
process.once("exit", () => {
  if (failed) process.exitCode = 1;
});

function report({ passed, failed, cancelled }) {
  durations.sort((a, b) => b.millis - a.millis);
  console.log("\nThe longest files:");
  for (const { file, millis } of durations.slice(0, LONGEST)) {
    console.log(`${(millis / 1000).toFixed(0).padStart(5)} s  ${relative(root, file)}`);
  }
  console.log(`\n${passed} passed, ${failed + cancelled} failed`);
}
