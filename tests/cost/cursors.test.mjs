// What a page by cursor costs, from Server-Timing: one round trip, and no more rows deep in the list than at its start.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const CROWD = 6_000;
const PAGE = 200;

describe("the cost of a page by cursor", () => {
  const worker = useWorker();
  let organization;
  before(async () => {
    organization = await createOrganization(worker);
    await populate(worker.sql, organization.id, { users: CROWD });
  });

  /** The cost of each page of a walk through the whole list. */
  async function costs(path, parameters) {
    const pages = [];
    for (let cursor = ""; cursor !== undefined; ) {
      const answer = await organization.okta.list(path, { ...parameters, count: PAGE, cursor });
      cursor = assertStatus(answer, 200).nextCursor;
      pages.push({ ...serverTiming(answer), items: answer.body.itemsPerPage });
    }
    return pages;
  }

  // The owner is there, too.
  const PAGES = Math.ceil((CROWD + 1) / PAGE);

  for (const [path, parameters, mostRows] of [
    ["/Users", {}, 5 * PAGE],
    ["/Users", { sortBy: "userName" }, 5 * PAGE],
    ["/Users", { sortBy: "userName", sortOrder: "descending" }, 5 * PAGE],
    // No index has these in order, so all users are read, but only once however deep the page is.
    ["/Users", { sortBy: "name.familyName" }, 4 * CROWD],
    ["/Users", { filter: "active eq true", sortBy: "title", sortOrder: "descending" }, 8 * CROWD],
    ["", {}, 8 * CROWD],
    ["", { sortBy: "displayName" }, 8 * CROWD],
  ]) {
    test(`of ${path || "/"} ${JSON.stringify(parameters)} does not grow`, async (t) => {
      const pages = await costs(path, parameters);
      assert.deepEqual([pages.length, pages[0].items], [PAGES, PAGE]);
      const full = pages.slice(1, -1);
      for (const page of full) assert.equal(page.round_trips, 1);
      const rows = full.map((page) => page.rows_read);
      t.diagnostic(
        `${pages[0].rows_read} rows read for the first page, then ${Math.min(...rows)} to ${Math.max(...rows)}`,
      );
      assert.ok(Math.max(...rows) <= mostRows, `${Math.max(...rows)} rows read`);
      // The second page is as good as the last but one.
      assert.ok(
        rows.at(-1) <= rows[0] + PAGE,
        `${rows[0]} rows read for the second page, ${rows.at(-1)} deep in the list`,
      );
    });
  }
});
