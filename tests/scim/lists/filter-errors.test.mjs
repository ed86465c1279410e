// Filters that are refused: malformed, too large, or aimed at the database or at other organizations.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { dumpDatabase } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
let ada;
let crew;

/** By POST, since nothing promises that an address may be as long as a filter. */
const search = (path, query) => organization.okta.post(`${path}/.search`, { schemas: [SCHEMA.search], ...query });
const times = (count, text) => Array.from({ length: count }, (_, i) => text.replaceAll("#", i));

describe("a filter", () => {
  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    ada = await organization.createUser("ada@okta.local", { [SCHEMA.enterprise]: { department: "Tours" } });
    crew = assertStatus(await organization.okta.post("/Groups", oktaGroup("Crew", [ada.id])), 201);
  });

  describe("that is malformed is refused with the mistake", () => {
    for (const [filter, detail] of [
      ['nonsense eq "x"', /nonsense/],
      ['emails.nonsense eq "x"', /emails\.nonsense/],
      ["emails[nonsense pr]", /nonsense/],
      ['userName[value eq "x"]', /multi-valued/],
      ['name eq "x"', /name/],
      ['userName like "x"', /like/],
      ["userName eq", /value/],
      ["(title pr", /\)/],
      ["title pr and", /ends/],
      [`${SCHEMA.enterprise} pr`, /enterprise/],
      ["password pr", /password/],
      ["active gt true", /boolean/],
      ['active co "t"', /boolean/],
      ["emails[primary lt true]", /boolean/],
      ['x509Certificates.value gt "A"', /x509Certificates|value|binary/i],
      ["title gt null", /null/],
      ['meta.created gt "yesterday"', /created|date/i],
      ['meta.created eq "2026-02-30T00:00:00Z"', /created|date/i],
      ['meta.created lt "2026-01-01"', /created|date/i],
      ['meta.created ge "2026-01-01T25:00:00Z"', /created|date/i],
    ]) {
      test(filter, async () => {
        assertError(await organization.okta.find("/Users", filter), 400, { scimType: "invalidFilter", detail });
      });
    }
  });

  describe("the widest filter is served", () => {
    const dated = '"2001-01-01T00:00:00.#+01:00"';
    for (const [path, count, term] of [
      ["/Users", 80, 'userName ne "x#"'],
      ["/Users", 80, 'not (emails eq "x#")'],
      ["/Users", 40, `meta.created gt ${dated} and meta.lastModified ne ${dated}`],
      ["/Users", 80, `${SCHEMA.enterprise}:manager ne "#"`],
      // What looks through the values of an attribute counts as eight comparisons, however many there are in brackets.
      ["/Users", 8, 'not (emails[not (value co "x#")] and title eq "#")'],
      ["/Users", 10, `emails[${times(7, 'type ne "x#"').join(" and ")}].value sw "ada"`],
      ["/Users", 10, 'groups[display ne "x#"]'],
      ["/Users", 10, 'groups.$ref ne "x#"'],
      ["/Users", 10, "not (addresses[country pr])"],
      ["/Users", 10, 'schemas co "User"'],
      ["/Groups", 10, 'members[display ne "x#" and not (type eq "#")]'],
      ["", 10, 'members[value ne "x#"] or not (emails[value co "#"])'],
    ]) {
      test(`${count} times ${path} ${term}`, async () => {
        const terms = times(count, term);
        const alternating = terms.reduce((filter, next, i) => `${filter} ${i % 2 === 0 ? "and" : "or"} ${next}`);
        const answers = [];
        for (const filter of [terms.join(" and "), terms.join(" or "), alternating]) {
          assert.ok(filter.length <= 8192, filter.length);
          const answer = await search(path, { filter, sortBy: "displayName", count: 10 });
          answers.push(assertStatus(answer, 200).totalResults);
        }
        // Each term is as true as the next, so that one of them says how many are found.
        const { totalResults } = assertStatus(await search(path, { filter: times(1, term)[0] }), 200);
        assert.deepEqual(answers, [totalResults, totalResults, totalResults]);
        assert.ok(totalResults > 0);
      });
    }
  });

  test("the deepest filter is served, and not a deeper one", async () => {
    const nested = (open, inner, depth) =>
      `${open.repeat(depth)}${inner}${")".repeat(depth * open.split("(").length - depth)}`;
    for (const [open, inner, deepest] of [
      ["(", "title pr", 20],
      ["not (", "title pr", 20],
      ["not (", "ims[type pr]", 19],
      ['title pr or (userName ne "x" and (', "title pr", 10],
      ['title pr or not (userName ne "x" and not (', "emails[type pr] and not (groups[display pr])", 9],
    ]) {
      assertStatus(await search("/Users", { filter: nested(open, inner, deepest) }), 200);
      const deeper = await search("/Users", { filter: nested(open, inner, deepest + 1) });
      assertError(deeper, 400, { scimType: "invalidFilter", detail: /20 deep/ });
    }
    assertStatus(await search("/Users", { filter: `emails[${nested("not (", "type pr", 19)}]` }), 200);
  });

  test("a filter as wide and as deep as is allowed is served", async () => {
    const all = times(5, 'emails[not (value eq "#")]').join(" and ");
    const any = times(39, 'name.givenName ne "#"').join(" or ");
    const filter = `${"not (".repeat(18)}${all} and (${any})${")".repeat(18)} and userName sw "a"`;
    assertListOf(await search("/Users", { filter }), [ada.id]);
  });

  test("81 comparisons are too many, and 11 that look through the values of an attribute", async () => {
    for (const filter of [times(81, "title pr"), times(11, 'emails co "#"'), times(11, "roles[type pr]")]) {
      const answer = await search("/Users", { filter: filter.join(" or ") });
      assertError(answer, 400, { scimType: "tooMany", detail: /80/ });
    }
  });

  test("8 KiB are long enough, and 1 KiB for one value", async () => {
    const value = "ü".repeat(512);
    for (const operator of ["eq", "co", "sw", "ew", "lt", "ne"]) {
      const filter = times(7, `title ${operator} "${value}"`)
        .join(" or ")
        .padEnd(8192 - 7 * 512);
      assert.equal(Buffer.byteLength(filter), 8192);
      assertStatus(await search("/Users", { filter }), 200);
      const longer = await search("/Users", { filter: `${filter} ` });
      assertError(longer, 400, { scimType: "invalidFilter", detail: /8193/ });
      const long = await search("/Users", { filter: `title ${operator} "${value}a"` });
      assertError(long, 400, { scimType: "invalidFilter", detail: /1024/ });
    }
  });

  test("a value is data, whatever it looks like", async () => {
    const hostile = `' OR 1=1 --|") OR 1=1 --|'; DROP TABLE users; --|%|_|*|?|[a-z]*|\\|\\%|$.userName|:org|?1|null`;
    const values = [...hostile.split("|"), "\u0001", "\u{10FFFF}", "a".repeat(1_000)];
    const names = ["userName", "name.familyName", "emails.value", "groups.display", "department", "id"];
    const before = await dumpDatabase(worker, { without: ["log"] });
    for (const value of values.map((value) => JSON.stringify(value))) {
      for (const operator of ["eq", "co", "sw", "ew"]) {
        const filter = names.map((name) => `${name} ${operator} ${value}`).join(" or ");
        assert.deepEqual([filter, assertStatus(await search("/Users", { filter }), 200).Resources], [filter, []]);
      }
    }
    // Of neither can text be made that is stored.
    for (const filter of ['title eq "\\ud800"', 'title co "a\\u0000"']) {
      assertError(await search("/Users", { filter }), 400, { scimType: "invalidFilter" });
    }
    assert.equal(await dumpDatabase(worker, { without: ["log"] }), before);
  });

  test("a name that is no attribute is refused", async () => {
    const columns = "users.doc org_id rowid managed 1 '' $ $.userName 'userName' `id` * -- id=id-- userName;";
    const paths =
      "userName. .userName name..familyName name.givenName.x emails.value.x emails[0].value toString __proto__";
    const urns = `urn:x:User:userName ${SCHEMA.user}: ${SCHEMA.user}. ${SCHEMA.group}:displayName members`;
    const names = `${columns} ${paths} ${urns}`.split(" ");
    for (const name of [...names, "id\u0000", "ïd", "ıd", "x".repeat(5_000)]) {
      for (const filter of [`${name} pr`, `${name} eq "x"`, `emails[${name} eq "x"]`]) {
        assertError(await search("/Users", { filter }), 400, { scimType: "invalidFilter" });
      }
      assertError(await search("/Users", { sortBy: name }), 400, { scimType: "invalidValue" });
    }
  });

  test("no filter reaches the people of another organization", async () => {
    const other = await createOrganization(worker, { settings: { plain_groups: true } });
    const stranger = await other.createUser("stranger@okta.local");
    const club = assertStatus(await other.okta.post("/Groups", oktaGroup("Club", [stranger.id])), 201);
    const everyone = [(await other.owner()).id, stranger.id];
    for (const filter of [
      "id pr",
      "not (id eq null)",
      'userName ne "x" or userName eq "x"',
      'title eq null or emails[value co "@"]',
      `id eq "${ada.id}" or id pr`,
      `groups.value ne "${crew.id}"`,
    ]) {
      assertListOf(await other.okta.find("/Users", filter), everyone);
    }
    assertListOf(await other.okta.find("/Groups", `id pr or members eq "${ada.id}"`), [club.id]);
    const both = await other.okta.post("/.search", { schemas: [SCHEMA.search], filter: "id pr" });
    assertListOf(both, [...everyone, club.id]);
    for (const filter of [`id eq "${ada.id}"`, 'userName eq "ada@okta.local"', 'groups.display eq "Crew"']) {
      assertListOf(await other.okta.find("/Users", filter), []);
    }
    assertListOf(await other.okta.find("/Groups", `members eq "${ada.id}" or displayName eq "Crew"`), []);
  });
});
