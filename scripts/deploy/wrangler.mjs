// Runs wrangler, which does all that concerns the account. What it did is read from the file that it writes for
// programs, and from its JSON.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { node22 } from "../lib/npm.mjs";
import { root } from "../lib/paths.mjs";
import { Problem, run } from "../lib/run.mjs";

let commands = 0; // so far

/** Not the program in bin/: that one ends with 0 when what it starts is ended by a signal. */
const PROGRAM = join(root, "node_modules/wrangler/wrangler-dist/cli.js");
const LOGS = join(root, "target/logs");

/** A command of wrangler that failed. `code` is that of Cloudflare's API, if it was the one that refused. */
export class WranglerFailure extends Problem {
  constructor({ args, code, output }) {
    super(`npx wrangler ${args.join(" ")} failed${remedy(output)}\n${indented(output)}`);
    this.code = code;
    this.output = output;
  }
}

const REMEDIES = [
  [
    /\[code: (10000|9109|10001)\]|Authentication error|Unauthorized/i,
    ": the login does not permit it. Run npx wrangler login, or give the API token the permissions that " +
      "docs/guides/deploy.md lists.",
  ],
  [/\[code: 7406\]/, ": the account has as many D1 databases as its plan allows."],
  [
    /fetch failed|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/i,
    ": Cloudflare's API was not reached. Check the connection, and run the same command again.",
  ],
];

const remedy = (output) => REMEDIES.find(([pattern]) => pattern.test(output))?.[1] ?? ":";

/** What wrangler says, without its colours, banner, stacks and the path of its log. */
function indented(output) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  const plain = output.replace(/\x1b\[[\d;]*m/g, "");
  const noise = /^\s*$|⛅|^─+$|🪵|please open an issue|^ +at |error handler also failed/;
  const lines = plain.split("\n").filter((line) => !noise.test(line));
  return lines
    .slice(-20)
    .map((line) => `  ${line.trimEnd()}`)
    .join("\n");
}

/**
 * Runs a command of wrangler and resolves with `{ stdout, entries }`; `entries` are those of its file for programs.
 * `input` is what it gets as standard input. What it prints is hidden unless `shown`: then it may ask questions too.
 */
export async function wrangler(args, { input, shown = false } = {}) {
  mkdirSync(LOGS, { recursive: true });
  const name = `wrangler-${++commands}`;
  const paths = Object.fromEntries(["out", "err", "ndjson"].map((end) => [end, join(LOGS, `${name}.${end}`)]));
  rmSync(paths.ndjson, { force: true });
  // Each command says which deployment it is about.
  const { CLOUDFLARE_ENV: _, ...inherited } = process.env;
  const env = { WRANGLER_SEND_METRICS: "false", ...inherited, WRANGLER_OUTPUT_FILE_PATH: paths.ndjson };
  const files = shown ? [] : [openSync(paths.out, "w"), openSync(paths.err, "w")];
  const stdio = shown ? "inherit" : [input === undefined ? "ignore" : "pipe", ...files];
  try {
    const code = await run(node22(), ["--no-warnings", PROGRAM, ...args], { cwd: root, env, stdio, input });
    const entries = existsSync(paths.ndjson) ? ndjson(readFileSync(paths.ndjson, "utf8")) : [];
    const text = (path) => (shown ? "" : readFileSync(path, "utf8"));
    if (code === 0) return { stdout: text(paths.out), entries };
    const failed = entries.find(({ type }) => type === "command-failed");
    const output = `${text(paths.out)}\n${text(paths.err)}`;
    throw new WranglerFailure({ args, code: failed?.code, output });
  } finally {
    files.forEach(closeSync);
  }
}

const ndjson = (text) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** Runs a command of wrangler that prints JSON, and resolves with that. */
export async function wranglerJson(args) {
  const { stdout } = await wrangler(args);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Problem(`npx wrangler ${args.join(" ")} did not print JSON, but:\n${indented(stdout)}`);
  }
}
