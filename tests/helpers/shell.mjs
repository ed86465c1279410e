// A folder in which commands of documents run as they are written, with wrangler's local database in the place of the
// account's. What needs an account is compared with wrangler's own help instead: the command and its flags exist.

import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../scripts/lib/paths.mjs";

/** Stands for npx and wrangler on the PATH. */
const WRANGLER = (wrangler) => `#!${process.execPath}
const { spawnSync } = require("node:child_process");
const args = process.argv.slice(2).filter((arg, index) => !(index === 0 && arg === "wrangler"));
const wrangler = ${JSON.stringify(wrangler)};
const run = (args, stdio) => spawnSync(process.execPath, [wrangler, ...args], { stdio, encoding: "utf8" });
const [first, second] = args;
if (first === "d1" && ["execute", "export", "migrations"].includes(second)) {
  const local = args.map((arg) => (arg === "--remote" ? "--local" : arg));
  process.exit(run(local, "inherit").status ?? 1);
}
if (first === "deploy") process.exit(run([...args, "--dry-run", "--outdir", "dry-run"], "inherit").status ?? 1);
const help = run([...args, "--help"], "pipe");
const flags = args.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0]);
const isCommand = help.status === 0 && !/^COMMANDS$/m.test(help.stdout);
const unknown = flags.filter((flag) => !help.stdout.includes(flag));
if (isCommand && unknown.length === 0) process.exit(0);
console.error(help.stderr, help.stdout, "not in the help of wrangler:", isCommand ? unknown : args);
process.exit(1);
`;

/** The configuration of the repository without its build step, and with a second database. */
function configuration() {
  const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
  const withoutBuild = toml.replace(/^\[build\]\n(?:\w.*\n)+/m, "");
  const [, name] = /^database_name = "(.*)"$/m.exec(toml) ?? [];
  const databases = ["DB", "DB_1"].map(
    (id) =>
      `[[d1_databases]]\nbinding = "${id}"\ndatabase_name = "${name ?? "scim-edge"}-${id}"\ndatabase_id = "${id}"\n`,
  );
  return `${withoutBuild.replace(/^\[\[d1_databases\]\]\n(?:[#\w].*\n)+/m, "")}\n${databases.join("\n")}`;
}

/**
 * Makes such a folder.
 * @returns `run(command, env)`, which resolves with the output or rejects; `persistTo` for a Worker on its databases,
 * `path(name)` of a file in it, `forget()`, which deletes the databases, and `remove()`
 */
export function openShell() {
  const folder = mkdtempSync(join(tmpdir(), "scim-edge-shell-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["npx", "wrangler"]) {
    writeFileSync(join(bin, name), WRANGLER(join(root, "node_modules/wrangler/bin/wrangler.js")));
    chmodSync(join(bin, name), 0o755);
  }
  for (const name of ["build", "docs", "migrations", "schema.sql", "scripts", "src"])
    symlinkSync(join(root, name), join(folder, name));
  writeFileSync(join(folder, "wrangler.toml"), configuration());
  const state = join(folder, ".wrangler");
  const run = (command, more = {}) => {
    const env = {
      ...process.env,
      PATH: [bin, join(process.execPath, ".."), process.env.PATH].join(delimiter),
      CI: "1",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_WRITE_LOGS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      ...more,
    };
    return promisify(execFile)("bash", ["-euo", "pipefail", "-c", command], { cwd: folder, env });
  };
  return {
    run,
    persistTo: join(state, "state/v3"),
    path: (name) => join(folder, name),
    forget: () => rmSync(state, { recursive: true, force: true }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
