// Elements without a value, empty arrays and objects, and values in a wrapper: which of them are a value, and which are
// none.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { bulk, patch } from "../../helpers/bulk.mjs";
import { byEveryRequest, newUser, newUserName } from "../../helpers/every-request.mjs";
import { createOrganization, useOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U, enterprise: E } = SCHEMA;
let made = 0;
const organization = useOrganization(worker, { settings: { email_management: true, plain_groups: true } });

describe("an element without a value", () => {
  const kept = {
    emails: { display: "Ada", type: "other" },
    phoneNumbers: { type: "fax" },
    ims: { display: "ada", primary: true },
    photos: { type: "photo", display: "Portrait" },
    entitlements: { display: "All" },
    roles: { primary: true, display: "Chief" },
    x509Certificates: { display: "Old" },
    addresses: { locality: "London" },
  };
  for (const [name, element] of Object.entries(kept)) {
    test(`of ${name} is kept`, async () => {
      const value = [element];
      const { id, userName } = await newUser(organization);
      const path = `/Users/${id}`;
      const { okta } = organization;
      const body = oktaUser(person(userName), { [name]: value });
      // A person without an address gets one where the client names what it is for.
      const expected = name === "emails" ? [{ ...element, value: userName }] : value;
      assert.deepEqual(assertStatus(await okta.put(path, body), 200)[name], expected);
      const newcomer = oktaUser(person(newUserName()), { [name]: value });
      const [stored] = assertStatus(await okta.post("/Users", newcomer), 201)[name];
      assert.deepEqual(stored, name === "emails" ? { ...element, value: newcomer.userName } : element);
      for (const operation of [
        { op: "replace", path: name, value },
        { op: "replace", value: { [name]: value } },
        { op: "replace", path: name, value: element },
      ]) {
        assertStatus(await okta.patch(path, { op: "remove", path: name }), 200);
        assert.deepEqual(assertStatus(await okta.patch(path, operation), 200)[name], value, JSON.stringify(operation));
      }
      assertStatus(await okta.patch(path, { op: "remove", path: name }), 200);
      const [{ status }] = await bulk(okta, [patch(path, { op: "add", path: name, value })]);
      assert.equal(status, "200");
      assert.deepEqual((await organization.user(id))[name], value);
    });
  }

  test("is made by a filter and one of its parts", async () => {
    for (const [path, value, expected] of [
      ['roles[primary eq "True"].display', "Chief", { primary: true, display: "Chief" }],
      ['phoneNumbers[type eq "work"].primary', true, { type: "work", primary: true }],
      ['emails[type eq "home"].display', "Home", { type: "home", display: "Home" }],
      ['addresses[type eq "work"].country', "UK", { type: "work", country: "UK" }],
    ]) {
      for (const op of ["add", "replace"]) {
        const [name] = path.split("[");
        const { id } = await newUser(organization, { emails: undefined });
        const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, { op, path, value }), 200);
        assert.ok(
          patched[name].some((element) => JSON.stringify(element) === JSON.stringify(expected)),
          `${op} ${path}: ${JSON.stringify(patched[name])}`,
        );
      }
    }
  });

  test("goes if its value was taken away and it only said what that was for", async () => {
    const phoneNumbers = [{ value: "1", type: "work", primary: true }];
    for (const operation of [
      { op: "remove", path: 'phoneNumbers[type eq "work"].value' },
      { op: "replace", path: "phoneNumbers.value", value: "" },
      { op: "replace", path: "phoneNumbers", value: [{ value: null, type: "work" }] },
      { op: "replace", path: 'phoneNumbers[type eq "work"]', value: { value: "", primary: true } },
      { op: "replace", value: { phoneNumbers: [{ value: "", type: "work", primary: true }] } },
    ]) {
      const { id } = await newUser(organization, { phoneNumbers });
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, operation), 200);
      assert.ok(!("phoneNumbers" in patched), JSON.stringify(operation));
    }
    const add = { op: "add", path: 'phoneNumbers[type eq "work"]', value: { value: "", primary: true } };
    const { id } = await newUser(organization);
    assert.ok(!("phoneNumbers" in assertStatus(await organization.okta.patch(`/Users/${id}`, add), 200)));
  });

  test("of emails is found by what it has, and is no address", async () => {
    const { id } = await newUser(organization, {
      emails: [{ value: "a@okta.local", type: "home" }, { type: "other" }],
    });
    for (const [filter, total] of [
      ['emails[type eq "other"]', 1],
      ['emails.type eq "OTHER"', 1],
      ['emails[type eq "other" and value eq null]', 1],
      ['emails[not (value co "@")]', 1],
      ['emails.value ne "a@okta.local"', 1],
      ['emails[value ne "a@okta.local"]', 1],
      ['emails[type eq "other" or value eq "x"]', 1],
      ['emails[type eq "home" and value sw "A@"]', 1],
      ["emails.value eq null", 0],
      ['emails[type eq "other" and value pr]', 0],
      ['emails[type eq "other" and value co "a"]', 0],
      ['emails.value eq ""', 0],
    ]) {
      const found = await organization.okta.find("/Users", `id eq "${id}" and ${filter}`);
      assert.equal(assertStatus(found, 200).totalResults, total, filter);
    }
  });

  test("of emails leaves the address where SCIM does not manage email", async () => {
    const fixed = await createOrganization(worker);
    const { id, emails } = await fixed.createUser("ada@okta.local");
    const body = oktaUser(person("ada@okta.local"), { emails: [{ type: "work", primary: true }] });
    assert.deepEqual(assertStatus(await fixed.okta.put(`/Users/${id}`, body), 200).emails, emails);
  });
});

