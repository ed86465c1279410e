// Whoever makes up a key finds nothing, and no filter makes the database look through other organizations' rows for it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { populate } from "../scripts/lib/population.mjs";
import { assertError, serverTiming } from "./lib/assert.mjs";
import { filters } from "./lib/filter-arbitraries.mjs";
import { readFields } from "./lib/filter-fields.mjs";
import { textOf } from "./lib/filter-text.mjs";
import { forgedKey } from "./lib/forged-key.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { bySearch } from "./lib/pages.mjs";
import { useWorker } from "./lib/worker.mjs";

describe("with a made-up key", () => {
  const worker = useWorker();
  let stranger;
  let fields;
  let somebody;

  before(async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    await populate(worker.sql, organization.id, { users: 2_000 });
    fields = await readFields(organization.okta);
    somebody = [await organization.owner()];
    stranger = organization.okta.with({ key: forgedKey() });
  });

  async function refusedCheaply(path, filter) {
    const answer = await bySearch(stranger, path)({ filter });
    assertError(answer, answer.status === 400 ? 400 : 401);
    const { rows_read } = serverTiming(answer);
    // A look-up reads the key again, in vain.
    assert.ok(rows_read <= 250, `${rows_read} rows read for ${filter}`);
  }

  test("a random filter reads next to nothing", async () => {
    for (const [path, of] of [
      ["/Users", "users"],
      ["/Groups", "groups"],
      ["", "root"],
    ]) {
      const property = fc.asyncProperty(filters(fields[of], somebody), (filter) =>
        refusedCheaply(path, textOf(filter)),
      );
      await fc.assert(property, { seed: Number(process.env.FILTER_SEED ?? 7644), numRuns: 60 });
    }
  });

  test("nor does one whose branches an index finds", async () => {
    const one = 'userName eq "a"';
    const two = 'externalId eq "b"';
    for (const filter of [
      `((${one} or ${two}) and title pr) or ${one}`,
      `(${one} or ${two} and title pr) and (${two} or ${one})`,
      `${one} or (${two} or (${one} or ${two}))`,
      `not (${one}) or (${one} and (${two} or ${one}))`,
      `emails eq "x" or groups.value eq "y" or ${one} and not (${two})`,
      `meta.lastModified gt "2020-01-01T00:00:00Z" or (${one} or meta.lastModified ge "2020-01-01T00:00:00Z")`,
    ]) {
      for (const path of ["/Users", ""]) await refusedCheaply(path, filter);
    }
  });
});
