// Files that the admin API exports, read as a strict reader of RFC 4180 and of JSON lines reads them.

import assert from "node:assert/strict";
import { send } from "./http.mjs";

/** Exports rows, by the admin API. Resolves with the answer. */
export const exported = (organization, name, format) =>
  organization.admin.send("GET", organization.path(`/export/${name}?format=${format}`));

/** The rows of a CSV file, each an object by the names of the header. */
export function readCsv(text) {
  assert.equal(text.charCodeAt(0), 0xfeff, "a byte order mark");
  const records = [];
  let record = [];
  let at = 1;
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        assert.ok(at < text.length, "a quoted cell is closed");
        if (text[at] === '"') at++;
        cell += text[at];
      }
      at++;
    } else {
      for (; at < text.length && !",\r\n".includes(text[at]); at++) cell += text[at];
      assert.doesNotMatch(cell, /"/);
    }
    record.push(cell);
    if (text[at] === ",") {
      at++;
      continue;
    }
    assert.equal(text.slice(at, at + 2), "\r\n", `a record ends with CR LF: ${cell}`);
    at += 2;
    records.push(record);
    record = [];
  }
  const [names, ...rows] = records;
  return rows.map((row) => {
    assert.equal(row.length, names.length, row.join());
    return Object.fromEntries(names.map((name, i) => [name, row[i]]));
  });
}

/** The rows of a complete file of JSON lines. */
export function readLines(text, name) {
  assert.ok(text.endsWith("\n"));
  const rows = text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line));
  const closing = rows.pop();
  assert.deepEqual(closing, { export: name, complete: true, rows: rows.length });
  return rows;
}

/** Rows of an export in both formats; asserts that they agree in number and columns. */
export async function exportBoth(organization, name) {
  const csv = await exported(organization, name, "csv");
  assert.equal(csv.status, 200, csv.text);
  const lines = await exported(organization, name, "jsonl");
  assert.equal(lines.status, 200, lines.text);
  const both = { csv: readCsv(csv.text), jsonl: readLines(lines.text, name) };
  return { ...both, headers: csv.headers };
}

/** An export without the checks of the API's description, for large files. Resolves with the text. */
export async function download(organization, name, format) {
  const url = `${organization.admin.base}${organization.path(`/export/${name}?format=${format}`)}`;
  const answer = await send("GET", url, { headers: { Authorization: `Bearer ${organization.admin.token}` } });
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  return answer.text;
}
