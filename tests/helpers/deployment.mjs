// npm run deploy, as a test runs it: in a copy of this checkout, with a Cloudflare account that the test plays.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before } from "node:test";
import { node22 } from "../../scripts/lib/npm.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { Account } from "./account.mjs";
import { copyOfCheckout } from "./checkout.mjs";
import { withoutLogin } from "./wrangler.mjs";

export const ADMIN_TOKEN = "admin-token-of-the-test-with-46-characters-all";

/** A checkout and an account for one file of tests. */
export function useDeployment() {
  const deployment = new Deployment();
  before(() => deployment.open());
  after(() => deployment.close());
  return deployment;
}

class Deployment {
  async open() {
    this.folder = copyOfCheckout();
    await this.newAccount();
  }

  /** From now on the account is another one, which is empty. */
  async newAccount() {
    await this.account?.close();
    this.account = await new Account().open();
  }

  async close() {
    await this.account.close();
  }

  /** Changes a file of the checkout; returns a function that restores it. */
  change(path, edit) {
    const file = join(this.folder, path);
    const text = readFileSync(file, "utf8");
    const changed = edit(text);
    if (changed === text) throw new Error(`${path} was not changed.`);
    writeFileSync(file, changed);
    return () => writeFileSync(file, text);
  }

  /** Runs npm run deploy; resolves with `{ status, signal, output }`. `onStart` gets the process. */
  deploy(args = [], { env = {}, onStart = () => {} } = {}) {
    const all = { ...withoutLogin(), ADMIN_TOKEN, ...this.account.env, ...env };
    return this.#run([join(this.folder, "scripts/deploy.mjs"), ...args], all, onStart);
  }

  /** As {@link deploy}, in a terminal without ADMIN_TOKEN; `answers` are pairs of a question and its answer. */
  inTerminal(args, answers, more = {}) {
    const env = { ...withoutLogin(), ...this.account.env, CI: undefined, ...more };
    const terminal = join(root, "tests/helpers/terminal.py");
    const command = [node22(), join(this.folder, "scripts/deploy.mjs"), ...args];
    return this.#run([terminal, JSON.stringify(answers), ...command], env, () => {}, { command: "python3" });
  }

  /** Runs wrangler in the checkout, or in another folder `cwd`. */
  wrangler(args, { env = {}, input, cwd } = {}) {
    const program = join(root, "node_modules/wrangler/bin/wrangler.js");
    const onStart = (child) => child.stdin.end(input ?? "");
    return this.#run([program, ...args], { ...withoutLogin(), ...this.account.env, ...env }, onStart, { cwd });
  }

  /** Runs npm in a folder, with a Node that wrangler can use. */
  npm(args, cwd) {
    const PATH = `${dirname(node22())}:${process.env.PATH}`;
    return this.#run(args, { ...withoutLogin(), ...this.account.env, PATH }, () => {}, { cwd, command: "npm" });
  }

  #run(args, env, onStart, { cwd = this.folder, command = node22() } = {}) {
    const kept = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
    // A group of its own, so that a test can end all of it at once.
    const child = spawn(command, args, { cwd, env: kept, detached: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    onStart(child);
    return new Promise((resolve) => {
      child.on("close", (status, signal) => resolve({ status, signal, output }));
    });
  }
}
