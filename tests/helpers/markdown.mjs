// Reading the documents of this repository.

import { readFileSync } from "node:fs";

/** A file by its path from the top of the repository. */
export const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The quotations (`> …`) of a document, each as one line. */
export function quotations(text) {
  const found = [];
  let isInside = false;
  for (const line of text.split("\n")) {
    const [, words] = /^> (.*)$/.exec(line.replaceAll("\\<", "<")) ?? [];
    if (words === undefined) isInside = false;
    else if (isInside) found.push(`${found.pop()} ${words}`);
    else found.push(words);
    isInside = words !== undefined;
  }
  return found;
}

/** The tables of a document, each a list of rows without its head; a row is a list of cells without backticks. */
export function tables(text) {
  const blocks = text.replace(/^ +/gm, "").match(/(?:^\|.*\n?)+/gm) ?? [];
  const cells = (row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""));
  return blocks.map((block) => block.trimEnd().split("\n").slice(2).map(cells));
}

/** The rows of the table whose head begins so. */
export function table(text, head) {
  const [found] = tables(text.slice(text.indexOf(head)));
  return found;
}
