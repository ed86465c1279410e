// The list of what a rehearsal has made on a server, on disk before it is made, so that nothing is left behind after a
// crash.

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Problem } from "../lib/run.mjs";

/** Milliseconds. */
const LONGEST_RUN = 60 * 60_000;

/** Where the lists are: not in the checkout, which may be deleted before the next run. */
export const listFolder = () =>
  join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "scim-edge/rehearsals");

/**
 * One list: that of a run against one base URL. Its file has a line for each change, so that a crash loses none but the
 * last: first the head, then `{ number, type, name }`, `{ number, id }`, and `{ number, isGone: true }`.
 */
export class Ledger {
  #path;
  #head;
  #entries = [];
  #lines;

  /** @param head `{ base, run, pid, started }`; `lines` are those that an earlier run has written behind it */
  constructor(folder, head, lines = []) {
    this.#path = join(folder, `${head.run}.jsonl`);
    this.#head = head;
    this.#lines = lines.length;
    for (const line of lines) this.#apply(line);
  }

  /** What is to be removed, each `{ number, type, name, id }`: type is Users or Groups; no id where none is known. */
  get entries() {
    return [...this.#entries];
  }

  /** Notes that something is about to be made. @returns the entry */
  intend(type, name) {
    const number = this.#lines; // as good as any
    this.#note({ number, type, name });
    return this.#entries.at(-1);
  }

  made({ number }, id) {
    this.#note({ number, id: String(id) });
  }

  /** Forgets an entry, because it was refused or is gone. */
  drop({ number }) {
    this.#note({ number, isGone: true });
    if (this.#entries.length === 0) rmSync(this.#path, { force: true });
  }

  dropId(type, id) {
    for (const entry of this.entries) if (entry.type === type && entry.id === id) this.drop(entry);
  }

  owns(type, id) {
    return this.#entries.some((each) => each.type === type && each.id === id);
  }

  #note(line) {
    this.#apply(line);
    const lines = existsSync(this.#path) ? [line] : [this.#head, line];
    this.#lines += 1;
    appendFileSync(this.#path, lines.map((each) => `${JSON.stringify(each)}\n`).join(""), { mode: 0o600 });
  }

  #apply({ number, type, name, id, isGone }) {
    const entry = this.#entries.find((each) => each.number === number);
    if (isGone) this.#entries = this.#entries.filter((each) => each !== entry);
    else if (entry) entry.id = id;
    else this.#entries.push({ number, type, name });
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
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => readLines(join(folder, name)))
    .filter(([head]) => head?.base === base && !isRunning(head))
    .map(([head, ...lines]) => new Ledger(folder, head, lines));
}

/** The last line is incomplete after a crash while it was written. */
function readLines(path) {
  const complete = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return complete.map((line) => JSON.parse(line));
}

/** Of a run that began long ago the process has ended, and another one may have its number. */
function isRunning({ pid, started }) {
  if (pid === process.pid || Date.now() - Date.parse(started) > LONGEST_RUN) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
