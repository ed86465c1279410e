// Which texts are equal (RFC 7644 sections 5 and 7.8): whatever differs only in width, case or composition (PRECIS, RFC
// 8265). What was sent is shown as it was sent.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { post, sendBulk } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

// Each pair is one text in two forms.
const FORMS = {
  "a letter with its mark": ["jose\u0301", "José"],
  "marks in another order": ["va\u0323\u0302n", "va\u0302\u0323n"],
  "a mark more or less composed": ["vạ\u0302n", "Vận"],
  "Hangul in letters": ["\u1100\u1161\u11a8", "각"],
  "full-width letters": ["Ａｎｎ．Ｂ", "ann.b"],
  "half-width katakana": ["ﾀﾞｲｷ", "ダイキ"],
  "a letter that is another's double": ["\u212bsa", "åsa"],
  "small and capital letters with marks": ["ÇAG\u0306LA", "çağla"],
};

describe("userName", () => {
  for (const [what, [one, other]] of Object.entries(FORMS)) {
    test(`is the same with ${what}`, async () => {
      const organization = await createOrganization(worker, { settings: { email_management: true } });
      const { okta } = organization;
      const [first, second] = [`${one}@acme.test`, `${other}@acme.test`];
      const created = await organization.createUser(first);
      assert.equal(created.userName, first);
      assertError(await okta.post("/Users", { userName: second }), 409, {
        scimType: "uniqueness",
        detail: new RegExp(created.id),
      });
      for (const filter of [`userName eq "${second}"`, `emails.value eq "${second}"`, `userName sw "${other}"`]) {
        assertListOf(await okta.find("/Users", filter), [created.id]);
      }
      const another = await organization.createUser("another@acme.test");
      const rename = (value) => ({ op: "replace", path: "userName", value });
      assertError(await okta.patch(`/Users/${another.id}`, rename(second)), 409, { scimType: "uniqueness" });
      assertError(await okta.put(`/Users/${another.id}`, { userName: second }), 409, { scimType: "uniqueness" });
      const bulk = await sendBulk(okta, [post("/Users", "a", { userName: second })]);
      assert.equal(assertStatus(bulk, 200).Operations[0].status, "409");
      // The same person may be spelled anew.
      assert.equal(assertStatus(await okta.patch(`/Users/${created.id}`, rename(second)), 200).userName, second);
      assertListOf(await okta.find("/Users", `userName eq "${first}"`), [created.id]);
    });
  }

  test("keeps its stored spelling where SCIM does not manage email, and is no change", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const jose = await organization.createUser("jose\u0301@acme.test");
    const put = assertStatus(await okta.put(`/Users/${jose.id}`, { ...jose, userName: "José@ACME.test" }), 200);
    assert.equal(put.userName, "jose\u0301@acme.test");
    assert.equal(put.meta.version, jose.meta.version);
  });

  test("that is spelled with letters of full width belongs to the same email domain", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["E\u0301cole.test"] } });
    const { okta } = organization;
    const ann = await organization.createUser("ann＠ÉCOLE．test");
    assertListOf(await okta.find("/Users", 'userName eq "ann@école.test"'), [ann.id]);
    assertError(await okta.post("/Users", { userName: "ann@e\u0300cole.test" }), 400, {
      detail: /not allowed to be created/,
    });
  });

  test("is found by the console, and the same person is not added twice", async () => {
    const organization = await createOrganization(worker);
    const added = await organization.addMember("jose\u0301@acme.test");
    await organization.admin.call("POST", organization.path("/members"), { user_name: "JOSÉ@acme.test" }, 409);
    for (const search of ["josé", "JOSE\u0301@", "ｊose\u0301"]) {
      const path = organization.path(`/members?search=${encodeURIComponent(search)}`);
      const { members } = await organization.admin.get(path);
      assert.deepEqual(
        members.map(({ id }) => id),
        [added.id],
        search,
      );
    }
    const { entries } = await organization.admin.get(
      organization.path(`/log?resource=${encodeURIComponent("josé@acme.test")}`),
    );
    assert.equal(entries[0].resource_id, added.id);
  });
});

