// Quirks of identity providers in creating people and pushing their profiles (docs/idp-quirks.md).

import assert from "node:assert/strict";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { post, sendBulk } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { quirk } from "../../helpers/quirk.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { dumpDatabase, dumpKv, logText } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ada = person("ada@okta.local", "Ada", "Lovelace");

quirk("case-of-user-names", "userName keeps the case it was sent in, everywhere it is shown", async () => {
  const organization = await createOrganization(worker);
  const sent = "Runscope300Hfluaklab151@atko.com";
  const created = await organization.createUser(sent);
  assert.equal(created.userName, sent);
  assert.equal(created.emails[0].value, sent);
  assert.equal((await organization.user(created.id)).userName, sent);
  assert.equal((await organization.userNamed(sent.toLowerCase())).userName, sent);
  const listed = await organization.okta.importAll("/Users");
  assert.ok(listed.some(({ userName }) => userName === sent));
});

quirk("passwords", "a password is never stored, logged or echoed", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const password = "Tr0ub4dor-and-3";
  const secretly = (profile) => oktaUser(profile, { password });
  const created = await okta.post("/Users", secretly(ada));
  const { id } = assertStatus(created, 201);
  const answers = [
    created,
    await okta.get(`/Users/${id}`),
    await okta.get(`/Users/${id}?attributes=password,userName`),
    await okta.put(`/Users/${id}`, secretly(ada)),
    await okta.patch(`/Users/${id}`, { op: "replace", path: "password", value: password }),
    await okta.patch(`/Users/${id}`, { op: "replace", value: { password, displayName: "Ada" } }),
    await okta.post("/Users", secretly(ada)),
    await okta.post("/Users", { ...secretly(person("other@okta.local")), active: "perhaps" }),
    await okta.post("/Users", `${JSON.stringify(secretly(ada))} and then some`),
    await sendBulk(okta, [post("/Users", "a", secretly(ada)), post("/Users", "b", { password })]),
    await okta.list("/Users", { sortBy: "password", cursor: "" }),
    await okta.get("/Users"),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 200, 200, 200, 200, 200, 409, 400, 400, 200, 400, 200],
  );
  // RFC 7643 section 7 leaves it to us whether a filter may name what is never returned. Ours may not: whatever it
  // would find, a reader would take it for an answer about the password.
  for (const filter of [
    `password eq "${password}"`,
    'password eq "wrong"',
    'password sw "T"',
    'password gt "T"',
    `not (password ne "${password}")`,
    "password pr",
    "password eq null",
    `userName pr and password co "${password}"`,
    `${SCHEMA.user}:password pr`,
  ]) {
    for (const path of ["/Users", ""]) {
      answers.push(await okta.find(path, filter), await okta.post(`${path}/.search`, { filter }));
      for (const answer of answers.slice(-2))
        assertError(answer, 400, { scimType: "invalidFilter", detail: /password/ });
    }
  }
  for (const { method, path, text } of answers) {
    assert.ok(!text.includes(password), `${method} ${path} echoes the password: ${text}`);
  }
  assert.ok((await dumpDatabase(worker)).includes(ada.userName), "the dump shows what is stored");
  const logs = await logText(worker);
  assert.match(logs, /"method":"POST","route":"\/scim\/Users","status":201/, "the log shows the requests");
  for (const stored of [await dumpDatabase(worker), await dumpKv(worker), logs]) {
    assert.ok(!stored.includes(password));
    assert.ok(!stored.includes(Buffer.from(password).toString("base64")));
  }
});

