// How the pages of an import stay consistent, in single examples: tests/property/imports.property.test.mjs has the
// rule.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertError, assertStatus, eventually, serverTiming } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { Crowd, Import, WAYS } from "../../helpers/import.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { withoutTable } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const snapshots = ({ id }) => worker.sql("SELECT * FROM list_snapshots WHERE org_id = ?1", id);
/** Lets time pass for an organization's lists: what was read is so much longer ago. */
async function age({ id }, span) {
  await sleep(50); // how far a reading has come is noted after the answer
  const earlier = (column) => `${column} = strftime('%Y-%m-%dT%H:%M:%fZ', ${column}, ?1)`;
  await worker.sql(`UPDATE list_snapshots SET ${earlier("begun_at")} WHERE org_id = ?2`, span, id);
  await worker.sql(`UPDATE readings SET ${earlier("read_at")} WHERE org_id = ?2`, span, id);
}
const idsOf = ({ Resources }) => Resources.map(({ id }) => id);
const active = { count: 5, filter: "active eq true" };

test("a list of one page and a look-up leave nothing behind", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  await new Import(okta, "/Users", { count: 100 }).finish();
  await new Import(okta, "/Users", { ...active, count: 50 }).finish();
  await okta.list("/Users", { startIndex: 1, count: 13 });
  await okta.list("/Users", { startIndex: 1, count: 0 });
  await okta.list("/Users", { startIndex: 5, count: 2 });
  await okta.list("/Users", { sortBy: "userName", startIndex: 1, count: 2 });
  await okta.list("/Users", { cursor: "", count: 2 });
  await okta.list("/", { startIndex: 1, count: 2 });
  await organization.userNamed("owner@okta.local");
  assert.deepEqual(await snapshots(organization), []);
});

test("a snapshot goes an hour after its import came to its end, and a day after it stopped halfway", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  const kept = async () => (await snapshots(organization)).map(({ filter, page_size }) => [filter, page_size]);
  await new Import(okta, "/Users", { count: 5 }).finish();
  await new Import(okta, "/Users", active).finish();
  const halfway = new Import(okta, "/Users", { count: 6 });
  await halfway.next();
  await halfway.next();
  await new Import(okta, "/Users", { count: 4 }).next();
  assert.equal((await kept()).length, 4);
  await age(organization, "-61 minutes");
  await new Import(okta, "/Users", { count: 7 }).next();
  const rest = [
    ["", 6],
    ["", 7],
  ];
  await eventually(async () => assert.deepEqual((await kept()).sort(), rest));
  await age(organization, "-24 hours");
  await new Import(okta, "/Users", { count: 8 }).next();
  await eventually(async () => assert.deepEqual(await kept(), [["", 8]]));
});

