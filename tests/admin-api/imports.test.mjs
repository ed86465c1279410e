// Imports on record: who was on each page that an identity provider was shown, what differs between two imports, and
// what the next one will find otherwise.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { failingStorage, sendWith } from "../helpers/failing-storage.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { startWorker, useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** An organization of so many people, the Owner included. */
async function organizationOf(people, on = worker, options = {}) {
  const organization = await createOrganization(on, options);
  organization.people = await organization.createUsers(people - 1);
  return organization;
}

/** Reads all users as Okta does, and resolves with the record once its last page is noted. */
async function importAll(organization, { count = 10, between = async () => {} } = {}) {
  const before = (await organization.admin.get(organization.path("/imports"))).kept.length;
  const ids = [];
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += count) {
    const page = assertStatus(await organization.okta.list("/Users", { startIndex, count }), 200);
    total = page.totalResults;
    ids.push(page.Resources.map(({ id }) => id));
    await between(ids.length);
  }
  return eventually(async () => {
    const { kept } = await organization.admin.get(organization.path("/imports"));
    assert.equal(kept.length, before + 1);
    assert.deepEqual([kept[0].state, kept[0].pages_read], ["finished", ids.length]);
    return { ...kept[0], ids };
  });
}

const read = (organization, path) => organization.admin.get(organization.path(`/imports/${path}`));
const pageOf = (organization, { id }, number) => read(organization, `${encodeURIComponent(id)}/pages/${number}`);
const differences = (organization, from, to, more = "") =>
  read(organization, `compare?from=${encodeURIComponent(from.id)}&to=${encodeURIComponent(to.id)}${more}`);
const ahead = async (organization) => (await organization.admin.get(organization.path("/imports"))).ahead;
const entriesOf = async ({ id }, on = worker) => (await on.kv.list({ prefix: `import:${id}:` })).keys;

describe("the record of an import", () => {
  test("has its beginning, end, key and pages, and of each page who was on it", async () => {
    const organization = await organizationOf(23);
    const { id: one } = organization.people[3];
    assertStatus(await organization.okta.patch(`/Users/${one}`, operation.active(false)), 200);
    const begun = new Date().toISOString();
    const record = await importAll(organization);
    assert.deepEqual(
      [record.resource, record.page_size, record.total, record.pages, record.pages_kept, record.is_complete],
      ["Users", 10, 23, 3, 3, true],
    );
    assert.deepEqual([record.key.id, record.failed], [organization.key.id, null]);
    assert.ok(record.begun_at >= begun && record.read_at >= record.begun_at);
    const detail = await read(organization, encodeURIComponent(record.id));
    assert.deepEqual(
      detail.page_list.map(({ number, rows, is_kept }) => [number, rows, is_kept]),
      [
        [1, 10, true],
        [2, 10, true],
        [3, 3, true],
      ],
    );
    for (const [at, ids] of record.ids.entries()) {
      const { people, number } = await pageOf(organization, record, at + 1);
      assert.equal(number, at + 1);
      assert.deepEqual(
        people.map(({ id }) => id),
        ids,
      );
      for (const { id, user_name, active, version } of people) {
        const user = await organization.user(id);
        assert.deepEqual([user_name, active, `W/"${version}"`], [user.userName, id !== one, user.meta.version]);
      }
    }
  });

  test("has lists of one page and of nobody, and no tests of the connection, look-ups or filtered lists", async () => {
    const organization = await organizationOf(3);
    for (const query of [{ count: 2 }, { count: 9 }, { filter: "active eq true" }, { count: 0 }]) {
      assertStatus(await organization.okta.list("/Users", { startIndex: 1, ...query }), 200);
    }
    const record = await importAll(organization, { count: 100 });
    assert.deepEqual([record.total, record.pages, record.pages_kept, record.is_complete], [3, 1, 1, true]);
    await organization.configure({ mail_domains: ["elsewhere.example"], confirm_people: 3 });
    const empty = await importAll(organization, { count: 100 });
    assert.deepEqual([empty.total, empty.pages_kept, empty.is_complete], [0, 1, true]);
    assert.deepEqual((await pageOf(organization, empty, 1)).people, []);
  });

  test("of groups says only that they were read", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    assertStatus(await organization.okta.list("/Groups", { startIndex: 1, count: 100 }), 200);
    const [record] = await eventually(async () => {
      const { kept } = await organization.admin.get(organization.path("/imports"));
      assert.equal(kept.length, 1);
      return kept;
    });
    assert.deepEqual([record.resource, record.state, record.pages_kept], ["Groups", "finished", 0]);
    assert.deepEqual(await entriesOf(organization), []);
  });

  test("is in KV without names, one entry a page, and expires with the log", async () => {
    const organization = await organizationOf(23);
    await importAll(organization);
    const keys = await eventually(async () => {
      const keys = await entriesOf(organization);
      assert.equal(keys.length, 3);
      return keys;
    });
    const days = (expiration) => (expiration - Date.now() / 1000) / 86_400;
    for (const { expiration, name } of keys) {
      assert.ok(days(expiration) > 29.9 && days(expiration) <= 30, `${days(expiration)} days`);
      const people = JSON.parse(await worker.kv.get(name));
      for (const one of people)
        assert.deepEqual(one.map((value) => typeof value).join(), "number,string,number,number");
    }
    const text = (await Promise.all(keys.map(({ name }) => worker.kv.get(name)))).join();
    assert.doesNotMatch(text, /okta\.local|Olga|Owner/);
  });

  test("of another organization cannot be read, and one that there is not is 404", async () => {
    const [own, other] = [await organizationOf(3), await organizationOf(3)];
    const record = await importAll(own, { count: 100 });
    const id = encodeURIComponent(record.id);
    for (const path of [id, `${id}/pages/1`, `compare?from=${id}&to=${id}`]) {
      assertProblem(await other.admin.send("GET", other.path(`/imports/${path}`)), 404, /no such import/);
    }
    assertProblem(await own.admin.send("GET", own.path(`/imports/${id}/pages/2`)), 404, /not kept who was on page 2/);
    assertProblem(await own.admin.send("GET", own.path(`/imports/${id}/pages/x`)), 404, /no such import/);
  });
});

