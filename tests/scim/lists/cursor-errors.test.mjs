// Invalid cursors, and requests that cannot have a cursor (RFC 9865 section 2.1).

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { byGet, bySearch, pageAt } from "../../helpers/pages.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const PATHS = ["/Users", "/Groups", ""];
const QUERY = { filter: 'id ne "x"', sortBy: "displayName", sortOrder: "descending", count: 1 };

describe("with a cursor", () => {
  let organization;
  let okta;
  let cursor;
  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    okta = organization.okta;
    await organization.createUsers(3);
    cursor = (await pageAt(byGet(okta, "/Users"), QUERY)).nextCursor;
  });

  /** Asserts the refusal, by GET and by POST. */
  async function refused(scim, path, parameters, scimType) {
    for (const ask of [byGet, bySearch]) assertError(await ask(scim, path)(parameters), 400, { scimType });
  }

  test("count is a number: invalidCount", async () => {
    for (const path of PATHS) {
      for (const count of ["many", "1.5"]) {
        await refused(okta, path, { count, cursor: "" }, "invalidCount");
      }
    }
    await refused(okta, "/Users", { ...QUERY, count: "all", cursor }, "invalidCount");
  });

  test("count 0, or less, asks for the total alone, as it does by index", async () => {
    for (const count of ["0", "-1"]) {
      const body = assertStatus(await okta.list("/Users", { count, cursor: "" }), 200);
      assert.deepEqual([body.totalResults, body.Resources, body.nextCursor], [4, [], undefined]);
    }
  });

  test("there is no startIndex: invalidValue", async () => {
    for (const startIndex of ["1", "7"]) {
      for (const path of PATHS) await refused(okta, path, { startIndex, cursor: "" }, "invalidValue");
      await refused(okta, "/Users", { ...QUERY, startIndex, cursor }, "invalidValue");
    }
  });

  test("that was not made here, or has been changed: invalidCursor", async () => {
    const other = (character) => (character === "A" ? "B" : "A");
    const changed = [...cursor].map((character, i) => cursor.slice(0, i) + other(character) + cursor.slice(i + 1));
    for (const text of changed) {
      const answer = await okta.list("/Users", { ...QUERY, cursor: text });
      assertError(answer, 400, { scimType: "invalidCursor" });
    }
    const nonsense = ["x", "*", "1", "null", "é", `${cursor}A`, `${cursor}=`, cursor.slice(1), cursor.slice(0, -1)];
    for (const text of [...nonsense, cursor + cursor, "A".repeat(3_000), "\u0000", `${cursor},${cursor}`]) {
      await refused(okta, "/Users", { ...QUERY, cursor: text }, "invalidCursor");
    }
  });

  test("that was made for another list, filter or order: invalidCursor", async () => {
    assertStatus(await okta.list("/Users", { ...QUERY, cursor }), 200);
    for (const changes of [
      { filter: 'id ne "y"' },
      { filter: undefined },
      { sortBy: "userName" },
      { sortBy: undefined },
      { sortOrder: "ascending" },
      { sortOrder: undefined },
    ]) {
      const entries = Object.entries({ ...QUERY, ...changes, cursor }).filter(([, value]) => value !== undefined);
      await refused(okta, "/Users", Object.fromEntries(entries), "invalidCursor");
    }
    for (const path of ["/Groups", ""]) await refused(okta, path, { ...QUERY, cursor }, "invalidCursor");
  });

  test("of another organization: invalidCursor, and nothing of it is shown", async () => {
    const stranger = await createOrganization(worker);
    await stranger.createUsers(3);
    await refused(stranger.okta, "/Users", { ...QUERY, cursor }, "invalidCursor");
    // As if another key had sealed it: one of the organization, one that there is not, and none.
    const sealed = cursor.slice(cursor.indexOf("-"));
    const { id } = await organization.addKey();
    for (const other of [id, id.replace(/.$/, (last) => (last === "A" ? "B" : "A")), ""])
      await refused(okta, "/Users", { ...QUERY, cursor: other + sealed }, "invalidCursor");
  });

  test("a bad filter or order is refused as without a cursor", async () => {
    await refused(okta, "/Users", { ...QUERY, filter: "nonsense", cursor }, "invalidFilter");
    await refused(okta, "/Users", { ...QUERY, sortBy: "nonsense", cursor }, "invalidValue");
    await refused(okta, "/Users", { ...QUERY, sortOrder: "upwards", cursor: "" }, "invalidValue");
  });

  test("and an invalid key, the answer is about the key", async () => {
    const key = (await organization.addKey()).key;
    const dead = await organization.addKey();
    await organization.deactivateKey(dead.id);
    for (const text of ["", "x", cursor]) {
      const answer = await okta.with({ key: dead.key }).list("/Users", { ...QUERY, cursor: text });
      assertError(answer, 401, { detail: /deactivated/ });
    }
    assertStatus(await okta.with({ key }).list("/Users", { ...QUERY, cursor: "" }), 200);
  });
});