for (const query of [{ count: 5 }, active]) {
  const name = query.filter ? "filtered" : "whole";

  test(`a page of a ${name} list goes on where the one before ended, when its people have gone`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      for (const back of [1, 2]) await crowd.happen("delete", 5 * number - back);
    });
    reading.assertEverybody(staying());
    reading.assertOneTotal();
  });

  test(`a ${name} list goes on after a restart`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      await crowd.happen("delete", number);
      if (number === 2) await worker.restart();
    });
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });

  test(`a ${name} list goes on with a new key`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    const { key } = await crowd.organization.addKey();
    await reading.finish(async (number) => {
      await crowd.happen("delete", number);
      if (number === 2) reading.okta = crowd.okta.with({ key });
    });
    reading.assertEverybody(staying());
  });

  test(`without its snapshot a ${name} list is in the same order, and complete if no resource is deleted`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      if (number === 2) await worker.sql("DELETE FROM list_snapshots");
      await crowd.happen("create");
      await crowd.happen("rename", 7);
    });
    reading.assertEverybody(crowd.ids);
  });

  test(`a page of a ${name} list that storage cannot give is an error, and no short page`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      await crowd.happen("delete", number);
      for (const table of ["list_snapshots", "users", "memberships"]) {
        const page = await withoutTable(worker, table, () =>
          crowd.okta.list("/Users", { ...(query.filter ? query : {}), startIndex: reading.startIndex, count: 5 }),
        );
        // Without a table, the database is as if migrations were missing.
        assertError(page, 503, { detail: /database is older than the service/ });
      }
    });
    reading.assertEverybody(staying());
  });

  test(`the next import of a ${name} list begins anew`, async () => {
    const crowd = await Crowd.of(worker, 12);
    const read = () => new Import(crowd.okta, "/Users", query).finish();
    await read();
    for (const n of [0, 1, 2]) await crowd.happen("delete", n);
    await sleep(50); // that an import has ended is noted after its last answer
    const { pages } = await read();
    assert.deepEqual(
      pages.map(({ totalResults, Resources }) => [totalResults, Resources.length]),
      [
        [10, 5],
        [10, 5],
      ],
    );
  });

  test(`a ${name} list that is begun anew is as it is now, whatever an earlier reader left behind`, async () => {
    const crowd = await Crowd.of(worker, 13);
    const first = async () => {
      const { body } = await crowd.okta.list("/Users", { ...query, startIndex: 1 });
      return [body.totalResults, ...idsOf(body).slice(1)];
    };
    const { ids } = crowd;
    assert.deepEqual(await first(), [14, ...ids.slice(0, 4)]);
    await crowd.happen("delete", 1);
    await crowd.happen("create");
    assert.deepEqual(await first(), [14, ids[0], ...ids.slice(2, 5)]);
    await crowd.okta.list("/Users", { ...query, startIndex: 6 });
    await crowd.happen("delete", 2);
    await crowd.happen("delete", 9);
    assert.deepEqual(await first(), [12, ids[0], ...ids.slice(3, 6)]);
  });

  test(`all of a ${name} list deleted while it was read: a new import shows what there is`, async () => {
    const crowd = await Crowd.of(worker, 12);
    const left = new Import(crowd.okta, "/Users", query);
    await left.next();
    await left.next();
    for (let i = 0; i < 12; i++) await crowd.happen("delete", i);
    for (let i = 0; i < 2; i++) await crowd.happen("create");
    const reading = await new Import(crowd.okta, "/Users", query).finish();
    assert.deepEqual(
      reading.pages.map(({ totalResults, Resources }) => [totalResults, Resources.length]),
      [[3, 3]],
    );
    // The one that was left can be read to its end: each page has all there are, as many as it promised.
    await left.finish();
    left.assertOneTotal();
    assert.deepEqual(
      left.pages.slice(2).map(({ Resources }) => Resources.length),
      [3],
    );
  });

  test(`a page of a ${name} list is full, also if all of its own have gone`, async () => {
    for (const way of Object.keys(WAYS)) {
      const crowd = await Crowd.of(worker, 40);
      const staying = crowd.watch();
      const reading = new Import(crowd.okta, "/Users", { ...query, way });
      await reading.next();
      for (let i = 4; i < 16; i++) await crowd.happen("delete", i);
      await reading.next();
      await crowd.happen("delete", 30);
      await reading.finish();
      assert.deepEqual(
        reading.pages.map(({ Resources }) => Resources.length),
        [5, 5, 5, 5, 5, 5, 5, 5, 1],
      );
      reading.assertOneTotal();
      reading.assertEverybody(staying());
    }
  });

  test(`a client that reads a ${name} list until it has counted the total comes to an end`, async () => {
    const crowd = await Crowd.of(worker, 21);
    const { ids } = crowd;
    const counted = [];
    for (let total = 1, first; counted.length < total; ) {
      const { body } = await crowd.okta.list("/Users", { ...query, startIndex: counted.length + 1 });
      first ??= body.totalResults;
      total = first;
      assert.notEqual(body.Resources.length, 0);
      counted.push(...idsOf(body));
      if (counted.length === 5) for (const i of [1, 7, 8, 20]) await crowd.happen("delete", i);
    }
    for (const id of ids.filter((_, i) => ![1, 7, 8, 20].includes(i))) assert.ok(counted.includes(id));
  });

  test(`an import of a ${name} list is not disturbed by a fresh start of its own`, async () => {
    const crowd = await Crowd.of(worker, 49);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      for (const i of [0, 1]) await crowd.happen("delete", 3 * number + i);
      if (number % 2 === 0) await new Import(crowd.okta, "/Users", query).next();
    });
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });

  test(`a page of a ${name} list that is asked for again is the same, also the last`, async () => {
    const crowd = await Crowd.of(worker, 22);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    const other = new Import(crowd.okta.with({ key: (await crowd.organization.addKey()).key }), "/Users", query);
    const again = async () => {
      const { startIndex } = reading.pages.at(-1);
      const { body } = await crowd.okta.list("/Users", { ...query, startIndex });
      assert.deepEqual(body, reading.pages.at(-1));
    };
    while (!reading.isDone) {
      await reading.next();
      if (!other.isDone) await other.next();
      await again();
      await again();
      await crowd.happen("delete", 4 * reading.pages.length);
    }
    await other.finish();
    reading.assertEverybody(staying());
    other.assertEverybody(staying());
  });

  for (const [who, another] of [
    ["with another key", async ({ organization, okta }) => okta.with({ key: (await organization.addKey()).key })],
    ["with another client", async ({ organization }) => organization.entra],
    ["with nothing to tell them apart", async ({ okta }) => okta],
  ]) {
    test(`half an hour between pages of a ${name} list that a client ${who} begins loses no user`, async () => {
      const crowd = await Crowd.of(worker, 49);
      const staying = crowd.watch();
      const reading = new Import(crowd.okta, "/Users", query);
      await reading.next();
      const other = new Import(await another(crowd), "/Users", query);
      await age(crowd.organization, "-30 minutes");
      for (let i = 0; i < 8; i++) await crowd.happen("delete", i);
      await other.next();
      await reading.finish((number) => crowd.happen("delete", 5 * number));
      await other.finish();
      reading.assertOneTotal();
      reading.assertEverybody(staying());
      other.assertEverybody(staying());
    });
  }

  test(`the size of a ${name} list's pages is changed in the middle`, async () => {
    for (const sizes of [
      [5, 10, 3, 7],
      [9, 2],
      [4, 20],
    ]) {
      const crowd = await Crowd.of(worker, 49);
      const staying = crowd.watch();
      const reading = new Import(crowd.okta, "/Users", query);
      while (!reading.isDone) {
        reading.count = sizes[reading.pages.length % sizes.length];
        await reading.next();
        for (const i of [1, 5, 6]) await crowd.happen("delete", 4 * reading.pages.length + i);
      }
      reading.count = 1;
      reading.assertOneTotal();
      reading.assertEverybody(staying());
    }
  });

  test(`mail domains change in the middle of a ${name} list`, async () => {
    const crowd = await Crowd.of(worker, 79);
    await crowd.happen("hide", 0);
    const staying = crowd.watch();
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish((number) => crowd.happen(["reveal", "hide", "reveal"][number % 3], number));
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  });
}

