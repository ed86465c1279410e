// An error about a value names the attribute in full, so that an administrator finds the mapping that it is about.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { bulk, patch, post, put } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U, enterprise: E } = SCHEMA;

/** Attributes with one value of the wrong type, and the attribute's full name. */
const WRONG = [
  [{ title: 7 }, "title"],
  [{ active: "perhaps" }, "active"],
  [{ name: { givenName: 7 } }, "name.givenName"],
  [{ "name.familyName": ["a", "b"] }, "name.familyName"],
  [{ phoneNumbers: [{ value: "1" }, { value: 5, type: "work" }] }, "phoneNumbers.value"],
  [{ phoneNumbers: { value: "1", type: 5 } }, "phoneNumbers.type"],
  [{ ims: [{ value: "a", display: true }] }, "ims.display"],
  [{ photos: [{ value: 7 }] }, "photos.value"],
  [{ emails: [{ value: "a@okta.local", primary: "perhaps" }] }, "emails.primary"],
  [{ entitlements: [{ value: "a", primary: "1" }] }, "entitlements.primary"],
  [{ roles: [{ value: { a: 1 } }] }, "roles.value"],
  [
    {
      roles: [
        { value: "a", primary: true },
        { value: "b", primary: "True" },
      ],
    },
    "roles.primary",
  ],
  [{ x509Certificates: [{ value: 7 }] }, "x509Certificates.value"],
  [{ addresses: [{ locality: 7 }] }, "addresses.locality"],
  [{ addresses: "12 St James's Square" }, "addresses"],
  [{ [E]: { department: 7 } }, "department"],
  [{ [E]: { manager: { value: 3 } } }, "manager.value"],
  [{ [E]: { "manager.value": 3 } }, "manager.value"],
  [{ [E]: { manager: 3 } }, "manager"],
  [{ [E]: { manager: [{ $ref: 3 }] } }, "manager.$ref"],
  [{ [`${E}:manager`]: { value: 3 } }, "manager.value"],
  [{ [U]: { name: { middleName: 7 } } }, "name.middleName"],
  [{ title: "a\u0000" }, "title"],
  [{ ims: [{ value: "a\u0000" }] }, "ims.value"],
];

async function furnished() {
  const organization = await createOrganization(worker, { settings: { email_management: true } });
  const { id, userName } = await organization.createUser("ada@okta.local");
  return { organization, okta: organization.okta, id, userName, user: `/Users/${id}` };
}

const names = (name) => new RegExp(`"${name.replace("$", "\\$")}" (must|is) `);

describe("an error about a value names the attribute in full", () => {
  test("in a POST, a PUT, an operation without a path, and in bulk", async () => {
    const { organization, okta, user, userName } = await furnished();
    await organization.unchangedBy(async () => {
      for (const [attributes, name] of WRONG) {
        const expected = { scimType: "invalidValue", detail: names(name) };
        const newcomer = oktaUser(person("new@okta.local"), attributes);
        assertError(await okta.post("/Users", newcomer), 400, expected);
        const replacement = oktaUser(person(userName), attributes);
        assertError(await okta.put(user, replacement), 400, expected);
        for (const op of ["add", "replace"]) {
          assertError(await okta.patch(user, { op, value: attributes }), 400, expected);
        }
        for (const { status, response } of await bulk(okta, [
          post("/Users", "new", newcomer),
          put(user, replacement),
          patch(user, { op: "replace", value: attributes }),
        ])) {
          assert.equal(status, "400");
          assert.match(response.detail, expected.detail);
        }
      }
    });
  });

  test("in an operation with a path", async () => {
    const { organization, okta, user } = await furnished();
    const roles = [{ value: "a", type: "work" }];
    assertStatus(await okta.patch(user, { op: "add", path: "roles", value: roles }), 200);
    await organization.unchangedBy(async () => {
      for (const [path, value, name] of [
        ["name.givenName", 7, "name.givenName"],
        ["name", { givenName: 7 }, "name.givenName"],
        ["phoneNumbers", [{ value: 5 }], "phoneNumbers.value"],
        ["phoneNumbers.value", 5, "phoneNumbers.value"],
        ['phoneNumbers[type eq "work"].value', 5, "phoneNumbers.value"],
        ['phoneNumbers[type eq "work"]', { value: 5 }, "phoneNumbers.value"],
        ['roles[type eq "work"].primary', "perhaps", "roles.primary"],
        ['roles[type eq "work"]', { display: 5 }, "roles.display"],
        ["roles.display", { a: 1 }, "roles.display"],
        ["manager", { value: 3 }, "manager.value"],
        [`${E}:manager.value`, 3, "manager.value"],
        [`${E}:manager`, { "manager.value": 3 }, "manager.value"],
        [E, { manager: { value: 3 } }, "manager.value"],
        [E, { department: 3 }, "department"],
      ]) {
        for (const op of ["add", "replace"]) {
          const expected = { scimType: "invalidValue", detail: names(name) };
          assertError(await okta.patch(user, { op, path, value }), 400, expected);
        }
      }
    });
  });

  test("in filters, in lists, searches and paths", async () => {
    const { organization, okta, user } = await furnished();
    const text = "x".repeat(1_025);
    await organization.unchangedBy(async () => {
      for (const [filter, name] of [
        ["emails.primary eq 5", "emails.primary"],
        ["roles[primary gt true]", "roles.primary"],
        ["phoneNumbers[primary co true]", "phoneNumbers.primary"],
        ['meta.created gt "yesterday"', "meta.created"],
        ['x509Certificates.value lt "a"', "x509Certificates.value"],
        ['x509Certificates[value lt "a"]', "x509Certificates.value"],
        ["name.givenName gt null", "name.givenName"],
        [`${E}:manager.value eq "${text}"`, "manager.value"],
        [`emails[value eq "${text}"]`, "emails.value"],
        ['emails[display co "a\\u0000"]', "emails.display"],
      ]) {
        const expected = { scimType: "invalidFilter", detail: new RegExp(`"${name}"`) };
        assertError(await okta.find("/Users", filter), 400, expected);
        assertError(await okta.post("/Users/.search", { schemas: [SCHEMA.search], filter }), 400, expected);
        // No index bounds what is compared in a path.
        if (filter.includes("[") && !filter.includes(text)) {
          assertError(await okta.patch(user, { op: "remove", path: filter }), 400, expected);
        }
      }
    });
  });

  test("of a group's members", async () => {
    const { okta } = await furnished();
    const fixed = await createOrganization(worker, { settings: { plain_groups: true } });
    for (const members of [[{ value: 7 }], [{ display: "Ada" }]]) {
      const answer = await fixed.okta.post("/Groups", { displayName: "Crew", members });
      assertError(answer, 400, { scimType: "invalidValue", detail: /"members\.value"/ });
    }
    const number = { schemas: [SCHEMA.search], count: true };
    assertError(await okta.post("/Users/.search", number), 400, { detail: /"count"/ });
  });
});
