// What clients send otherwise than RFC 7643 and RFC 7644 have it, and is understood; or refused with words that help. Nothing
// of it is answered with success and forgotten.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, patch, post, put } from "../../helpers/bulk.mjs";
import { send } from "../../helpers/http.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U, enterprise: E, group: G } = SCHEMA;
let made = 0;
let organization;

async function somebody(extra) {
  organization ??= await createOrganization(worker, { settings: { email_management: true, plain_groups: true } });
  return organization.createUser(`person${++made}@okta.local`, extra);
}

/** What becomes of somebody with these attributes, by every kind of request that has an object of attributes. */
async function byEveryRequest(attributes, check) {
  const { okta } = organization ?? (await somebody().then(() => organization));
  const named = () => person(`person${++made}@okta.local`);
  const created = assertStatus(await okta.post("/Users", oktaUser(named(), attributes)), 201);
  check(created, "POST");
  const { id, userName } = await somebody();
  check(assertStatus(await okta.put(`/Users/${id}`, oktaUser(person(userName), attributes)), 200), "PUT");
  for (const op of ["add", "Replace"]) {
    const { id } = await somebody();
    check(assertStatus(await okta.patch(`/Users/${id}`, { op, value: attributes }), 200), `PATCH ${op}`);
  }
  const other = await somebody();
  const [first, second] = await bulk(okta, [
    post("/Users", "new", oktaUser(named(), attributes)),
    patch(`/Users/${other.id}`, { op: "replace", value: attributes }),
  ]);
  assert.deepEqual([first.status, second.status], ["201", "200"], JSON.stringify([first, second]));
  check(await organization.user(first.location.split("/").at(-1)), "bulk POST");
  check(await organization.user(other.id), "bulk PATCH");
}

const upper = (urn) => urn.toUpperCase();

