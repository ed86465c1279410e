// The compiled Worker in deploy/, which must be what the sources make.

import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { copyOfCheckout, evaluate } from "../helpers/checkout.mjs";

describe("the check of deploy/", () => {
  let folder;
  const call = (code) => evaluate(folder, `import * as artefact from "./scripts/lib/artefact.mjs"; ${code}`);
  const check = () => call("artefact.checkRecord(); console.log(artefact.checkBytes());");
  const served = () => call("const { folder, why } = artefact.compiledWorker(); console.log(folder ?? why);");
  const change = (name) => appendFileSync(join(folder, name), "\n");
  const edit = (name, work) => {
    const path = join(folder, name);
    const value = JSON.parse(readFileSync(path, "utf8"));
    work(value);
    writeFileSync(path, JSON.stringify(value));
  };

  beforeEach(() => {
    folder = copyOfCheckout();
    call("artefact.writeArtefact();");
  });

  test("passes for what was just put there, which is served", () => {
    assert.equal(check(), "byte for byte");
    assert.equal(served(), join(folder, "deploy/build"));
    assert.ok(readFileSync(join(folder, "deploy/migrations/0001_initial.sql")).length > 0);
  });

  test("fails after a change of a source, of a crate's version and of a tool's", () => {
    for (const name of ["crates/directory/src/lib.rs", "Cargo.lock", "scripts/lib/build.mjs"]) {
      const path = join(folder, name);
      copyFileSync(path, join(folder, "kept"));
      change(name);
      assert.throws(check, /was not made from these sources: renew it with npm run build -- --artefact/, name);
      assert.match(served(), /^The compiled Worker in deploy\/build was not made from these sources$/);
      copyFileSync(join(folder, "kept"), path);
    }
    edit("package-lock.json", ({ packages }) => (packages["node_modules/binaryen"].version = "1.0.0"));
    assert.throws(check, /was not made from these sources/);
  });

  test("fails after a change by hand, and for a migration that it lacks", () => {
    change("deploy/build/index.js");
    assert.throws(check, /deploy\/ was changed by hand \(build\/index\.js\)/);
    assert.equal(served(), join(folder, "build"));
    call("artefact.writeArtefact();");
    writeFileSync(join(folder, "deploy/migrations/9999_more.sql"), "");
    assert.throws(check, /deploy\/ was changed by hand \(migrations\/9999_more\.sql\)/);
    call("artefact.writeArtefact();");
    writeFileSync(join(folder, "migrations/9999_more.sql"), "");
    assert.throws(check, /deploy\/ has not the same migrations\/9999_more\.sql/);
  });

  test("compares bytes where the compiler is the same, and the record elsewhere", () => {
    const other = (name) => {
      change(`build/${name}`);
      // The record of the build is right about the changed file: another build might make it.
      const script = `import { hashOf } from "./scripts/lib/sources.mjs"; console.log(hashOf("build/${name}"));`;
      const hash = evaluate(folder, script);
      edit("build/.made-from.json", ({ files }) => Object.assign(files, { [name]: hash }));
    };
    other("index_bg.wasm");
    assert.throws(check, /deploy\/build is not what its sources make \(index_bg\.wasm\)/);
    edit("build/.made-from.json", (made) => (made.compiler = "rustc 0.0.1"));
    assert.match(check(), /^its record, since rustc .* made it, and this is rustc 0\.0\.1/);
  });

  test("fails where there is none, or half of a merge", () => {
    writeFileSync(join(folder, "deploy/build/artefact.json"), "<<<<<<< HEAD");
    assert.throws(check, /artefact\.json cannot be read \(.*\): renew it/);
    call('(await import("node:fs")).rmSync("deploy/build", { recursive: true });');
    assert.throws(check, /deploy\/build has no compiled Worker: renew it/);
  });
});
