// Random directories and random filters: what the Worker finds with SQL must be what plain JavaScript finds in the
// resources as GET returns them. FILTER_SEED draws other ones, FILTER_RUNS more of them. The same seed makes the same
// people and filters, but for the literals that are ids and times: those the Worker makes.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { assertStatus } from "../helpers/assert.mjs";
import { create, directory } from "../helpers/directory-arbitraries.mjs";
import { filters } from "../helpers/filter-arbitraries.mjs";
import { readFields } from "../helpers/filter-fields.mjs";
import { matches, sorted } from "../helpers/filter-oracle.mjs";
import { spelled, textOf } from "../helpers/filter-text.mjs";
import { byGet, bySearch, walk } from "../helpers/pages.mjs";
import { useWorker } from "../helpers/worker.mjs";

const SEED = Number(process.env.FILTER_SEED ?? 7644);
/** Filters on users; on other lists half as many, and a third of that in some order. */
const RUNS = Number(process.env.FILTER_RUNS ?? 120);
const DIRECTORIES = 3;

const worker = useWorker();

for (const [i, plan] of fc.sample(directory, { numRuns: DIRECTORIES, seed: SEED }).entries()) {
  describe(`directory ${i + 1} of seed ${SEED}`, () => {
    const places = {};

    before(async () => {
      const { okta } = await create(worker, plan);
      const fields = await readFields(okta);
      const users = await okta.importAll("/Users");
      const groups = await okta.importAll("/Groups");
      places["/Users"] = { okta, path: "/Users", fields: fields.users, resources: users };
      places["/Groups"] = { okta, path: "/Groups", fields: fields.groups, resources: groups };
      places["/"] = { okta, path: "", fields: fields.root, resources: [...users, ...groups] };
    });

    for (const [path, share] of [
      ["/Users", 1],
      ["/Groups", 0.5],
      ["/", 0.5],
    ]) {
      test(`filters on ${path}`, async () => {
        const numRuns = Math.ceil(RUNS * share);
        const selective = await filtersOn(places[path], numRuns);
        // Filters that find all users or none test little.
        assert.ok(selective >= Math.floor(numRuns / 10), `only ${selective} filters found some and left some out`);
      });
      test(`orders and pages on ${path}`, () => ordersAndPagesOn(places[path], Math.ceil((RUNS * share) / 3)));
    }
  });
}

async function filtersOn(place, numRuns) {
  let selective = 0;
  await check(numRuns, [filters(place.fields, place.resources)], async (filter) => {
    const expected = place.resources.filter((resource) => matches(filter, resource));
    if (expected.length > 0 && expected.length < place.resources.length) selective++;
    const { totalResults, Resources } = await ask(place, { filter: textOf(filter), count: 200 });
    assertSame(Resources, expected, filter);
    assert.equal(totalResults, expected.length);
  });
  return selective;
}

async function ordersAndPagesOn(place, numRuns) {
  const order = fc.record({
    field: fc.constantFrom(...place.fields.filter(({ type }) => type !== "complex")),
    sortOrder: fc.constantFrom(undefined, "ascending", "descending"),
    style: fc.record({ letters: fc.nat(), urn: fc.boolean() }),
  });
  const page = fc.record({ count: fc.integer({ min: 4, max: 20 }), startIndex: fc.integer({ min: 1, max: 45 }) });
  const filter = fc.option(filters(place.fields, place.resources), { nil: undefined, freq: 2 });
  await check(numRuns, [filter, fc.option(order, { nil: undefined, freq: 5 }), page], async (filter, order, page) => {
    const found = place.resources.filter((resource) => filter === undefined || matches(filter, resource));
    const expected = order ? sorted(found, order.field, order.sortOrder === "descending") : found;
    const query = {
      ...(filter && { filter: textOf(filter) }),
      ...(order && { sortBy: spelled(order.field, order.style), sortOrder: order.sortOrder }),
    };
    const whole = await ask(place, { ...query, count: 200 });
    assertSame(whole.Resources, expected, query);
    const one = await ask(place, { ...query, ...page });
    assertSame(one.Resources, expected.slice(page.startIndex - 1, page.startIndex - 1 + page.count), query);
    assert.equal(one.totalResults, expected.length);
    await thereAndBack(place, { ...query, count: page.count }, expected);
  });
}

/** By cursors through all pages, and back to the first. */
async function thereAndBack(place, query, expected) {
  const pages = await walk((parameters) => answerTo(place, parameters), query);
  const listed = pages.flatMap(({ Resources }) => Resources);
  assertSame(listed, expected, query);
  if (pages.length === 1) return;
  const last = pages.pop();
  const options = { direction: "previousCursor", from: last.previousCursor };
  const back = await walk((parameters) => answerTo(place, parameters), query, options);
  assertSame(
    back.reverse().flatMap(({ Resources }) => Resources),
    expected.slice(0, -last.Resources.length),
    query,
  );
}

/** A page of a list. */
const ask = async (place, query) => assertStatus(await answerTo(place, query), 200);

/** One request for a list: GET, or POST where the query is long or, so that both are tried, is odd in length. */
function answerTo({ okta, path }, { sortOrder, ...parameters }) {
  const query = sortOrder === undefined ? parameters : { ...parameters, sortOrder };
  const { length } = JSON.stringify(query);
  const way = length > 2_000 || length % 2 === 1 ? bySearch : byGet;
  return way(okta, path)(query);
}

function assertSame(found, expected, query) {
  const names = (resources) => resources.map(({ id, userName, displayName }) => `${userName ?? displayName} ${id}`);
  const without = (resources, others) => resources.filter(({ id }) => !others.some((other) => other.id === id));
  const shown = {
    found: names(found),
    expected: names(expected),
    wrong: without(found, expected).slice(0, 2),
    missing: without(expected, found).slice(0, 2),
  };
  if (shown.found.join() !== shown.expected.join())
    assert.fail(`${fc.stringify(query)} ${JSON.stringify(shown, null, 1)}`);
}

/** A property with the seed that the test runs under, which fast-check prints together with what fails. */
function check(numRuns, arbitraries, predicate) {
  return fc.assert(fc.asyncProperty(...arbitraries, predicate), { seed: SEED, numRuns, includeErrorInReport: true });
}
