// A release: the version in all its places, the changelog, the compiled Worker in deploy/, a commit and a tag.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changelogOf } from "./changelog.mjs";
import { root } from "./paths.mjs";
import { Problem } from "./run.mjs";

const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/**
 * Makes the release `bump`: `major`, `minor`, `patch`, or a version. `makeArtefact` compiles the Worker and puts it
 * into deploy/. With `dryRun` it only prints what would be done. If it fails, the files are as before.
 */
export async function release({ bump, dryRun, makeArtefact }) {
  const { version: previous } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = next(previous, bump);
  const dirty = git("status", "--porcelain");
  if (dirty !== "") throw new Problem(`The tree has changes that are not committed: commit or stash them.\n${dirty}`);
  if (git("tag", "--list", `v${version}`) !== "") throw new Problem(`There is a tag v${version} already.`);
  const changelog = changelogOf({ version, notes: notesSince(lastTag()), text: read("CHANGELOG.md"), date: today() });
  if (dryRun) return console.log(`${previous} -> ${version}\n\n${changelog.section}\nNothing was changed.`);
  try {
    for (const [name, change] of PLACES) write(name, change(read(name), previous, version));
    write("CHANGELOG.md", changelog.text);
    await makeArtefact();
    git("add", "--all");
    git("commit", "--quiet", "--message", `release: ${version}`, "--message", changelog.section);
    git("tag", "--annotate", `v${version}`, "--message", `scim-edge ${version}\n\n${changelog.section}`);
  } catch (error) {
    git("reset", "--quiet", "--hard", "HEAD"); // there was nothing else: the tree was clean
    git("clean", "--quiet", "--force", "-d");
    throw error;
  }
  console.log(`Committed and tagged v${version}. To publish it: git push --follow-tags`);
}

/** The files that name the version, each with a function that puts another there. */
const PLACES = [
  ["Cargo.toml", (text, from, to) => replaced(text, `[workspace.package]\nversion = "${from}"`, from, to)],
  ["Cargo.lock", ofCrates],
  ["package.json", ofJson],
  ["clients/typescript/package.json", ofJson],
  ["package-lock.json", ofPackage],
  ...["src/admin_api/openapi.template.json", "src/assets/openapi.json"].map((path) => [path, ofJson]),
];

function replaced(text, part, from, to) {
  if (text.includes(part)) return text.replace(part, part.replace(from, to));
  throw new Problem(`The version ${from} is not where it is expected: ${JSON.stringify(part)}`);
}

function ofJson(text, from, to) {
  return replaced(text, `"version": "${from}"`, from, to);
}

/** The crates of this workspace are those without a source. */
function ofCrates(text, from, to) {
  const own = new RegExp(
    `(\\[\\[package\\]\\]\nname = "[\\w-]+"\nversion = ")${from.replaceAll(".", "\\.")}"(?!\nsource)`,
    "g",
  );
  return text.replace(own, `$1${to}"`);
}

function ofPackage(text, _, to) {
  const lock = JSON.parse(text);
  lock.version = to;
  lock.packages[""].version = to;
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function next(previous, bump) {
  if (VERSION.test(bump)) return bump;
  const [major, minor, patch] = VERSION.exec(previous).slice(1).map(Number);
  if (bump === "major") return `${major + 1}.0.0`;
  if (bump === "minor") return `${major}.${minor + 1}.0`;
  if (bump === "patch") return `${major}.${minor}.${patch + 1}`;
  throw new Problem(`${bump} is neither major, minor nor patch, nor a version such as 1.2.3.`);
}

/** The tag of the release before, or undefined before the first. */
function lastTag() {
  const [tag] = git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").split("\n");
  return tag === "" ? undefined : tag;
}

/** What commits say to users and operators since that tag, from the oldest: `{ changes, upgradeSteps }`. */
function notesSince(tag) {
  const range = tag === undefined ? "HEAD" : `${tag}..HEAD`;
  const notes = (key) => {
    const format = `--format=%(trailers:key=${key},valueonly,unfold)`;
    return git("log", "--reverse", format, range)
      .split("\n")
      .filter((line) => line !== "");
  };
  return { changes: notes("Release-note"), upgradeSteps: notes("Upgrade-step") };
}

const today = () => new Date().toISOString().slice(0, 10);
const read = (name) => readFileSync(join(root, name), "utf8");
const write = (name, text) => writeFileSync(join(root, name), text);
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
