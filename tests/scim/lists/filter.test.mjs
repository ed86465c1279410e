// What each operator and each rule of a filter means (RFC 7644 section 3.4.2.2), on people that fit on one page.
// filters.property.test.mjs tries the rules in every combination.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
const ids = {};

const PEOPLE = {
  ada: {
    name: { givenName: "Ada", familyName: "O'Malley" },
    title: "Countess",
    userType: "Employee",
    externalId: "Ext-1",
    emails: [
      { value: "ada@example.com", type: "work", primary: true },
      { value: "ada@home.test", type: "home", display: "Home" },
    ],
    photos: [{ value: "https://x.test/Ada.png", type: "photo" }],
    x509Certificates: [{ value: "AAEC" }],
  },
  bjensen: {
    name: { givenName: "Babs", familyName: "Jensen" },
    title: "Tour Guide",
    userType: "employee",
    emails: [
      { value: "babs@example.org", type: "home" },
      { value: "bjensen@work.test", type: "work" },
    ],
    [SCHEMA.enterprise]: { department: "Tours", manager: { value: "ada's id" } },
  },
  jim: {
    name: { givenName: "Jim", familyName: "Straße" },
    userType: "Intern",
    active: false,
    emails: [{ value: "jim\u{10FFFF}@other.test", type: "work", primary: false }],
    ims: [{ value: "jim@foo.com", type: "xmpp" }],
  },
  odysseus: {
    name: { givenName: "ΟΔΥΣΣΕΥΣ", familyName: "100%_İ" },
    title: "\u{1F451} King",
    displayName: `Odysseus ${"İ".repeat(150)}`,
  },
};

/** The names of the resources of a list, in its order. */
function namesIn(answer) {
  const { Resources, totalResults } = assertStatus(answer, 200);
  assert.equal(totalResults, Resources.length);
  return Resources.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id)).join(" ");
}

/** Asserts which resources each filter finds. */
async function assertFound(path, all, cases) {
  const found = [];
  for (const [filter] of cases) found.push([filter, namesIn(await organization.okta.find(path, filter))]);
  const expected = cases.map(([filter, names]) => [filter, names === "all" ? all : names]);
  assert.deepEqual(found, expected);
}
const assertUsers = (...cases) => assertFound("/Users", "owner ada bjensen jim odysseus", cases);
const assertGroups = (...cases) => assertFound("/Groups", "Crew Guides Nomads", cases);