quirk("attributes-that-cannot-be-written", "read-only and unknown attributes are ignored, never refused", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  const noise = {
    id: "mine",
    groups: [{ value: group.id }],
    locale: "en_US",
    meta: { created: "1999-01-01T00:00:00Z", location: "https://elsewhere.example/Users/mine", resourceType: "Group" },
    favouriteColour: "green",
    deep: { er: [{ still: null }] },
    "urn:okta:custom:user:1.0": { shoeSize: 43 },
  };
  const created = await okta.post("/Users", oktaUser(ada, noise));
  const { id, meta, locale, userName } = assertStatus(created, 201);
  const put = assertStatus(await okta.put(`/Users/${id}`, oktaUser(ada, noise)), 200);
  for (const user of [created.body, put, await organization.user(id)]) {
    assert.equal(user.id, id);
    assert.equal(user.locale, "en_US");
    assert.equal(user.meta.created, meta.created);
    assert.equal(user.meta.location, `${okta.base}/Users/${id}`);
    assert.equal(user.meta.resourceType, "User");
    for (const name of ["favouriteColour", "deep", "urn:okta:custom:user:1.0"]) assert.ok(!(name in user), name);
  }
  assert.notEqual(id, "mine");
  assert.deepEqual([locale, userName], ["en_US", ada.userName]);
  assert.deepEqual(memberIds(await organization.group(group.id)), []);
});

quirk("answer-to-a-creation", "a created user is answered whole, with id and Location", async () => {
  const organization = await createOrganization(worker);
  const answer = await organization.okta.post("/Users", oktaUser(ada));
  const user = assertStatus(answer, 201);
  assert.equal(answer.headers.location, `${organization.okta.base}/Users/${user.id}`);
  assert.equal(user.meta.location, answer.headers.location);
  assert.match(user.meta.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.equal(user.meta.lastModified, user.meta.created);
  assert.deepEqual(await organization.user(user.id), user);
});

quirk("duplicate-users", "a duplicate is 409 uniqueness, with a detail for the admin", async () => {
  const organization = await createOrganization(worker);
  await organization.createUser(ada.userName);
  const answer = await organization.unchangedBy(() => organization.okta.post("/Users", oktaUser(ada)));
  assertError(answer, 409, { scimType: "uniqueness", detail: /ada@okta\.local/ });
});

quirk("reading-a-deactivated-user", "a deactivated person is still there: 200 with active false", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser(ada.userName);
  const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200);
  assert.equal(patched.active, false);
  assert.deepEqual(await organization.user(id), patched);
});

quirk("returning-users", "a lookup finds a deactivated person, and PUT active true restores the same id", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const user = await organization.createUser(ada.userName);
  await okta.patch(`/Users/${user.id}`, operation.active(false));
  const found = await organization.userNamed(ada.userName);
  assert.deepEqual([found.id, found.active], [user.id, false]);
  assertError(await okta.post("/Users", oktaUser(ada)), 409, { scimType: "uniqueness" });
  const restored = assertStatus(await okta.put(`/Users/${user.id}`, { ...found, active: true }), 200);
  const { meta, ...attributes } = restored;
  const { meta: _, ...before } = user;
  assert.deepEqual(attributes, before);
  assertListOf(await okta.find("/Users", `userName eq "${ada.userName}"`), [user.id]);
});

quirk("deactivation-by-put", "PUT deactivates: the server's own answer with active false", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const { id } = await organization.createUser(ada.userName, { statsigOrgRole: "Admin" });
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  await okta.patch(`/Groups/${group.id}`, operation.addMembers([id]));
  assert.deepEqual(memberIds(await organization.group(group.id)), [id]);
  const known = await organization.user(id);
  const put = assertStatus(await okta.put(`/Users/${id}`, { ...known, active: false }), 200);
  assert.deepEqual([put.active, put.statsigOrgRole], [false, "Member"]);
  assert.deepEqual(await organization.user(id), put);
  assert.deepEqual(memberIds(await organization.group(group.id)), []);
});

quirk("deactivation-without-a-path", "PATCH without a path deactivates", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser(ada.userName);
  assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "replace", value: { active: false } }), 200);
  assert.equal((await organization.user(id)).active, false);
  assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "replace", value: { active: true } }), 200);
  assert.equal((await organization.user(id)).active, true);
});

