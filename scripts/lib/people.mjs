// The people of a made-up company: the nth is always the same, and no two have the same userName.
import { createHash } from "node:crypto";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

// Some are not ASCII, as in every large company: these people are folded by more than SQLite's lower().
const GIVEN = [
  "Ada",
  "Björn",
  "Chloé",
  "Dinesh",
  "Émile",
  "Farida",
  "Grace",
  "Hiro",
  "Øyvind",
  "Jürgen",
  "Keiko",
  "Łucja",
];
const FAMILY = [
  "Abara",
  "Brandt",
  "Çelik",
  "Dubois",
  "Eriksson",
  "Fischer",
  "García",
  "Haddad",
  "Ito",
  "Jansen",
  "Kaya",
];
const JOBS = [
  ["Engineering", "Software Engineer"],
  ["Engineering", "Site Reliability Engineer"],
  ["Sales", "Account Executive"],
  ["Support", "Support Specialist"],
  ["Finance", "Controller"],
  ["People", "Recruiter"],
  ["Marketing", "Campaign Manager"],
];
const PLACES = [
  ["en-US", "America/New_York", "+1-555"],
  ["de-DE", "Europe/Berlin", "+49-30"],
  ["ja-JP", "Asia/Tokyo", "+81-3"],
];

const of = (list, number) => list[number % list.length];
const ascii = (name) =>
  name
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();

/**
 * The attributes of the nth person as an identity provider sends them, in the order in which they are stored.
 * @param manager the manager's id, if there is one
 */
export function person(n, { domain, manager }) {
  const givenName = of(GIVEN, n);
  const familyName = of(FAMILY, Math.floor(n / GIVEN.length));
  const [department, title] = of(JOBS, n);
  const [locale, timezone, dialling] = of(PLACES, n);
  const number = String(n).padStart(6, "0");
  const userName = `${ascii(givenName)}.${ascii(familyName)}.${n}@${domain}`;
  return {
    schemas: [USER, ENTERPRISE],
    externalId: `00u${createHash("sha1").update(userName).digest("hex").slice(0, 17)}`,
    userName,
    name: { formatted: `${givenName} ${familyName}`, familyName, givenName },
    displayName: `${givenName} ${familyName}`,
    title,
    userType: n % 20 === 19 ? "Contractor" : "Employee",
    locale,
    timezone,
    emails: [
      { value: userName, type: "work", primary: true },
      ...(n % 4 === 3 ? [{ value: `Private.${n}@Mail.example`, type: "home" }] : []),
    ],
    phoneNumbers: [{ value: `${dialling}-${number}`, type: "work" }],
    [ENTERPRISE]: {
      employeeNumber: number,
      costCenter: `CC-${n % 40}`,
      department,
      ...(manager ? { manager: { value: manager } } : {}),
    },
  };
}
