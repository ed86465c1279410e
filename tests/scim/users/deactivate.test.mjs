// Taking access away is never refused because of what else the request asks for: what it may not have stays as stored,
// what it may have is carried out, and the log says which was which.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { assertError, assertStatus, eventually, memberIds } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, patch, post, put } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const NAME = "ada@okta.local";
const RENAMED = `${"0123456789abcdef".repeat(2)}${NAME}`;
const MAIL = { email_management: true, mail_domains: ["okta.local"] };

const replace = (path, value) => ({ op: "replace", path, value });
const add = (path, value) => ({ op: "add", path, value });
const remove = (path, value) => ({ op: "remove", path, value });
const pathless = (value) => ({ op: "replace", value });

/** Every form of a PATCH that deactivates a user. */
const DEACTIVATIONS = [
  replace("active", false),
  { op: "Replace", path: "active", value: "False" },
  { op: "Add", path: "ACTIVE", value: "FALSE" },
  { op: "Replace", path: "active", value: [{ $ref: null, value: "False" }] },
  replace(`${SCHEMA.user}:active`, [false]),
  pathless({ active: false }),
  pathless({ Active: "false" }),
  { op: "add", path: "", value: { [`${SCHEMA.user}:active`]: false } },
  pathless({ [SCHEMA.user]: { active: false } }),
];

/** A user with a role and a group, and what is needed to deactivate them. */
async function newUser(settings = {}, extra = {}) {
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const { okta } = organization;
  const user = await organization.createUser(NAME, {
    title: "Countess",
    phoneNumbers: [{ value: "1", type: "work" }],
    [SCHEMA.enterprise]: { department: "Engines", costCenter: "7" },
    statsigOrgRole: "Admin",
    ...extra,
  });
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([user.id])), 204);
  return { organization, okta, user, group, path: `/Users/${user.id}` };
}

/** What clients set, with what a deactivation makes of it. */
function expected(user, changed = {}) {
  const { meta, groups, ...attributes } = user;
  return { ...attributes, active: false, statsigOrgRole: "Member", ...changed };
}

async function assertDeactivated({ organization, group, user }, answer, changed, context) {
  const { meta, groups, ...attributes } = assertStatus(answer, 200);
  assert.deepEqual(attributes, expected(user, changed), context);
  assert.deepEqual(groups, [], context);
  const { meta: now, groups: none, ...stored } = await organization.user(user.id);
  assert.deepEqual(stored, attributes, context);
  assert.deepEqual(memberIds(await organization.group(group.id)), [], context);
}

/** The newest entry of the log about a user, once it is there. */
async function newestEntry(organization, id, count) {
  let found;
  await eventually(async () => {
    found = (await organization.admin.get(organization.path(`/log?resource=${id}`))).entries;
    assert.equal(found.length, count, found.map(({ detail }) => detail).join("\n"));
  });
  return found[0];
}

