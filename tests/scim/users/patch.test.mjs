// PATCH of a user, one plain example for each rule of RFC 7644 section 3.5.2; random ones are in
// patch.property.test.mjs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
let made = 0;

/** A new user, and a function that patches them and resolves with the answer. */
async function newUser(attributes) {
  organization ??= await createOrganization(worker, { settings: { email_management: true } });
  const { id } = await organization.createUser(`person${++made}@okta.local`, attributes);
  return { id, patch: (...operations) => organization.okta.patch(`/Users/${id}`, ...operations) };
}

/** What becomes of an attribute of a new user with these attributes. */
async function becomes(name, attributes, ...operations) {
  const { patch } = await newUser(attributes);
  return assertStatus(await patch(...operations), 200)[name];
}

const add = (path, value) => ({ op: "add", path, value });
const replace = (path, value) => ({ op: "replace", path, value });
const remove = (path, value) => ({ op: "remove", path, value });

describe("a refused PATCH", () => {
  const refusals = {
    mutability: [
      replace(`${SCHEMA.user}:ID`, "mine"),
      remove('groups[value eq "x"]'),
      add(`${SCHEMA.enterprise}:manager.displayName`, "Boss"),
      remove(`${SCHEMA.user}:USERNAME`),
    ],
    noTarget: [
      { op: "remove", value: [] },
      replace('roles[type sw "w"].value', "x"),
      add('roles[type eq "work" or type eq "home"].value', "x"),
      add("roles[type eq null]", { value: "x" }),
      replace("roles[type pr].value", "x"),
    ],
    invalidPath: [
      remove(`${SCHEMA.enterprise}:userName`),
      remove(`${SCHEMA.group}:displayName`),
      remove('name[familyName eq "x"]'),
      remove('roles.value[type eq "work"]'),
      remove('roles[type eq "work"].nonsense'),
    ],
    invalidFilter: [
      remove("roles[]"),
      remove('roles[nonsense eq "x"]'),
      remove("roles[primary gt true]"),
      remove('x509Certificates[value gt "x"]'),
      remove('roles[type eq "work]'),
    ],
    invalidValue: [
      add("title"),
      replace("userName", null),
      replace(SCHEMA.enterprise, "Engines"),
      replace("roles", [
        { value: "a", primary: true },
        { value: "b", primary: "True" },
      ]),
      add('roles[type eq "work"].primary', "perhaps"),
      add('roles[type eq "work"]', [{ value: "a" }, { value: "b" }]),
      add("addresses", "12 St James's Square"),
    ],
    invalidSyntax: [{ op: "explode", path: "title" }, { path: "title", value: "x" }, "replace"],
  };
  for (const [scimType, operations] of Object.entries(refusals)) {
    test(`says ${scimType}, and which operation it is about`, async () => {
      const { id, patch } = await newUser();
      const old = await organization.user(id);
      for (const refused of operations) {
        const answer = await patch(add("title", "Countess"), refused, remove("displayName"));
        assertError(answer, 400, { scimType, detail: /^Operations\[1\]: / });
        assert.deepEqual(await organization.user(id), old, answer.text);
      }
    });
  }

  test("says tooMany above 1,000 changes", async () => {
    const { patch } = await newUser();
    const titles = Array.from({ length: 1_001 }, (_, i) => add("title", `${i}`));
    assertError(await patch(...titles), 400, { scimType: "tooMany", detail: /1000/ });
    assert.equal(assertStatus(await patch(...titles.slice(1)), 200).title, "1000");
  });

  test("says mutability for an immutable value, which could be added once", async () => {
    const fixed = await createOrganization(worker);
    const { id } = await fixed.addMember("bob", { confirm_no_address: true });
    const patch = (operation) => fixed.okta.patch(`/Users/${id}`, operation);
    const emails = [{ value: "bob@okta.local", type: "work" }];
    assert.deepEqual(assertStatus(await patch(add("emails", emails)), 200).emails, emails);
    for (const operation of [add("emails", "eve@okta.local"), remove("emails"), replace("emails.value", "x")]) {
      assertError(await patch(operation), 400, { scimType: "mutability" });
    }
  });
});