describe("a key inside an object", () => {
  test("of the enterprise extension may be dotted, or carry a URN in any case", async () => {
    const { id } = await somebody();
    for (const [extension, expected] of [
      [{ "manager.value": id }, { manager: { value: id } }],
      [
        { "MANAGER.Value": id, department: "d" },
        { manager: { value: id }, department: "d" },
      ],
      [{ [`${E}:department`]: "d" }, { department: "d" }],
      [
        { [`${upper(E)}:Department`]: "d", costCenter: "7" },
        { department: "d", costCenter: "7" },
      ],
      [{ [`${E}:manager.value`]: id }, { manager: { value: id } }],
      [{ [`${E}:manager`]: { value: id } }, { manager: { value: id } }],
      [{ [`${E}.department`]: "d" }, { department: "d" }],
    ]) {
      for (const name of [E, upper(E)]) {
        await byEveryRequest({ [name]: extension }, (user, how) => {
          assert.deepEqual(user[E], expected, `${how} ${JSON.stringify(extension)}`);
        });
      }
    }
  });

  test("of the extension that is a core attribute's, by its URN, sets that", async () => {
    await byEveryRequest({ [E]: { [`${U}:title`]: "Countess", "name.middleName": "King" } }, ({ title, name }, how) => {
      assert.deepEqual([title, name.middleName], ["Countess", "King"], how);
    });
  });

  test("of the extension is understood also where the extension is the path", async () => {
    const { id } = await somebody();
    for (const op of ["add", "replace"]) {
      for (const value of [
        { "manager.value": id },
        { [`${E}:manager.value`]: id },
        { manager: { "manager.value": id } },
      ]) {
        const target = `/Users/${(await somebody()).id}`;
        const patched = assertStatus(await organization.okta.patch(target, { op, path: E, value }), 200);
        assert.deepEqual(patched[E], { manager: { value: id } }, JSON.stringify(value));
      }
    }
  });

  test("of the core schema may be dotted, carry a URN, or a filter", async () => {
    const core = {
      "name.middleName": "King",
      [`${U}:title`]: "Countess",
      [`${E}:department`]: "Engines",
      'phoneNumbers[type eq "work"].value': "1",
      [`${upper(U)}:nickName`]: "Ada",
    };
    for (const name of [U, U.toLowerCase()]) {
      await byEveryRequest({ [name]: core }, (user, how) => {
        const found = [
          user.name.middleName,
          user.title,
          user[E]?.department,
          user.phoneNumbers?.[0].value,
          user.nickName,
        ];
        assert.deepEqual(found, ["King", "Countess", "Engines", "1", "Ada"], how);
      });
    }
  });

  test("of a complex attribute may carry the attribute's name, and its URN", async () => {
    const { id } = await somebody();
    const attributes = {
      name: { "name.givenName": "Ada", [`${U}:name.familyName`]: "Lovelace", [`${U}:middleName`]: "King" },
      phoneNumbers: [{ "phoneNumbers.value": "1", [`${upper(U)}:phoneNumbers.type`]: "work" }],
      addresses: [{ "addresses.locality": "London" }],
      [E]: { manager: { [`${E}:manager.value`]: id } },
    };
    await byEveryRequest(attributes, ({ name, phoneNumbers, addresses, [E]: extension }, how) => {
      assert.deepEqual([name.givenName, name.familyName, name.middleName], ["Ada", "Lovelace", "King"], how);
      assert.deepEqual(phoneNumbers, [{ value: "1", type: "work" }], how);
      assert.deepEqual(addresses, [{ locality: "London" }], how);
      assert.deepEqual(extension, { manager: { value: id } }, how);
    });
  });

  test("of a member may carry the attribute's name, and the URN", async () => {
    const { id } = await somebody();
    for (const member of [{ "members.value": id }, { [`${G}:members.value`]: id }, { [`${G}:VALUE`]: id }]) {
      const created = assertStatus(
        await organization.okta.post("/Groups", { displayName: `Group ${++made}`, members: [member] }),
        201,
      );
      assert.deepEqual(memberIds(created), [id], JSON.stringify(member));
    }
  });
});

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
      const { id, userName } = await somebody();
      const path = `/Users/${id}`;
      const { okta } = organization;
      const body = oktaUser(person(userName), { [name]: value });
      // A person without an address gets one where the client names what it is for.
      const expected = name === "emails" ? [{ ...element, value: userName }] : value;
      assert.deepEqual(assertStatus(await okta.put(path, body), 200)[name], expected);
      const newcomer = oktaUser(person(`person${++made}@okta.local`), { [name]: value });
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
        const { id } = await somebody({ emails: undefined });
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
      const { id } = await somebody({ phoneNumbers });
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, operation), 200);
      assert.ok(!("phoneNumbers" in patched), JSON.stringify(operation));
    }
    const add = { op: "add", path: 'phoneNumbers[type eq "work"]', value: { value: "", primary: true } };
    const { id } = await somebody();
    assert.ok(!("phoneNumbers" in assertStatus(await organization.okta.patch(`/Users/${id}`, add), 200)));
  });

  test("of emails is found by what it has, and is no address", async () => {
    const { id } = await somebody({ emails: [{ value: "a@okta.local", type: "home" }, { type: "other" }] });
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

  test("of emails leaves the address of somebody whose mail SCIM does not manage", async () => {
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
      await byEveryRequest(attributes, (user, how) => {
        for (const name of [E, "addresses", "phoneNumbers", "title", "nickName"]) {
          assert.ok(!(name in user), `${how} ${JSON.stringify(none)}: ${name}`);
        }
      });
    }
    await byEveryRequest({ title: {}, addresses: {}, roles: [{}], [E]: {} }, (user, how) => {
      for (const name of ["title", "addresses", "roles", E]) assert.ok(!(name in user), `${how} ${name}`);
    });
  });

  test("of a name is no name", async () => {
    const { id } = await somebody({ name: { givenName: "Ada", familyName: "Lovelace" } });
    for (const name of [[], "", [[]], {}]) {
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "add", value: { name } }), 200);
      assert.equal(patched.name.givenName, "Ada", JSON.stringify(name));
      const newcomer = oktaUser(person(`person${++made}@okta.local`), { name });
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
        const { id } = await somebody(attributes);
        const user = assertStatus(await organization.okta.patch(`/Users/${id}`, replacement), 200);
        const said = JSON.stringify(replacement);
        if (replacement.path !== "addresses") assert.ok(!user[E]?.manager, said);
        if (replacement.path === E || !replacement.path) assert.ok(!(E in user), said);
        if (replacement.path === "addresses" || !replacement.path) assert.ok(!("addresses" in user), said);
      }
    }
  });

  test("among the members of a group is nobody", async () => {
    const { id } = await somebody();
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
      const { id } = await somebody();
      const operation = { op: "Replace", path: "active", value };
      const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, operation), 200);
      assert.equal(patched.active, false, JSON.stringify(value));
    }
    for (const value of wrapped("Countess")) {
      await byEveryRequest({ title: value, [E]: { department: value } }, (user, how) => {
        assert.deepEqual([user.title, user[E].department], ["Countess", "Countess"], how);
      });
    }
  });
});

