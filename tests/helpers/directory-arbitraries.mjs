// Random people and groups. Their values come from small pools, so that they share them, and filters find some.

import fc from "fast-check";
import { assertStatus } from "./assert.mjs";
import { oktaGroup, operation } from "./bodies.mjs";
import { createOrganization } from "./organization.mjs";
import { SCHEMA } from "./schema.mjs";

// Longer than a pattern of LIKE may be in D1 (50 bytes), than what a sort looks at, and than a displayed name.
const LONG = "Lorem ipsum ".repeat(25).trim();

/** Texts that something on the way might treat in its own manner: case, folds, quotes, patterns, bytes. */
export const TEXTS = [
  ...["Ada Lovelace", "ADA LOVELACE", "ada", "Lovelace", "b", "B", "42", "007", "4.2", "-1", "null", "true"],
  ...["Über", "ÜBER", "u\u0308ber", "Straße", "STRASSE", "İstanbul", "istanbul", "ISTANBUL", "ısparta", "Éclair"],
  ...[
    "ΟΔΥΣΣΕΥΣ",
    "οδυσσευς",
    "οδυσσευσ",
    "\u212Aelvin",
    "Kelvin",
    "渡辺 健",
    "👩‍🚀 pilot",
    "\uFF21dam",
    "각",
    "\u1100\u1161\u11A8",
    "ｶﾞ",
    "ガ",
    "e\u0301",
    "É\u0323",
    "＂＼｛｝",
    "A\u{10FFFF}b",
  ],
  ...['quo"te', "O'Malley", "back\\slash", "\\", "100%", "under_score", "a*b?c", "[a-z]", "a--b", "{}"],
  ...[" leading", "trailing ", "two  spaces", "tab\tline\nend", `${LONG}A`, `${LONG}b`, "İ".repeat(150)],
];
const text = fc.constantFrom(...TEXTS);
const kind = fc.constantFrom("work", "Work", "home", "other", "Straße");

/** Some of the attributes. */
const some = (attributes) => fc.record(attributes, { requiredKeys: [] });

/** Some elements, of which at most one is primary. */
function several(parts) {
  const element = fc.oneof({ weight: 5, arbitrary: some(parts) }, fc.constant({ value: "plain" }));
  return fc.array(element, { maxLength: 3 }).map((elements) => {
    const first = elements.findIndex(({ primary }) => primary);
    return elements.map((one, i) => (one.primary && i !== first ? { ...one, primary: false } : one));
  });
}
const labelled = (value) => several({ value, display: text, type: kind, primary: fc.boolean() });
const mail = fc.constantFrom(
  "a@b.example",
  "A@B.example",
  "ü@b.example",
  "u\u0308@B.example",
  "o'hara@c.example",
  "100%@c.example",
  "a_b@c",
);
const number = fc.constantFrom("+49 30 1234", "+49301234", "tel:+1-201-555-0123;ext=42", "(030) 12 34");
const url = fc.constantFrom("https://x.example/A.png", "https://x.example/a.png", "https://ü.example/?a=%20&b=_");
const base64 = fc.constantFrom("AAEC", "aaec", "/+8=", "MIIB");

const person = some({
  externalId: text,
  name: some({ formatted: text, familyName: text, givenName: text, middleName: text, honorificPrefix: text }),
  displayName: text,
  nickName: text,
  profileUrl: url,
  title: text,
  userType: fc.constantFrom("Employee", "employee", "Intern"),
  preferredLanguage: fc.constantFrom("de", "en-US;q=0.8"),
  locale: fc.constantFrom("en-US", "de-DE", "tr-TR"),
  timezone: fc.constantFrom("Europe/Berlin", "America/Los_Angeles"),
  active: fc.boolean(),
  statsigOrgRole: fc.constantFrom("Member", "Admin"),
  emails: labelled(mail),
  phoneNumbers: labelled(number),
  ims: labelled(text),
  photos: labelled(url),
  entitlements: labelled(text),
  roles: labelled(text),
  x509Certificates: labelled(base64),
  addresses: several({
    formatted: text,
    streetAddress: text,
    locality: text,
    postalCode: fc.constantFrom("10117", "D-10117"),
    country: fc.constantFrom("DE", "de", "TR"),
    type: kind,
    primary: fc.boolean(),
  }),
  [SCHEMA.enterprise]: some({
    employeeNumber: fc.constantFrom("1", "10", "9", "٣"),
    costCenter: text,
    organization: text,
    division: text,
    department: text,
    // A colleague's place in the list, to become an id.
    manager: some({ value: fc.nat({ max: 9 }), $ref: url }),
  }),
});

const stem = fc.constantFrom("Ada", "ÜMIT", "İda", "ΑΣ", "o'hara", "a_b%", " spaced", "max\u{10FFFF}", LONG);
const places = fc.array(fc.nat({ max: 39 }), { maxLength: 6 });

/** A directory that is yet to be made: what is posted, people and members named by their place. */
export const directory = fc.record({
  people: fc.array(fc.tuple(stem, person), { minLength: 25, maxLength: 40 }),
  groups: fc.array(fc.record({ displayName: text, externalId: fc.option(text), members: places }), {
    minLength: 4,
    maxLength: 6,
  }),
  inRoles: fc.tuple(places, places, places),
});

/** Makes the directory in an organization of its own: the groups of a project, of a team, and plain ones. */
export async function create(worker, { people, groups, inRoles }) {
  const projects = { "Demo %_": ["Ingénieur"] };
  const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects });
  const { okta } = organization;
  const ids = [];
  for (const [stem, attributes] of people) {
    // The number makes the name unique.
    const body = { userName: `${stem}${ids.length}@Okta.local`, ...withManager(attributes, ids) };
    ids.push(assertStatus(await okta.post("/Users", body), 201).id);
  }
  for (const id of ids.slice(0, 3)) {
    assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", path: "title", value: "Changed" }), 200);
  }
  const members = (places) => [...new Set(places.map((place) => ids[place % ids.length]))];
  for (const [i, { displayName, externalId, members: places }] of groups.entries()) {
    const name = `${i} ${displayName
      .slice(0, 150)
      .replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, " ")
      .trim()}`;
    assertStatus(await okta.post("/Groups", { ...oktaGroup(name, members(places)), externalId }), 201);
  }
  assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo %_-Team Ω-Member", members(inRoles[0]))), 201);
  for (const [i, role] of ["Admin", "Ingénieur"].entries()) {
    const { id } = await organization.groupNamed(`Statsig-Demo %_-${role}`);
    assertStatus(await okta.patch(`/Groups/${id}`, operation.addMembers(members(inRoles[i + 1]))), 204);
  }
  return organization;
}

/** The manager is one of the people made before, or an id that does not exist. */
function withManager(attributes, ids) {
  const { manager, ...extension } = attributes[SCHEMA.enterprise] ?? {};
  if (manager?.value === undefined) return attributes;
  const value = ids[manager.value] ?? "nobody";
  return { ...attributes, [SCHEMA.enterprise]: { ...extension, manager: { ...manager, value } } };
}
