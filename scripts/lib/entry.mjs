// Puts src/entry.mjs around what worker-build has made: the Worker then also exports the entrypoint for products.
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BUILD } from "./built.mjs";
import { root } from "./paths.mjs";

const OUTPUT = join(BUILD, "index.js");

/** Bundles the entry with build/index.js, unless that was done already. */
export async function addEntry() {
  if (/ as Product\b|\bProduct[,}]/.test(readFileSync(OUTPUT, "utf8"))) return;
  // `npm start` reads this file where only what serving needs is installed.
  const { build } = await import("esbuild");
  const bundled = join(BUILD, "bundled.js");
  await build({
    entryPoints: [join(root, "src/entry.mjs")],
    outfile: bundled,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*", join(BUILD, "index_bg.wasm")],
    logLevel: "error",
  });
  renameSync(bundled, OUTPUT);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await addEntry();
