// Names and addresses have no invisible characters, and group names do not imitate the prefix: people could not
// tell one from another by looking.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdminApi } from "../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { post, sendBulk } from "../helpers/bulk.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const settings = { email_management: true, plain_groups: true };

// Each character and what it is.
const HIDDEN = {
  "a zero-width space": "\u200b",
  "a zero-width joiner": "\u200d",
  "a zero-width non-joiner": "\u200c",
  "a byte order mark": "\ufeff",
  "a word joiner": "\u2060",
  "a soft hyphen": "\u00ad",
  "a right-to-left override": "\u202e",
  "a right-to-left mark": "\u200f",
  "a bidirectional isolate": "\u2066",
  "an Arabic letter mark": "\u061c",
  "a carriage return": "\r",
  "a tab": "\t",
  "a delete": "\x7f",
  "a C1 control": "\x85",
  "a line separator": "\u2028",
  "a Hangul filler": "\u3164",
  "a variation selector": "\ufe0f",
  "a tag": "\u{e0061}",
  "a combining grapheme joiner": "\u034f",
  "a Mongolian vowel separator": "\u180e",
};
const codeOf = (character) => `U\\+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

for (const [what, character] of Object.entries(HIDDEN)) {
  const named = (attribute) => ({
    scimType: "invalidValue",
    detail: new RegExp(
      `^(Operations\\[0\\]: )?"${attribute}" must not contain the invisible character ${codeOf(character)}`,
    ),
  });
  const name = `a${character}nn`;
  const mail = `${name}@acme.test`;

  test(`${what} is refused in userName and addresses`, async () => {
    const organization = await createOrganization(worker, { settings });
    const { okta } = organization;
    const ann = await organization.createUser("ann@acme.test");
    const path = `/Users/${ann.id}`;
    await organization.unchangedBy(async () => {
      const emails = (value, type) => [
        { value: "ann@acme.test", type: "work" },
        { value, type },
      ];
      assertError(await okta.post("/Users", { userName: mail }), 400, named("userName"));
      assertError(
        await okta.post("/Users", { userName: "b@acme.test", emails: emails(mail, "home") }),
        400,
        named("emails.value"),
      );
      assertError(await okta.put(path, { ...ann, userName: mail }), 400, named("userName"));
      assertError(await okta.put(path, { ...ann, emails: emails(mail, "other") }), 400, named("emails.value"));
      const patch = (path, value) => ({ op: "replace", path, value });
      assertError(await okta.patch(path, patch("userName", mail)), 400, named("userName"));
      assertError(await okta.patch(path, patch('emails[type eq "work"].value', mail)), 400, named("emails.value"));
      assertError(await okta.patch(path, { op: "add", value: { emails: emails(mail) } }), 400, named("emails.value"));
      const bulk = assertStatus(await sendBulk(okta, [post("/Users", "a", { userName: mail })]), 200);
      assert.equal(bulk.Operations[0].status, "400");
      assert.match(bulk.Operations[0].response.detail, named("userName").detail);
    });
    const member = { user_name: mail };
    const refused = await organization.admin.call("POST", organization.path("/members"), member, 400);
    assert.match(refused.detail, new RegExp(codeOf(character)));
    // People's names have what their spelling needs.
    assertStatus(await okta.patch(path, { op: "replace", path: "name.givenName", value: name }), 200);
  });

  test(`${what} is refused in names of groups, projects, roles, teams and organizations`, async () => {
    const organization = await createOrganization(worker, { settings, projects: { Demo: ["Engineer"] } });
    const { okta, admin } = organization;
    const plain = assertStatus(await okta.post("/Groups", oktaGroup("Plain", [])), 201);
    const role = await organization.groupNamed("Statsig-Demo-Engineer");
    const { projects } = await admin.get(organization.path("/projects"));
    await organization.unchangedBy(async () => {
      for (const display of [
        `Pl${character}ain`,
        `Statsig-Demo-T${character}m-Member`,
        `S${character}tatsig-Demo-Member`,
      ]) {
        assertError(await okta.post("/Groups", oktaGroup(display, [])), 400, named("displayName"));
      }
      for (const id of [plain.id, role.id]) {
        const displayName = `Statsig-Demo-E${character}ngineer`;
        const rename = { op: "replace", value: { id, displayName } };
        assertError(await okta.patch(`/Groups/${id}`, rename), 400, named("displayName"));
        assertError(await okta.put(`/Groups/${id}`, oktaGroup(displayName, [])), 400, named("displayName"));
      }
      const inside = organization.path(`/projects/${projects[0].id}`);
      for (const [method, path, body] of [
        ["POST", organization.path("/projects"), { name }],
        ["POST", organization.path("/projects"), { name: "Other", roles: [name] }],
        ["PATCH", inside, { name }],
        ["POST", `${inside}/roles`, { name }],
        ["POST", `${inside}/teams`, { name }],
        ["PATCH", organization.path(), { name }],
      ]) {
        const { detail } = await admin.call(method, path, body, 400);
        assert.match(detail, new RegExp(`'s name must not contain the (invisible )?character ${codeOf(character)}`));
      }
    });
  });
}

test("a name of blank characters alone is refused", async () => {
  const organization = await createOrganization(worker, { settings });
  for (const blank of ["\u2800", "\u2800\u2800", "\u3164", "\uffa0", "\u00a0", "\u2003\u3000"]) {
    assertError(await organization.okta.post("/Groups", oktaGroup(blank, [])), 400);
    assertError(await organization.okta.post("/Users", { userName: blank }), 400);
    await organization.admin.call("POST", organization.path("/projects"), { name: blank }, 400);
  }
});