quirk("capital-letters-and-booleans-as-text", 'Entra\'s "Replace" and "False" mean replace and false', async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser(ada.userName);
  for (const [op, value, active] of [
    ["Replace", "False", false],
    ["Add", "True", true],
    ["REPLACE", "false", false],
    ["replace", "true", true],
  ]) {
    assertStatus(await organization.entra.patch(`/Users/${id}`, { op, path: "active", value }), 200);
    assert.equal((await organization.user(id)).active, active, `${op} ${value}`);
  }
  const odd = { op: "Replace", path: "active", value: "Perhaps" };
  const answer = await organization.unchangedBy(() => organization.entra.patch(`/Users/${id}`, odd));
  assertError(answer, 400, { scimType: "invalidValue" });
});

quirk(
  "stale-formatted-names",
  "givenName and familyName win over the stale formatted name that Okta echoes",
  async () => {
    const organization = await createOrganization(worker);
    const { id } = assertStatus(
      await organization.okta.post("/Users", {
        ...oktaUser(ada),
        name: { formatted: "Mona Octocat", givenName: "Mona", familyName: "Octocat" },
      }),
      201,
    );
    const known = await organization.user(id);
    const renamed = { ...known, name: { formatted: "Mona Octocat", givenName: "Jane", familyName: "Smith" } };
    const put = assertStatus(await organization.okta.put(`/Users/${id}`, renamed), 200);
    assert.deepEqual([put.name.givenName, put.name.familyName], ["Jane", "Smith"]);
    assert.notEqual(put.name.formatted, "Mona Octocat");
    assert.deepEqual(await organization.user(id), put);
  },
);

quirk("missing-organization-role", "a PUT or PATCH without an org role leaves it as it is; so does null", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const { id } = await organization.createUser(ada.userName, { statsigOrgRole: "Admin" });
  assertStatus(await okta.put(`/Users/${id}`, oktaUser(person(ada.userName, "Augusta", "King"))), 200);
  assertStatus(await okta.put(`/Users/${id}`, oktaUser(ada, { statsigOrgRole: null })), 200);
  assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", value: { displayName: "A. L." } }), 200);
  assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", value: { statsigOrgRole: null } }), 200);
  assert.equal((await organization.user(id)).statsigOrgRole, "Admin");
});

quirk("owner-unchanged", "the Owner's own values again are no change, and no error", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const owner = await organization.owner();
  assert.equal(owner.statsigOrgRole, "Owner");
  await organization.unchangedBy(async () => {
    assert.deepEqual(assertStatus(await okta.put(`/Users/${owner.id}`, owner), 200), owner);
    const { statsigOrgRole, ...unmapped } = owner;
    assert.deepEqual(assertStatus(await okta.put(`/Users/${owner.id}`, unmapped), 200), owner);
    const again = { op: "replace", value: { active: true, statsigOrgRole: "owner" } };
    assert.deepEqual(assertStatus(await okta.patch(`/Users/${owner.id}`, again), 200), owner);
  });
});

quirk("owner-deactivated", "the Owner cannot be deactivated", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const owner = await organization.owner();
  const { statsigOrgRole, ...unmapped } = owner;
  for (const attempt of [
    () => okta.put(`/Users/${owner.id}`, { ...owner, active: false }),
    () => okta.put(`/Users/${owner.id}`, { ...unmapped, active: false }),
    () => okta.patch(`/Users/${owner.id}`, operation.active(false)),
    () => okta.patch(`/Users/${owner.id}`, { op: "Replace", path: "active", value: "False" }),
  ]) {
    assertError(await organization.unchangedBy(attempt), 400, { detail: /Owner cannot be modified/ });
  }
});

quirk("case-of-organization-roles", "an org role is read in any case and shown in its own", async () => {
  const organization = await createOrganization(worker);
  const { id, statsigOrgRole } = await organization.createUser(ada.userName, { statsigOrgRole: "admin" });
  assert.equal(statsigOrgRole, "Admin");
  const roles = [];
  for (const sent of ["MEMBER", "aDMIN", "member"]) {
    const body = oktaUser(ada, { statsigOrgRole: sent });
    assertStatus(await organization.okta.put(`/Users/${id}`, body), 200);
    roles.push((await organization.user(id)).statsigOrgRole);
  }
  assert.deepEqual(roles, ["Member", "Admin", "Member"]);
  const odd = oktaUser(ada, { statsigOrgRole: "Emperor" });
  const answer = await organization.unchangedBy(() => organization.okta.put(`/Users/${id}`, odd));
  assertError(answer, 400, { scimType: "invalidValue", detail: /Emperor/ });
});

