// Reading the documents of this repository.

import { readFileSync } from "node:fs";

/** A file by its path from the top of the repository. */
export const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The quotations (`> …`) of a document, each as one line. */
export function quotations(text) {
  const found = [];
  let isInside = false;
  for (const line of text.split("\n")) {
    const [, words] = /^> (.*)$/.exec(line) ?? [];
    if (words === undefined) isInside = false;
    else if (isInside) found.push(`${found.pop()} ${words}`);
    else found.push(words);
    isInside = words !== undefined;
  }
  return found;
}

/** The rows of the table that follows `heading`, a line of the document, each a list of its cells without backticks. */
export function table(text, heading) {
  const lines = text.split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => line.startsWith(heading));
  const first = lines.findIndex((line, index) => index > start && line.startsWith("|"));
  const rows = lines.slice(first);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  const cells = (row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""));
  return rows.slice(2, end).map(cells);
}