test("letters of any script, with their marks, and symbols are welcome", async () => {
  const organization = await createOrganization(worker, { settings });
  for (const name of [
    "Jose\u0301",
    "नमस्ते",
    "עִבְרִית",
    "عمر",
    "\u1112\u1161\u11ab",
    "🛠 Platform",
    "한글",
    "a\u00a0b",
    "½ ™",
  ]) {
    const group = assertStatus(await organization.okta.post("/Groups", oktaGroup(name, [])), 201);
    assert.equal(group.displayName, name);
    assert.equal((await organization.createUser(`${name}@acme.test`)).userName, `${name}@acme.test`);
  }
});

test("names that are stored already stay, and can be changed", async () => {
  const organization = await createOrganization(worker, { settings });
  const { okta } = organization;
  const ann = await organization.createUser("ann_@acme.test");
  const group = assertStatus(await okta.post("/Groups", oktaGroup("Pla_in", [])), 201);
  await worker.sql(
    `UPDATE users SET doc = replace(doc, 'ann_', 'ann' || char(8203)),
       user_name_fold = replace(user_name_fold, '_', char(8203)) WHERE id = ?1`,
    ann.id,
  );
  await worker.sql(
    `UPDATE groups SET display_name = 'Pla' || char(8203) || 'in', name_fold = 'pla' || char(8203) || 'in'
     WHERE id = ?1`,
    group.id,
  );
  const stored = await organization.user(ann.id);
  assert.equal(stored.userName, "ann\u200b@acme.test");
  const path = `/Users/${ann.id}`;
  assert.deepEqual(assertStatus(await okta.put(path, stored), 200), stored);
  assert.equal(assertStatus(await okta.put(path, { ...stored, title: "Chief" }), 200).title, "Chief");
  const added = [...stored.emails, { value: "ann@home.test", type: "home" }];
  assert.equal(assertStatus(await okta.put(path, { ...stored, emails: added }), 200).emails.length, 2);
  assert.equal(assertStatus(await okta.patch(path, { op: "replace", value: { active: false } }), 200).active, false);
  assert.equal(assertStatus(await okta.put(path, { ...stored, active: true }), 200).active, true);
  assertListOf(await okta.find("/Users", `userName eq "${stored.userName}"`), [ann.id]);
  const put = await okta.put(`/Groups/${group.id}`, oktaGroup("Pla\u200bin", [ann.id]));
  assert.equal(assertStatus(put, 200).displayName, "Pla\u200bin");
  const rename = { op: "replace", value: { id: group.id, displayName: "Plain" } };
  assertStatus(await okta.patch(`/Groups/${group.id}`, rename), 204);
});

describe("a name that looks as if it began with the prefix", () => {
  const DASHES = [
    "\u2010",
    "\u2011",
    "\u2012",
    "\u2013",
    "\u2014",
    "\u2015",
    "\u2212",
    "\ufe58",
    "\ufe63",
    "\u2043",
    "\u30fc",
  ];
  for (const dash of DASHES) {
    test(`with ${dash} for the hyphen makes no plain group`, async () => {
      const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
      const { okta } = organization;
      const plain = assertStatus(await okta.post("/Groups", oktaGroup("Plain", [])), 201);
      await organization.unchangedBy(async () => {
        for (const prefix of ["Statsig", "STATSIG", "Ｓtatsig"]) {
          const name = `${prefix}${dash}Demo${dash}Member`;
          const told = {
            scimType: "invalidValue",
            detail: new RegExp(`looks like "Statsig-", but has the character ${codeOf(dash)}`),
          };
          assertError(await okta.post("/Groups", oktaGroup(name, [])), 400, told);
          const rename = { op: "replace", value: { id: plain.id, displayName: name } };
          assertError(await okta.patch(`/Groups/${plain.id}`, rename), 400, told);
          assertError(await okta.put(`/Groups/${plain.id}`, oktaGroup(name, [])), 400, told);
        }
      });
    });
  }

  test("in full width is the prefix", async () => {
    const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
    const { okta } = organization;
    assertError(await okta.post("/Groups", oktaGroup("Ｓｔａｔｓｉｇ－Ｄｅｍｏ－Ｍｅｍｂｅｒ", [])), 409);
    assertError(await okta.post("/Groups", oktaGroup("Ｓtatsig－Nowhere－Member", [])), 400, {
      detail: /Project creation is not supported via SCIM/,
    });
    // Elsewhere in a name, a dash is a dash.
    assertStatus(await okta.post("/Groups", oktaGroup("Research – Statsig", [])), 201);
  });

  test("is refused where there are no plain groups, too, and says why", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const answer = await organization.okta.post("/Groups", oktaGroup("Statsig–Demo–Member", []));
    assertError(answer, 400, { detail: /U\+2013/ });
  });
});

test("an email domain has the lengths of the domain name system", async () => {
  const label = "a".repeat(63);
  const longest = `${label}.${label}.${label}.${"b".repeat(61)}`;
  const organization = await createOrganization(worker);
  const { mail_domains } = await organization.configure({ mail_domains: [longest] });
  assert.deepEqual(mail_domains, [longest]);
  const refused = async (domain, said) => {
    const { detail } = await organization.admin.call("PATCH", organization.path(), { mail_domains: [domain] }, 400);
    assert.match(detail, said);
    assert.ok(detail.length < 300);
    const body = { name: "Long", owner: { user_name: "o@acme.test" }, mail_domains: [domain] };
    assert.match((await new AdminApi(worker).call("POST", "/organizations", body, 400)).detail, said);
  };
  await refused(`${longest}b`, /has 254 characters; a domain has at most 253/);
  await refused(`${label}a.com`, /has a label of 64 characters/);
  await refused("a.".repeat(400_000), /characters; a domain has at most 253/);
});
