// Pages by cursor (RFC 9865): the whole list, each resource once, forwards and backwards, whatever happens meanwhile.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { byGet, bySearch, idsOf, pageAt, walk } from "../../helpers/pages.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

/** A dozen people: titles with ties and gaps, mail of several kinds, names out of order. */
async function furnished() {
  const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
  const { okta } = organization;
  const titles = ["Countess", undefined, "admiral", "Zoologist", "Admiral", undefined];
  const people = [];
  for (const [i, stem] of ["mia", "ben", "Ünal", "zoe", "Abe", "ivy", "kim", "dan", "eve", "Joe", "ole"].entries()) {
    const title = titles[i % titles.length];
    const emails = [
      { value: `${stem}.${99 - i}@home.example`, type: "home" },
      { value: `${stem}@okta.local`, type: "work", primary: i % 2 === 0 },
    ];
    people.push(await organization.createUser(`${stem}@okta.local`, { emails, ...(title ? { title } : {}) }));
  }
  await okta.patch(`/Users/${people[3].id}`, operation.active(false));
  for (const name of ["Night Shift", "early birds"]) {
    const team = oktaGroup(`Statsig-Demo-${name}-Member`, idsOf(people.slice(0, name.length)));
    assertStatus(await okta.post("/Groups", team), 201);
  }
  return { organization, okta, people };
}

const QUERIES = {
  "/Users": [
    {},
    { filter: "active eq true" },
    { filter: 'emails.type eq "home" and not (title eq "Admiral")' },
    { sortBy: "userName" },
    { sortBy: "userName", sortOrder: "descending" },
    { sortBy: "title" },
    { sortBy: "title", sortOrder: "descending" },
    { sortBy: "active", sortOrder: "descending" },
    { sortBy: "emails" },
    { sortBy: "emails.type", sortOrder: "descending" },
    { sortBy: "groups.display" },
    { sortBy: `${SCHEMA.enterprise}:department`, sortOrder: "descending" },
    { sortBy: "meta.created" },
    { sortBy: "title", sortOrder: "descending", filter: "title pr or active eq false" },
    { filter: 'userName eq "nobody@okta.local"' },
  ],
  "/Groups": [
    {},
    { filter: "members pr" },
    { sortBy: "displayName" },
    { sortBy: "displayName", sortOrder: "descending", filter: 'displayName co "demo"' },
    { sortBy: "externalId" },
    { sortBy: "members.display", sortOrder: "descending" },
  ],
  "": [
    {},
    { filter: "displayName pr" },
    { filter: 'members pr or userName sw "e"' },
    { sortBy: "displayName" },
    { sortBy: "displayName", sortOrder: "descending" },
    { sortBy: "title" },
    { sortBy: "id", sortOrder: "descending" },
  ],
};

describe("following the cursors", () => {
  let okta;
  before(async () => {
    ({ okta } = await furnished());
  });

  for (const [path, queries] of Object.entries(QUERIES)) {
    for (const query of queries) {
      test(`of GET ${path || "/"} ${JSON.stringify(query)} leads through the list and back`, async () => {
        const whole = assertStatus(await okta.list(path, query), 200).Resources;
        if (!query.filter?.includes("nobody")) assert.ok(whole.length > 1, "a list to walk through");
        for (const ask of [byGet(okta, path), bySearch(okta, path)]) {
          for (const count of [1, 4, Math.max(whole.length, 1), 200]) {
            const pages = await walk(ask, { ...query, count });
            assert.deepEqual(
              pages.flatMap((page) => page.Resources),
              whole,
            );
            assert.equal(pages.length, Math.max(1, Math.ceil(whole.length / count)), "pages that are not full");
            for (const { totalResults } of pages) assert.equal(totalResults, whole.length);

            const last = pages.at(-1);
            assert.equal("previousCursor" in last, pages.length > 1);
            if (pages.length === 1) continue;
            const back = await walk(
              ask,
              { ...query, count },
              { direction: "previousCursor", from: last.previousCursor },
            );
            const resources = (page) => page.Resources;
            assert.deepEqual(back.map(resources), pages.slice(0, -1).map(resources).reverse());
            const again = await pageAt(ask, { ...query, count }, back[0].nextCursor);
            assert.deepEqual(resources(again), resources(last), "there and back");
          }
        }
      });
    }
  }
});

