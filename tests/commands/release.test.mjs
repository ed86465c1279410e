// npm run release in a clone of this repository, with a compiled Worker of one line: compiling takes minutes, and
// artefact.test.mjs is about it.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { changelogOf } from "../../scripts/lib/changelog.mjs";
import { command, copyOfCheckout, evaluate, git } from "../helpers/checkout.mjs";

let folder;
let previous;
const read = (name) => readFileSync(join(folder, name), "utf8");
const commit = (message) => {
  assert.equal(git(folder, "add", "--all").status, 0);
  const { status, stderr } = git(folder, "commit", "--quiet", "--allow-empty", "--message", message);
  assert.equal(status, 0, stderr);
};
const STAND_IN = '(await import("node:fs")).writeFileSync("deploy/build-stands-here", "1")';
const release = (bump, makeArtefact = STAND_IN) =>
  evaluate(
    folder,
    `import { release } from "./scripts/lib/release.mjs";
     await release({ bump: "${bump}", dryRun: false, makeArtefact: async () => { ${makeArtefact}; } });`,
    {
      ...process.env,
      GIT_AUTHOR_NAME: "A",
      GIT_AUTHOR_EMAIL: "a@b.c",
      GIT_COMMITTER_NAME: "A",
      GIT_COMMITTER_EMAIL: "a@b.c",
    },
  );
const state = () => git(folder, "status", "--porcelain").stdout + git(folder, "log", "-1", "--format=%H").stdout;

describe("npm run release", () => {
  beforeEach(() => {
    folder = copyOfCheckout();
    git(folder, "init", "--quiet");
    commit("start: begin");
    previous = JSON.parse(read("package.json")).version;
  });

  test("puts the version everywhere, the commits' notes into the changelog, and commits and tags it all", () => {
    const [major, minor] = previous.split(".").map(Number);
    const version = `${major}.${minor + 1}.0`;
    commit("users: do this\n\nWhy it is done.\n\nRelease-note: People are shown by\n their names.");
    commit("d1: do that\n\nRelease-note: Lists are faster.\nUpgrade-step: Run the migrations twice.");
    // The lock file fits the new version: cargo would refuse it otherwise.
    const makeArtefact = `(await import("./scripts/lib/flags.mjs")).metadata(process.env); ${STAND_IN}`;
    assert.match(release("minor", makeArtefact), new RegExp(`Committed and tagged v${version.replaceAll(".", "\\.")}`));
    assert.equal(JSON.parse(read("package.json")).version, version);
    const lock = JSON.parse(read("package-lock.json"));
    assert.deepEqual([lock.version, lock.packages[""].version], [version, version]);
    assert.ok(read("Cargo.toml").includes(`[workspace.package]\nversion = "${version}"`));
    for (const crate of ["scim-edge", "directory", "scim-protocol"])
      assert.ok(read("Cargo.lock").includes(`name = "${crate}"\nversion = "${version}"`), crate);
    assert.equal(JSON.parse(read("src/assets/openapi.json")).info.version, version);
    const old = git(folder, "grep", "-lF", `"${previous}"`, "--", ":!*lock*", ":!deploy/build").stdout;
    assert.equal(old, "", "these files have the old version");
    const [before, section] = read("CHANGELOG.md").split(`## ${version} (`);
    assert.match(before, /## Unreleased\n\n$/);
    assert.match(section, /^\d\. Run the migrations twice\.$/m);
    assert.match(section, /### Changes\n\n- People are shown by their names\.\n- Lists are faster\.\n/);
    assert.equal(git(folder, "status", "--porcelain").stdout, "");
    assert.equal(git(folder, "log", "-1", "--format=%s").stdout, `release: ${version}\n`);
    assert.match(git(folder, "show", "--stat", "--format=", "HEAD").stdout, /deploy\/build-stands-here/);
    assert.match(git(folder, "cat-file", "-p", `v${version}`).stdout, /^type commit$/m);
    // The next one has only the notes since.
    commit("groups: do more\n\nRelease-note: Groups are new.");
    release("patch");
    const [, latest] = read("CHANGELOG.md").split(/^## \d.*$/m);
    assert.equal(latest.trim(), "### Changes\n\n- Groups are new.");
  });

  test("refuses a tree with changes, an unknown version, and one that is tagged", () => {
    assert.throws(() => release("sideways"), /sideways is neither major, minor nor patch/);
    git(folder, "tag", "v9.9.9");
    assert.throws(() => release("9.9.9"), /There is a tag v9\.9\.9 already/);
    writeFileSync(join(folder, "new-file"), "");
    assert.throws(() => release("patch"), /changes that are not committed: commit or stash them\.\n\?\? new-file/);
  });

  test("changes nothing with --dry-run, or when compiling fails", () => {
    const before = state();
    const dry = command(folder, "release", ["--dry-run", "3.0.0"]);
    assert.equal(dry.status, 0, dry.output);
    assert.match(
      dry.output,
      new RegExp(`^${previous.replaceAll(".", "\\.")} -> 3\\.0\\.0\n[\\s\\S]*Nothing was changed`),
    );
    assert.equal(state(), before);
    const failing = '(await import("node:fs")).writeFileSync("deploy/half", "1"); throw new Error("no compiler")';
    assert.throws(() => release("patch", failing), /no compiler/);
    assert.equal(state(), before);
    assert.equal(existsSync(join(folder, "deploy/half")), false);
    assert.equal(git(folder, "tag").stdout, "");
  });
});

describe("the changelog", () => {
  const section = (written, notes) =>
    changelogOf({
      version: "1.0.0",
      date: "2026-01-02",
      notes,
      text: `# C\n\n## Unreleased\n\n${written}\n## 0.9.0\n\nOld.\n`,
    });

  test("numbers the steps of commits after those that are written, and keeps lines short", () => {
    const written = "### Upgrade steps\n\n1. First.\n\n### Console\n\n- New.\n";
    const long = "word ".repeat(40).trim();
    const { text } = section(written, { changes: [long], upgradeSteps: ["Second."] });
    assert.ok(
      text.startsWith("# C\n\n## Unreleased\n\n## 1.0.0 (2026-01-02)\n\n### Upgrade steps\n\n1. First.\n2. Second.\n"),
    );
    assert.ok(text.includes("\n### Console\n\n- New.\n\n### Changes\n\n- word"));
    assert.ok(text.split("\n").every((line) => line.length <= 120));
    assert.ok(text.endsWith("word\n\n## 0.9.0\n\nOld.\n"));
  });

  test("says so when there is nothing to say", () => {
    const { text } = section("", { changes: [], upgradeSteps: [] });
    assert.ok(text.includes("## 1.0.0 (2026-01-02)\n\nNothing that users or operators notice.\n\n## 0.9.0"));
  });
});