describe("an older URN", () => {
  const ENTERPRISES = [
    "urn:scim:schemas:extension:enterprise:1.0",
    "urn:scim:schemas:extension:enterprise:2.0",
    "urn:scim:schemas:extension:enterprise:1.0:User",
    "URN:SCIM:Schemas:extension:enterprise:2.0:user",
  ];
  const CORES = ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:User", "URN:scim:schemas:CORE:1.0:user"];

  test("stands for the schema in bodies", async () => {
    for (const urn of ENTERPRISES) {
      const nested = { [urn]: { department: "Ops", [`${urn}:division`]: "North" } };
      await byEveryRequest({ schemas: [U, urn], ...nested, [`${urn}:costCenter`]: "7" }, (user, how) => {
        assert.deepEqual(user[E], { costCenter: "7", division: "North", department: "Ops" }, `${how} ${urn}`);
        assert.deepEqual(user.schemas, [U, E]);
      });
    }
    for (const urn of CORES) {
      await byEveryRequest({ [urn]: { title: "Countess" }, [`${urn}:nickName`]: "Ada" }, ({ title, nickName }, how) => {
        assert.deepEqual([title, nickName], ["Countess", "Ada"], `${how} ${urn}`);
      });
    }
  });

  test("stands for the schema in paths, filters, orders and lists of attributes", async () => {
    const department = `Department ${++made}`;
    const { id } = await somebody({ title: "Countess", [E]: { department } });
    const { okta } = organization;
    for (const urn of ENTERPRISES) {
      const listed = await okta.list("/Users", {
        filter: `${urn}:department eq "${department}"`,
        attributes: `${urn}:department`,
        sortBy: `${urn}:department`,
      });
      const expected = { id, schemas: [U, E], [E]: { department } };
      assert.deepEqual(assertStatus(listed, 200).Resources, [expected], urn);
      const set = { op: "replace", path: `${urn}:division`, value: urn };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, set), 200)[E].division, urn);
      const whole = { op: "add", path: urn, value: { costCenter: urn } };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, whole), 200)[E].costCenter, urn);
      const without = assertStatus(await okta.get(`/Users/${id}?excludedAttributes=${urn}`), 200);
      assert.ok(!(E in without), urn);
    }
    for (const urn of CORES) {
      const listed = await okta.list("/Users", { filter: `${urn}:id eq "${id}"`, attributes: `${urn}:title` });
      assert.deepEqual(assertStatus(listed, 200).Resources, [{ id, schemas: [U, E], title: "Countess" }], urn);
      const set = { op: "replace", path: `${urn}:nickName`, value: urn };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, set), 200).nickName, urn);
    }
  });

  test("stands for the schema of groups, too", async () => {
    const { id } = await somebody();
    for (const urn of ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:Group"]) {
      const group = { [urn]: { displayName: `Group ${++made}`, [`${urn}:members`]: [{ value: id }] } };
      const created = assertStatus(await organization.okta.post("/Groups", group), 201);
      assert.deepEqual(memberIds(created), [id]);
      const rename = { op: "replace", path: `${urn}:displayName`, value: `Group ${++made}` };
      assertStatus(await organization.okta.patch(`/Groups/${created.id}`, rename), 204);
      const found = await organization.okta.list("", { filter: `${urn}:displayName eq "Group ${made}"` });
      assert.deepEqual(
        assertStatus(found, 200).Resources.map((each) => each.id),
        [created.id],
      );
    }
  });
});