describe("a filter in a path", () => {
  test("that implies a new value creates it", async () => {
    const home = { type: "home", primary: true, locality: "London" };
    for (const set of [add, replace]) {
      const path = 'addresses[type eq "home" and primary eq "True"]';
      assert.deepEqual(await becomes("addresses", {}, set(`${path}.locality`, "London")), [home]);
      assert.deepEqual(await becomes("addresses", {}, set(path, { locality: "London" })), [home]);
    }
    const parts = [add('roles[type eq "work"].display', "Chief"), add('roles[type eq "work"].value', "chief")];
    assert.deepEqual(await becomes("roles", {}, ...parts), [{ type: "work", display: "Chief", value: "chief" }]);
    assert.deepEqual(await becomes("roles", {}, parts[0]), [{ type: "work", display: "Chief" }]);
  });

  test("means every value that it matches, and no other", async () => {
    const roles = [
      { value: "a", type: "WORK" },
      { value: "b", type: "home" },
      { value: "c", type: "work" },
    ];
    const [a, b, c] = roles;
    for (const [operation, expected] of [
      [replace('roles[type eq "work"].display', "x"), [{ ...a, display: "x" }, b, { ...c, display: "x" }]],
      [remove('roles[type eq "work"].type'), [{ value: "a" }, b, { value: "c" }]],
      [remove('roles[display ne "x" and not (value eq "C")]'), [c]],
      [remove('roles[type eq "fax"]'), roles],
      [remove("roles.type"), [{ value: "a" }, { value: "b" }, { value: "c" }]],
      [remove("roles", [{ $ref: null, value: "b" }, "c"]), [a]],
    ]) {
      assert.deepEqual(await becomes("roles", { roles }, operation), expected, JSON.stringify(operation));
    }
    assert.equal(await becomes("roles", { roles }, remove("roles[value pr]")), undefined);
  });

  test("takes a value without `primary` as not primary (RFC 7643 section 2.4)", async () => {
    const roles = [{ value: "a", primary: true }, { value: "b" }, { value: "c", primary: false }];
    const [a] = roles;
    for (const filter of ["primary eq false", "primary ne true", "not (primary eq true)"]) {
      assert.deepEqual(await becomes("roles", { roles }, remove(`roles[${filter}]`)), [a], filter);
    }
    assert.deepEqual(await becomes("roles", { roles }, remove("roles[primary pr]")), [{ value: "b" }]);
  });
});

test("an existing value is not added again, and the user does not change", async () => {
  const roles = [{ value: "a", type: "work" }, { value: "a" }];
  const { id, patch } = await newUser({ roles });
  const old = await organization.user(id);
  assert.deepEqual(assertStatus(await patch(add("roles", [...roles, "a"]), add("ROLES", roles[0])), 200), old);
  const third = { value: "a", type: "home" };
  assert.deepEqual(assertStatus(await patch(add("roles", [third, third])), 200).roles, [...roles, third]);
});

describe("a primary value", () => {
  const roles = [{ value: "a", primary: true }, { value: "b" }, { value: "c" }];
  const primaryOf = async (...operations) =>
    (await becomes("roles", { roles }, ...operations)).filter(({ primary }) => primary).map(({ value }) => value);

  test("replaces the one before as the primary one", async () => {
    assert.deepEqual(await primaryOf(add("roles", { value: "d", primary: true })), ["d"]);
    assert.deepEqual(await primaryOf(replace('roles[value eq "b"].primary', true)), ["b"]);
    assert.deepEqual(await primaryOf(add('roles[value eq "c"]', { primary: "True" })), ["c"]);
    assert.deepEqual(await primaryOf({ op: "add", value: { 'roles[type eq "x"]': { value: "d", primary: true } } }), [
      "d",
    ]);
  });

  test("is the last of several, and may go", async () => {
    assert.deepEqual(await primaryOf(replace("roles.primary", true)), ["c"]);
    assert.deepEqual(await primaryOf(replace('roles[value lt "c"].primary', true)), ["b"]);
    assert.deepEqual(await primaryOf(remove("roles[primary eq true]")), []);
    assert.deepEqual(await primaryOf(replace("roles.primary", false)), []);
  });
});