/** What the request asks for beside, what of it is carried out, and what the log says of the rest. */
const REFUSED = {
  "another userName": [[replace("userName", RENAMED)], {}, /"userName" cannot be changed/],
  "no userName": [[remove("userName"), replace("userName", "")], {}, /userName.*userName/],
  "another mail": [[replace('emails[type eq "work"].value', "x@acme.test")], {}, /"emails" cannot be changed/],
  "no mail": [[remove("emails")], {}, /"emails" cannot be changed/],
  "everything at once": [
    [pathless({ userName: "other@okta.local", "name.familyName": "King", emails: [{ value: "x@acme.test" }] })],
    { name: { familyName: "King", givenName: "Test" } },
    /userName.*emails|emails.*userName/,
  ],
  "an unknown path": [[add("urn:ietf:params:scim:schemas:extension:Acme:2.0:User:costCode", "7")], {}, /costCode/],
  "a malformed path": [[replace('emails[type eq "work"', "x")], {}, /malformed/],
  "a filter that is none": [[replace("emails[type like 5].value", "x")], {}, /is not an operator/],
  "a filter without a match": [[replace('phoneNumbers[value sw "9"].type', "home")], {}, /phoneNumbers/],
  "read-only attributes": [[replace("id", "x"), add("groups", [{ value: "g" }]), remove("meta")], {}, /\(3\)/],
  "values of the wrong type": [
    [replace("title", 5), replace("nickName", "Ada"), pathless({ locale: ["a", "b"], timezone: "Europe/London" })],
    { nickName: "Ada", timezone: "Europe/London" },
    /title.*locale/,
  ],
  "parts of the wrong type": [
    [
      replace("name", { givenName: 5, familyName: "King" }),
      replace(SCHEMA.enterprise, { department: 1, division: "D" }),
    ],
    { name: { familyName: "King", givenName: "Test" }, [SCHEMA.enterprise]: { department: "Engines", division: "D" } },
    /givenName.*department/,
  ],
  "an extension that is no object": [
    [pathless({ [SCHEMA.enterprise]: 5, title: "Lady" })],
    { title: "Lady" },
    /enterprise/,
  ],
  "a core URN that is no object": [[pathless({ [SCHEMA.user]: 5, title: "Lady" })], { title: "Lady" }, /core:2.0:User/],
  "the role of the Owner": [[replace("statsigOrgRole", "Owner")], {}, /Cannot set multiple owners/],
  "a role that is none": [[replace("statsigOrgRole", "Emperor")], {}, /Emperor/],
  "a value without a path": [
    [{ op: "replace", value: "x" }, { op: "remove" }, { op: "add", path: "title" }],
    {},
    /\(3\)/,
  ],
  "operations that are none": [[{ op: "move", path: "title" }, 5, { path: 7, op: "add" }], {}, /\(3\)/],
  "a character that cannot be stored": [[replace("title", "a\u0000b")], {}, /U\+0000/],
  "two primary values": [
    [
      replace("phoneNumbers", [
        { value: "2", primary: true },
        { value: "3", primary: true },
      ]),
    ],
    {},
    /primary/,
  ],
  "too many values": [
    [
      replace(
        "roles",
        Array.from({ length: 1001 }, (_, i) => `r${i}`),
      ),
      replace("title", "Lady"),
    ],
    { title: "Lady" },
    /1001 values/,
  ],
  "texts that are too long": [
    [replace("externalId", "x".repeat(1025)), replace("title", "x".repeat(70_000)), replace("nickName", "Ada")],
    { nickName: "Ada" },
    /externalId.*65536|65536.*externalId/,
  ],
};

describe("a PATCH that deactivates", () => {
  for (const [name, [beside, changed, detail]] of Object.entries(REFUSED)) {
    test(`is carried out without ${name}`, async () => {
      const one = await newUser();
      await assertDeactivated(one, await one.okta.patch(one.path, ...beside, operation.active(false)), changed, name);
      const entry = await newestEntry(one.organization, one.user.id, 2);
      assert.deepEqual([entry.method, entry.status], ["PATCH", 200]);
      assert.match(entry.detail, /^Not carried out beside the deactivation: \(1\) /);
      assert.match(entry.detail, detail);
      // The same once more has nothing left to change.
      const { organization, okta, path, user } = one;
      await organization.unchangedBy(async () => {
        assertStatus(await okta.patch(path, operation.active(false), ...beside), 200);
      });
      const again = await newestEntry(organization, user.id, 3);
      assert.match(again.detail, /^Nothing had to be changed\. Not carried out /);
      assert.match(again.detail, detail);
    });
  }

  test("is known however it is spelled and wherever it stands", async () => {
    const one = await newUser();
    for (const deactivation of DEACTIVATIONS) {
      const beside = [replace("userName", RENAMED), replace("title", "Lady")];
      for (const operations of [
        [deactivation, ...beside],
        [...beside, deactivation],
      ]) {
        assertStatus(await one.okta.patch(one.path, operation.active(true), replace("title", "Countess")), 200);
        const answer = await one.okta.patch(one.path, ...operations);
        await assertDeactivated(one, answer, { title: "Lady" }, JSON.stringify(operations));
      }
    }
  });

  test("says nothing in the log where everything was carried out", async () => {
    const { organization, okta, path, user } = await newUser();
    assertStatus(await okta.patch(path, replace("title", "Lady"), operation.active(false)), 200);
    assert.equal((await newestEntry(organization, user.id, 2)).detail, null);
  });

  test("is carried out among more operations than are carried out at once", async () => {
    const one = await newUser();
    const many = Array.from({ length: 1_100 }, (_, i) => replace("title", `T${i}`));
    const answer = await one.okta.patch(one.path, ...many, operation.active(false));
    await assertDeactivated(one, answer, { title: "T999" });
    assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, /1101 attributes; only the first 1000/);
  });

  test("is carried out although the request asks for an unknown attribute in the answer", async () => {
    const one = await newUser();
    const query = "attributes=userName&excludedAttributes=emails";
    const send = (...operations) => one.okta.patch(`${one.path}?${query}`, ...operations);
    await one.organization.unchangedBy(async () => assertError(await send(replace("title", "Lady")), 400));
    await assertDeactivated(one, await send(operation.active(false)));
  });

  test("is carried out where it is nested under the core URN", async () => {
    const one = await newUser();
    const nested = { active: false, "emails[type eq ].value": "x" };
    const answer = await one.okta.patch(one.path, pathless({ [SCHEMA.user]: nested }));
    await assertDeactivated(one, answer, {});
  });

  test("is carried out where comparing all that it names would be too much", async () => {
    const one = await newUser();
    const emails = Array.from({ length: 500 }, (_, i) => ({ value: `${i}${"x".repeat(80)}`, type: "work" }));
    const filter = Array.from({ length: 70 }, (_, i) => `value eq "${i}"`).join(" or ");
    const beside = Array.from({ length: 40 }, () => remove(`phoneNumbers[${filter}]`));
    const answer = await one.okta.patch(one.path, replace("phoneNumbers", emails), ...beside, operation.active(false));
    await assertDeactivated(one, answer, {});
    assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, /more than it does for one request/);
  });

  test("makes the other changes that it may make where SCIM manages email", async () => {
    const one = await newUser(MAIL);
    const { organization, okta, path, user } = one;
    await organization.createUser("taken@okta.local");
    const emails = [{ value: "countess@elsewhere.test", type: "work" }];
    let count = 1;
    for (const [beside, changed, detail] of [
      [[replace("userName", RENAMED)], { userName: RENAMED }, null],
      [[replace("userName", "TAKEN@okta.local"), replace("nickName", "A")], { nickName: "A" }, /already taken/],
      [[replace("userName", "ada@elsewhere.test"), replace("nickName", "B")], { nickName: "B" }, /no longer belong/],
      // As long as the userName is an address, no other address decides about the user's domain.
      [[replace("userName", "ada"), replace("emails", emails)], { emails }, /no longer belong/],
      [[replace("userName", "x\u0000@okta.local"), remove("emails")], { emails: undefined }, /U\+0000/],
    ]) {
      const { active, ...before } = assertStatus(await okta.patch(path, operation.active(true)), 200);
      const answer = await okta.patch(path, ...beside, { op: "Replace", path: "active", value: "False" });
      const { meta, groups, ...after } = assertStatus(answer, 200);
      assert.deepEqual(after, JSON.parse(JSON.stringify(expected(before, changed))), JSON.stringify(beside));
      count += 2;
      const entry = await newestEntry(organization, user.id, count);
      if (detail) assert.match(entry.detail, detail);
      else assert.equal(entry.detail, null);
    }
  });
});

