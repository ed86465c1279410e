// The list of what a rehearsal has made on a server, on disk before it is made, so that nothing is left behind after a
// crash.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/run.mjs";

/** Where the lists are: not in the checkout, which may be deleted before the next run. */
export const listFolder = () =>
  join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "scim-edge/rehearsals");

/** One list: that of a run against one base URL. */
export class Ledger {
  #path;
  #head;
  #entries;

  /** @param head `{ base, run, pid, started }`; `entries` are those of an earlier run */
  constructor(folder, head, entries = []) {
    this.#path = join(folder, `${head.run}.json`);
    this.#head = head;
    this.#entries = entries;
  }

  get head() {
    return this.#head;
  }

  /** What is to be removed, each `{ type, name, id }`: type is Users or Groups; no id where no answer named it. */
  get entries() {
    return [...this.#entries];
  }

  /** Notes that something is about to be made. @returns the entry */
  intend(type, name) {
    const entry = { type, name };
    this.#entries.push(entry);
    this.#save();
    return entry;
  }

  made(entry, id) {
    entry.id = id;
    this.#save();
  }

  /** Forgets an entry, because it was refused or is gone. */
  drop(entry) {
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#save();
  }

  dropId(type, id) {
    this.#entries = this.#entries.filter((each) => each.type !== type || each.id !== id);
    this.#save();
  }

  owns(type, id) {
    return this.#entries.some((each) => each.type === type && each.id === id);
  }

  #save() {
    if (this.#entries.length === 0) return rmSync(this.#path, { force: true });
    // Renamed when it is complete, so that a crash never leaves half of it.
    const partial = `${this.#path}.partial`;
    writeFileSync(partial, JSON.stringify({ ...this.#head, entries: this.#entries }, null, 2), { mode: 0o600 });
    renameSync(partial, this.#path);
  }
}

/** Makes the folder of the lists. */
export function openFolder(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Problem(
      `The list of what is made cannot be kept in ${folder} (${error.code}): set XDG_STATE_HOME to a folder that can ` +
        "be written.",
    );
  }
}

/** The lists that earlier runs against this base URL have left, without those of runs that go on. */
export function leftLists(folder, base) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
    .filter((list) => list.base === base && !isRunning(list.pid))
    .map(({ entries, ...head }) => new Ledger(folder, head, entries));
}

function isRunning(pid) {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
