// A lint of npm test: links of Markdown lead somewhere, files and npm scripts that a text or a comment names exist,
// and lines have at most 120 columns.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { root } from "./lib/paths.mjs";

const WIDTH = 120;
const TEXTS = /\.(rs|mjs|js|sql|md|toml|yml)$/;

/** Files that a test writes, in which a statement may have long lines. */
const GENERATED = ["src/d1/statements.sql"];

/** `[text](target)` and `[name]: target`. */
const LINK = /\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)/g;

/** A file or folder of this repository, from its top, perhaps with the anchor of a heading. */
const PATH =
  /(?<![\w./@-])((?:bench|crates|docs|migrations|scripts|src|tests)\/(?:[\w.-]+\/)*(?:[\w.-]+\.(?:css|js|json|md|mjs|py|rs|sql|toml|txt)\b)?)(?:#([\w-]+))?(?![\w*<$-])/g;

/** The name of a source file without its folder. */
const NAME = /(?<![\w./*$}>-])[\w-]+(?:\.[\w-]+)*\.(?:mjs|rs)\b/g;

process.chdir(root);
const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
const files = stdout.split("\n").filter((file) => file !== "" && existsSync(file));
const names = new Set(files.map((file) => basename(file)));
const texts = new Map(files.filter((file) => TEXTS.test(file)).map((file) => [file, readFileSync(file, "utf8")]));

const scriptsOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts;
/** The scripts of npm, by the folder that has them. */
const scripts = { ".": scriptsOf("."), deploy: scriptsOf("deploy") };

const problems = new Set();
for (const [file, text] of texts) {
  let fenced = false;
  const commentOf = /\.(rs|mjs|js)$/.test(file) ? commentReader() : (line) => line;
  for (const [index, line] of text.split("\n").entries()) {
    const complain = (problem) => problems.add(`${file}:${index + 1}: ${problem}`);
    if (/^\s*```/.test(line)) fenced = !fenced;
    if (file.endsWith(".md") && !fenced) checkLinks(file, line, complain);
    checkNames(file, commentOf(line), complain);
    if (!GENERATED.includes(file)) checkWidth(file, line, complain);
  }
}
console.log([...problems].join("\n"));
process.exitCode = problems.size > 0 ? 1 : 0;

/** @returns a function that takes the lines of a source file one after another, and returns the comment in each */
function commentReader() {
  let inBlock = false;
  return (line) => {
    const begins = /(^|\s)\/\*/.test(line);
    const comment = inBlock || begins ? line : (/(?:^|\s)\/\/.*$/.exec(line)?.[0] ?? "");
    inBlock = (inBlock || begins) && !line.includes("*/");
    return comment;
  };
}

/** Links to other places than this repository are not followed. */
function checkLinks(file, line, complain) {
  for (const [, inline, reference] of line.replace(/`[^`]*`/g, "").matchAll(LINK)) {
    const target = decodeURIComponent(inline ?? reference);
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    const [path, anchor] = target.split("#");
    const linked = path === "" ? file : normalize(join(dirname(file), path));
    if (!existsSync(linked)) complain(`there is no ${linked}`);
    else if (anchor) checkAnchor(linked, anchor, complain);
  }
}

function checkNames(file, line, complain) {
  const [crate] = /^crates\/[^/]+\//.exec(file) ?? [""];
  for (const [, path, anchor] of line.matchAll(PATH)) {
    if (path.includes("/node_modules/")) continue;
    if (!existsSync(path) && !existsSync(crate + path)) complain(`there is no ${path}`);
    else if (anchor && path.endsWith(".md")) checkAnchor(path, anchor, complain);
  }
  for (const [name] of line.matchAll(NAME)) {
    if (!names.has(name)) complain(`there is no file ${name}`);
  }
  for (const [, script] of line.matchAll(/\bnpm run ([\w-]+(?::[\w-]+)*)/g)) {
    const folder = file.startsWith("deploy/") ? "deploy" : ".";
    if (!(script in scripts[folder])) complain(`${join(folder, "package.json")} has no script ${script}`);
  }
}

function checkAnchor(file, anchor, complain) {
  if (statSync(file).isDirectory()) return;
  if (!anchors(texts.get(file) ?? "").has(anchor)) complain(`${file} has no heading #${anchor}`);
}

/** The anchors of a Markdown file's headings, as GitHub makes them; a repeated heading gets a number. */
function anchors(text) {
  const found = new Set();
  for (const [, heading] of text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
    let unique = slug;
    for (let i = 1; found.has(unique); i++) unique = `${slug}-${i}`;
    found.add(unique);
  }
  return found;
}

/** Columns are characters. A table of Markdown cannot be broken, nor can one word, such as a URL. */
function checkWidth(file, line, complain) {
  const columns = [...line].length;
  if (columns <= WIDTH || (file.endsWith(".md") && line.trimStart().startsWith("|"))) return;
  const indent = line.length - line.trimStart().length;
  const longest = Math.max(...line.split(/\s+/).map((word) => word.length));
  if (indent + longest + 8 < WIDTH) complain(`${columns} columns`);
}