describe("a page by cursor", () => {
  test("has as many as count says, 100 unless it does, and 200 at most", async () => {
    const organization = await createOrganization(worker);
    await organization.createUsers(204);
    for (const [count, sizes] of [
      [undefined, [100, 100, 5]],
      [150, [150, 55]],
      [1_000_000, [200, 5]],
      [205, [200, 5]],
    ]) {
      const pages = await walk(byGet(organization.okta, "/Users"), count === undefined ? {} : { count });
      assert.deepEqual(
        pages.map(({ itemsPerPage, totalResults }) => [itemsPerPage, totalResults]),
        sizes.map((size) => [size, 205]),
      );
    }
  });

  test("shows what is asked for, and that may differ from page to page, as may the size", async () => {
    const { okta } = await furnished();
    const ask = byGet(okta, "/Users");
    const all = idsOf(assertStatus(await okta.get("/Users"), 200).Resources);
    const first = await pageAt(ask, { count: 2, attributes: "userName" });
    for (const user of first.Resources) assert.deepEqual(Object.keys(user).sort(), ["id", "schemas", "userName"]);
    const second = await pageAt(ask, { count: 3, excludedAttributes: "emails" }, first.nextCursor);
    for (const user of second.Resources) assert.ok("name" in user && !("emails" in user));
    assert.deepEqual(idsOf([...first.Resources, ...second.Resources]), all.slice(0, 5));
  });

  test("may be asked for again, under either base path, and by GET after POST", async () => {
    const { okta } = await furnished();
    const query = { count: 3, sortBy: "userName", filter: "active eq true" };
    const first = await pageAt(bySearch(okta, "/Users"), query);
    const second = await pageAt(bySearch(okta, "/Users"), query, first.nextCursor);
    const v2 = okta.with({ base: `${okta.base}/v2` });
    for (const ask of [bySearch(okta, "/Users"), byGet(okta, "/Users"), byGet(v2, "/Users")]) {
      assert.deepEqual(idsOf((await pageAt(ask, query, first.nextCursor)).Resources), idsOf(second.Resources));
    }
  });

  test("goes on behind any value: long ones, odd ones, and those that differ only far behind their start", async () => {
    const organization = await createOrganization(worker);
    const long = "x".repeat(256);
    const titles = [
      `${long}b`,
      `${long}a`,
      long,
      "😀",
      "\u{10FFFF}",
      '"',
      "\\",
      "a\nb",
      "İstanbul",
      "ΟΔΟΣ",
      "οδος",
      "%_'",
      "ﬀ",
    ];
    const people = [];
    for (const [i, title] of titles.entries())
      people.push(await organization.createUser(`p${i}@okta.local`, { title }));
    for (const sortOrder of ["ascending", "descending"]) {
      const query = { sortBy: "title", sortOrder };
      const whole = assertStatus(await organization.okta.list("/Users", query), 200).Resources;
      const pages = await walk(byGet(organization.okta, "/Users"), { ...query, count: 1 });
      assert.deepEqual(
        pages.map((page) => page.Resources[0].title),
        whole.map(({ title }) => title),
      );
      // Only the first 256 characters count, and case does not: these are ties, in order of insertion.
      const order = idsOf(whole);
      for (const ties of [people.slice(0, 3), people.slice(9, 11)]) {
        const at = order.indexOf(ties[0].id);
        assert.deepEqual(order.slice(at, at + ties.length), idsOf(ties));
      }
    }
  });
});
