// An import finds everybody who is there from its first page to its last exactly once, whatever else happens
// meanwhile. IMPORT_SEED and IMPORT_RUNS vary the runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertStatus } from "./lib/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "./lib/bodies.mjs";
import { assertEverybody, assertOneTotal, importing } from "./lib/import.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { populate } from "./lib/population.mjs";
import { useWorker } from "./lib/worker.mjs";

const worker = useWorker();
const RUNS = {
  seed: Number(process.env.IMPORT_SEED ?? 9865),
  numRuns: Number(process.env.IMPORT_RUNS ?? 30),
  interruptAfterTimeLimit: process.env.IMPORT_RUNS ? undefined : 20_000,
};

const step = fc.record({
  what: fc.constantFrom("create", "delete", "delete", "deactivate", "activate", "rename", "test connection"),
  whom: fc.nat(),
});
const course = {
  size: fc.integer({ min: 2, max: 50 }),
  // Small pages are many; those of real imports are 100 and 200.
  count: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 })),
  steps: fc.array(fc.array(step, { maxLength: 4 }), { minLength: 1, maxLength: 60 }),
};

let newcomers = 0;

test("of people", async () => {
  const filter = fc.constantFrom(undefined, undefined, "active eq true", 'userName sw "crowd"', "not (title pr)");
  const property = fc.asyncProperty(fc.record({ ...course, filter }), async ({ size, count, steps, filter }) => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    await populate(worker, organization, size);
    const list = async () => (await okta.importAll("/Users", 200)).map(({ id, userName }) => ({ id, userName }));
    const people = (await list()).filter(({ userName }) => userName.startsWith("crowd"));
    const gone = new Set();
    const doing = {
      create: () => okta.post("/Users", oktaUser(person(`crowdsurfer${++newcomers}@okta.local`))),
      delete: ({ id }) => gone.add(id) && okta.delete(`/Users/${id}`),
      deactivate: ({ id }) => {
        if (filter === "active eq true") gone.add(id);
        return okta.patch(`/Users/${id}`, operation.active(false));
      },
      activate: ({ id }) => okta.patch(`/Users/${id}`, operation.active(true)),
      rename: ({ id }, n) => okta.patch(`/Users/${id}`, { op: "replace", path: "displayName", value: `Name ${n}` }),
      "test connection": () => okta.list("/Users", { startIndex: 1, count: 2 }),
    };
    const pages = await importing(okta, "/Users", { count, filter }, async (number) => {
      for (const { what, whom } of steps[number % steps.length]) await doing[what](people[whom % people.length], whom);
    });
    assertOneTotal(pages);
    assertEverybody(
      pages,
      people.map(({ id }) => id).filter((id) => !gone.has(id)),
    );
  });
  await fc.assert(property, RUNS);
});

test("of groups", async () => {
  const property = fc.asyncProperty(fc.record(course), async ({ size, count, steps }) => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { okta } = organization;
    const create = async () => assertStatus(await okta.post("/Groups", oktaGroup(`Group ${++newcomers}`)), 201);
    const ids = [];
    for (let i = 0; i < Math.min(size, 15); i++) ids.push((await create()).id);
    const gone = new Set();
    const doing = {
      create,
      delete: (id) => gone.add(id) && okta.delete(`/Groups/${id}`),
      rename: (id, n) => okta.patch(`/Groups/${id}`, operation.rename(id, `Renamed ${n}`)),
    };
    const pages = await importing(okta, "/Groups", { count: Math.min(count, 7) }, async (number) => {
      for (const { what, whom } of steps[number % steps.length]) await doing[what]?.(ids[whom % ids.length], whom);
    });
    assertOneTotal(pages);
    assertEverybody(
      pages,
      ids.filter((id) => !gone.has(id)),
    );
  });
  await fc.assert(property, { ...RUNS, numRuns: Math.ceil(RUNS.numRuns / 2) });
});

test("of two at once, who come and go as they like", async () => {
  const twice = fc.record({ ...course, start: fc.nat({ max: 6 }) });
  const property = fc.asyncProperty(twice, async ({ size, count, steps, start }) => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const ids = await populate(worker, organization, size);
    const gone = new Set();
    let second;
    const meddle = async (number) => {
      for (const { what, whom } of steps[number % steps.length]) {
        const id = ids[whom % ids.length];
        if (what === "delete") gone.add(id) && (await okta.delete(`/Users/${id}`));
        if (what === "create") await doCreate();
      }
    };
    const doCreate = () => okta.post("/Users", oktaUser(person(`twice${++newcomers}@okta.local`)));
    const size12 = Math.min(count, 12);
    const first = await importing(okta, "/Users", { count: size12 }, async (number) => {
      await meddle(number);
      // From the second page on it is known that the first import goes on.
      if (number === 2 + start) second = { goneBefore: new Set(gone), page: 0 };
      if (second && !second.pages) {
        second.pages = await importing(okta, "/Users", { count: size12 }, meddle);
      }
    });
    assertEverybody(
      first,
      ids.filter((id) => !gone.has(id)),
    );
    if (second?.pages) {
      assertEverybody(
        second.pages,
        ids.filter((id) => !gone.has(id)),
      );
    }
  });
  await fc.assert(property, RUNS);
});

test("is in the same order and complete without the snapshot, as long as nobody is deleted", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const ids = await populate(worker, organization, 23);
  const forget = async () => {
    const { keys } = await worker.kv.list();
    for (const { name } of keys) await worker.kv.delete(name);
  };
  for (const lost of [1, 2, 4]) {
    const pages = await importing(okta, "/Users", { count: 5 }, async (number) => {
      if (number === lost) await forget();
      await okta.patch(`/Users/${ids[number]}`, operation.active(false));
    });
    assertEverybody(pages, ids);
  }
});

test("goes on after a restart", async () => {
  const organization = await createOrganization(worker);
  const ids = await populate(worker, organization, 23);
  const gone = [ids[0], ids[7], ids[8], ids[22]];
  const pages = await importing(organization.okta, "/Users", { count: 5 }, async (number) => {
    await organization.okta.delete(`/Users/${gone[number - 1]}`);
    if (number === 2) await worker.restart();
  });
  assertOneTotal(pages);
  assertEverybody(
    pages,
    ids.filter((id) => !gone.includes(id)),
  );
});

test("of a single page leaves nothing behind, one of several leaves what expires", async () => {
  const organization = await createOrganization(worker);
  const names = async () => (await worker.kv.list()).keys.map(({ name }) => name).sort();
  await organization.createUsers(4);
  const before = await names();
  await importing(organization.okta, "/Users", { count: 5 });
  await organization.userNamed("person0@okta.local");
  await organization.okta.list("/Users", { startIndex: 1, count: 0 });
  assert.deepEqual(await names(), before);
  await importing(organization.okta, "/Users", { count: 2 });
  const { keys } = await worker.kv.list();
  const left = keys.filter(({ name }) => !before.includes(name));
  assert.equal(left.length, 1, "the list is not marked as being read once it has been");
  assert.ok(left[0].expiration > Date.now() / 1000 + 3600, JSON.stringify(left));
});

test("shows more on a page than asked for rather than push somebody out of it", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const ids = await populate(worker, organization, 12);
  const inactive = ids.slice(4, 8);
  for (const id of inactive) await okta.patch(`/Users/${id}`, operation.active(false));
  const pages = await importing(okta, "/Users", { count: 3, filter: "active eq true" }, async (number) => {
    if (number === 2) for (const id of inactive) await okta.patch(`/Users/${id}`, operation.active(true));
  });
  assertEverybody(
    pages,
    ids.filter((id) => !inactive.includes(id)),
  );
});