describe("a person", () => {
  const shown = (organization, id) => organization.admin.get(organization.path(`/members/${id}/shown`));

  test("is told in which imports they were shown, on which page, and as what", async () => {
    const organization = await organizationOf(23);
    const first = await importAll(organization);
    const id = first.ids[1][4];
    assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200);
    const second = await importAll(organization);
    const { imports } = await shown(organization, id);
    assert.deepEqual(
      imports.map(({ import: of, shown: { page, active } }) => [of, page, active]),
      [
        [second.id, 2, false],
        [first.id, 2, true],
      ],
    );
    assert.ok(imports[0].shown.version > imports[1].shown.version);
    const newcomer = await organization.createUser("newcomer@okta.local");
    const { imports: none } = await shown(organization, newcomer.id);
    assert.deepEqual(
      none.map(({ shown, is_complete }) => [shown, is_complete]),
      [
        [null, true],
        [null, true],
      ],
    );
    const absent = organization.path("/members/00000000-0000-4000-8000-000000000000/shown");
    assertProblem(await organization.admin.send("GET", absent), 404, /no such member/);
  });
});

describe("two imports are compared:", () => {
  test("who is new, gone or changed, a page at a time", async () => {
    const organization = await organizationOf(43);
    const first = await importAll(organization);
    const everybody = first.ids.flat();
    const [gone, changed] = [everybody[12], everybody[31]];
    assertStatus(await organization.okta.delete(`/Users/${gone}`), 204);
    assertStatus(await organization.okta.patch(`/Users/${changed}`, operation.active(false)), 200);
    const { id: added } = await organization.createUser("added@okta.local");
    const second = await importAll(organization);
    const kinds = ({ differences }) => differences.map(({ id, kind }) => [id, kind]);
    const all = await differences(organization, first, second);
    assert.deepEqual(kinds(all), [
      [gone, "gone"],
      [changed, "changed"],
      [added, "new"],
    ]);
    assert.equal(all.next, null);
    assert.deepEqual([all.differences[1].from.active, all.differences[1].to.active], [true, false]);
    assert.deepEqual([all.differences[0].to, all.differences[2].from], [null, null]);
    assert.match(all.differences[0].user_name, /okta\.local/);
    assert.equal(all.differences[2].user_name, "added@okta.local");
    const paged = [];
    for (let after = ""; after !== null; ) {
      const part = await differences(organization, first, second, `&count=1&after=${after}`);
      assert.ok(part.differences.length <= 1);
      paged.push(...kinds(part));
      after = part.next;
    }
    assert.deepEqual(paged, kinds(all));
    assert.deepEqual(kinds(await differences(organization, second, second)), []);
  });

  test("a person who comes twice in one of them is the same person", async () => {
    const organization = await organizationOf(23);
    const first = await importAll(organization);
    const gone = first.ids[0][4];
    const second = await importAll(organization, {
      between: async (page) => {
        if (page === 1) assertStatus(await organization.okta.delete(`/Users/${gone}`), 204);
      },
    });
    assert.equal(second.total, 23);
    // It was shown on the first page, before it went; the last page has one of the first once more.
    assert.deepEqual((await differences(organization, first, second)).differences, []);
    const third = await importAll(organization);
    assert.deepEqual(
      (await differences(organization, second, third)).differences.map(({ id, kind }) => [id, kind]),
      [[gone, "gone"]],
    );
  });

  test("a page that is no longer kept is said to be missing", async () => {
    const organization = await organizationOf(23);
    const first = await importAll(organization);
    assertStatus(await organization.okta.patch(`/Users/${first.ids[0][3]}`, operation.active(false)), 200);
    const second = await importAll(organization);
    await worker.kv.delete(`import:${organization.id}:${second.id}:1`);
    assert.equal((await differences(organization, first, second)).pages_missing, 1);
  });
});