for (const query of [{ count: 10 }, { count: 10, filter: "active eq true" }]) {
  test(`a list that has become shorter than a page is told as it is now (${query.filter ?? "no filter"})`, async () => {
    const crowd = await Crowd.of(worker, 10);
    await new Import(crowd.okta, "/Users", query).finish();
    await sleep(50);
    for (const n of [0, 1, 2]) await crowd.happen("delete", n);
    await crowd.happen("create");
    const { body } = await crowd.okta.list("/Users", { ...query, startIndex: 1 });
    assert.deepEqual([body.totalResults, body.Resources.length], [9, 9]);
  });
}

test("a list that is emptied while it is being read is empty", async () => {
  const { okta } = await createOrganization(worker, { settings: { plain_groups: true } });
  const ids = [];
  for (const displayName of ["One", "Two"]) ids.push((await okta.post("/Groups", { displayName })).body.id);
  const first = () => okta.list("/Groups", { startIndex: 1, count: 1 });
  assert.equal(assertStatus(await first(), 200).totalResults, 2);
  for (const id of ids) await okta.delete(`/Groups/${id}`);
  assert.deepEqual(assertStatus(await first(), 200).Resources, []);
});

test("pages behind the end do not end another client's import", async () => {
  const crowd = await Crowd.of(worker, 23);
  const staying = crowd.watch();
  const reading = new Import(crowd.okta, "/Users", { count: 5 });
  await reading.next();
  await reading.next();
  for (let i = 0; i < 3; i++) await crowd.okta.list("/Users", { startIndex: 9_007_199_254_740_000 + i, count: 5 });
  await sleep(50);
  await crowd.happen("delete", 1);
  await crowd.okta.list("/Users", { startIndex: 1, count: 5 });
  await reading.finish();
  reading.assertEverybody(staying());
});

