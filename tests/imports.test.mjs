// What keeps the pages of an import together, seen from close by: tests/imports.property.test.mjs has the rule.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertError, assertStatus, serverTiming } from "./lib/assert.mjs";
import { operation } from "./lib/bodies.mjs";
import { Crowd, Import } from "./lib/import.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { withoutTable } from "./lib/storage.mjs";
import { useWorker } from "./lib/worker.mjs";

const worker = useWorker();
const snapshots = ({ id }) => worker.sql("SELECT * FROM snapshots WHERE org_id = ?1", id);
const age = (column, span) =>
  worker.sql(
    `UPDATE snapshots SET ${column} = strftime('%Y-%m-%dT%H:%M:%fZ', ${column}, ?1) WHERE ${column} <> ''`,
    span,
  );
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

test("an import leaves one row, however often it is made", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  for (let i = 0; i < 3; i++) await new Import(okta, "/Users", { count: 5 }).finish();
  for (let i = 0; i < 3; i++) await new Import(okta, "/Users", active).finish();
  const kept = await snapshots(organization);
  assert.deepEqual(
    kept.map(({ filter, page_size, total }) => [filter, page_size, total]),
    [
      ["", 5, 13],
      ["active eq true", 5, 13],
    ],
  );
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

  test(`without its snapshot a ${name} list is in the same order, and complete if nobody goes`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const reading = new Import(crowd.okta, "/Users", query);
    await reading.finish(async (number) => {
      if (number === 2) await worker.sql("DELETE FROM snapshots");
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
      for (const table of ["snapshots", "users", "memberships"]) {
        const page = await withoutTable(worker, table, () =>
          crowd.okta.list("/Users", { ...(query.filter ? query : {}), startIndex: reading.startIndex, count: 5 }),
        );
        assertError(page, 500);
      }
    });
    reading.assertEverybody(staying());
  });

  test(`whoever goes on by the number of people received misses nobody on a ${name} list either`, async () => {
    const crowd = await Crowd.of(worker, 23);
    const staying = crowd.watch();
    const found = [];
    for (let total = 1; found.length < total; ) {
      const { body } = await crowd.okta.list("/Users", { ...query, startIndex: found.length + 1 });
      if (body.Resources.length === 0) break;
      found.push(...body.Resources.map(({ id }) => id));
      total = body.totalResults;
      if (found.length === 5) await crowd.happen("delete", 7); // of the second page, which is then short
    }
    assert.deepEqual(
      staying().filter((id) => !found.includes(id)),
      [],
    );
  });

  test(`the next import of a ${name} list begins anew`, async () => {
    const crowd = await Crowd.of(worker, 12);
    const read = () => new Import(crowd.okta, "/Users", query).finish();
    await read();
    for (const whom of [0, 1, 2]) await crowd.happen("delete", whom);
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

  test(`a snapshot of a ${name} list is shared while it is being read, and forgotten when it is not`, async () => {
    const crowd = await Crowd.of(worker, 13);
    const first = async () => {
      const { body } = await crowd.okta.list("/Users", { ...query, startIndex: 1 });
      return [body.totalResults, body.Resources.length];
    };
    assert.deepEqual(await first(), [14, 5]);
    await crowd.happen("delete", 1);
    await crowd.happen("create");
    await crowd.happen("delete", 9);
    assert.deepEqual(await first(), [14, 4]); // somebody may be about to read the second page
    await age("first_at", "-31 seconds");
    assert.deepEqual(await first(), [13, 5]);
    await crowd.okta.list("/Users", { ...query, startIndex: 6 });
    await crowd.happen("delete", 2);
    await sleep(50);
    await age("first_at", "-31 seconds");
    assert.deepEqual(await first(), [13, 4]); // somebody is between the second page and the third
    await age("begun_at", "-61 minutes");
    assert.deepEqual(await first(), [12, 5]);
  });
}

for (const query of [{ count: 10 }, { count: 10, filter: "active eq true" }]) {
  test(`a list that has become shorter than a page has no snapshot any more (${query.filter ?? "no filter"})`, async () => {
    const crowd = await Crowd.of(worker, 10);
    await new Import(crowd.okta, "/Users", query).finish();
    await sleep(50);
    for (const whom of [0, 1, 2]) await crowd.happen("delete", whom);
    await crowd.happen("create");
    const { body } = await crowd.okta.list("/Users", { ...query, startIndex: 1 });
    assert.deepEqual([body.totalResults, body.Resources.length], [9, 9]);
    assert.deepEqual(await snapshots(crowd.organization), []);
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

test("whoever goes on by the number of people received misses nobody of the next page, however short this one has become", async () => {
  const crowd = await Crowd.of(worker, 23);
  const page = async (startIndex) =>
    (await crowd.okta.list("/Users", { startIndex, count: 5 })).body.Resources.map(({ id }) => id);
  assert.deepEqual((await page(1)).slice(1), crowd.ids.slice(0, 4));
  await crowd.happen("delete", 5);
  assert.deepEqual(
    await page(6),
    [4, 6, 7, 8].map((i) => crowd.ids[i]),
  );
  await crowd.happen("delete", 6);
  assert.deepEqual(await page(10), crowd.ids.slice(9, 14));
});

test("pages behind the end do not end somebody else's import", async () => {
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

test("a page of a list that nobody has read for long is counted from the start", async () => {
  const crowd = await Crowd.of(worker, 13);
  await crowd.okta.list("/Users", { startIndex: 1, count: 5 });
  await crowd.happen("delete", 0);
  const second = async () => (await crowd.okta.list("/Users", { startIndex: 6, count: 5 })).body;
  assert.equal((await second()).Resources[0].id, crowd.ids[4]);
  await sleep(50);
  await age("first_at", "-16 minutes");
  await age("read_at", "-16 minutes");
  const { totalResults, Resources } = await second();
  assert.deepEqual([totalResults, Resources[0].id], [13, crowd.ids[5]]);
});

test("that a list is being read is noted once a minute, and what nobody reads is done away with", async () => {
  const { organization, okta } = await Crowd.of(worker, 40);
  const reading = new Import(okta, "/Users", { count: 5 });
  await reading.next();
  await reading.next();
  await sleep(50);
  const [{ read_at }] = await snapshots(organization);
  assert.notEqual(read_at, "");
  await reading.next();
  await sleep(50);
  assert.equal((await snapshots(organization))[0].read_at, read_at);
  await age("read_at", "-61 seconds");
  await reading.next();
  await sleep(50);
  assert.ok((await snapshots(organization))[0].read_at > read_at);
  await age("first_at", "-25 hours");
  await age("read_at", "-25 hours");
  await new Import(okta, "/Users", { count: 7 }).next();
  await sleep(100);
  assert.deepEqual(
    (await snapshots(organization)).map(({ page_size }) => page_size),
    [7],
  );
});

test("an organization keeps fifty snapshots at most", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  for (let i = 0; i < 60; i++)
    await new Import(okta, "/Users", { count: 5, filter: `userName pr or title eq "${i}"` }).next();
  await sleep(200);
  assert.equal((await snapshots(organization)).length, 50);
});

test("a made-up key makes no snapshot", async () => {
  const { organization, okta } = await Crowd.of(worker, 12);
  const revoked = await organization.addKey();
  await organization.deactivateKey(revoked.id);
  for (const query of [{ count: 5 }, active]) {
    assertError(await okta.with({ key: revoked.key }).list("/Users", { startIndex: 1, ...query }), 401);
  }
  assert.deepEqual(await snapshots(organization), []);
});

test("whoever comes into sight in the middle of an import pushes nobody off their page", async () => {
  const crowd = await Crowd.of(worker, 13);
  const { organization, okta } = crowd;
  await organization.configure({ mail_domains: ["example.com", "okta.local"] });
  await organization.addMember("contractor@elsewhere.example");
  await crowd.happen("create");
  const reading = new Import(okta, "/Users", { count: 5 });
  await reading.finish(async (number) => {
    if (number === 1) await organization.configure({ mail_domains: [] });
  });
  assert.deepEqual(
    crowd.ids.filter((id) => !reading.ids.includes(id)),
    [],
  );
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