describe("an empty container", () => {
  test("is no value, on POST, PUT and in an operation without a path", async () => {
    for (const none of [[], "", [[]], [null], [""]]) {
      const attributes = {
        [E]: none,
        [U]: none,
        addresses: none,
        phoneNumbers: [none],
        title: none,
        nickName: [none],
      };
      await byEveryRequest(organization, attributes, (user, how) => {
        for (const name of [E, "addresses", "phoneNumbers", "title", "nickName"]) {
          assert.ok(!(name in user), `${how} ${JSON.stringify(none)}: ${name}`);
        }
      });
    }
    await byEveryRequest(organization, { title: {}, addresses: {}, roles: [{}], [E]: {} }, (user, how) => {
      for (const name of ["title", "addresses", "roles", E]) assert.ok(!(name in user), `${how} ${name}`);
    });
  });

  test("of a name is no name", async () => {
    const { id } = await newUser(organization, { name: { givenName: "Ada", familyName: "Lovelace" } });
    for (const name of [[], "", [[]], {}]) {
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "add", value: { name } }), 200);
      assert.equal(patched.name.givenName, "Ada", JSON.stringify(name));
      const newcomer = oktaUser(person(newUserName()), { name });
      assert.match(assertStatus(await organization.okta.post("/Users", newcomer), 201).name.givenName, /\S/);
    }
  });

  test("replaces as null does", async () => {
    const attributes = { [E]: { department: "Engines", manager: { value: "m" } }, addresses: [{ locality: "London" }] };
    for (const none of [[], "", [[]], null]) {
      for (const replacement of [
        { op: "replace", value: { [E]: none, addresses: none } },
        { op: "replace", path: E, value: none },
        { op: "replace", path: `${E}:manager`, value: none },
        { op: "replace", path: "addresses", value: none },
      ]) {
        const { id } = await newUser(organization, attributes);
        const user = assertStatus(await organization.okta.patch(`/Users/${id}`, replacement), 200);
        const said = JSON.stringify(replacement);
        if (replacement.path !== "addresses") assert.ok(!user[E]?.manager, said);
        if (replacement.path === E || !replacement.path) assert.ok(!(E in user), said);
        if (replacement.path === "addresses" || !replacement.path) assert.ok(!("addresses" in user), said);
      }
    }
  });

  test("among the members of a group is no member", async () => {
    const { id } = await newUser(organization);
    const group = { displayName: `Group ${++made}`, members: [[], { value: id }] };
    assert.deepEqual(memberIds(assertStatus(await organization.okta.post("/Groups", group), 201)), [id]);
  });
});

describe("the older wrapper of a single value", () => {
  test("is taken in any case of its names", async () => {
    const wrapped = (value) => [
      [{ $ref: null, value }],
      [{ $ref: null, Value: value }],
      [{ $REF: null, VALUE: value }],
      { Value: value },
    ];
    for (const value of wrapped("False")) {
      const { id } = await newUser(organization);
      const operation = { op: "Replace", path: "active", value };
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, operation), 200);
      assert.equal(patched.active, false, JSON.stringify(value));
    }
    for (const value of wrapped("Countess")) {
      await byEveryRequest(organization, { title: value, [E]: { department: value } }, (user, how) => {
        assert.deepEqual([user.title, user[E].department], ["Countess", "Countess"], how);
      });
    }
  });
});