describe("a filter", () => {
  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { okta } = organization;
    ids.owner = (await organization.owner()).id;
    for (const [userName, attributes] of Object.entries(PEOPLE)) {
      ids[userName] = assertStatus(await okta.post("/Users", { userName, ...attributes }), 201).id;
    }
    for (const [name, ...members] of [["Crew", "ada", "odysseus"], ["Guides", "bjensen"], ["Nomads"]]) {
      const memberIds = members.map((member) => ids[member]);
      ids[name] = assertStatus(await okta.post("/Groups", oktaGroup(name, memberIds)), 201).id;
    }
  });

  test("the examples of the RFC are served", () =>
    assertUsers(
      ['userName eq "bjensen"', "bjensen"],
      [`name.familyName co "O'Malley"`, "ada"],
      ['userName sw "J"', "jim"],
      ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"', "jim"],
      ["title pr", "ada bjensen odysseus"],
      ['meta.lastModified gt "2011-05-13T04:42:34Z"', "all"],
      ['meta.lastModified ge "2011-05-13T04:42:34Z"', "all"],
      ['meta.lastModified lt "2011-05-13T04:42:34Z"', ""],
      ['meta.lastModified le "2011-05-13T04:42:34Z"', ""],
      ['title pr and userType eq "Employee"', "ada bjensen"],
      ['title pr or userType eq "Intern"', "ada bjensen jim odysseus"],
      ['schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"', "bjensen"],
      ['userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")', "ada bjensen"],
      [
        'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
        "owner jim odysseus",
      ],
      ['userType eq "Employee" and (emails.type eq "work")', "ada bjensen"],
      ['userType eq "Employee" and emails[type eq "work" and value co "@example.com"]', "ada"],
      ['emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]', "ada jim"],
    ));

  test("each operator compares as its name says", () =>
    assertUsers(
      ['name.givenName eq "Ada"', "ada"],
      ['name.givenName ne "Ada"', "owner bjensen jim odysseus"],
      ['name.givenName co "b"', "bjensen"],
      ['name.givenName sw "ba"', "bjensen"],
      ['emails.value sw "jim"', "jim"],
      ['name.givenName ew "m"', "jim"],
      ['userName gt "bjensen"', "owner jim odysseus"],
      ['userName ge "bjensen"', "owner bjensen jim odysseus"],
      ['userName lt "bjensen"', "ada"],
      ['userName le "bjensen"', "ada bjensen"],
      ["nickName pr", ""],
      ["name pr", "all"],
      ["active eq false", "jim"],
      ["active ne false", "owner ada bjensen odysseus"],
      ["active pr", "all"],
      ['title sw ""', "ada bjensen odysseus"],
    ));

  test("`and` binds more than `or`, `not` and parentheses more than both, and keywords have no case", () =>
    assertUsers(
      ['userName eq "jim" or userName eq "ada" and title eq "none"', "jim"],
      ['(userName eq "jim" or userName eq "ada") and title eq "none"', ""],
      ['NOT (userName eq "jim") AND USERTYPE PR', "ada bjensen"],
      ['not (userName eq "jim" or title pr)', "owner"],
      ["not (not (title pr))", "ada bjensen odysseus"],
      ["title pr and (userType pr and (emails.display pr))", "ada"],
    ));

  test("letters are folded, all of Unicode's, unless the attribute is caseExact", () =>
    assertUsers(
      ['name.familyName eq "o\'malley"', "ada"],
      ['name.familyName eq "STRASSE"', ""],
      ['name.familyName eq "STRAßE"', "jim"],
      ['name.givenName eq "οδυσσευς"', "odysseus"],
      ['name.givenName co "ΕΥΣ"', "odysseus"],
      ['name.givenName eq "οδυσσευσ"', "odysseus"],
      ['name.familyName ew "_i̇"', "odysseus"],
      ['externalId eq "Ext-1"', "ada"],
      ['externalId eq "ext-1"', ""],
      ['photos.value co "Ada"', "ada"],
      ['photos.value co "ada"', ""],
      ['x509Certificates.value eq "AAEC"', "ada"],
      ['x509Certificates.value eq "aaec"', ""],
    ));

  test("texts are ordered by code point, also beyond the first plane", () =>
    assertUsers(['title gt "\uFDFC"', "odysseus"], ['title le "\uFDFC"', "ada bjensen"], ['title lt "tour"', "ada"]));

  test("an attribute without a value equals no value, differs from every value, and equals null", () =>
    assertUsers(
      ['title eq ""', ""],
      ['title ne "Countess"', "owner bjensen jim odysseus"],
      ['title lt "z"', "ada bjensen"],
      ['not (title eq "Countess")', "owner bjensen jim odysseus"],
      ["title eq null", "owner jim"],
      ["title ne null", "ada bjensen odysseus"],
      ['title eq "null"', ""],
      ["nickName eq null", "all"],
      ['nickName ne "x"', "all"],
      ['manager.displayName ne "x"', "all"],
    ));

  test("outside of brackets any value of a multi-valued attribute will do", () =>
    assertUsers(
      ['emails eq "ADA@HOME.TEST"', "ada"],
      ['emails.type eq "home"', "ada bjensen"],
      ['emails.type ne "work"', "ada bjensen odysseus"], // of Odysseus nothing is known
      ['not (emails.type eq "home")', "owner jim odysseus"],
      ['emails.type eq "home" and emails.value co "example.com"', "ada"],
      ["emails.display pr", "ada"],
      ["emails.display ne null", "ada"],
      ["emails.display eq null", "owner bjensen jim odysseus"],
      ["ims eq null", "owner ada bjensen odysseus"],
      ["emails eq null", "odysseus"],
      ["emails pr", "owner ada bjensen jim"],
    ));

  test("in brackets one and the same element satisfies everything", () =>
    assertUsers(
      ['emails[type eq "home" and value co "example.com"]', ""],
      ['emails[type eq "home"].value co "example.com"', ""],
      ['emails[type eq "home"].value co "example.org"', "bjensen"],
      ['emails[not (type eq "work")]', "ada bjensen"],
      ['not (emails[type eq "work"])', "odysseus"],
      ['emails[display ne "Home"]', "owner ada bjensen jim"],
      ['emails[type eq "home" and display eq null]', "bjensen"],
      ['emails[type eq "home" and (display pr or value ew ".org")]', "ada bjensen"],
      ['ims[value ne "x"]', "jim"],
      ['emails[type eq "work"] and emails[type eq "home"]', "ada bjensen"],
    ));

  test("an element that is not said to be primary is not (RFC 7643 section 2.4)", () =>
    assertUsers(
      ["emails.primary eq true", "owner ada"],
      ["emails.primary eq false", "ada bjensen jim"],
      ["emails.primary ne true", "ada bjensen jim odysseus"],
      ["emails[primary ne false]", "owner ada"],
      ['emails[primary eq false and type eq "work"]', "bjensen jim"],
      ["emails.primary pr", "owner ada jim"],
      ["emails[primary eq null]", "ada bjensen"],
      ["emails[primary ne null]", "owner ada jim"],
    ));

  test("dates are instants, however they are written", async () => {
    const { created } = (await organization.user(ids.ada)).meta;
    const moved = (milliseconds, hours = 0) =>
      new Date(Date.parse(created) + milliseconds + hours * 3_600_000).toISOString().slice(0, -1);
    const ada = 'userName eq "ada" and meta.created';
    await assertUsers(
      [`${ada} eq "${created}"`, "ada"],
      [`${ada} eq "${moved(0)}"`, "ada"], // no offset: UTC
      [`${ada} eq "${moved(0, 5)}+05:00"`, "ada"],
      [`${ada} eq "${moved(0, -9)}000000-09:00"`, "ada"],
      [`${ada} ne "${moved(0, 5)}+05:00"`, ""],
      [`${ada} eq "${moved(0)}001Z"`, ""],
      [`${ada} eq "${moved(0)}000001Z"`, ""],
      [`${ada} lt "${moved(0)}001Z" and meta.created gt "${moved(-1)}999Z"`, "ada"],
      [`${ada} ge "${moved(0, 14)}+14:00" and meta.created le "${moved(0, -12)}-12:00"`, "ada"],
      [`${ada} gt "${moved(1, 5)}+05:00"`, ""],
      [`${ada} sw "${created.slice(0, 10)}"`, "ada"],
      ["meta.created eq null", ""],
    );
  });

  test("people are found by their groups, groups by their members", async () => {
    await assertUsers(
      ['groups.display eq "CREW"', "ada odysseus"],
      [`groups eq "${ids.Guides}"`, "bjensen"],
      [`groups[value eq "${ids.Guides}" and display co "crew"]`, ""],
      [`groups.$ref ew "/Groups/${ids.Crew}"`, "ada odysseus"],
      ['groups.type eq "direct"', "ada bjensen odysseus"],
      ["groups eq null", "owner jim"],
      ['groups.display ne "Crew"', "owner bjensen jim"],
    );
    await assertGroups(
      [`members eq "${ids.ada}"`, "Crew"],
      [`members.value eq "${ids.ada.toUpperCase()}"`, ""],
      ['members.display sw "BJ"', "Guides"],
      ['members.display ew "İ"', "Crew"],
      ['members[type eq "User" and display sw "odysseus"]', "Crew"],
      [`members.$ref ew "/Users/${ids.bjensen}"`, "Guides"],
      ["not (members pr)", "Nomads"],
      ['displayName ge "guides"', "Guides Nomads"],
      ['meta.resourceType eq "Group"', "all"],
      ['meta.resourceType eq "group"', ""],
    );
  });

  test("the enterprise extension is named by its URN or without, the other common attributes as usual", () =>
    assertUsers(
      [`${SCHEMA.enterprise}:department eq "tours"`, "bjensen"],
      [`${SCHEMA.enterprise.toUpperCase()}:MANAGER.VALUE pr`, "bjensen"],
      ['manager eq "ada\'s id"', "bjensen"],
      ['manager eq "Ada\'s id"', ""],
      ['schemas co "core"', "all"],
      [`schemas ne "${SCHEMA.user}"`, "bjensen"],
      [`id eq "${ids.jim}" or ID eq "${ids.ada}"`, "ada jim"],
      [`meta.location ew "/Users/${ids.jim}"`, "jim"],
      ['userName eq "jim" and meta.version eq "W/\\"1\\""', "jim"],
      ['userName eq "jim" and meta.version eq "w/\\"1\\""', ""],
      ['statsigOrgRole eq "owner"', "owner"],
    ));

  test("the root lists both types, and what one type does not have has no value there", async () => {
    for (const [filter, names] of [
      ['userName eq "ada" or displayName eq "crew"', "ada Crew"],
      ['userName ne "ada" and not (active pr)', "Crew Guides Nomads"],
      ['meta.resourceType eq "Group" and members pr', "Crew Guides"],
      ["emails.primary eq null", "bjensen odysseus Crew Guides Nomads"],
      ['ims[value pr] or displayName eq "crew" or displayName eq "guides"', "jim Crew Guides"],
      ['not (members[type eq "User"])', "owner ada bjensen jim odysseus Nomads"],
    ]) {
      const body = { schemas: [SCHEMA.search], filter };
      assert.equal(namesIn(await organization.okta.post("/.search", body)), names, filter);
    }
  });
});
