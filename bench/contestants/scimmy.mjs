// SCIMMY in the same workerd, on a D1 database of its own with the same people in it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { workerOf } from "../../scripts/lib/local-worker.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { Client } from "../lib/client.mjs";
import { Directory } from "../lib/directory.mjs";
import { GROUPS, scimContestant } from "./contestant.mjs";

const KEY = "bench";
const SCHEMA = `
  CREATE TABLE users (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_name_fold TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL, doc TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL);
  CREATE TABLE groups (id TEXT PRIMARY KEY, display_name TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL);
  CREATE TABLE members (group_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (group_id, user_id)) WITHOUT ROWID;
  CREATE INDEX members_by_user ON members (user_id);`;

/** SCIMMY's version. */
export const version = () => JSON.parse(readFileSync(join(root, "node_modules/scimmy/package.json"), "utf8")).version;

/** The Worker's configuration. */
export function scimmyWorker() {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, "bench/workers/scimmy.js")],
    bundle: true,
    format: "esm",
    write: false,
  });
  const modules = { "scimmy.js": { type: "esm", contents: outputFiles[0].text } };
  return workerOf("scimmy", { modules, env: { DB: { type: "d1", id: "SCIMMY" }, KEY: { type: "text", value: KEY } } });
}

/** @param people `{ id, userName, doc }` of all people, in order, of whom the first `size` are in both groups */
export async function startScimmy({ running, people, size, pid }) {
  const db = await running.database("DB", "scimmy");
  const batch = (...statements) => db.batch(statements.map(([sql, ...params]) => db.prepare(sql).bind(...params)));
  const now = new Date().toISOString();
  await batch(
    ...SCHEMA.split(";")
      .filter((statement) => statement.trim())
      .map((statement) => [statement]),
  );
  for (let start = 0; start < people.length; start += 1_000) {
    const some = people.slice(start, start + 1_000).map(({ id, doc }) => {
      const { schemas: _, ...attributes } = JSON.parse(doc);
      return [id, attributes.userName.toLowerCase(), JSON.stringify(attributes)];
    });
    await batch([
      `INSERT INTO users (id, user_name_fold, active, doc, created, modified)
       SELECT value ->> 0, value ->> 1, 1, value ->> 2, ?2, ?2 FROM json_each(?1)`,
      JSON.stringify(some),
      now,
    ]);
  }
  const groups = Array.from({ length: GROUPS }, () => crypto.randomUUID());
  for (const [i, id] of groups.entries()) {
    const first = people.slice(0, size).map((person) => person.id);
    await batch(
      ["INSERT INTO groups VALUES (?1, ?2, ?3, ?3)", id, `Group ${i + 1}`, now],
      ["INSERT INTO members SELECT ?1, value FROM json_each(?2)", id, JSON.stringify(first)],
    );
  }
  const directory = new Directory({ people, size, groups, groupName: "Group 2" });
  const client = new Client(`${await running.directUrl("scimmy")}/scim`, { authorization: `Bearer ${KEY}` });
  return scimContestant(`SCIMMY ${version()}, D1`, { pid, client, directory });
}