describe("a PUT that deactivates", () => {
  const body = (user, changed) => ({ ...user, active: false, ...changed });

  test("keeps what it may not change, and changes the rest", async () => {
    const emails = [{ value: "x@acme.test", type: "work" }];
    for (const [sent, changed, detail] of [
      [{ userName: RENAMED, title: "Lady" }, { title: "Lady" }, /"userName" cannot be changed/],
      [{ emails, title: "Lady" }, { title: "Lady" }, /"emails" cannot be changed/],
      [{ userName: undefined, title: undefined }, { title: undefined }, /"userName" is required/],
      [{ userName: null, title: "Lady" }, { title: "Lady" }, /"userName" is required/],
      [{ userName: 5, emails: "nobody", nickName: "Ada" }, { nickName: "Ada" }, /userName.*emails/],
      [{ title: 5, phoneNumbers: [5], locale: "en-GB" }, { locale: "en-GB" }, /title.*phoneNumbers/],
      [
        { name: { givenName: 5, familyName: "King" } },
        { name: { familyName: "King", givenName: "Test" } },
        /givenName/,
      ],
      [{ [SCHEMA.enterprise]: "x", title: "Lady" }, { title: "Lady" }, /enterprise/],
      [{ [SCHEMA.enterprise]: { costCenter: 5 } }, { [SCHEMA.enterprise]: { costCenter: "7" } }, /costCenter/],
      [{ statsigOrgRole: "Owner", title: "Lady" }, { title: "Lady" }, /Cannot set multiple owners/],
      [{ title: "x".repeat(70_000), nickName: "Ada" }, { nickName: "Ada" }, /65536/],
    ]) {
      const one = await newUser();
      const answer = await one.okta.put(one.path, body(one.user, sent));
      const wanted = JSON.parse(JSON.stringify(expected(one.user, changed)));
      const { meta, groups, ...after } = assertStatus(answer, 200);
      assert.deepEqual(after, wanted, JSON.stringify(sent).slice(0, 200));
      const { meta: now, groups: none, ...stored } = await one.organization.user(one.user.id);
      assert.deepEqual([stored, none], [wanted, []]);
      assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, detail);
    }
  });

  test("is known however it is spelled", async () => {
    const one = await newUser();
    const { active, ...silent } = one.user;
    for (const said of [
      { active: "False" },
      { Active: "FALSE" },
      { ACTIVE: [false] },
      { active: [{ $ref: null, value: "False" }] },
      { [`${SCHEMA.user}:active`]: false },
      { [SCHEMA.user]: { active: "false" } },
      { active: true, [`${SCHEMA.user}:active`]: false },
    ]) {
      assertStatus(await one.okta.put(one.path, one.user), 200);
      const answer = await one.okta.put(one.path, { ...silent, userName: RENAMED, ...said });
      await assertDeactivated(one, answer, {}, JSON.stringify(said));
    }
    const reactivated = { ...silent, userName: RENAMED, active: false, Active: true };
    assertError(await one.okta.put(one.path, reactivated), 400, { scimType: "mutability" });
  });

  test("keeps its userName where the new one is taken", async () => {
    const one = await newUser({ email_management: true });
    await one.organization.createUser("taken@okta.local");
    const answer = await one.okta.put(one.path, body(one.user, { userName: "Taken@okta.local", title: "Lady" }));
    await assertDeactivated(one, answer, { title: "Lady" });
    assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, /already taken/);
    // Once more, there is nothing left to change.
    await one.organization.unchangedBy(async () => {
      const again = await one.okta.put(one.path, body(one.user, { userName: "Taken@okta.local", title: "Lady" }));
      assertStatus(again, 200);
    });
  });
});

