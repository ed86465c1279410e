// Folders that take minutes to make, made once for all checkouts of a user.
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir } from "./paths.mjs";
import { progress } from "./progress.mjs";
import { Problem, step } from "./run.mjs";

/**
 * The folder `name` of the cache, filled by `fill(folder)` unless `works(folder)` says that it is there already.
 * It gets its name only when it is complete, so an interrupted one is never used.
 */
export async function cached({ name, title, works, fill }) {
  const folder = join(cacheDir, name);
  if (works(folder)) return folder;
  makeCache();
  await step(title, () =>
    locked(name, async () => {
      if (works(folder)) return; // another checkout made it while we waited
      removeAll(`${name}.partial-`);
      const partial = join(cacheDir, `${name}.partial-${process.pid}`);
      mkdirSync(partial);
      await fill(partial);
      rmSync(folder, { recursive: true, force: true });
      renameSync(partial, folder);
    }),
  );
  return folder;
}

function makeCache() {
  try {
    mkdirSync(cacheDir, { recursive: true });
    accessSync(cacheDir, constants.W_OK);
  } catch (error) {
    throw new Problem(
      `The folder ${cacheDir}, for compiled tools, cannot be written (${error.code}): name another in XDG_CACHE_HOME.`,
    );
  }
}

function removeAll(prefix) {
  for (const entry of readdirSync(cacheDir)) {
    if (entry.startsWith(prefix)) rmSync(join(cacheDir, entry), { recursive: true, force: true });
  }
}

const BEAT = 2_000;
const STALE = 15_000;

/**
 * One process at a time. The holder keeps touching the lock, so that a lock of a killed process is recognized as
 * stale.
 */
async function locked(name, work) {
  const lock = join(cacheDir, `${name}.lock`);
  for (let told = false; !take(lock); told = true) {
    if (!told) progress("waiting for another checkout's setup", true);
    await sleep(500);
  }
  const beat = setInterval(() => touch(lock), BEAT);
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release); // also when we are told to stop
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off("exit", release);
    release();
  }
}

function take(lock) {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  try {
    if (Date.now() - statSync(lock).mtimeMs > STALE) rmdirSync(lock);
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // the holder has just let go
  }
  return false;
}

function touch(lock) {
  const now = new Date();
  utimesSync(lock, now, now);
}
