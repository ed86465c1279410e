// The built Worker with an address that tells how much memory its WebAssembly has. It never gets less.

import { readFileSync } from "node:fs";

const module = (name) => ({
  type: "esm",
  contents: readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8"),
});

/** Modules for startWorker. */
export const memoryProbe = () => ({
  "memory-probe.js": module("memory-probe.js"),
  "memory-hook.js": module("memory-hook.js"),
});

/** Bytes of memory. */
export const memoryOf = async (worker) => Number(await (await fetch(new URL("/memory", worker.url))).text());