test("the page behind the end of a finished list tells its total while an older list is being read", async () => {
  const crowd = await Crowd.of(worker, 23);
  const older = new Import(crowd.okta, "/Users", { count: 5 });
  await older.next();
  await crowd.happen("delete", 1);
  await crowd.happen("delete", 2);
  const reading = new Import(crowd.okta, "/Users", { count: 7 });
  await reading.finish();
  await sleep(50);
  const { body } = await crowd.okta.list("/Users", { startIndex: reading.startIndex, count: 7 });
  assert.deepEqual([body.totalResults, body.Resources.length], [reading.total, 0]);
  assert.notEqual(reading.total, older.total);
});

for (const filter of [undefined, "active eq true"]) {
  test(`if all of a list (${filter ?? "no filter"}) go out of sight, its pages have who is visible now`, async () => {
    const crowd = await Crowd.of(worker, 40);
    await crowd.organization.configure({ mail_domains: ["example.com", "okta.local"] });
    const reading = new Import(crowd.okta, "/Users", { count: 5, filter, way: "came" });
    await reading.next();
    const { total } = reading;
    await crowd.organization.configure({ mail_domains: ["one.example", "two.example"] });
    await reading.finish();
    reading.assertOneTotal();
    assert.equal(reading.ids.length, total);
    const now = (await crowd.okta.list("/Users", { cursor: "", count: 100 })).body;
    assert.deepEqual([...new Set(reading.ids.slice(5))].sort(), idsOf(now).slice(0, 5).sort());
  });
}

test("a list that was not read for hours goes on where it was", async () => {
  const crowd = await Crowd.of(worker, 13);
  const staying = crowd.watch();
  const reading = new Import(crowd.okta, "/Users", { count: 5 });
  await reading.next();
  await reading.next();
  await age(crowd.organization, "-5 hours");
  for (const i of [0, 1, 6]) await crowd.happen("delete", i);
  await new Import(crowd.okta, "/Users", { count: 6 }).next();
  await sleep(100);
  await reading.finish();
  reading.assertOneTotal();
  reading.assertEverybody(staying());
});

test("an import is not disturbed by another list that is polled all the time", async () => {
  const crowd = await Crowd.of(worker, 59);
  const staying = crowd.watch();
  const reading = new Import(crowd.okta, "/Users", { count: 5 });
  let polls = 0;
  await reading.finish(async (number) => {
    await crowd.happen("delete", 4 * number);
    for (let i = 0; i < 10; i++) {
      const since = new Date(Date.UTC(2020, 0, 1, 0, 0, ++polls)).toISOString();
      assertStatus(
        await crowd.okta.list("/Users", { filter: `meta.lastModified gt "${since}"`, startIndex: 1, count: 10 }),
        200,
      );
    }
  });
  assert.ok(polls > 100);
  reading.assertOneTotal();
  reading.assertEverybody(staying());
});

test("if too many lists are being read, one more is refused at its first page, and the others go on", async () => {
  const crowd = await Crowd.of(worker, 23);
  const { organization, okta } = crowd;
  const staying = crowd.watch();
  const reading = new Import(okta, "/Users", { count: 5 });
  await reading.next();
  const filled = "UPDATE list_snapshots SET listed = listed + 10000000 * step WHERE org_id = ?1";
  await worker.sql(filled.replace("WHERE", "WHERE filter <> '' AND"), organization.id);
  await okta.list("/Users", { ...active, startIndex: 1 });
  await worker.sql(filled.replace("WHERE", "WHERE filter <> '' AND"), organization.id);
  for (const query of [{ count: 10 }, { count: 10, filter: "userName pr" }, { count: 5 }]) {
    const refused = await okta.list("/Users", { startIndex: 1, ...query });
    assertError(refused, 429, { detail: /within the last hour.*Try again in an hour/ });
    assert.match(refused.headers["retry-after"], /^\d+$/);
  }
  // Lists of one page and look-ups need no room, nor do cursors.
  assert.equal(assertStatus(await okta.list("/Users", { startIndex: 1, count: 100 }), 200).Resources.length, 24);
  assertStatus(await okta.list("/Users", { cursor: "", count: 5 }), 200);
  await organization.userNamed("owner@okta.local");
  await crowd.happen("delete", 2);
  await reading.finish();
  reading.assertOneTotal();
  reading.assertEverybody(staying());
  // An hour later there is room again.
  await age(organization, "-61 minutes");
  assertStatus(await okta.list("/Users", { startIndex: 1, count: 10 }), 200);
});