quirk("urn-with-a-dot", "the org role under its full URN is the same attribute", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser(ada.userName);
  const path = `${SCHEMA.user}:statsigOrgRole`;
  for (const [op, value] of [
    ["Replace", "Admin"],
    ["Add", "member"],
    ["replace", "ADMIN"],
  ]) {
    const patched = assertStatus(await organization.entra.patch(`/Users/${id}`, { op, path, value }), 200);
    assert.equal(patched.statsigOrgRole.toLowerCase(), value.toLowerCase());
    assert.ok(!(path in patched));
    assert.deepEqual(patched.schemas, [SCHEMA.user]);
    assert.deepEqual(await organization.user(id), patched);
  }
});

quirk("filtered-path-without-a-match", "PATCH of a filtered mail that does not exist creates it", async () => {
  const organization = await createOrganization(worker, { settings: { email_management: true } });
  for (const op of ["Add", "Replace"]) {
    const userName = `${op}@okta.local`;
    const { id } = await organization.createUser(userName, { emails: [{ type: "home", value: "home@okta.local" }] });
    const operations = { op, path: 'emails[type eq "work"].value', value: "work@okta.local" };
    const { emails } = assertStatus(await organization.entra.patch(`/Users/${id}`, operations), 200);
    const bare = emails.map(({ type, value }) => ({ type, value }));
    assert.deepEqual(bare, [
      { type: "home", value: "home@okta.local" },
      { type: "work", value: "work@okta.local" },
    ]);
    assert.deepEqual((await organization.user(id)).emails, emails);
    assertListOf(
      await organization.entra.find("/Users", `emails[type eq "work"].value eq "work@okta.local" and id eq "${id}"`),
      [id],
    );
  }
});

quirk("dotted-keys", "dotted keys in a PATCH without path set the sub-attribute", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser(ada.userName, { title: "Countess" });
  const value = { displayName: "Bjfe", "name.givenName": "Kkom", [`${SCHEMA.enterprise}:employeeNumber`]: "Aklq" };
  assertStatus(await organization.entra.patch(`/Users/${id}?aadOptscim062020`, { op: "replace", value }), 200);
  const user = await organization.user(id);
  assert.deepEqual([user.displayName, user.name.givenName, user.title], ["Bjfe", "Kkom", "Countess"]);
  assert.equal(user.name.familyName, "User");
  assert.deepEqual(user[SCHEMA.enterprise], { employeeNumber: "Aklq" });
  assert.deepEqual([...user.schemas].sort(), [SCHEMA.user, SCHEMA.enterprise].sort());
  for (const literal of ["name.givenName", `${SCHEMA.enterprise}:employeeNumber`]) assert.ok(!(literal in user));
});

quirk("patch-that-fails-midway", "a PATCH of which one operation fails changes nothing", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const { id } = await organization.createUser(ada.userName);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const refused = [
    [
      `/Users/${id}`,
      { op: "replace", path: "title", value: "Countess" },
      { op: "replace", path: "active", value: "perhaps" },
    ],
    [`/Users/${id}`, { op: "replace", value: { title: "Countess" } }, { op: "explode", path: "title" }],
    // A deactivation would be carried out all the same; see tests/scim/users/deactivate.test.mjs.
    [
      `/Users/${id}`,
      { op: "add", path: "nickName", value: "Ada" },
      { op: "replace", value: { statsigOrgRole: "Emperor" } },
    ],
    [`/Groups/${group.id}`, operation.addMembers([id]), operation.addMembers(["no-such-user"])],
    [`/Groups/${group.id}`, operation.addMembers([id]), operation.rename(group.id, "Another Name")],
  ];
  for (const [path, good, bad] of refused) {
    for (const operations of [
      [good, bad, good],
      [bad, good],
    ]) {
      assertError(await organization.unchangedBy(() => okta.patch(path, ...operations)), 400);
    }
  }
});
