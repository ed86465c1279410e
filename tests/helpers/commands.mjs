// The commands in the documents of this repository.

import { spawnSync } from "node:child_process";
import { root } from "../../scripts/lib/paths.mjs";
import { read } from "./markdown.mjs";

/** Programs that commands begin with, perhaps after variables. */
const COMMAND =
  /^(?:[A-Z_]+=\S+ )*(?:bash|cargo|cat|cd|chmod|cp|curl|docker|echo|export|gh|git|ls|mkdir|mv|node|npm|npx|openssl|pip|python3?|rm|sed|sqlite3|sudo|time|wrangler|\.\/\S+)(?: |$)/;

/** Lines of code that are no commands: assignments, requests, settings, JSON, SQL. */
const OTHER = [
  /^\w+=/,
  /^(?:GET|POST|PUT|PATCH|DELETE) \//,
  /^\w+ = /,
  /^\[\[?\w+/,
  /^[{}"\]]/,
  /^(?:SELECT|DELETE|INSERT) /,
];

/** Documents that tell what was, not what to do. */
const HISTORY = /^(?:CHANGELOG\.md|docs\/adr\/)/;

/** The paths of all documents. */
export function documents() {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: root,
    encoding: "utf8",
  });
  return stdout.split("\n").filter((file) => file !== "" && !HISTORY.test(file));
}

/**
 * The commands of a document, each `{ text, place }`: in blocks of code, and in the text where they have arguments.
 * @returns `{ commands, unknown }`; `unknown` are lines of code that are neither commands nor known not to be
 */
export function commandsOf(file) {
  const commands = [];
  const unknown = [];
  let fence; // the language of the block of code between fences
  let before = "";
  let isCode = false; // whether the line before is in an indented block
  let unfinished = ""; // a command that goes on in the next line
  for (const [index, line] of read(file).split("\n").entries()) {
    const place = `${file}:${index + 1}`;
    const [, language] = /^\s*```(\w*)/.exec(line) ?? [];
    if (language !== undefined) fence = fence === undefined ? language : undefined;
    isCode = /^ {4,}\S/.test(line) && (before.trim() === "" || isCode);
    if (language === undefined && (fence === undefined ? isCode : /^(?:sh|bash|console|)$/.test(fence))) {
      const text = `${unfinished}${withoutComment(line.trim().replace(/^\$ /, ""))}`;
      unfinished = text.endsWith("\\") ? text.slice(0, -1) : "";
      if (unfinished === "" && text !== "") {
        if (COMMAND.test(text)) commands.push({ text: text.replace(/\s+/g, " "), place });
        else if (!OTHER.some((other) => other.test(text))) unknown.push(`${place}: ${text}`);
      }
    } else if (fence === undefined && language === undefined) {
      for (const [, code] of line.matchAll(/(?<!`)`([^`]+)`/g)) {
        if (COMMAND.test(code) && /^\S+=\S+ | \S/.test(code)) commands.push({ text: code, place });
      }
    }
    before = line;
  }
  return { commands, unknown };
}

const withoutComment = (line) => line.replace(/(?:^|\s+)# .*$/, "").trim();
