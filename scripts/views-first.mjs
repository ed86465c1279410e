// node scripts/views-first.mjs EXPORT.sql: puts the views of an export of D1 before its triggers, in the file itself.
// D1 writes them in the other order, and a trigger of this service's schema is on a view: the import would fail.
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { main, Problem } from "./lib/run.mjs";

/** What follows the rows of an export, its indexes, triggers and views, is much smaller, in bytes. */
const TAIL = 1024 * 1024;

const VIEWS = /(?:\nCREATE VIEW [^;]*;)+\s*$/;

await main(() => {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Problem("Name the file: node scripts/views-first.mjs export.sql");
  const file = openSync(path, "r+"); // it may be larger than a string can be
  try {
    const { size } = fstatSync(file);
    const place = Math.max(0, size - TAIL);
    const bytes = Buffer.alloc(size - place);
    readSync(file, bytes, 0, bytes.length, place);
    const sorted = viewsFirst(bytes.toString("latin1")); // each byte stays as it is
    if (sorted === undefined) console.log(`${path} needs no change: no view is behind its triggers.`);
    else writeSync(file, Buffer.from(sorted, "latin1"), 0, bytes.length, place);
  } finally {
    closeSync(file);
  }
});

/** The same text with its last views before its triggers; undefined if no views are at its end. */
function viewsFirst(text) {
  const views = VIEWS.exec(text);
  const triggers = text.indexOf("\nCREATE TRIGGER ", text.lastIndexOf("\nCREATE INDEX "));
  if (!views || triggers < 0) return undefined;
  return text.slice(0, triggers) + views[0].trimEnd() + text.slice(triggers, views.index) + views[0].match(/\s*$/)[0];
}