describe("a dot behind a URN", () => {
  test("selects, excludes, sorts and filters as a colon does", async () => {
    const { id, userName } = await somebody({ [E]: { department: "Engines" } });
    const { okta } = organization;
    const get = async (query) => assertStatus(await okta.get(`/Users/${id}?${query}`), 200);
    for (const urn of [U, U.toLowerCase()]) {
      assert.deepEqual(await get(`attributes=${urn}.userName`), { id, schemas: [U, E], userName });
      assert.ok(!("userName" in (await get(`excludedAttributes=${urn}.userName`))));
    }
    assert.deepEqual((await get(`attributes=${E}.department`))[E], { department: "Engines" });
    assert.deepEqual((await get(`excludedAttributes=${E}.department`))[E], {});
    const parameters = { filter: `${U}.userName eq "${userName}"`, sortBy: `${U}.name.familyName` };
    for (const answer of [
      await okta.list("/Users", parameters),
      await okta.post("/Users/.search", { schemas: [SCHEMA.search], ...parameters }),
    ]) {
      assert.equal(assertStatus(answer, 200).totalResults, 1);
    }
  });

  test("in a PATCH path is refused with the right form", async () => {
    const { id } = await somebody();
    for (const [path, right] of [
      [`${E}.department`, `${E}:department`],
      [`${E}.manager.value`, `${E}:manager.value`],
      [`${U}.userName`, `${U}:userName`],
      [`${U}.emails[type eq "work"].value`, `${U}:emails[type eq "work"].value`],
    ]) {
      const answer = await organization.okta.patch(`/Users/${id}`, { op: "replace", path, value: "x" });
      assertError(answer, 400, { scimType: "invalidPath" });
      assert.ok(answer.body.detail.includes(right.slice(0, 100)), answer.body.detail);
    }
    const group = assertStatus(await organization.okta.post("/Groups", oktaGroup(`Group ${++made}`)), 201);
    const path = `${G}.displayName`;
    const answer = await organization.okta.patch(`/Groups/${group.id}`, { op: "replace", path, value: "x" });
    assertError(answer, 400, { scimType: "invalidPath", detail: /Group:displayName/ });
  });
});

