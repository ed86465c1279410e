// Queries that clients write in another way than RFC 7644 section 3.4.2, and that are understood or refused with
// advice.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { newUser } from "../../helpers/every-request.mjs";
import { useOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U } = SCHEMA;
const organization = useOrganization(worker, { settings: { email_management: true, plain_groups: true } });

describe("a value of a filter without double quotes", () => {
  test("may have apostrophes and the like", async () => {
    for (const userName of [
      "o'brien@acme.test",
      "a,b&c;d@acme.test",
      "acme\\jane",
      "$5!~@acme.test",
      "o’hara@acme.test",
    ]) {
      const { id } = await organization.createUser(userName);
      const { okta } = organization;
      for (const filter of [`userName eq ${userName}`, `id eq ${id} and userName co ${userName}`]) {
        const { Resources } = assertStatus(await okta.find("/Users", filter), 200);
        assert.deepEqual(
          Resources.map((each) => each.id),
          [id],
          filter,
        );
      }
      const path = `roles[value eq ${userName}].display`;
      const patched = assertStatus(await okta.patch(`/Users/${id}`, { op: "add", path, value: "x" }), 200);
      assert.deepEqual(patched.roles, [{ value: userName, display: "x" }]);
    }
  });

  test("but with other quotes is answered with a text about double quotes", async () => {
    const { id } = await newUser(organization);
    const { okta } = organization;
    const expected = { scimType: "invalidFilter", detail: /double quotes/ };
    for (const value of ["'jo@acme.test'", "“jo@acme.test”", "‘jo@acme.test’", "`jo`", "«jo»", "'jo smith'"]) {
      assertError(await okta.find("/Users", `userName eq ${value}`), 400, expected);
      assertError(await okta.find("/Groups", `displayName sw ${value}`), 400, expected);
      const search = { schemas: [SCHEMA.search], filter: `emails[value eq ${value}]` };
      assertError(await okta.post("/Users/.search", search), 400, expected);
      for (const operation of [
        { op: "remove", path: `emails[value eq ${value}]` },
        { op: "replace", value: { [`emails[type eq ${value}].value`]: "x" } },
      ]) {
        assertError(await okta.patch(`/Users/${id}`, operation), 400, expected);
      }
    }
  });

  test("and a negation without parentheses is answered with a text about them", async () => {
    for (const filter of ['not userName eq "a"', "title pr and NOT active eq true", 'emails[not type eq "work"]']) {
      const expected = { scimType: "invalidFilter", detail: /"not" needs parentheses/ };
      assertError(await organization.okta.find("/Users", filter), 400, expected);
    }
  });
});

describe("a number of any length", () => {
  const BEYOND = "99999999999999999999";

  test("is an integer, as count and startIndex", async () => {
    const { okta } = organization;
    const { totalResults } = assertStatus(await okta.list("/Users", {}), 200);
    for (const [path, total] of [
      ["/Users", totalResults],
      ["/Groups", undefined],
      ["", undefined],
    ]) {
      for (const [parameters, length] of [
        [{ count: BEYOND }, Math.min(200, total)],
        [{ count: `-${BEYOND}` }, 0],
        [{ startIndex: BEYOND }, 0],
        [{ startIndex: `-${BEYOND}`, count: 1 }, 1],
        [{ startIndex: BEYOND, count: BEYOND }, 0],
      ]) {
        const listed = assertStatus(await okta.list(path, parameters), 200);
        const numbers = Object.entries(parameters).map(([name, digits]) => `"${name}":${digits}`);
        const body = `{"schemas":["${SCHEMA.search}"],${numbers.join(",")}}`;
        const searched = assertStatus(await okta.send("POST", `${path}/.search`, body), 200);
        assert.deepEqual(searched.Resources, listed.Resources, `${path} ${body}`);
        if (total) assert.equal(listed.Resources.length, length, JSON.stringify(parameters));
      }
      assertStatus(await okta.list(path, { cursor: "", count: BEYOND }), 200);
    }
    assertError(await okta.list("/Users", { count: `${BEYOND}.5` }), 400, { detail: /"count"/ });
  });
});

describe("a query parameter that is given twice", () => {
  test("means both, of attributes and of excludedAttributes", async () => {
    const { id, userName } = await newUser(organization);
    const { okta } = organization;
    const get = async (path) => assertStatus(await okta.get(path), 200);
    const selected = { id, schemas: [U], userName, active: true };
    assert.deepEqual(await get(`/Users/${id}?attributes=userName&attributes=active`), selected);
    assert.deepEqual(await get(`/Users/${id}?attributes=userName&ATTRIBUTES=active`), selected);
    const without = await get(`/Users/${id}?excludedAttributes=name,emails&excludedAttributes=groups`);
    for (const name of ["name", "emails", "groups"]) assert.ok(!(name in without), name);
    const filter = encodeURIComponent(`id eq "${id}"`);
    const listed = await get(`/Users?filter=${filter}&attributes=userName&attributes=active`);
    assert.deepEqual(listed.Resources, [selected]);
  });

  test("is refused for any other, unless it says the same", async () => {
    const { okta } = organization;
    for (const twice of [
      "count=1&count=2",
      "startIndex=1&startIndex=2",
      'filter=userName+eq+"a"&filter=userName+eq+"b"',
      "sortBy=userName&SORTBY=title",
    ]) {
      const name = twice.split("=")[0];
      assertError(await okta.get(`/Users?${twice}`), 400, {
        scimType: "invalidValue",
        detail: new RegExp(`"${name}" twice`),
      });
    }
    assert.equal(assertStatus(await okta.get("/Users?count=1&count=1"), 200).Resources.length, 1);
  });
});
