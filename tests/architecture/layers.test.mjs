// The rooms of the source form layers: a room uses only rooms below it. Modules, one a file, use each other in no
// circle, also within a room.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { circles, expandUse, modulesOf, readCrates, withoutTests, withoutText } from "../helpers/rust-modules.mjs";

/** The rooms from top to bottom. Those of one layer do not use each other. */
const LAYERS = [
  ["lib", "events_doc", "limits_doc"],
  ["router"],
  ["scim_api", "product_api", "console", "jobs", "health"],
  ["admin_api"],
  ["webhooks"],
  ["auth"],
  ["http"],
  ["audit"],
  ["deployment"],
  ["d1"],
  ["kv"],
  ["redaction"],
  ["runtime"],
  ["error"],
  ["storage_error"],
  ["directory"],
  ["scim-protocol"],
];

/** Arrows that break a rule, to be mended: none may be added. `file -> file` */
const DEBTS = [];

const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = modulesOf(readCrates(root));

/** The room of a file: the folder below `src`, a file in it, or a crate. */
const roomOf = ({ file }) => /^crates\/([^/]+)\/|^src\/([^/.]+)/.exec(file).slice(1).find(Boolean);
const layerOf = (module) => LAYERS.findIndex((rooms) => rooms.includes(roomOf(module)));
const arrow = (from, to) => `${from.file} -> ${to.file}`;
const isDebt = (from, to) => DEBTS.includes(arrow(from, to));

/** Whether an arrow leads to a room above, or to another room of the same layer. */
function leadsUp(from, to) {
  return roomOf(from) !== roomOf(to) && layerOf(to) <= layerOf(from);
}

function targets(module) {
  return new Set(module.references.map(({ to }) => to));
}

function where(from, to) {
  const { line, path } = from.references.find((reference) => reference.to === to);
  return `${from.file}:${line} uses ${path.join("::")}: ${arrow(from, to)}`;
}

describe("the source", () => {
  test("has a layer for each room", () => {
    for (const module of modules) assert.ok(layerOf(module) >= 0, `${module.file}: add its room to LAYERS`);
  });

  test("has no arrow from a room to one above it", () => {
    const wrong = modules.flatMap((from) =>
      [...targets(from)].filter((to) => leadsUp(from, to) && !isDebt(from, to)).map((to) => where(from, to)),
    );
    assert.deepEqual(wrong, []);
  });

  test("has no circle of modules", () => {
    const edges = (from) => [...targets(from)].filter((to) => !isDebt(from, to));
    const found = circles(modules, edges).map((members) =>
      members.flatMap((from) =>
        edges(from)
          .filter((to) => members.includes(to))
          .map((to) => where(from, to)),
      ),
    );
    assert.deepEqual(found, []);
  });

  test("has all the debts that are listed: a paid one leaves the list", () => {
    const inCircles = circles(modules, targets);
    const breaksRule = (from, to) =>
      leadsUp(from, to) || inCircles.some((members) => members.includes(from) && members.includes(to));
    const wrong = new Set(
      modules.flatMap((from) => [...targets(from)].filter((to) => breaksRule(from, to)).map((to) => arrow(from, to))),
    );
    assert.deepEqual(
      DEBTS.filter((debt) => !wrong.has(debt)),
      [],
    );
  });
});

describe("the reader of modules", () => {
  const read = (files) => {
    const [lower, upper] = [{ "lib.rs": "pub fn g() {}" }, files].map((each, index) => ({
      name: ["lower", "upper"][index],
      folder: ["crates/lower/src", "src"][index],
      files: each,
    }));
    return modulesOf([lower, upper]).flatMap((from) => [...targets(from)].map((to) => arrow(from, to)));
  };

  test("finds arrows by use, by path, and through re-exports", () => {
    const found = read({
      "lib.rs": "mod a; mod b;",
      "a/mod.rs": "pub mod c;\npub use c::Thing;",
      "a/c.rs": "pub struct Thing; use lower::g;",
      "b.rs": "use crate::a::{self, Thing}; fn f() { a::c::f(); crate::a::Thing; lower::g() }",
    });
    assert.deepEqual(found.toSorted(), [
      "src/a/c.rs -> crates/lower/src/lib.rs",
      "src/b.rs -> crates/lower/src/lib.rs",
      "src/b.rs -> src/a/c.rs",
      "src/b.rs -> src/a/mod.rs",
    ]);
  });

  test("does not count comments, literals and unit tests", () => {
    const source = [
      "//! [crate::a]",
      `const A: &str = "use crate::a;"; const B: char = '"'; fn f<'a>() { let _ = r#"crate::a::f" "#; }`,
      "#[cfg(test)]\nmod tests { use crate::a::f; fn g() { {} } }",
    ].join("\n");
    assert.deepEqual(read({ "lib.rs": "mod a; mod b;", "a.rs": "pub fn f() {}", "b.rs": source }), []);
    assert.equal(withoutText(source).length, source.length);
    assert.equal(withoutTests(source).split("\n").length, source.split("\n").length);
  });

  test("takes a use apart", () => {
    const paths = expandUse("a::{self, b as c, d::{e, f::*}}, g").map(({ path, name }) => `${path.join("::")} ${name}`);
    assert.deepEqual(paths, ["a a", "a::b c", "a::d::e e", "a::d::f *", "g g"]);
  });

  test("finds circles", () => {
    const edges = { a: ["b"], b: ["c"], c: ["b", "d"], d: [] };
    const found = circles(["a", "b", "c", "d"], (one) => edges[one]);
    assert.deepEqual(found, [["b", "c"]]);
  });
});
