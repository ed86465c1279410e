// Quirks of identity providers in headers and keys, and in how they take errors (docs/idp-quirks.md).

import assert from "node:assert/strict";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { quirk } from "../../helpers/quirk.mjs";
import { whileFailing, withoutTable } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

quirk("any-accept-header", "any Accept header is served, and answered in application/scim+json", async () => {
  const { okta } = await createOrganization(worker);
  const accepts = [
    "application/scim+json",
    "application/scim+json; charset=utf-8",
    "application/json",
    "*/*",
    "text/html",
  ];
  for (const Accept of accepts) {
    // The client asserts the content type of every answer.
    assertStatus(await okta.send("GET", "/Users?startIndex=1&count=2", undefined, { Accept }), 200);
  }
  const silent = okta.with({ provider: { always: {}, withBody: {} } });
  assertStatus(await silent.get("/Users?startIndex=1&count=2"), 200);
});

quirk("content-type-of-a-body", "JSON is read under both content types, with and without charset", async () => {
  const { okta } = await createOrganization(worker);
  const types = [
    "application/json",
    "application/json; charset=utf-8",
    "application/scim+json",
    "application/scim+json; charset=utf-8",
    "Application/SCIM+JSON;charset=UTF-8",
  ];
  for (const [i, type] of types.entries()) {
    const body = oktaUser(person(`typed${i}@okta.local`));
    const created = assertStatus(await okta.send("POST", "/Users", body, { "Content-Type": type }), 201);
    assert.equal(created.userName, body.userName);
    assertStatus(await okta.send("PUT", `/Users/${created.id}`, body, { "Content-Type": type }), 200);
  }
});

quirk("wrong-key", "a wrong key is answered with a SCIM error that says what is wrong", async () => {
  const { okta, key } = await createOrganization(worker);
  const wrong = {
    "non-token": /scim-/,
    "Bearer non-token": /scim-/,
    "Basic c2NpbTpzY2lt": /Bearer|scim-/,
    "": /./,
    [`Bearer ${key.key.slice(0, -1)}`]: /malformed|truncated|incomplete|length|characters/i,
    "Bearer ": /./,
  };
  for (const [Authorization, detail] of Object.entries(wrong)) {
    const answer = await okta.send("GET", "/Users?startIndex=1&count=2", undefined, { Authorization });
    assertError(answer, 401, { scimType: undefined, detail });
  }
  assertError(await okta.with({ key: null }).get("/Users"), 401, { scimType: undefined });
});

/** One request to every route, none of which can be answered without the database. */
function everyRequest(okta, user, group) {
  const requests = [
    okta.get("/Users"),
    okta.find("/Users", 'userName eq "person@okta.local"'),
    okta.get(`/Users/${user.id}`),
    okta.post("/Users", oktaUser(person("late@okta.local"))),
    okta.put(`/Users/${user.id}`, oktaUser(person(user.userName, "Late"))),
    okta.patch(`/Users/${user.id}`, operation.active(false)),
    okta.delete(`/Users/${user.id}`),
    okta.get("/Groups"),
    okta.find("/Groups", 'displayName eq "Statsig-Demo-Member"'),
    okta.get(`/Groups/${group.id}`),
    okta.post("/Groups", oktaGroup("Statsig-Demo-Late-Member", [user.id])),
    okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, [user.id])),
    okta.patch(`/Groups/${group.id}`, operation.addMembers([user.id])),
    okta.delete(`/Groups/${group.id}`),
  ];
  return Promise.all(requests);
}

/** Whatever fails, the reader gets a SCIM error, and nothing of SQL or of the machinery. */
function assertFailsInScim(answer) {
  assert.ok(
    [429, 500, 503].includes(answer.status),
    `${answer.method} ${answer.path} -> ${answer.status} ${answer.text}`,
  );
  assertError(answer, answer.status, { scimType: undefined });
  assert.doesNotMatch(answer.text, /SQLITE|no such table|D1_ERROR|auth_keys|panick|unreachable|\.rs\b/);
}

quirk(
  "failing-database",
  "with the database broken, every answer is still a SCIM error, and nothing is half done",
  async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const user = await organization.createUser("person@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Admin");
    await organization.unchangedBy(async () => {
      // Without the table of keys no key can be checked. That is no 401, after which Okta would give up every task.
      const answers = await withoutTable(worker, "auth_keys", () => everyRequest(okta, user, group));
      for (const answer of answers) assertFailsInScim(answer);
    });
    await withoutTable(worker, "users", async () => {
      for (const answer of await everyRequest(okta, user, group)) {
        if (answer.path.includes("/Users")) assertFailsInScim(answer);
      }
    });
    assertStatus(await okta.get(`/Users/${user.id}`), 200);
  },
);

quirk(
  "overloaded-database",
  "an overloaded database is 429 with whole seconds: Okta then waits and tries again by itself",
  async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const { id } = await organization.createUser("person@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Admin");
    for (const [change, write] of [
      ["INSERT ON users", () => okta.post("/Users", oktaUser(person("late@okta.local")))],
      ["UPDATE ON users", () => okta.patch(`/Users/${id}`, operation.active(false))],
      ["INSERT ON memberships", () => okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, [id]))],
    ]) {
      const overloaded = () => whileFailing(worker, change, "D1 DB is overloaded. Too many requests queued.", write);
      const answer = await organization.unchangedBy(overloaded);
      assertError(answer, 429, { scimType: undefined });
      assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
      assert.doesNotMatch(answer.text, /D1|SQLITE/);
    }
  },
);