describe("the next import", () => {
  const names = ({ people }) => people.map(({ id, why }) => [id, why]);

  test("unassigns those shown as active who are not any more, but not those whom it deactivated itself", async () => {
    const organization = await organizationOf(23);
    assert.equal(await ahead(organization), null);
    const record = await importAll(organization);
    assert.deepEqual([(await ahead(organization)).import, names(await ahead(organization))], [record.id, []]);
    const [, byOkta, removed, back, byScript] = record.ids[1];
    const remove = (id) => organization.admin.call("DELETE", organization.path(`/members/${id}`), undefined, 200);
    assertStatus(await organization.okta.patch(`/Users/${byOkta}`, operation.active(false)), 200);
    await remove(removed);
    await remove(back);
    assertStatus(await organization.okta.patch(`/Users/${back}`, operation.active(true)), 200);
    // Nobody who came and went since then was shown.
    const { body: passing } = await organization.okta.post("/Users", oktaUser(person("passing@okta.local")));
    await remove(passing.id);
    const script = await organization.admin.create(organization.path("/keys"));
    const other = organization.okta.with({ key: script.key });
    assertStatus(await other.delete(`/Users/${byScript}`), 204);
    const next = await ahead(organization);
    assert.deepEqual(names(next), [
      [removed, "deactivated"],
      [byScript, "deleted"],
    ]);
    assert.deepEqual([next.has_more, next.is_partial], [false, false]);
    for (const { user_name } of next.people) assert.match(user_name, /okta\.local/);
    await importAll(organization);
    assert.deepEqual(names(await ahead(organization)), []);
  });

  test("unassigns those whom a mail domain hides", async () => {
    const organization = await organizationOf(12);
    const { id } = await organization.createUser("stays@else.example");
    await importAll(organization, { count: 100 });
    await organization.configure({ mail_domains: ["okta.local"] });
    assert.deepEqual(names(await ahead(organization)), [[id, "hidden"]]);
  });
});

describe("what cannot be kept", () => {
  test("beyond the pages of a day is noted without who was on it, and an import is kept as a whole", async () => {
    const small = await startWorker({ vars: { IMPORT_PAGES_PER_DAY: "4" } });
    try {
      const organization = await organizationOf(23, small);
      const today = async () => (await organization.admin.get(organization.path("/imports"))).today;
      assert.deepEqual(await today(), { pages: 0, most: 4 });
      assert.equal((await importAll(organization)).pages_kept, 3);
      assert.deepEqual(await today(), { pages: 3, most: 4 });
      const second = await importAll(organization);
      assert.deepEqual([second.pages_read, second.pages_kept, second.is_complete], [3, 0, false]);
      assert.deepEqual(await today(), { pages: 3, most: 4 });
      // One of one page still fits.
      assert.equal((await importAll(organization, { count: 100 })).pages_kept, 1);
      assert.equal((await importAll(organization, { count: 100 })).pages_kept, 0);
      assert.equal((await entriesOf(organization, small)).length, 4);
      // A key is revoked in KV all the same.
      await organization.admin.call("POST", organization.path(`/keys/${organization.key.id}/deactivate`), {}, 200);
      assert.ok(await small.kv.get(`revoked:${organization.key.id}`));
      // Tomorrow the count begins anew.
      await small.sql("UPDATE import_days SET day = date(day, '-1 day')");
      assert.deepEqual(await today(), { pages: 0, most: 4 });
    } finally {
      await small.close();
    }
  });

  test("because KV fails is noted, and the page is answered all the same", async () => {
    const failing = await startWorker({ modules: failingStorage() });
    try {
      const organization = await organizationOf(3, failing);
      const list = ["GET", "/Users?startIndex=1&count=100"];
      const answer = await sendWith(organization, { failKv: "KV is full" }, list);
      assert.equal(assertStatus(answer, 200).totalResults, 3);
      const record = await eventually(async () => {
        const { kept } = await organization.admin.get(organization.path("/imports"));
        assert.ok(kept[0]?.failed);
        return kept[0];
      });
      assert.match(record.failed, /KV is full/);
      assert.deepEqual([record.pages_read, record.pages_kept, record.is_complete], [1, 0, false]);
    } finally {
      await failing.close();
    }
  });

  test("with a malformed number of pages a day, the deployment says so", async () => {
    const malformed = await startWorker({ vars: { IMPORT_PAGES_PER_DAY: "many" } });
    try {
      const answer = await fetch(new URL("/healthz", malformed.url));
      assert.equal(answer.status, 503);
      assert.match(await answer.text(), /IMPORT_PAGES_PER_DAY is \\"many\\"/);
    } finally {
      await malformed.close();
    }
  });
});

test("maintenance deletes records past the retention, and nothing is left of a deleted organization", async () => {
  const organization = await organizationOf(3);
  await importAll(organization, { count: 100 });
  const stored = () => worker.sql("SELECT id FROM imports WHERE org_id = ?1", organization.id);
  await worker.sql("UPDATE imports SET id = '2020' || substr(id, 5) WHERE org_id = ?1", organization.id);
  await worker.scheduled();
  assert.deepEqual(await stored(), []);
  await importAll(organization, { count: 100 });
  assert.equal((await stored()).length, 1);
  await worker.sql("DELETE FROM organizations WHERE id = ?1", organization.id);
  assert.deepEqual(await stored(), []);
});