describe("an operation of a bulk request that deactivates", () => {
  test("is carried out without the changes that are refused", async () => {
    for (const send of [
      ({ path }) => patch(path, [replace("userName", RENAMED), operation.active(false)]),
      ({ path, user }) => put(path, { ...user, active: false, userName: RENAMED }),
    ]) {
      const one = await newUser();
      const [response] = await bulk(one.okta, [send(one)]);
      assert.equal(response.status, "200");
      await assertDeactivated(one, await one.okta.get(one.path), {});
      assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, /"userName" cannot be changed/);
    }
  });

  test("is carried out without references to unknown resources", async () => {
    for (const send of [
      ({ path }, value) => patch(path, [replace("manager", value), operation.active(false), replace("title", "Lady")]),
      ({ path, user }, manager) => {
        const enterprise = { ...user[SCHEMA.enterprise], manager };
        return put(path, { ...user, active: false, title: "Lady", [SCHEMA.enterprise]: enterprise });
      },
    ]) {
      for (const reference of ["bulkId:failed", "bulkId:nobody"]) {
        const one = await newUser();
        const failing = post("/Users", "failed", oktaUser(person(NAME)));
        const [failed, response] = await bulk(one.okta, [failing, send(one, { value: reference })]);
        assert.deepEqual([failed.status, response.status], ["409", "200"], JSON.stringify(response));
        await assertDeactivated(one, await one.okta.get(one.path), { title: "Lady" });
        assert.match((await newestEntry(one.organization, one.user.id, 2)).detail, /bulkId:/);
      }
    }
  });

  test("is not carried out for an unknown user, or where it is no deactivation", async () => {
    const one = await newUser();
    const boss = replace("manager", { value: "bulkId:nobody" });
    const responses = await bulk(one.okta, [
      patch("/Users/bulkId:nobody", [operation.active(false)]),
      patch(one.path, [boss, operation.active(true)]),
      patch(one.path, [boss, operation.active(false), operation.active(true)]),
    ]);
    assert.deepEqual(
      responses.map(({ status }) => status),
      ["409", "409", "409"],
    );
    assert.equal((await one.organization.user(one.user.id)).active, true);
  });
});

