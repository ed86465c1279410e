// The command as a process of its own, with a folder of its own for its lists.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before } from "node:test";
import { root } from "../../../scripts/lib/paths.mjs";
import { KEY } from "./server.mjs";

const SCRIPT = join(root, "scripts/rehearse.mjs");

/** The command for one test file. */
export function useCommand() {
  const folder = {};
  before(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "rehearse-command-"));
  });
  after(() => rm(folder.path, { recursive: true }));

  /** Starts it; `env` goes over the environment, where it has the key. */
  const begin = (args, env = {}) => {
    const all = { ...process.env, SCIM_KEY: KEY, XDG_STATE_HOME: folder.path, ...env };
    const child = spawn(process.execPath, [SCRIPT, ...args], { env: all, stdio: ["ignore", "pipe", "pipe"] });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const ended = once(child, "close").then(async ([code, signal]) => {
      const [stdout, stderr] = await output;
      return { code, signal, stdout, stderr, text: stdout + stderr };
    });
    return { child, ended };
  };

  return {
    folder,
    begin,
    /** Runs it to its end. */
    rehearse: (args, env) => begin(args, env).ended,
  };
}