describe("a value of a filter without double quotes", () => {
  test("may have apostrophes and the like", async () => {
    for (const userName of [
      "o'brien@acme.test",
      "a,b&c;d@acme.test",
      "acme\\jane",
      "$5!~@acme.test",
      "o’hara@acme.test",
    ]) {
      const { id } = organization ? await organization.createUser(userName) : await somebody();
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
    const { id } = await somebody();
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
    await somebody();
    for (const filter of ['not userName eq "a"', "title pr and NOT active eq true", 'emails[not type eq "work"]']) {
      const expected = { scimType: "invalidFilter", detail: /"not" needs parentheses/ };
      assertError(await organization.okta.find("/Users", filter), 400, expected);
    }
  });
});

describe("a number of any length", () => {
  const BEYOND = "99999999999999999999";

  test("is an integer, as count and startIndex", async () => {
    await somebody();
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
    const { id, userName } = await somebody();
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
    await somebody();
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

describe("the path of a bulk operation", () => {
  test("may be a full URL of this service, below either base path", async () => {
    const { id } = await somebody();
    const { okta } = organization;
    const { origin } = new URL(okta.base);
    for (const root of [`${origin}/scim`, `${origin.toUpperCase()}/scim/v2`, "/scim", "/scim/v2"]) {
      const [patched, created, grouped] = await bulk(okta, [
        patch(`${root}/Users/${id}`, { op: "replace", path: "title", value: root }),
        post(`${root}/Users`, "new", oktaUser(person(`person${++made}@okta.local`))),
        post(`${root}/Groups`, "group", { displayName: `Group ${++made}`, members: [{ value: "bulkId:new" }] }),
      ]);
      assert.deepEqual([patched.status, created.status, grouped.status], ["200", "201", "201"], root);
      assert.equal(patched.location, `${okta.base}/Users/${id}`);
      assert.match(created.location, new RegExp(`^${okta.base}/Users/[\\w-]+$`));
      assert.equal((await organization.user(id)).title, root);
      const [emptied] = await bulk(okta, [
        patch(`${root}/Groups/${grouped.location.split("/").at(-1)}`, operation.replaceMembers([])),
      ]);
      assert.equal(emptied.location, grouped.location);
    }
  });

  test("is refused if it is a URL of another host, and has no location then", async () => {
    const { id } = await somebody();
    const { okta } = organization;
    const { origin } = new URL(okta.base);
    const title = (path) => patch(path, { op: "replace", path: "title", value: "Countess" });
    const paths = [
      `https://elsewhere.example/scim/Users/${id}`,
      `//elsewhere.example/scim/Users/${id}`,
      `${origin.replace("http:", "https:")}/scim/Users/${id}`,
      `${origin}/Users/${id}`,
    ];
    for (const path of paths) {
      const body = assertStatus(await okta.post("/Bulk", { schemas: [SCHEMA.bulk], Operations: [title(path)] }), 200);
      const [{ status, location, response }] = body.Operations;
      assert.deepEqual([status, location, response.scimType], ["400", undefined, "invalidPath"], path);
      assert.match(response.detail, /URL of another service/);
    }
    assert.ok(!("title" in (await organization.user(id))));
    const elsewhere = post("https://elsewhere.example/scim/Users", "x", oktaUser(person("x@okta.local")));
    const [refused, dependent] = await bulk(okta, [elsewhere, put("/Users/bulkId:x", {})]);
    assert.deepEqual([refused.status, dependent.status], ["400", "409"]);
  });
});

describe("a coded body", () => {
  const CODED = { gzip: gzipSync, "x-gzip": gzipSync, br: (text) => text, "identity, gzip": gzipSync };

  test("is 415 with the coding that is read, whatever the route", async () => {
    const { id } = await somebody();
    const { okta } = organization;
    const body = JSON.stringify({ schemas: [SCHEMA.patch], Operations: [operation.active(true)] });
    for (const [coding, encode] of Object.entries(CODED)) {
      for (const [method, path] of [
        ["POST", "/Users"],
        ["PUT", `/Users/${id}`],
        ["PATCH", `/Users/${id}`],
        ["POST", "/Groups"],
        ["POST", "/Bulk"],
        ["POST", "/Users/.search"],
      ]) {
        const answer = await okta.send(method, path, Buffer.from(encode(body)), { "Content-Encoding": coding });
        assertError(answer, 415, { scimType: undefined, detail: /uncompressed/ });
        assert.equal(answer.headers["accept-encoding"], "identity", `${method} ${path}`);
      }
    }
    const plain = await okta.send("PATCH", `/Users/${id}`, body, { "Content-Encoding": "Identity" });
    assertStatus(plain, 200);
    assertStatus(await okta.send("GET", `/Users/${id}`, undefined, { "Content-Encoding": "gzip" }), 200);
    const unknown = okta.with({ key: "scim-nonsense" });
    assertError(await unknown.send("POST", "/Users", gzipSync(body), { "Content-Encoding": "gzip" }), 401);
  });

  test("is 415 in the console's API, too", async () => {
    const { admin } = await createOrganization(worker);
    const body = gzipSync(JSON.stringify({ name: "Acme", owner: { user_name: "owner@okta.local" } }));
    const answer = await admin.send("POST", "/organizations", body, { "Content-Encoding": "gzip" });
    assert.equal(answer.status, 415, answer.text);
    assert.equal(answer.headers["accept-encoding"], "identity");
    assert.deepEqual([answer.body.status, answer.body.title], [415, "Unsupported Media Type"]);
    const pages = await send("POST", `${new URL(worker.url).origin}/console/sign-in`, {
      headers: { "Content-Encoding": "gzip", Origin: new URL(worker.url).origin },
      body: gzipSync("token=x"),
    });
    assert.equal(pages.status, 415);
  });
});
