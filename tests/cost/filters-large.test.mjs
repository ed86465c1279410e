// What filters cost among 100,000 people: D1 has one thread, and all requests wait for it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError, assertListOf, assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const PEOPLE = 100_000;
const times = (count, text) => Array.from({ length: count }, (_, i) => text.replaceAll("#", i)).join(" or ");

describe(`among ${PEOPLE} people`, () => {
  const worker = useWorker();
  let okta;
  let group;
  let someone;

  before(async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const { people } = await populate(worker.sql, organization.id, { users: PEOPLE });
    someone = await organization.user(people[PEOPLE / 2]);
    group = assertStatus(await okta.post("/Groups", oktaGroup("Crew", [someone.id])), 201);
  });

  const search = (path, query) => okta.post(`${path}/.search`, { schemas: [SCHEMA.search], ...query });

  describe("a filter is refused before any user is read", () => {
    for (const [path, filter] of [
      ["/Users", times(80, 'manager.value co "x#"')],
      ["/Users", times(5, 'title co "x#"')],
      ["/Users", `not (${times(5, 'name.givenName eq "x#"')})`],
      ["/Users", times(3, 'emails.value ew "x#"')],
      ["/Users", times(2, 'phoneNumbers.value eq "#"')],
      ["/Users", 'roles[value eq "x" and type eq "y" and display sw "z"]'],
      ["/Users", `userName sw "u" and (${times(79, 'manager.value co "x#"')})`],
      ["/Users", `meta.lastModified gt "2001-01-01T00:00:00Z" and (${times(70, 'title ne "x#"')})`],
      ["/Users", `groups.value eq "GROUP" and (${times(79, 'locale ew "x#"')})`],
      ["/Groups", times(5, 'members.display co "x#"')],
      ["", times(79, 'title co "x#"')],
    ]) {
      test(`${path} ${filter.slice(0, 70)}…`, async () => {
        const real = filter.replace("GROUP", group.id);
        for (const query of [{}, { startIndex: 101 }, { count: 0 }, { cursor: "" }, { sortBy: "displayName" }]) {
          const answer = await search(path, { filter: real, ...query });
          assertError(answer, 400, { scimType: "tooMany", detail: /100001 users.*userName/ });
          const { round_trips, rows_read } = serverTiming(answer);
          assert.ok(round_trips === 1 && rows_read <= 600, `${rows_read} rows read, ${round_trips} round trips`);
        }
      });
    }
  });

  describe("one comparison reads each user once", () => {
    for (const query of [{}, { count: 200 }, { cursor: "" }, { sortBy: "title" }]) {
      test(`title co "zq" ${JSON.stringify(query)}`, async () => {
        const answer = await search("/Users", { filter: 'title co "zq"', ...query });
        assert.equal(assertStatus(answer, 200).totalResults, 0);
        const { round_trips, rows_read } = serverTiming(answer);
        assert.equal(round_trips, 1);
        assert.ok(rows_read > PEOPLE && rows_read < 1.5 * PEOPLE, `${rows_read} rows read`);
      });
    }

    test("in groups and people at once, too", async () => {
      const answer = await search("", { filter: 'title co "zq"' });
      assert.ok(serverTiming(answer).rows_read < 1.5 * PEOPLE);
    });

    test("a list of several pages is whole", async () => {
      const filter = `name.familyName pr and id ne "${someone.id}"`;
      const first = assertStatus(await search("/Users", { filter, count: 200 }), 200);
      assert.deepEqual([first.totalResults, first.Resources.length], [PEOPLE, 200]);
      const second = assertStatus(await search("/Users", { filter, count: 200, startIndex: 201 }), 200);
      assert.equal(new Set([...first.Resources, ...second.Resources].map(({ id }) => id)).size, 400);
      const byCursor = assertStatus(await search("/Users", { filter, cursor: "" }), 200);
      assert.ok(byCursor.totalResults === PEOPLE && byCursor.nextCursor);
    });
  });

  test("a filter that uses an index costs as much as its results", async () => {
    for (const [path, filter, id] of [
      ["/Users", `userName eq "${someone.userName}"`, someone.id],
      ["/Users", `externalId eq "${someone.externalId}"`, someone.externalId ? someone.id : undefined],
      ["/Users", `emails.value eq "${someone.emails[0].value}"`, someone.id],
      ["/Users", `emails[type eq "work" and value eq "${someone.emails[0].value}"]`, someone.id],
      ["/Users", `title co "zq" and userName eq "${someone.userName}"`, undefined],
      [
        "/Users",
        `${times(40, 'manager.value co "x#"')} and userName eq "a" or id eq "${someone.id}"`.split(" or ").at(-1),
        someone.id,
      ],
      ["/Groups", 'displayName eq "crew"', group.id],
      ["/Groups", `members.value eq "${someone.id}"`, group.id],
    ]) {
      const answer = await okta.find(path, filter);
      assertListOf(answer, id === undefined ? [] : [id]);
      assert.ok(serverTiming(answer).rows_read <= 80, `${serverTiming(answer).rows_read} rows read for ${filter}`);
    }
  });

  test("a column is cheap", async () => {
    const answer = await okta.find("/Users", "active eq false");
    assert.equal(assertStatus(answer, 200).totalResults, 0);
  });
});