test("a page of a filtered list reads the rows that it lists, also where no index serves the filter", async () => {
  const { okta } = await Crowd.of(worker, 900);
  for (const filter of [
    'emails.value co "e"',
    'emails.value ew ".com" or title co "a"',
    'not (groups.display co "x")',
  ]) {
    const costs = [];
    for (let startIndex = 1; startIndex < 400; startIndex += 100) {
      const answer = await okta.list("/Users", { filter, startIndex, count: 100 });
      assert.equal(assertStatus(answer, 200).Resources.length, 100);
      costs.push(serverTiming(answer).rows_read);
    }
    for (const rows of costs.slice(1)) assert.ok(rows <= 800, `${filter}: ${costs} rows read`);
  }
});

test("the longest and the deepest filters have pages that fit together, too", async () => {
  const crowd = await Crowd.of(worker, 23);
  const staying = crowd.watch();
  const terms = Array.from({ length: 79 }, (_, i) => `title eq "${"x".repeat(60)}${i}"`);
  const deep = `${"(active eq true and ".repeat(18)}userName pr${")".repeat(18)}`;
  for (const filter of [`userName pr or ${terms.join(" or ")}`, deep]) {
    const reading = new Import(crowd.okta, "/Users", { count: 5, filter });
    await reading.finish((number) => crowd.happen("delete", crowd.ids.indexOf(staying()[number])));
    reading.assertOneTotal();
    reading.assertEverybody(staying());
  }
});

test("a forged key makes no snapshot", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  const revoked = await organization.addKey();
  await organization.deactivateKey(revoked.id);
  for (const query of [{ count: 5 }, active]) {
    assertError(await okta.with({ key: revoked.key }).list("/Users", { startIndex: 1, ...query }), 401);
  }
  assert.deepEqual(await snapshots(organization), []);
});

test("a test of the connection costs no more than it shows, however large the directory", async () => {
  const { organization, okta } = await Crowd.of(worker, 1_200);
  const answer = await okta.list("/Users", { startIndex: 1, count: 2 });
  assertStatus(answer, 200);
  const { rows_read, rows_written } = serverTiming(answer);
  assert.ok(rows_read <= 40 && rows_written === 0, `${rows_read} rows read, ${rows_written} written`);
  assert.ok((await snapshots(organization)).every(({ page_size }) => page_size > 2));
});

test("deactivating people while the active ones are imported loses none of the others", async () => {
  const crowd = await Crowd.of(worker, 23);
  const staying = crowd.watch(({ active }) => active);
  const reading = new Import(crowd.okta, "/Users", active);
  await reading.finish(async (number) => {
    for (let i = 0; i < 3; i++) await crowd.happen("deactivate", 5 * (number - 1) + i);
    if (number > 2) await crowd.happen("activate", 2); // back onto the first page, which has been read
    if (number === 1) await crowd.okta.patch(`/Users/${crowd.ids[20]}`, operation.active(false));
    if (number === 2) await crowd.okta.patch(`/Users/${crowd.ids[20]}`, operation.active(true));
  });
  reading.assertEverybody(staying());
});

test("an organization's snapshots are its own", async () => {
  const [one, other] = [await Crowd.of(worker, 12), await Crowd.of(worker, 12)];
  const reading = new Import(one.okta, "/Users", { count: 5 });
  await reading.finish(() => new Import(other.okta, "/Users", { count: 5 }).finish(() => other.happen("delete", 0)));
  reading.assertEverybody(one.ids);
  const bare = await createOrganization(worker);
  assert.deepEqual(await snapshots(bare), []);
});
