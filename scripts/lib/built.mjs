// The compiled Worker in build/, and what it was made from.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { hashOf } from "./sources.mjs";

/** The folder of the compiled Worker. */
export const BUILD = join(root, "build");
/** What a Worker consists of: its code, and the licences of what is compiled in. */
export const OUTPUTS = ["index.js", "index_bg.wasm", "THIRD-PARTY-NOTICES.txt"];
/** The static assets of these sources: files that are uploaded beside the Worker, which serves them. */
export const ASSETS = join(root, "src/assets");
/** The folder of the static assets that belong to the compiled Worker in the folder `worker`. */
export const assetsOf = (worker) => (worker === BUILD ? ASSETS : join(worker, "assets"));
/** The record that the build writes last. */
export const MADE_FROM = join(BUILD, ".made-from.json");

/**
 * What the Worker in build/ was made from, `{ sources, compiler, files }`: the hash of the sources, what the compiler
 * says of itself, and the hash of each output. Undefined if there is no Worker, or if it was changed since.
 */
export function builtFrom() {
  const names = OUTPUTS.map((name) => join(BUILD, name));
  if (![MADE_FROM, ...names].every(existsSync)) return undefined;
  const made = JSON.parse(readFileSync(MADE_FROM, "utf8"));
  return OUTPUTS.every((name, index) => hashOf(names[index]) === made.files[name]) ? made : undefined;
}
