// People: what is stored and returned, their groups, mail and deletion.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ada = person("ada@okta.local", "Ada", "Lovelace");

/** What a client may set, and must read back as it was. */
const profile = {
  externalId: "00u1ada",
  displayName: "Ada Lovelace",
  nickName: "The Enchantress",
  profileUrl: "https://okta.local/ada",
  title: "Countess",
  userType: "Employee",
  preferredLanguage: "en-GB",
  locale: "en-US",
  timezone: "Europe/London",
  phoneNumbers: [{ value: "+44 20 7946 0000", type: "work" }],
  addresses: [{ type: "work", streetAddress: "12 St James's Square", locality: "London", country: "GB" }],
  [SCHEMA.enterprise]: { employeeNumber: "1815", department: "Analytical Engines", costCenter: "7" },
};

describe("a profile", () => {
  test("is stored and returned, with the enterprise extension", async () => {
    const organization = await createOrganization(worker);
    const user = await organization.createUser(ada.userName, profile);
    for (const [name, value] of Object.entries(profile)) assert.deepEqual(user[name], value, name);
    assert.deepEqual([...user.schemas].sort(), [SCHEMA.user, SCHEMA.enterprise].sort());
    assert.deepEqual(await organization.user(user.id), user);
    assert.deepEqual(await organization.userNamed(ada.userName), user);
  });

  test("loses by PUT what is left out, except active, organization role and email", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const { id, emails } = await organization.createUser(ada.userName, { ...profile, statsigOrgRole: "Admin" });
    const bare = { schemas: [SCHEMA.user], userName: ada.userName, name: { givenName: "Ada", familyName: "King" } };
    const put = assertStatus(await okta.put(`/Users/${id}`, bare), 200);
    for (const name of Object.keys(profile)) {
      if (name !== "displayName") assert.ok(!(name in put), `${name} is still there`);
    }
    assert.deepEqual(put.schemas, [SCHEMA.user]);
    assert.deepEqual([put.active, put.statsigOrgRole, put.emails], [true, "Admin", emails]);
    assert.deepEqual(await organization.user(id), put);
  });

  test("stays inactive where a PUT does not name `active`", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser(ada.userName);
    await organization.okta.patch(`/Users/${id}`, operation.active(false));
    const { active, ...silent } = oktaUser(ada);
    assert.equal(assertStatus(await organization.okta.put(`/Users/${id}`, silent), 200).active, false);
  });

  test("changes by PATCH with and without path, and by removal", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser(ada.userName, profile);
    const patched = await organization.okta.patch(
      `/Users/${id}`,
      { op: "replace", path: "name.familyName", value: "King" },
      { op: "add", value: { title: "Programmer", name: { middleName: "Augusta" } } },
      { op: "remove", path: "nickName" },
      { op: "replace", path: `${SCHEMA.enterprise}:department`, value: "Looms" },
      { op: "remove", path: `${SCHEMA.enterprise}:costCenter` },
    );
    const user = assertStatus(patched, 200);
    assert.deepEqual(
      [user.name.givenName, user.name.middleName, user.name.familyName, user.title],
      ["Test", "Augusta", "King", "Programmer"],
    );
    assert.ok(!("nickName" in user));
    assert.deepEqual(user[SCHEMA.enterprise], { employeeNumber: "1815", department: "Looms" });
    assert.deepEqual(await organization.user(id), user);
  });

  test("has a new lastModified after a change, and the old one after none", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const before = await organization.createUser(ada.userName);
    const same = assertStatus(await okta.put(`/Users/${before.id}`, oktaUser(ada)), 200);
    const { name, displayName, meta } = before;
    assert.notDeepEqual(name, same.name, "Test User became Ada Lovelace");
    assert.notEqual(displayName, same.displayName);
    assert.ok(same.meta.lastModified > meta.lastModified);
    await organization.unchangedBy(async () => {
      assert.deepEqual(assertStatus(await okta.put(`/Users/${before.id}`, oktaUser(ada)), 200), same);
      const again = { op: "replace", value: { displayName: same.displayName } };
      assert.deepEqual(assertStatus(await okta.patch(`/Users/${before.id}`, again), 200), same);
    });
  });

  test("is filled where a client leaves the name out", async () => {
    const organization = await createOrganization(worker);
    const names = {
      formatted: [{ name: { formatted: "Mary Ann Smith" } }, ["Mary Ann", "Smith"]],
      single: [{ name: { formatted: "Cher" } }, ["Cher", "N/A"]],
      displayed: [{ displayName: "Mary Smith" }, ["Mary", "Smith"]],
      bare: [{}, ["bare", "N/A"]],
    };
    for (const [local, [attributes, expected]] of Object.entries(names)) {
      const userName = `${local}@okta.local`;
      const user = assertStatus(await organization.okta.post("/Users", { userName, ...attributes }), 201);
      assert.deepEqual([user.name.givenName, user.name.familyName], expected, local);
      assert.deepEqual(user.emails, [{ value: userName, type: "work", primary: true }]);
      assert.equal(user.active, true, "active unless said otherwise");
    }
  });
});

