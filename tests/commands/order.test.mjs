// How the build orders the functions of the Worker, so that it is small when gzipped.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { orderForCompression } from "../../scripts/lib/order.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { readModule, renameFunctions } from "../../scripts/lib/wasm.mjs";

const FAMILIES = 40;
const MEMBERS = 16;

test("similar functions are next to each other", () => {
  const bytes = series();
  const bases = Array.from({ length: FAMILIES }, () => Buffer.from(Array.from({ length: 400 }, bytes)));
  // Of each family one, then of each the next: further apart than gzip looks back for the later ones of a family.
  const codes = Array.from({ length: FAMILIES * MEMBERS }, (_, index) => {
    const code = Buffer.from(bases[index % FAMILIES]);
    for (let change = 0; change < 8; change++) code[(bytes() * 7) % code.length] = bytes();
    return Buffer.concat([code, Buffer.from(Array.from({ length: 600 }, bytes))]);
  });
  const order = orderForCompression(codes);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...codes.keys()],
    "each function once",
  );
  const family = (at) => order[at] % FAMILIES;
  const changes = order.filter((_, at) => at > 0 && family(at) !== family(at - 1)).length;
  // In the order given all are.
  assert.ok(changes < codes.length / 3, `${changes} of ${codes.length} neighbours are of different families`);
  const size = (numbers) => gzipSync(Buffer.concat(numbers.map((number) => codes[number]))).length;
  assert.ok(size(order) < 0.8 * size([...codes.keys()]), `${size(order)} of ${size([...codes.keys()])} bytes`);
  assert.deepEqual(orderForCompression(codes), order, "a second time the same");
});

test("a module of no function, of one, and of equal ones has each once", () => {
  assert.deepEqual(orderForCompression([]), []);
  assert.deepEqual(orderForCompression([Buffer.of(1)]), [0]);
  const equal = Array.from({ length: 20 }, () => Buffer.from("the same code"));
  assert.deepEqual(
    orderForCompression(equal).sort((a, b) => a - b),
    [...equal.keys()],
  );
});

test("a module with other names of functions is the same module", () => {
  const module = readFileSync(join(root, "deploy/build/index_bg.wasm"));
  const { functions, data } = readModule(module);
  assert.ok(functions.length > 1000, `${functions.length} functions`);
  const names = functions.map((_, index) => `function ${index}`);
  const renamed = renameFunctions(module, names);
  assert.ok(WebAssembly.validate(renamed));
  const read = readModule(renamed);
  assert.deepEqual(
    read.functions.map(({ name }) => name),
    names,
  );
  assert.ok(read.functions.every(({ code }, index) => code.equals(functions[index].code)));
  assert.ok(read.data.equals(data));
  const again = renameFunctions(
    renamed,
    names.map(() => "f"),
  );
  assert.ok(
    readModule(again).functions.every(({ name }) => name === "f"),
    "names are replaced",
  );
});

/** Bytes of a fixed series. */
function series() {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) & 255;
  };
}
