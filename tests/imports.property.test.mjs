// An import finds everybody who is there from its first page to its last exactly once, whatever else happens
// meanwhile. IMPORT_SEED and IMPORT_RUNS vary the runs.

import { test } from "node:test";
import fc from "fast-check";
import { assertStatus } from "./lib/assert.mjs";
import { oktaGroup, operation } from "./lib/bodies.mjs";
import { Crowd, Import } from "./lib/import.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { useWorker } from "./lib/worker.mjs";

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

const happening = fc.record({
  what: fc.constantFrom("create", "delete", "delete", "deactivate", "activate", "rename", "test connection"),
  whom: fc.nat(),
});
const course = {
  size: fc.oneof(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 150, max: 420 })),
  // Small pages are many; those of real imports are 100 and 200.
  count: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 })),
  steps: fc.array(fc.array(happening, { maxLength: 4 }), { minLength: 1, maxLength: 60 }),
  filter: fc.constantFrom(...FILTERS),
};

/** What to read: pages of that size, but no more of them than can be read in a moment. */
const query = ({ size, count, filter: [filter] }) => ({ count: Math.max(count, Math.ceil(size / 60)), filter });

const meanwhile = (crowd, steps) => async (number) => {
  for (const { what, whom } of steps[number % steps.length]) await crowd.happen(what, whom);
};

test("of people", async () => {
  const property = fc.asyncProperty(fc.record(course), async (given) => {
    const crowd = await Crowd.of(worker, given.size);
    const staying = crowd.watch(given.filter[1]);
    const reading = new Import(crowd.okta, "/Users", query(given));
    await reading.finish(meanwhile(crowd, given.steps));
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });
  await fc.assert(property, RUNS);
});

test("of people by two at once, in any turn", async () => {
  const turns = fc.array(fc.boolean(), { minLength: 1, maxLength: 80 });
  const given = fc.record({ ...course, turns, start: fc.nat({ max: 8 }) });
  const property = fc.asyncProperty(given, async ({ turns, start, ...given }) => {
    const crowd = await Crowd.of(worker, given.size);
    const step = meanwhile(crowd, given.steps);
    const begin = () => ({
      staying: crowd.watch(given.filter[1]),
      reading: new Import(crowd.okta, "/Users", query(given)),
    });
    const first = begin();
    await first.reading.next();
    for (let number = 1; number <= start && !first.reading.isDone; number++) {
      await step(number);
      await first.reading.next();
    }
    await step(start + 1);
    const second = begin();
    await second.reading.next();
    for (let turn = 0; !first.reading.isDone || !second.reading.isDone; turn++) {
      await step(start + 2 + turn);
      const [one, other] = turns[turn % turns.length] ? [first, second] : [second, first];
      await (one.reading.isDone ? other : one).reading.next();
    }
    // Who has begun to satisfy the filter before the second one began, but after the first, is behind all others.
    const inOrder = given.filter[0] === undefined;
    second.reading.assertEverybody(second.staying(), { inOrder });
    first.reading.assertEverybody(first.staying());
  });
  await fc.assert(property, RUNS);
});

test("of people, one import after another", async () => {
  const property = fc.asyncProperty(fc.record(course), async (given) => {
    const crowd = await Crowd.of(worker, given.size);
    for (let again = 0; again < 3; again++) {
      const staying = crowd.watch(given.filter[1]);
      const reading = new Import(crowd.okta, "/Users", query(given));
      await reading.finish(meanwhile(crowd, given.steps));
      reading.assertEverybody(staying());
      await crowd.happen("delete", given.size - again);
    }
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 4) });
});

let made = 0;

test("of groups", async () => {
  const filters = [undefined, 'displayName sw "Group"', 'not (displayName sw "Renamed")'];
  const given = fc.record({ ...course, filter: fc.constantFrom(...filters) });
  const property = fc.asyncProperty(given, async ({ size, count, steps, filter }) => {
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
    const reading = new Import(okta, "/Groups", { count: Math.min(count, 7), filter });
    await reading.finish(async (number) => {
      for (const { what, whom } of steps[number % steps.length]) await doing[what]?.(ids[whom % ids.length], whom);
    });
    reading.assertOneTotal();
    reading.assertEverybody(ids.filter((id) => staying.has(id)));
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 2) });
});