describe("a body", () => {
  test("may spell attribute names in any case (RFC 7643 section 2.1)", async () => {
    const organization = await createOrganization(worker);
    const body = { USERNAME: ada.userName, Name: { GIVENNAME: "Ada", familyname: "Lovelace" }, Active: false };
    const user = assertStatus(await organization.okta.post("/Users", body), 201);
    assert.deepEqual(
      [user.userName, user.name, user.active],
      [ada.userName, { familyName: "Lovelace", givenName: "Ada" }, false],
    );
  });

  test("may create a person inactive, who has no org role before they are active", async () => {
    const organization = await createOrganization(worker);
    const user = await organization.createUser(ada.userName, { active: false, statsigOrgRole: "Admin" });
    assert.deepEqual([user.active, user.statsigOrgRole], [false, "Member"]);
    assert.deepEqual(await organization.user(user.id), user);
    const activated = assertStatus(await organization.okta.patch(`/Users/${user.id}`, operation.active(true)), 200);
    assert.equal(activated.statsigOrgRole, "Admin");
  });

  test("may give an email twice, and share it with others", async () => {
    const organization = await createOrganization(worker);
    const emails = [
      { value: "ada@okta.local", type: "work", primary: true },
      { value: "ADA@okta.local", type: "work" },
      { value: "ada@okta.local", type: "home" },
      { value: "Ada@okta.local" },
    ];
    const one = await organization.createUser(ada.userName, { emails });
    const two = await organization.createUser("augusta@okta.local", { emails });
    assert.deepEqual(one.emails, emails);
    const ids = [one.id, two.id];
    assertListOf(await organization.okta.find("/Users", 'emails.value eq "ada@okta.local"'), ids);
    assertListOf(await organization.okta.find("/Users", 'emails[type eq "home"].value eq "ada@okta.local"'), ids);
    assertStatus(await organization.okta.put(`/Users/${one.id}`, one), 200);
  });

  test("may hold any character, and gets it back", async () => {
    const organization = await createOrganization(worker);
    const texts = ["日本語 – Ünïcödé", "👩‍🚀 \u202e", "\u0001\t\r\n", '"\\/<script>', "?1 :org $x @y"];
    for (const [i, displayName] of texts.entries()) {
      const { id } = await organization.createUser(`text${i}@okta.local`, { displayName });
      assert.equal((await organization.user(id)).displayName, displayName);
      const value = { displayName: `${displayName}!` };
      assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "replace", value }), 200);
      assert.equal((await organization.user(id)).displayName, value.displayName);
    }
    assert.equal((await organization.okta.importAll("/Users")).length, texts.length + 1);
  });

  test("may not hold U+0000, which SQLite's text cannot", async () => {
    const organization = await createOrganization(worker);
    const nul = oktaUser(ada, { displayName: "a\u0000b" });
    const { id } = await organization.createUser(ada.userName);
    await organization.unchangedBy(async () => {
      for (const answer of [
        await organization.okta.post("/Users", nul),
        await organization.okta.put(`/Users/${id}`, nul),
        await organization.okta.patch(`/Users/${id}`, { op: "replace", path: "displayName", value: "\u0000" }),
      ]) {
        assertError(answer, 400, { scimType: "invalidValue", detail: /displayName/ });
      }
    });
  });
});