describe("no such leniency has", () => {
  const refusedBy = (one, attempt, status, wanted) =>
    one.organization.unchangedBy(attempt).then((answer) => assertError(answer, status, wanted));

  test("a request that leaves the user active, or does not name `active`", async () => {
    const one = await newUser();
    const renamed = replace("userName", RENAMED);
    const [no, yes] = [operation.active(false), operation.active(true)];
    const requests = [[renamed], [yes, renamed], [no, yes, renamed], [no, renamed, replace("active", "True")]];
    requests.push([no, remove("active"), renamed], [replace("active", "perhaps"), renamed]);
    for (const operations of requests) {
      await refusedBy(one, () => one.okta.patch(one.path, ...operations), 400);
    }
    await refusedBy(one, () => one.okta.put(one.path, { ...one.user, userName: RENAMED }), 400, {
      scimType: "mutability",
    });
    assertStatus(await one.okta.patch(one.path, no), 200);
    for (const operations of requests) {
      await refusedBy(one, () => one.okta.patch(one.path, ...operations), 400);
    }
    const { active, ...silent } = one.user;
    await refusedBy(one, () => one.okta.put(one.path, { ...silent, userName: RENAMED }), 400);
    await refusedBy(one, () => one.okta.put(one.path, { ...one.user, userName: RENAMED }), 400);
  });

  test("the creation of an inactive user", async () => {
    const one = await newUser();
    for (const extra of [{ title: 5 }, { statsigOrgRole: "Owner" }, { userName: undefined }]) {
      const sent = oktaUser(person("bob@okta.local"), { active: false, ...extra });
      await refusedBy(one, () => one.okta.post("/Users", sent), 400);
    }
    await refusedBy(one, () => one.okta.post("/Users", oktaUser(person(NAME), { active: false })), 409);
  });

  test("the Owner, whatever else is requested", async () => {
    const one = await newUser({ email_management: true });
    const owner = await one.organization.owner();
    const path = `/Users/${owner.id}`;
    const wanted = { scimType: "mutability", detail: /Owner cannot be modified/ };
    for (const beside of [[], [replace("userName", "x@okta.local")], [add("nonsense", 1)], [{ op: "move" }]]) {
      await refusedBy(one, () => one.okta.patch(path, ...beside, operation.active(false)), 400, wanted);
    }
    await refusedBy(one, () => one.okta.put(path, { ...owner, active: false, title: 5 }), 400, wanted);
    const [response] = await bulk(one.okta, [patch(path, [operation.active(false), replace("title", 5)])]);
    assert.deepEqual([response.status, response.response.scimType], ["400", "mutability"]);
  });

  test("a request that cannot be read, or names another version", async () => {
    const one = await newUser();
    const message = { schemas: [SCHEMA.patch] };
    for (const sent of [message, { ...message, Operations: [] }, { ...message, Operations: {} }, { active: false }]) {
      await refusedBy(one, () => one.okta.send("PATCH", one.path, sent), 400, { scimType: "invalidSyntax" });
    }
    await refusedBy(one, () => one.okta.put(one.path, [{ active: false }]), 400, { scimType: "invalidSyntax" });
    const operations = [replace("userName", RENAMED), operation.active(false)];
    const body = { ...message, Operations: operations };
    await refusedBy(one, () => one.okta.send("PATCH", one.path, body, { "If-Match": 'W/"0"' }), 412);
    const [response] = await bulk(one.okta, [patch(one.path, operations, { version: 'W/"0"' })]);
    assert.equal(response.status, "412");
    assert.equal((await one.organization.user(one.user.id)).active, true);
  });
});

test("a request that deactivates a user does so, whatever else it contains", async () => {
  const one = await newUser({ email_management: true });
  const names = ["userName", "emails", "title", "name", "roles", "id", "meta", "groups", "statsigOrgRole", "nonsense"];
  names.push(
    "password",
    "schemas",
    SCHEMA.user,
    SCHEMA.enterprise,
    "manager",
    'emails[type eq "work"].value',
    "a[b",
    "",
  );
  const name = fc.constantFrom(...names);
  const value = fc.oneof(fc.constantFrom("x", "owner@okta.local", "Owner", 5, null, [], {}, true), fc.jsonValue());
  const pair = fc.tuple(name, value);
  const others = fc.array(pair, { maxLength: 6 }).map(Object.fromEntries);
  const operations = fc.array(
    fc.oneof(
      fc.record({ op: fc.constantFrom("add", "Replace", "remove", "move"), path: name, value }),
      fc.record({ op: fc.constantFrom("add", "Replace"), value: others }),
      fc.jsonValue(),
    ),
    { maxLength: 5 },
  );
  const deactivation = fc.constantFrom(...DEACTIVATIONS);
  const again = () => one.okta.put(one.path, oktaUser(person(NAME)));
  const property = fc.asyncProperty(operations, operations, deactivation, others, async (first, last, no, whole) => {
    assertStatus(await again(), 200);
    const isReactivation = (list) => JSON.stringify(list).toLowerCase().includes("active");
    fc.pre(!isReactivation(last));
    const patched = assertStatus(await one.okta.patch(one.path, ...first, no, ...last), 200);
    assert.deepEqual([patched.active, patched.statsigOrgRole, patched.groups], [false, "Member", []]);
    assertStatus(await again(), 200);
    const replaced = assertStatus(await one.okta.put(one.path, { ...whole, active: false }), 200);
    assert.deepEqual([replaced.active, replaced.statsigOrgRole, replaced.groups], [false, "Member", []]);
  });
  await fc.assert(property, { seed: 7644, numRuns: 60 });
});