describe("a filter", () => {
  let okta;
  let rene;
  before(async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    await organization.createUser("rene@acme.test", { name: { givenName: "Rene", familyName: "Plain" } });
    rene = await organization.createUser("rene\u0301@acme.test", {
      name: { givenName: "Rene\u0301", familyName: "＂Müller＂" },
      displayName: "RENÉ \uff3c{",
      nickName: "ﾚﾈ",
      externalId: "e\u0301-Ｘ",
      addresses: [{ type: "work", locality: "Malmo\u0308", streetAddress: "Storga\u030atan 1" }],
      [SCHEMA.enterprise]: { department: "Forschung fu\u0308r Ｑ", manager: { value: "e\u0301" } },
    });
  });

  for (const [filter, found] of [
    ['name.givenName eq "René"', true],
    ['name.givenName eq "RENE\u0301"', true],
    ['name.givenName co "né"', true],
    ['name.givenName sw "re"', true],
    ['name.givenName ew "e\u0301"', true],
    ['name.givenName ge "René" and name.givenName le "rene\u0301"', true],
    ['name.givenName gt "René"', false],
    ['name.givenName ne "René"', false],
    // A letter and its mark are one letter, in either form.
    ['name.givenName sw "Rene" and userName sw "rene\u0301"', false],
    ['name.givenName eq "Rene" and userName sw "rene\u0301"', false],
    ['displayName eq "rene\u0301 \\\\{"', true],
    ['nickName eq "レネ"', true],
    ['name.familyName eq "\\"MU\u0308LLER\\""', true],
    ['addresses.locality eq "malmö"', true],
    ['addresses[type eq "work" and streetAddress co "ga\u030atan"]', true],
    ['addresses[type eq "work" and streetAddress co "GÅTAN"]', true],
    ['emails.value eq "RENÉ@acme.test"', true],
    ['emails[type eq "ｗｏｒｋ" and value sw "rené"]', true],
    ['emails.value co "né@"', true],
    ['department ew "für q"', true],
    // Exact in case, but not in composition; width is the client's own.
    ['externalId eq "é-Ｘ"', true],
    ['externalId eq "e\u0301-Ｘ"', true],
    ['externalId sw "é"', true],
    ['externalId eq "É-Ｘ"', false],
    ['externalId eq "é-X"', false],
  ]) {
    test(`${filter} finds ${found ? "the user" : "no user"}`, async () => {
      const answer = await okta.find("/Users", `(${filter}) and userName ne "rene@acme.test"`);
      const body = assertStatus(answer, 200);
      const ids = body.Resources.map(({ id }) => id).filter((id) => id === rene.id);
      assert.deepEqual(ids, found ? [rene.id] : []);
    });
  }

  test("finds what is shown as it was sent", async () => {
    const shown = assertStatus(await okta.get(`/Users/${rene.id}`), 200);
    assert.equal(shown.name.givenName, "Rene\u0301");
    assert.equal(shown.name.familyName, "＂Müller＂");
    assert.equal(shown.displayName, "RENÉ \uff3c{");
    assert.equal(shown.externalId, "e\u0301-Ｘ");
  });

  test("in the path of a PATCH names the same value", async () => {
    const path = 'addresses[locality eq "MALMÖ"].postalCode';
    const answer = await okta.patch(`/Users/${rene.id}`, { op: "replace", path, value: "211 45" });
    assert.equal(assertStatus(answer, 200).addresses[0].postalCode, "211 45");
  });

  test("sorts equal texts as equal", async () => {
    const names = ["zoe\u0308", "Zoe\u0301", "ｚoë", "zoé"];
    const organization = await createOrganization(worker);
    for (const [i, familyName] of names.entries()) {
      await organization.createUser(`${i}@acme.test`, { name: { givenName: "X", familyName } });
    }
    const sorted = await organization.okta.list("/Users", {
      filter: 'name.givenName eq "x"',
      sortBy: "name.familyName",
    });
    assert.deepEqual(
      assertStatus(sorted, 200).Resources.map(({ userName }) => userName[0]),
      ["1", "3", "0", "2"],
    );
  });
});

describe("names of groups", () => {
  for (const [what, [one, other]] of Object.entries(FORMS)) {
    test(`are the same with ${what}`, async () => {
      const organization = await createOrganization(worker, { settings: { plain_groups: true } });
      const { okta } = organization;
      const { id } = assertStatus(await okta.post("/Groups", { ...oktaGroup(one, []), externalId: one }), 201);
      assertError(await okta.post("/Groups", oktaGroup(other, [])), 409, { scimType: "uniqueness" });
      assertListOf(await okta.find("/Groups", `displayName eq "${other}"`), [id]);
      assertListOf(await okta.find("/Groups", `externalId eq "${one.normalize("NFC")}"`), [id]);
      const shown = await organization.group(id);
      assert.deepEqual([shown.displayName, shown.externalId], [one, one]);
      const rename = (value) => ({ op: "replace", value: { id, displayName: value } });
      const second = assertStatus(await okta.post("/Groups", oktaGroup("Second", [])), 201);
      assertError(await okta.patch(`/Groups/${second.id}`, rename(other)), 409, { scimType: "uniqueness" });
      assertStatus(await okta.patch(`/Groups/${id}`, rename(other)), 204);
      assert.equal((await organization.group(id)).displayName, other);
    });
  }

  test("of projects, roles and teams are, too", async () => {
    const organization = await createOrganization(worker, { projects: { "Cafe\u0301": ["Inge\u0301nieur"] } });
    const { okta, admin } = organization;
    const role = await organization.groupNamed("STATSIG-CAFÉ-INGÉNIEUR");
    assert.equal(role.displayName, "Statsig-Cafe\u0301-Inge\u0301nieur");
    await admin.call("POST", organization.path("/projects"), { name: "Café" }, 409);
    const twice = { name: "Other", roles: ["É", "e\u0301"] };
    await admin.call("POST", organization.path("/projects"), twice, 400);
    // The same name again is no change.
    const put = await okta.put(`/Groups/${role.id}`, oktaGroup("Statsig-Café-Ingénieur", []));
    assert.equal(assertStatus(put, 200).displayName, role.displayName);
    const team = assertStatus(await okta.post("/Groups", oktaGroup("Ｓtatsig－Café－Ко\u0308－Ｍember", [])), 201);
    assert.equal(team.displayName, "Statsig-Cafe\u0301-Ко\u0308-Member");
    assertError(await okta.post("/Groups", oktaGroup("Statsig-Cafe\u0301-КӦ-Member".toLowerCase(), [])), 409);
  });
});
