// A forged key finds nothing, and no filter makes the database read other organizations' rows.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError } from "../helpers/assert.mjs";
import { filters } from "../helpers/filter-arbitraries.mjs";
import { readFields } from "../helpers/filter-fields.mjs";
import { textOf } from "../helpers/filter-text.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { bySearch } from "../helpers/pages.mjs";
import { costInLog } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("with a forged key", () => {
  const worker = useWorker();
  let somewhere;
  let fields;
  let owners;

  before(async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    await populate(worker.sql, organization.id, { users: 2_000 });
    fields = await readFields(organization.okta);
    owners = [await organization.owner()];
    somewhere = organization.okta;
    await worker.flushLogs();
  });

  async function refusedCheaply(path, filter) {
    // A key of its own each time: one that was refused is not looked up again.
    const stranger = somewhere.with({ key: forgedKey() });
    const { answer, cost } = await costInLog(worker, () => bySearch(stranger, path)({ filter }));
    assertError(answer, answer.status === 400 ? 400 : 401);
    // A look-up reads the key again, in vain.
    assert.ok(cost.rows_read <= 250, `${cost.rows_read} rows read for ${filter}`);
  }

  test("a random filter reads next to nothing", async () => {
    for (const [path, of] of [
      ["/Users", "users"],
      ["/Groups", "groups"],
      ["", "root"],
    ]) {
      const property = fc.asyncProperty(filters(fields[of], owners), (filter) => refusedCheaply(path, textOf(filter)));
      await fc.assert(property, { seed: Number(process.env.FILTER_SEED ?? 7644), numRuns: 60 });
    }
  });

  test("and so does one whose branches use an index", async () => {
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
