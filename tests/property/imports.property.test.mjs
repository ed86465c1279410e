// An import finds all people who are there from its first page to its last, whatever else happens meanwhile, by either
// way of going on from a page. IMPORT_SEED and IMPORT_RUNS vary the runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { Crowd, Import, WAYS } from "../helpers/import.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const RUNS = {
  seed: Number(process.env.IMPORT_SEED ?? 9865),
  numRuns: Number(process.env.IMPORT_RUNS ?? 40),
  interruptAfterTimeLimit: process.env.IMPORT_RUNS ? undefined : 25_000,
};

/** Filters, and who satisfies them: what happens meanwhile makes a difference to some. */
const FILTERS = [
  [undefined, () => true],
  [undefined, () => true],
  ["active eq true", ({ active }) => active],
  ['not (displayName sw "Name")', ({ displayName }) => !displayName.startsWith("Name")],
  ['userName co "g"', ({ userName }) => userName.includes("g")],
  ['active eq false or title co "eng"', ({ active, title }) => !active || /eng/i.test(title ?? "")],
  ['meta.lastModified gt "2020-01-01T00:00:00Z"', () => true],
  ['userName sw "g"', ({ userName }) => userName.startsWith("g")],
];

const HAPPENINGS = [
  "create",
  "delete",
  "delete",
  "deactivate",
  "activate",
  "rename",
  "hide",
  "reveal",
  "test connection",
];
const happening = fc.record({ what: fc.constantFrom(...HAPPENINGS), n: fc.nat() });
const course = {
  size: fc.oneof(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 150, max: 420 })),
  // Small pages are many; those of real imports are 100 and 200. Of two, as a test of the connection asks for, none can
  // be told from that.
  count: fc.oneof(fc.constantFrom(1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), fc.integer({ min: 3, max: 200 })),
  steps: fc.array(fc.array(happening, { maxLength: 4 }), { minLength: 1, maxLength: 60 }),
  filter: fc.constantFrom(...FILTERS),
  way: fc.constantFrom(...Object.keys(WAYS)),
};

/** What to read: pages of that size, but no more of them than can be read in a moment. */
const query = ({ size, count, way, filter: [filter] }) => ({
  count: Math.max(count, Math.ceil(size / 60)),
  filter,
  way,
});

const meanwhile = (crowd, steps) => async (number) => {
  for (const { what, n } of steps[number % steps.length]) await crowd.happen(what, n);
};

/** Begins an import; its first page is the list as it is now, also if another client reads it. */
async function begin(crowd, okta, given) {
  const staying = crowd.watch(given.filter[1]);
  const reading = new Import(okta, "/Users", query(given));
  const { totalResults, Resources } = await reading.next();
  const { filter } = reading;
  const now = assertStatus(
    await okta.list("/Users", { ...(filter ? { filter } : {}), cursor: "", count: reading.count }),
    200,
  );
  assert.deepEqual([totalResults, Resources], [now.totalResults, now.Resources]);
  return { staying, reading };
}

test("of people", async () => {
  const property = fc.asyncProperty(fc.record(course), async (given) => {
    const crowd = await Crowd.of(worker, given.size);
    const { staying, reading } = await begin(crowd, crowd.okta, given);
    await meanwhile(crowd, given.steps)(0);
    await reading.finish(meanwhile(crowd, given.steps));
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });
  await fc.assert(property, RUNS);
});

const ANOTHER = {
  key: async ({ organization, okta }) => okta.with({ key: (await organization.addKey()).key }),
  client: async ({ organization }) => organization.entra,
  none: async ({ okta }) => okta,
};

for (const [what, other] of Object.entries(ANOTHER)) {
  const name = what === "none" ? "of the same key and client" : `of another ${what}`;
  test(`of people by two at once, the second ${name}, in any turn`, async () => {
    const turns = fc.array(fc.boolean(), { minLength: 1, maxLength: 80 });
    const ways = fc.constantFrom(...Object.keys(WAYS));
    const record = fc.record({ ...course, otherWay: ways, turns, start: fc.nat({ max: 8 }) });
    const property = fc.asyncProperty(record, async ({ turns, start, otherWay, ...given }) => {
      const crowd = await Crowd.of(worker, given.size);
      const step = meanwhile(crowd, given.steps);
      const first = await begin(crowd, crowd.okta, given);
      for (let number = 1; number <= start && !first.reading.isDone; number++) {
        await step(number);
        await first.reading.next();
      }
      await step(start + 1);
      const second = await begin(crowd, await other(crowd), { ...given, way: otherWay });
      for (let turn = 0; !first.reading.isDone || !second.reading.isDone; turn++) {
        await step(start + 2 + turn);
        const [one, another] = turns[turn % turns.length] ? [first, second] : [second, first];
        await (one.reading.isDone ? another : one).reading.next();
      }
      for (const { reading, staying } of [first, second]) {
        reading.assertEverybody(staying(), { inOrder: what !== "none" });
        // Two readers that differ in nothing but their snapshots cannot be told apart.
        if (what !== "none") reading.assertOneTotal();
      }
    });
    await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / (what === "client" ? 2 : 1)) });
  });
}

test("of people, one import after another", async () => {
  const property = fc.asyncProperty(fc.record(course), async (given) => {
    const crowd = await Crowd.of(worker, given.size);
    for (let again = 0; again < 3; again++) {
      const { staying, reading } = await begin(crowd, crowd.okta, given);
      await reading.finish(meanwhile(crowd, given.steps));
      reading.assertOneTotal();
      reading.assertEverybody(staying());
      await crowd.happen("delete", given.size - again);
    }
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 4) });
});

test("of people whose reader changes the size of pages", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 2, maxLength: 8 });
  const property = fc.asyncProperty(fc.record({ ...course, sizes }), async ({ sizes, ...given }) => {
    const crowd = await Crowd.of(worker, given.size);
    const { staying, reading } = await begin(crowd, crowd.okta, given);
    const step = meanwhile(crowd, given.steps);
    while (!reading.isDone) {
      await step(reading.pages.length);
      reading.count = Math.max(sizes[reading.pages.length % sizes.length], Math.ceil(given.size / 60));
      await reading.next();
    }
    reading.count = 1; // every page has at least one user
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 2) });
});

let made = 0;

test("of groups", async () => {
  const filters = [undefined, 'displayName sw "Group"', 'not (displayName sw "Renamed")'];
  const given = fc.record({ ...course, filter: fc.constantFrom(...filters) });
  const property = fc.asyncProperty(given, async ({ size, count, steps, filter, way }) => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { okta } = organization;
    const create = async () => assertStatus(await okta.post("/Groups", oktaGroup(`Group ${++made}`)), 201).id;
    const ids = [];
    for (let i = 0; i < Math.min(size, 15); i++) ids.push(await create());
    const staying = new Set(ids);
    const doing = {
      create,
      async delete(id) {
        await okta.delete(`/Groups/${id}`);
        staying.delete(id);
      },
      async rename(id, n) {
        await okta.patch(`/Groups/${id}`, operation.rename(id, `Renamed ${n}-${++made}`));
        if (filter) staying.delete(id);
      },
    };
    const reading = new Import(okta, "/Groups", { count: Math.min(count, 7), filter, way });
    await reading.finish(async (number) => {
      for (const { what, n } of steps[number % steps.length]) await doing[what]?.(ids[n % ids.length], n);
    });
    reading.assertOneTotal();
    reading.assertEverybody(ids.filter((id) => staying.has(id)));
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 2) });
});
