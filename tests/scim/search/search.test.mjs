// POST to /.search (RFC 7644 section 3.4.3) asks what a GET asks in its URL, so that filters stay out of logs.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const MIB = 1024 * 1024;
const PATHS = ["/Users", "/Groups", ""];

describe("a search by POST", () => {
  let organization;
  let okta;
  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
    okta = organization.okta;
    const people = [];
    for (const [i, stem] of ["ada", "bob", "jürgen", "dan"].entries()) {
      people.push(await organization.createUser(`${stem}@okta.local`, i % 2 ? { title: "Countess" } : {}));
    }
    const group = await organization.groupNamed("Statsig-Demo-Engineer");
    const members = people.slice(1).map(({ id }) => id);
    assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, members)), 200);
  });

  const search = (path, body) => okta.post(`${path}/.search`, { schemas: [SCHEMA.search], ...body });

  describe("is answered", () => {
    for (const request of [
      {},
      { filter: 'id pr and meta.resourceType ne "x"' },
      { filter: 'displayName co "e"', sortBy: "displayName", sortOrder: "descending" },
      { filter: "displayName eq nobody" },
      { sortBy: "id" },
      { startIndex: 2, count: 2 },
      { startIndex: 3 },
      { startIndex: -7, count: -7 },
      { startIndex: "2", count: "1" },
      { count: 0 },
      { count: 1_000 },
      { startIndex: 1_000, count: 10 },
      { attributes: "displayName,meta.created" },
      { excludedAttributes: "members, emails,meta.location" },
      { filter: "", sortBy: "", sortOrder: "", attributes: "" },
    ]) {
      test(`of ${JSON.stringify(request)} is answered as the GET is`, async () => {
        for (const path of PATHS) {
          const expected = await okta.list(path, request);
          const answer = await search(path, request);
          assert.deepEqual(assertStatus(answer, 200), assertStatus(expected, 200));
          assert.equal(answer.headers.etag, undefined);
        }
      });
    }

    test("says the same of its resources as the base path it is sent to", async () => {
      const v2 = okta.with({ base: `${okta.base}/v2` });
      const { Resources } = assertStatus(await v2.post("/.search", { schemas: [SCHEMA.search] }), 200);
      assert.deepEqual(Resources, assertStatus(await v2.get(""), 200).Resources);
      for (const { meta } of Resources) assert.ok(meta.location.startsWith(`${v2.base}/`));
    });

    test("takes attributes as arrays", async () => {
      for (const path of PATHS) {
        for (const name of ["attributes", "excludedAttributes"]) {
          for (const names of [["displayName"], ["displayName", "meta.created", "members.value"], ["nonsense"], []]) {
            const expected = assertStatus(await okta.list(path, { [name]: names.join(",") }), 200);
            assert.deepEqual(assertStatus(await search(path, { [name]: names }), 200), expected);
          }
        }
      }
      const [user] = assertStatus(
        await search("/Users", { attributes: ["userName", "name.familyName"] }),
        200,
      ).Resources;
      assert.deepEqual(Object.keys(user).sort(), ["id", "name", "schemas", "userName"]);
      assert.deepEqual(Object.keys(user.name), ["familyName"]);
    });

    test("ignores the case of names, and nulls", async () => {
      const expected = assertStatus(await okta.list("/Users", { filter: 'title eq "countess"', count: 1 }), 200);
      const body = { FILTER: 'title eq "countess"', Count: 1, sortBy: null, startindex: null, cursor: null };
      assert.deepEqual(assertStatus(await search("/Users", body), 200), expected);
    });

    test("does without the schemas that some clients forget", async () => {
      const expected = assertStatus(await okta.get("/Users"), 200);
      assert.deepEqual(assertStatus(await okta.post("/Users/.search", {}), 200), expected);
    });

    test("creates nothing, and finds what a URL could not carry", async () => {
      const long = Array.from({ length: 70 }, (_, i) => `userName eq "${"x".repeat(60)}${i}@okta.local"`).join(" or ");
      await organization.unchangedBy(async () => {
        assert.equal(assertStatus(await search("/Users", { filter: long }), 200).totalResults, 0);
        const filter = `${long} or userName eq "JÜRGEN@okta.local"`;
        assert.equal(assertStatus(await search("/Users", { filter }), 200).totalResults, 1);
      });
    });
  });

  describe("is refused", () => {
    test("for its body is 400 invalidSyntax", async () => {
      for (const path of PATHS) {
        for (const body of ["", "{", "[]", '"filter"', "null", "7", '{"filter":"id pr"} and more', "\u0000"]) {
          assertError(await okta.send("POST", `${path}/.search`, body), 400, { scimType: "invalidSyntax" });
        }
      }
    });

    test("for its values is 400, naming what is wrong", async () => {
      for (const [body, scimType, detail] of [
        [{ filter: { eq: "x" } }, "invalidValue", /filter/],
        [{ filter: true }, "invalidValue", /filter/],
        [{ sortBy: {} }, "invalidValue", /sortBy/],
        [{ attributes: { userName: true } }, "invalidValue", /attributes/],
        [{ attributes: ["userName", 7] }, "invalidValue", /attributes/],
        [{ excludedAttributes: false }, "invalidValue", /excludedAttributes/],
        [{ count: "many" }, "invalidValue", /count/],
        [{ count: 1.5 }, "invalidValue", /count/],
        [{ count: true }, "invalidValue", /count/],
        [{ startIndex: [1] }, "invalidValue", /startIndex/],
        [{ startIndex: "one" }, "invalidValue", /startIndex/],
        [{ cursor: {} }, "invalidValue", /cursor/],
        [{ filter: "nonsense" }, "invalidFilter", undefined],
        [{ filter: 'favouriteColour eq "green"' }, "invalidFilter", /favouriteColour/],
        [{ sortBy: "favouriteColour" }, "invalidValue", /favouriteColour/],
        [{ attributes: ["id"], excludedAttributes: ["meta"] }, "invalidValue", /attributes/],
      ]) {
        for (const path of PATHS) assertError(await search(path, body), 400, { scimType, detail });
      }
    });

    test("for its size is refused: 413 above 1 MiB, 400 tooMany for too many values", async () => {
      for (const path of PATHS) {
        const padded = (size) => `{"filter":"id pr"${" ".repeat(size - 18)}}`;
        assert.equal(padded(MIB).length, MIB);
        assertStatus(await okta.send("POST", `${path}/.search`, padded(MIB)), 200);
        assertError(await okta.send("POST", `${path}/.search`, padded(MIB + 1)), 413);
        const chunked = { "Transfer-Encoding": "chunked" };
        assertError(await okta.send("POST", `${path}/.search`, padded(MIB + 1), chunked), 413);
        assertError(await search(path, { attributes: Array(20_001).fill("x") }), 400, { scimType: "tooMany" });
      }
    });

    test("for its key is 401, whatever the body", async () => {
      const dead = await organization.addKey();
      await organization.deactivateKey(dead.id);
      for (const path of PATHS) {
        for (const body of ["{", { schemas: [SCHEMA.search] }, { filter: "nonsense" }]) {
          assertError(await okta.with({ key: dead.key }).post(`${path}/.search`, body), 401);
        }
      }
    });

    test("for its method is 405, with Allow", async () => {
      await organization.unchangedBy(async () => {
        for (const [path, allowed] of [
          ["/.search", "POST"],
          ["/Users/.search", "POST"],
          ["/Groups/.search", "POST"],
          ["", "GET, HEAD"],
          ["/", "GET, HEAD"],
        ]) {
          for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
            if (allowed.split(", ").includes(method)) continue;
            const body = ["POST", "PUT", "PATCH"].includes(method) ? oktaUser(person("x@okta.local")) : undefined;
            const answer = await okta.send(method, path, body);
            assert.equal(answer.status, 405, `${method} ${path} is ${answer.status}: ${answer.text}`);
            assertError(answer, 405, { scimType: undefined });
            assert.equal(answer.headers.allow, allowed, `${method} ${path}`);
          }
        }
      });
    });
  });
});