describe("the groups of a person", () => {
  test("are shown with the person, as they are", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const { id, groups: none } = await organization.createUser(ada.userName);
    assert.deepEqual(none ?? [], []);
    const joined = [];
    for (const role of ["Admin", "Member"]) {
      const group = await organization.groupNamed(`Statsig-Demo-${role}`);
      assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
      joined.push([group.id, group.meta.location, group.displayName]);
    }
    const shown = async () =>
      (await organization.user(id)).groups.map(({ value, $ref, display }) => [value, $ref, display]);
    assert.deepEqual(await shown(), joined);
    assert.deepEqual((await organization.userNamed(ada.userName)).groups.length, 2);
    assertStatus(await okta.patch(`/Groups/${joined[0][0]}`, operation.removeMember(id)), 204);
    assert.deepEqual(await shown(), joined.slice(1));
  });
});

describe("email", () => {
  test("cannot be changed over SCIM, unless only its case changes", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const before = await organization.createUser("Ada@okta.local");
    const path = `/Users/${before.id}`;
    const otherMail = [{ value: "countess@okta.local", type: "work" }];
    for (const attempt of [
      () => okta.put(path, { ...before, userName: "countess@okta.local" }),
      () => okta.put(path, { ...before, emails: otherMail }),
      () => okta.put(path, { ...before, emails: [...before.emails, ...otherMail] }),
      () => okta.patch(path, { op: "replace", path: "userName", value: "countess@okta.local" }),
      () => okta.patch(path, { op: "replace", value: { emails: otherMail } }),
      () => okta.patch(path, { op: "replace", path: 'emails[type eq "work"].value', value: "countess@okta.local" }),
      () => okta.patch(path, { op: "remove", path: "emails" }),
    ]) {
      assertError(await organization.unchangedBy(attempt), 400, { scimType: "mutability" });
    }
    const shouted = oktaUser(person("ADA@OKTA.LOCAL"));
    const put = assertStatus(await okta.put(path, shouted), 200);
    assert.deepEqual([put.userName, put.emails], [before.userName, before.emails]);
  });

  test("can be changed where the organization manages it by SCIM", async () => {
    const organization = await createOrganization(worker, { settings: { email_management: true } });
    const { okta } = organization;
    const { id } = await organization.createUser(ada.userName);
    await organization.createUser("taken@okta.local");
    const moved = oktaUser(person("Countess@okta.local", "Ada", "Lovelace"));
    const put = assertStatus(await okta.put(`/Users/${id}`, moved), 200);
    assert.deepEqual([put.userName, put.emails], ["Countess@okta.local", moved.emails]);
    assertListOf(await okta.find("/Users", `userName eq "${ada.userName}"`), []);
    assertListOf(await okta.find("/Users", 'emails.value eq "countess@OKTA.local"'), [id]);
    for (const attempt of [
      () => okta.put(`/Users/${id}`, oktaUser(person("TAKEN@okta.local"))),
      () => okta.patch(`/Users/${id}`, { op: "replace", value: { userName: "taken@okta.local" } }),
    ]) {
      assertError(await organization.unchangedBy(attempt), 409, { scimType: "uniqueness" });
    }
    assertStatus(await okta.post("/Users", oktaUser(ada)), 201);
  });
});

describe("deletion", () => {
  test("removes the user from every group and frees the name", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const { id } = await organization.createUser(ada.userName);
    const group = await organization.groupNamed("Statsig-Demo-Member");
    await okta.patch(`/Groups/${group.id}`, operation.addMembers([id]));
    assertStatus(await okta.delete(`/Users/${id}`), 204);
    const gone = [
      await okta.get(`/Users/${id}`),
      await okta.put(`/Users/${id}`, oktaUser(ada)),
      await okta.patch(`/Users/${id}`, operation.active(true)),
      await okta.delete(`/Users/${id}`),
    ];
    for (const answer of gone) assertError(answer, 404, { scimType: undefined });
    assert.deepEqual(memberIds(await organization.group(group.id)), []);
    assertListOf(await okta.find("/Users", `userName eq "${ada.userName}"`), []);
    const again = await organization.createUser(ada.userName);
    assert.notEqual(again.id, id);
    assert.deepEqual(memberIds(await organization.group(group.id)), []);
  });
});
