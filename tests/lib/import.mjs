// An import as an identity provider makes it, page by page, with whatever happens in between.

import assert from "node:assert/strict";
import { assertStatus } from "./assert.mjs";

/**
 * Reads all pages of a list by position, in steps of `count`, until startIndex passes totalResults.
 * @param between called after each page but the last with its number, from 1
 * @returns the pages' bodies
 */
export async function importing(okta, path, { count, filter }, between = async () => {}) {
  const pages = [];
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += count) {
    const page = await okta.list(path, { ...(filter ? { filter } : {}), startIndex, count });
    const body = assertStatus(page, 200);
    assert.equal(body.startIndex, startIndex);
    pages.push(body);
    total = body.totalResults;
    if (startIndex + count <= total) await between(pages.length);
  }
  return pages;
}

export const idsOn = (pages) => pages.flatMap(({ Resources }) => Resources.map(({ id }) => id));

/** Asserts that each of `ids` is on exactly one page, that they are in this order, and nobody is there twice. */
export function assertEverybody(pages, ids) {
  const found = idsOn(pages);
  assert.equal(new Set(found).size, found.length, "somebody is on two pages");
  const expected = new Set(ids);
  assert.deepEqual(
    found.filter((id) => expected.has(id)),
    ids,
  );
}

/** Asserts that all pages say the same total. */
export function assertOneTotal(pages) {
  assert.deepEqual([...new Set(pages.map(({ totalResults }) => totalResults))].length, 1);
}
