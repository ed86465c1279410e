// `schemas` in requests: a PATCH may name it (RFC 7644 section 3.5.2), though it follows from the values that there
// are; and wherever it stands, it is an array of strings.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, person } from "../../helpers/bodies.mjs";
import { bulk, patch, post, postUser, put, sendBulk } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U, enterprise: E, group: G } = SCHEMA;

async function furnished() {
  const organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const { okta } = organization;
  const { id, userName } = await organization.createUser("ada@okta.local", { [E]: { department: "Engines" } });
  const group = assertStatus(await okta.post("/Groups", oktaGroup("Crew", [id])), 201);
  return { organization, okta, id, userName, user: `/Users/${id}`, groupId: group.id, group: `/Groups/${group.id}` };
}

describe("schemas in a PATCH of a user", () => {
  const employeeNumber = { op: "add", path: `${E}:employeeNumber`, value: "7" };
  const named = [
    { op: "add", path: "schemas", value: [E] },
    { op: "add", path: "schemas", value: [U, E, "urn:example:Acme"] },
    { op: "Replace", path: "Schemas", value: [U, E] },
    { op: "replace", path: `${U}:schemas`, value: [] },
    { op: "replace", path: "schemas", value: [E] },
    { op: "remove", path: "schemas" },
    { op: "remove", path: "schemas", value: [E] },
    { op: "remove", path: "schemas", value: [U] },
    { op: "remove", path: `schemas[value eq "${E}"]` },
    { op: "add", value: { schemas: [U, E] } },
  ];

  test("is taken, before and after other operations, which are carried out", async () => {
    for (const operation of named) {
      for (const operations of [
        [operation, employeeNumber],
        [employeeNumber, operation],
      ]) {
        const { okta, user } = await furnished();
        const patched = assertStatus(await okta.patch(user, ...operations), 200);
        assert.deepEqual(patched[E], { employeeNumber: "7", department: "Engines" }, JSON.stringify(operations));
        assert.deepEqual(patched.schemas, [U, E]);
      }
    }
  });

  test("changes nothing by itself, and the values decide", async () => {
    const { organization, okta, id, user } = await furnished();
    for (const operation of named) {
      const before = await organization.user(id);
      assert.deepEqual(assertStatus(await okta.patch(user, operation), 200), before, JSON.stringify(operation));
    }
    const [removal, named_] = [
      { op: "remove", path: E },
      { op: "remove", path: "schemas", value: [E] },
    ];
    const without = assertStatus(await okta.patch(user, removal, named_), 200);
    assert.deepEqual([without.schemas, without[E]], [[U], undefined]);
    const [response] = await bulk(okta, [patch(user, [named[0], employeeNumber])]);
    assert.equal(response.status, "200");
    assert.deepEqual((await organization.user(id)).schemas, [U, E]);
  });

  test("is refused with words where it is no array of strings", async () => {
    const { organization, okta, user } = await furnished();
    const title = { op: "add", path: "title", value: "Countess" };
    await organization.unchangedBy(async () => {
      for (const value of [7, true, "x", {}, [7], [null], [[U]], [{ value: U }]]) {
        for (const operation of [
          { op: "add", path: "schemas", value },
          { op: "replace", path: `${U}:SCHEMAS`, value },
          { op: "remove", path: "schemas", value },
          { op: "replace", value: { schemas: value } },
          { op: "replace", value: { [U]: { schemas: value } } },
        ]) {
          const expected = {
            scimType: "invalidValue",
            detail: /^Operations\[1\]: "schemas" must be an array of strings/,
          };
          assertError(await okta.patch(user, title, operation), 400, expected);
        }
      }
      assertError(await okta.patch(user, title, { op: "add", path: "schemas" }), 400, { scimType: "invalidValue" });
    });
  });
});

describe("schemas in a PATCH of a group", () => {
  test("is taken, and the other operations are carried out", async () => {
    for (const operation of [
      { op: "replace", path: "schemas", value: [G] },
      { op: "add", path: "schemas", value: ["urn:example:Acme"] },
      { op: "remove", path: "schemas", value: [G] },
      { op: "remove", path: "schemas" },
    ]) {
      const { organization, okta, group, groupId } = await furnished();
      const rename = { op: "replace", path: "displayName", value: "Sailors" };
      const leave = { op: "remove", path: "members" };
      assertStatus(await okta.patch(group, operation, rename, operation, leave), 204);
      const { displayName, schemas, ...rest } = await organization.group(groupId);
      assert.deepEqual([displayName, schemas, memberIds(rest)], ["Sailors", [G], []], JSON.stringify(operation));
      assertStatus(await okta.patch(group, operation), 204);
    }
  });
});

describe("schemas of a request", () => {
  const wrong = [7, true, "x", {}, [7], [U, null], [[U]]];
  const lenient = [["urn:nonsense"], [], [U, G, E, "urn:nonsense"], null, undefined];

  test("that are no array of strings are 400, whatever the route", async () => {
    const { organization, okta, user, userName, group } = await furnished();
    const expected = { scimType: "invalidValue", detail: /"schemas" must be an array of strings/ };
    const person_ = oktaUser(person(userName));
    const newcomer = oktaUser(person("new@okta.local"));
    const Operations = [{ op: "replace", path: "externalId", value: "x" }];
    await organization.unchangedBy(async () => {
      for (const schemas of wrong) {
        for (const [method, path, body] of [
          ["POST", "/Users", { ...newcomer, schemas }],
          ["PUT", user, { ...person_, schemas: undefined, SCHEMAS: schemas }],
          ["PATCH", user, { schemas, Operations }],
          ["POST", "/Groups", { ...oktaGroup("Sailors"), schemas }],
          ["PUT", group, { ...oktaGroup("Crew"), schemas }],
          ["PATCH", group, { schemas, Operations }],
          ["POST", "/Bulk", { schemas, Operations: [postUser("new")] }],
          ["POST", "/Users/.search", { schemas, filter: "id pr" }],
          ["POST", "/.search", { schemas }],
        ]) {
          const answer = await okta.send(method, path, body);
          assertError(answer, 400, expected);
        }
        const responses = await bulk(okta, [
          post("/Users", "new", { ...newcomer, schemas }),
          put(user, { ...person_, schemas }),
          { method: "PATCH", path: group, data: { schemas, Operations } },
        ]);
        for (const { status, response } of responses) {
          assert.equal(status, "400");
          assert.match(response.detail, expected.detail);
        }
      }
    });
  });

  test("may be missing, empty, or others", async () => {
    const { okta, user, userName, group } = await furnished();
    let made = 0;
    for (const schemas of lenient) {
      const newcomer = oktaUser(person(`person${++made}@okta.local`), { schemas });
      assert.deepEqual(assertStatus(await okta.post("/Users", newcomer), 201).schemas, [U]);
      assertStatus(await okta.put(user, oktaUser(person(userName), { schemas })), 200);
      const Operations = [{ op: "replace", path: "externalId", value: `x${made}` }];
      assertStatus(await okta.send("PATCH", user, { schemas, Operations }), 200);
      assertStatus(await okta.send("PATCH", group, { schemas, Operations }), 204);
      assertStatus(await okta.post("/Groups", { displayName: `Group ${made}`, schemas }), 201);
      assertStatus(await okta.post("/Users/.search", { schemas, count: 1 }), 200);
      assertStatus(await sendBulk(okta, [], { schemas }), 200);
    }
  });
});
