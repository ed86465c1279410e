// npm run size: the Worker's size, crate by crate. docs/size.md explains the numbers.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, gzippedSize, NAMED } from "./lib/build.mjs";
import { main } from "./lib/run.mjs";
import { readModule } from "./lib/wasm.mjs";

const LINES = 20;

await main(async () => {
  await build();
  const { functions, data } = readModule(readFileSync(NAMED));
  const crates = new Map();
  for (const { name, code } of functions) {
    const crate = crateOf(name);
    crates.set(crate, [...(crates.get(crate) ?? []), code]);
  }
  const rows = [...crates].map(([crate, codes]) => row(crate, codes.length, Buffer.concat(codes)));
  rows.sort((a, b) => b.bytes - a.bytes);
  const rest = rows.splice(LINES);
  const sum = (key) => rest.reduce((total, each) => total + each[key], 0);
  rows.push({
    name: `${rest.length} others`,
    functions: sum("functions"),
    bytes: sum("bytes"),
    gzipped: sum("gzipped"),
  });
  rows.push(row("(data: texts and tables)", "", data));
  console.log(`\n${"".padEnd(26)}functions     bytes  gzipped by itself`);
  for (const { name, functions: count, bytes, gzipped } of rows) {
    console.log(
      `${name.padEnd(26)}${String(count).padStart(9)}${String(bytes).padStart(10)}${String(gzipped).padStart(9)}`,
    );
  }
  console.log(`\nThe Worker is ${gzippedSize()} bytes gzipped.`);
});

function row(name, functions, bytes) {
  return { name, functions, bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

/** The crate that a function's code is from; what it was compiled for, if it is generic, may be another. */
function crateOf(name) {
  return (
    /^[<&*[(\s]*(?:(?:dyn|mut|const|impl) )*([A-Za-z_]\w*)(?:\[[0-9a-f]+\])?(?= as |::)/.exec(name)?.[1] ?? "(glue)"
  );
}
