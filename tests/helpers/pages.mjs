// Lists read page by page with cursors, RFC 9865.

import assert from "node:assert/strict";
import { assertStatus } from "./assert.mjs";
import { SCHEMA } from "./schema.mjs";

/** The ids of a list's resources. */
export const idsOf = (resources) => resources.map(({ id }) => id);

/** The two ways to request a page: by GET of the collection, or by POST to its `/.search`. */
export const byGet = (scim, path) => (parameters) => scim.list(path, parameters);
export const bySearch = (scim, path) => (parameters) =>
  scim.post(`${path}/.search`, { schemas: [SCHEMA.search], ...parameters });

/** The page of a cursor; blank for the first. */
export async function pageAt(ask, parameters, cursor = "") {
  const page = assertStatus(await ask({ ...parameters, cursor }), 200);
  // There is nothing before the first page.
  if (cursor === "") assert.ok(!("previousCursor" in page), "the first page has a previousCursor");
  return page;
}

/**
 * Follows the cursors to the end of the list, from the first page or from a cursor.
 * @param direction "nextCursor" or "previousCursor"
 * @param between run before each further page
 */
export async function walk(ask, parameters, { direction = "nextCursor", from = "", between } = {}) {
  const pages = [await pageAt(ask, parameters, from)];
  for (let cursor = pages[0][direction]; cursor !== undefined; cursor = pages.at(-1)[direction]) {
    assert.ok(pages.length < 1_000, "the list has no end");
    await between?.(pages);
    pages.push(await pageAt(ask, parameters, cursor));
  }
  return pages;
}
