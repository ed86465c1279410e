// The rules that hold for all answers, and the assertions that the tests share.

import assert from "node:assert/strict";
import { SCHEMA } from "./schema.mjs";

/** The rules that hold for every SCIM answer, whatever was asked. */
export function assertWellFormed(answer) {
  const { status, headers, text, body } = answer;
  const context = `${answer.method} ${answer.path} -> ${status} ${text.slice(0, 500)}`;
  assertCostIsTold(answer);
  if (status === 204 || status === 304) {
    assert.equal(text, "", context);
    return;
  }
  assert.match(headers["content-type"] ?? "", /^application\/scim\+json(;\s*charset=utf-8)?$/i, context);
  assert.ok(body !== null && typeof body === "object" && !Array.isArray(body), context);
  if (status >= 400) assertErrorShape(answer, context);
  else if (body.schemas?.includes(SCHEMA.list)) assertListShape(answer, context);
}

/** Server-Timing has the cost, except where a key is refused: there it would reveal whether the key exists. */
export function assertCostIsTold(answer) {
  const isTold = "server-timing" in answer.headers;
  if (answer.status === 401) assert.ok(!isTold, `${answer.method} ${answer.path} tells what a refused key cost`);
  // A request beyond a rate limit may have a valid key or not.
  else if (answer.status !== 429 || isTold) serverTiming(answer);
}

function assertErrorShape({ status, body }, context) {
  assert.deepEqual(body.schemas, [SCHEMA.error], context);
  assert.equal(body.status, String(status), context);
  assert.ok(typeof body.detail === "string" && body.detail.length > 0, context);
}

/** Okta fails without a reason on a number that is sent as a string. */
function assertListShape({ method, path, body }, context) {
  // A list is paged by index or by cursor (RFC 9865 section 2), and never by both.
  const byCursor = !("startIndex" in body);
  if (method === "GET") assert.equal(byCursor, /[?&]cursor=/i.test(path), context);
  for (const name of ["totalResults", "itemsPerPage", ...(byCursor ? [] : ["startIndex"])]) {
    assert.ok(Number.isInteger(body[name]), `${name} is no integer: ${context}`);
  }
  for (const name of ["previousCursor", "nextCursor"]) {
    // Characters that need no encoding in a URL, nor anywhere else.
    if (name in body) assert.ok(byCursor && /^[\w-]+$/.test(body[name]), `${name}: ${context}`);
  }
  assert.ok(Array.isArray(body.Resources), context);
  assert.equal(body.itemsPerPage, body.Resources.length, context);
}

export function assertStatus(answer, status) {
  assert.equal(
    answer.status,
    status,
    `${answer.method} ${answer.path} -> ${answer.status} ${answer.text.slice(0, 500)}`,
  );
  return answer.body;
}

/**
 * @param expected `scimType` (compared only when the key is given; undefined means "none") and a pattern for `detail`.
 */
export function assertError(answer, status, expected = {}) {
  assertStatus(answer, status);
  assertErrorShape(answer, answer.text);
  if ("scimType" in expected) assert.equal(answer.body.scimType, expected.scimType, answer.text);
  if (expected.detail) assert.match(answer.body.detail, expected.detail);
}

/** Asserts a list of exactly these ids, in this order. */
export function assertListOf(answer, ids) {
  const body = assertStatus(answer, 200);
  assert.deepEqual(body.schemas, [SCHEMA.list]);
  assert.deepEqual(
    body.Resources.map((resource) => resource.id),
    ids,
  );
  assert.equal(body.totalResults, ids.length);
}

/** The cost of a request: `{ d1, round_trips, rows_read, rows_written }`, `d1` in milliseconds. */
export function serverTiming(answer) {
  const header = answer.headers["server-timing"] ?? "";
  const metrics = {};
  for (const [, name, duration, count] of header.matchAll(/(\w+);(?:dur=([\d.]+)|desc="(\d+)")/g)) {
    metrics[name] = Number(duration ?? count);
  }
  assert.deepEqual(
    Object.keys(metrics).sort(),
    ["d1", "round_trips", "rows_read", "rows_written"],
    `Server-Timing of ${answer.method} ${answer.path} is ${JSON.stringify(header)}`,
  );
  return metrics;
}

/** The member ids of a group resource, sorted. */
export function memberIds(group) {
  return (group.members ?? []).map((member) => member.value).sort();
}

/** Runs `check` until it does not throw, for what is done after an answer; throws what it threw last. */
export async function eventually(check, { within = 30_000 } = {}) {
  const end = Date.now() + within;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