describe("an empty value", () => {
  const attributes = {
    name: { givenName: "Ada", familyName: "Lovelace", middleName: "Augusta" },
    roles: [{ value: "a", type: "work" }],
    [SCHEMA.enterprise]: { department: "Engines" },
  };

  test("adds nothing", async () => {
    const { id, patch } = await newUser(attributes);
    const old = await organization.user(id);
    const paths = ["title", "name.givenName", "roles", 'roles[type eq "work"]', 'roles[type eq "x"].value'];
    for (const none of [null, "", " ", []]) {
      for (const path of paths) {
        assert.deepEqual(assertStatus(await patch(add(path, none)), 200), old, `${path} ${JSON.stringify(none)}`);
      }
    }
    for (const operation of [
      add(SCHEMA.enterprise, null),
      add("roles", [{ value: "" }]),
      add("name", { givenName: null }),
      { op: "add", value: { [SCHEMA.enterprise]: null, active: "" } },
    ]) {
      assert.deepEqual(assertStatus(await patch(operation), 200), old, JSON.stringify(operation));
    }
  });

  test("replaces the attribute that it is for, and no other", async () => {
    const { middleName, ...name } = attributes.name;
    for (const operation of [
      replace("name.middleName", ""),
      replace("name", { middleName: null }),
      { op: "replace", value: { name: { middleName: "" } } },
      { op: "replace", value: { "name.middleName": [] } },
    ]) {
      assert.deepEqual(await becomes("name", attributes, operation), name, JSON.stringify(operation));
    }
    const both = replace("name", { middleName: null, givenName: "Augusta" });
    assert.deepEqual(await becomes("name", attributes, both), { ...name, givenName: "Augusta" });
    const boss = [add("manager", { value: "a", $ref: "b" }), replace("manager", [{ $ref: null, value: "c" }])];
    assert.deepEqual((await becomes(SCHEMA.enterprise, {}, ...boss)).manager, { value: "c" });
    for (const none of [null, "", [], { value: null }, [{ value: " ", type: null }]]) {
      for (const path of ["roles", 'roles[type eq "work"]']) {
        assert.equal(await becomes("roles", attributes, replace(path, none)), undefined, JSON.stringify(none));
      }
    }
  });

  test("is what a formatted name without its parts becomes", async () => {
    const name = { givenName: "Ada", familyName: "Lovelace", formatted: "Ada Lovelace" };
    const parts = [remove("name.givenName"), remove("name.familyName")];
    assert.deepEqual(await becomes("name", { name }, parts[0]), { familyName: "Lovelace", formatted: "Lovelace" });
    assert.equal(await becomes("name", { name }, ...parts), undefined);
  });
});

describe("the enterprise extension", () => {
  const attributes = { [SCHEMA.enterprise]: { department: "Engines", costCenter: "7" } };
  const extension = (...operations) => becomes(SCHEMA.enterprise, attributes, ...operations);

  test("is added to, replaced and removed as a whole", async () => {
    const path = SCHEMA.enterprise.toUpperCase();
    const looms = { department: "Looms" };
    assert.deepEqual(await extension(add(path, looms)), { ...attributes[SCHEMA.enterprise], ...looms });
    assert.deepEqual(await extension(replace(path, looms)), looms);
    const partly = { op: "replace", value: { [path]: looms } };
    assert.deepEqual(await extension(partly), { ...attributes[SCHEMA.enterprise], ...looms });
    for (const operation of [remove(path), replace(path, null), { op: "replace", value: { [path]: null } }]) {
      const { patch } = await newUser(attributes);
      const user = assertStatus(await patch(operation), 200);
      assert.deepEqual([user.schemas, user[SCHEMA.enterprise]], [[SCHEMA.user], undefined], JSON.stringify(operation));
    }
  });

  test("has a manager, as a string, an object or an array of one", async () => {
    const { id: value } = await newUser();
    for (const sent of [value, { value }, { VALUE: value, displayName: "Boss" }, [{ $ref: null, value }], [value]]) {
      for (const operation of [add("manager", sent), { op: "replace", value: { manager: sent } }]) {
        const { manager } = await extension(operation);
        assert.equal(manager.value, value, JSON.stringify(operation));
        assert.ok(!("displayName" in manager), "which is read-only");
      }
    }
    for (const none of [null, "", [], { value: "" }]) {
      const { manager } = await extension(add("manager", value), replace("manager", none));
      assert.equal(manager, undefined, JSON.stringify(none));
    }
    assert.equal((await extension(add("manager.value", value), remove("manager.value"))).manager, undefined);
  });
});
