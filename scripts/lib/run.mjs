// Running other programs. A failure becomes one sentence with a remedy.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { takeFlag } from "./system-packages.mjs";

export { step } from "./progress.mjs";

/** A failure whose message is all that the reader needs. */
export class Problem extends Error {}

/** The trimmed standard output of a short command, or undefined if it cannot be run or fails. */
export function ask(command, args, env = process.env) {
  const { status, stdout } = spawnSync(command, args, { env, encoding: "utf8", timeout: 30_000 });
  return status === 0 ? stdout.trim() : undefined;
}

const children = new Set();
let interrupted; // the exit code for the signal that asked us to stop

// A terminal sends Ctrl-C to the whole group, anything else may send a signal to this process alone: either way what we
// started is asked to stop too, and we wait for it, so that no compiler or server is left behind.
function passSignalsOn() {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const [signal, code] of Object.entries(codes)) {
    process.on(signal, () => {
      interrupted = code;
      for (const child of children) child.kill(signal);
      if (children.size === 0) process.exit(code);
    });
  }
}

/**
 * Starts a program and resolves with its exit code; one ended by a signal has failed.
 * `onStdout` gets what it writes to its standard output, which is shown all the same. `onOutput` gets all that it
 * writes, which is not shown. What a program `inBackground` writes is shown when it ends, under that heading. `input`
 * is its standard input. One with `lowPriority` leaves the processor to others that want it.
 */
export function run(command, args, { onStdout, onOutput, inBackground, input, lowPriority, ...options } = {}) {
  if (process.listenerCount("SIGINT") === 0) passSignalsOn();
  return new Promise((resolve, reject) => {
    const chunks = [];
    const onAll = inBackground ? (data) => chunks.push(data) : onOutput;
    if (onAll) options.stdio = ["ignore", "pipe", "pipe"];
    else options.stdio ??= onStdout ? ["inherit", "pipe", "inherit"] : "inherit";
    const child = spawn(command, args, options);
    children.add(child);
    if (lowPriority && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    if (input !== undefined) child.stdin.end(input);
    if (onStdout) child.stdout.on("data", onStdout);
    if (onAll) for (const stream of [child.stdout, child.stderr]) stream.on("data", onAll);
    else child.stdout?.pipe(process.stdout);
    child.on("error", (error) => {
      children.delete(child);
      reject(error.code === "ENOENT" ? new Problem(`${command} was not found on this machine.`) : error);
    });
    child.on("close", (code) => {
      children.delete(child);
      if (inBackground) process.stdout.write(`\n== ${inBackground}\n${Buffer.concat(chunks)}`);
      // A server that ends with 0 after a signal has not failed, and neither has this process.
      if (interrupted !== undefined) process.exit(code === 0 ? 0 : interrupted);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a program with its output going to a log file; a failure shows the log's end. `filter` gets each part of the
 * output, and returns what the log keeps of it.
 */
export async function logged(name, command, args, { filter, ...options } = {}) {
  const folder = join(root, "target/logs");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.log`);
  const log = openSync(path, "w");
  const onOutput = filter && ((data) => writeSync(log, filter(data.toString())));
  let code;
  try {
    code = await run(command, args, { ...options, onOutput, stdio: ["ignore", log, log] });
  } finally {
    closeSync(log);
  }
  if (code !== 0) throw new Problem(explain(command, args, readFileSync(path, "utf8"), path));
}

const anyOf = (...patterns) => new RegExp(patterns.join("|"), "i");

// Messages of tools when something outside this project is missing, and what to do about it.
const remedies = [
  [/No space left on device|ENOSPC|os error 28/i, "The disk is full: free some space and run this again."],
  [
    /\b(EACCES|EPERM|EROFS)\b|Permission denied|Read-only file system/i,
    "A folder cannot be written; the log names it. If it is in the home directory, name another one: " +
      "HOME=/some/folder before the command.",
  ],
  [
    /linker `(cc|gcc|clang)` not found|failed to find tool "(cc|gcc)"/i,
    "There is no C compiler: install one (Debian, Ubuntu: apt-get install gcc libc6-dev).",
  ],
  [
    anyOf(
      "Could not find directory of OpenSSL",
      "pkg-config (command )?could not be found",
      "openssl-sys.*failed",
      "Could not run `.*pkg-config",
    ),
    "The OpenSSL headers or pkg-config are missing: install them (Debian, Ubuntu: apt-get install libssl-dev " +
      "pkg-config).",
  ],
  [
    anyOf(
      "Could not resolve host",
      "Temporary failure (in name resolution|resolving)",
      "ENOTFOUND|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|ETIMEDOUT",
      "Couldn't connect to server",
      "Network is unreachable",
      "Failed to establish a new connection",
      "error sending request",
      "Timeout was reached",
    ),
    "The network, or a proxy on the way, did not let it through: check the connection and run this again.",
  ],
  [
    /\bE40[13]\b|\b(got|code:?|status) 40[13]\b|40[13] (Forbidden|Unauthorized|Client Error)/i,
    "The package registry refused the request: check the registry settings of npm, cargo, pip or apt.",
  ],
];

function explain(command, args, log, path) {
  const remedy = remedies.find(([pattern]) => pattern.test(log))?.[1] ?? "";
  const tail = log.trimEnd().split("\n").slice(-25).join("\n  ");
  const failed = `\`${[command, ...args].join(" ")}\` failed. ${remedy}`;
  return `${failed}\nThe end of its log:\n  ${tail}\nThe whole log: ${path}`;
}

/** What the reader is told: a Problem by its message, what the system refuses by a remedy, a bug by its stack. */
function told(error) {
  if (error instanceof Problem) return error.message;
  if (error.code === "ENOSPC") return remedies[0][1];
  if (!["EACCES", "EPERM", "EROFS"].includes(error.code) || error.path === undefined) return error.stack;
  return `${error.path} cannot be written or read (${error.code}): check who owns it, and run this again.`;
}

/** The body of a command: a Problem prints its message, any other error is a bug and prints its stack. */
export async function main(work) {
  takeFlag();
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    console.error(`\n${told(error)}`);
    for (const child of children) child.kill(); // what goes on beside the step that failed
    process.exit(1); // whatever is still open
  }
}
