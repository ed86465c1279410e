// The contents of the Worker's storage and log, and storage that fails.

import assert from "node:assert/strict";
import { eventually } from "./assert.mjs";

/** Every row of every table but these, as text. */
export async function dumpDatabase(worker, { without = [] } = {}) {
  const tables = await worker.sql(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
  );
  const contents = {};
  for (const { name } of tables.filter(({ name }) => !without.includes(name)))
    contents[name] = await worker.sql(`SELECT * FROM "${name}"`);
  return JSON.stringify(contents);
}

/** Every entry of KV, name and value, as text. */
export async function dumpKv(worker) {
  const { keys } = await worker.kv.list();
  const entries = await Promise.all(keys.map(async ({ name }) => [name, await worker.kv.get(name)]));
  return JSON.stringify(entries);
}

/** Everything the Worker has logged so far, as text. */
export async function logText(worker) {
  await worker.flushLogs();
  return worker.logs().join("\n");
}

/** The line of a request in the log as an object; undefined for any other line. */
export function requestOf(line) {
  return line.startsWith('{"request_id":') ? JSON.parse(line) : undefined;
}

/** Runs `action` and resolves with its outcome and the requests that the log has of it, in their order. */
export async function requestsLogged(worker, action) {
  await worker.flushLogs();
  const before = worker.logs().length;
  const result = await action();
  await worker.flushLogs();
  return { result, requests: worker.logs().slice(before).map(requestOf).filter(Boolean) };
}

/**
 * Runs `action` and resolves with its answer and its cost from the Worker's own log, also if a key is refused. No other
 * request may be answered meanwhile.
 */
export async function costInLog(worker, action) {
  const before = worker.logs().length;
  const answer = await action();
  const line = await eventually(async () => {
    const [line] = worker.logs().slice(before).map(requestOf).filter(Boolean);
    assert.ok(line, "no line of the log has the cost");
    return line;
  });
  const { d1_round_trips: round_trips, d1_rows_read: rows_read, d1_rows_written: rows_written } = line;
  return { answer, cost: { round_trips, rows_read, rows_written } };
}

/** Runs `action` while a table is missing: as close to a failing database as a test can come. */
export async function withoutTable(worker, table, action) {
  await worker.sql(`ALTER TABLE "${table}" RENAME TO "${table}_away"`);
  try {
    return await action();
  } finally {
    await worker.sql(`ALTER TABLE "${table}_away" RENAME TO "${table}"`);
  }
}

/**
 * Runs `action` while every change of one kind to a table fails with a message of D1's.
 * @param change "INSERT ON users", "DELETE ON memberships", …
 */
export async function whileFailing(worker, change, message, action) {
  await worker.sql(`CREATE TRIGGER failing BEFORE ${change} BEGIN SELECT RAISE(ABORT, '${message}'); END`);
  try {
    return await action();
  } finally {
    await worker.sql("DROP TRIGGER failing");
  }
}
