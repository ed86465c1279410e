// The part of `npm run screenshots` that needs Node 22: pages of the demo organization, in light, in dark, and on a
// phone.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openBrowser } from "./browser.mjs";
import { signIn, take } from "./camera.mjs";
import { adminApi, demoOrganization, newKey } from "./demo.mjs";
import { entraPictures } from "./entra-pictures.mjs";
import { openWorker, schema } from "./local-worker.mjs";
import { oktaPictures } from "./okta-pictures.mjs";
import { root } from "./paths.mjs";
import { person } from "./people.mjs";
import { main, Problem, step } from "./run.mjs";

// The name of the picture, and the address; {organization} is the id of the demo organization, {member} and {group} of
// a member and a group of it, {joiner} of a person who came into sixty groups, {pushed} of a group pushed three times.
// {project} and {team} are ids of a project and a team of it, {former} and {latest} of the two imports on record.
// {braked} is the id of an organization whose brake is engaged by the key {culprit}, {run} of an undo in {undone}.
const PAGES_FOR_ANYBODY = [["sign-in", "/console/sign-in"]];
const PAGES = [
  ["organizations", "/console/organizations"],
  ["keys", "/console/organizations/{organization}/keys"],
  ["members", "/console/organizations/{organization}/members"],
  ["members-search", "/console/organizations/{organization}/members?search=de&provider=seen&sort=changed&count=25"],
  ["member", "/console/organizations/{organization}/members/{member}"],
  ["member-removal", "/console/organizations/{organization}/members/{member}?remove=ask"],
  ["projects", "/console/organizations/{organization}/projects"],
  ["project", "/console/organizations/{organization}/projects/{project}"],
  ["team", "/console/organizations/{organization}/projects/{project}/teams/{team}"],
  ["group", "/console/organizations/{organization}/groups/{group}"],
  ["log", "/console/organizations/{organization}/log"],
  ["member-history", "/console/organizations/{organization}/members/{joiner}#history"],
  ["group-history", "/console/organizations/{organization}/groups/{pushed}#history"],
  ["imports", "/console/organizations/{organization}/imports"],
  ["imports-compared", "/console/organizations/{organization}/imports/compare?from={former}&to={latest}"],
  ["health", "/console/organizations/{organization}/health"],
  ["export", "/console/organizations/{organization}/export"],
  ["products", "/console/organizations/{organization}/products"],
  ["setup-links", "/console/organizations/{organization}/setup-links"],
  ["webhooks", "/console/organizations/{organization}/webhooks"],
  ["permissions", "/console/organizations/{organization}/permissions?on=project&role=Member"],
  ["settings", "/console/organizations/{organization}/settings"],
  ["setup-links", "/console/organizations/{organization}/setup-links"],
  ["brake-banner", "/console/organizations/{braked}/members"],
  ["brake", "/console/organizations/{braked}/brake"],
  ["undo-preview", "/console/organizations/{braked}/undo?key={culprit}&since=2026-01-01"],
  ["undo-run", "/console/organizations/{undone}/undo/{run}"],
];

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
// How pages look, and which of them are pictured so.
const LOOKS = [
  ["", { colorScheme: "light", viewport: DESK }, () => true],
  ["-dark", { colorScheme: "dark", viewport: DESK }, (page) => ["keys", "log"].includes(page)],
  [
    "-phone",
    { colorScheme: "light", viewport: PHONE, isMobile: true, hasTouch: true },
    (page) => ["members", "log"].includes(page),
  ],
];

const FOLDER = join(root, "docs/screenshots");

// Only pictures whose names begin so are taken.
const [browserPath, beginning = ""] = process.argv.slice(2);
const isWanted = (name) => name.startsWith(beginning);
await main(async () => {
  const data = mkdtempSync(join(tmpdir(), "scim-edge-screenshots-"));
  const token = randomBytes(32).toString("hex");
  const worker = await openWorker({ folder: data, bindings: { ADMIN_TOKEN: token } });
  const browser = await openBrowser(browserPath);
  try {
    const database = await worker.database();
    await database.prepare(schema()).run();
    const api = adminApi(worker.url, token);
    const organization = await demoOrganization(api);
    const places = {
      organization,
      ...(await liven(worker.url, api, organization)),
      ...(await harm(worker.url, api)),
      ...(await storedPlaces(database, organization)),
    };
    const pictures = []; // written when all of them are there
    for (const [suffix, look, isPictured] of LOOKS) {
      const context = await browser.newContext({ ...look, baseURL: worker.url, deviceScaleFactor: 2 });
      const tab = await context.newPage();
      const takeAll = async (pages) => {
        for (const [page, path] of pages.filter(([page]) => isPictured(page) && isWanted(`${page}${suffix}`))) {
          const name = `${page}${suffix}.png`;
          const address = path.replace(/\{(\w+)\}/g, (_, place) => places[place]);
          pictures.push({ name, png: await step(name, () => take(tab, address)) });
        }
      };
      await takeAll(PAGES_FOR_ANYBODY);
      await signIn(tab, token);
      await takeAll(PAGES);
      for (const picturesOf of suffix === "" ? [oktaPictures, entraPictures] : []) {
        pictures.push(...(await picturesOf({ url: worker.url, api, tab, isWanted })));
      }
      await context.close();
    }
    if (beginning === "") rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, png } of pictures) writeFileSync(join(FOLDER, name), png);
  } finally {
    await browser.close();
    await worker.close();
    rmSync(data, { recursive: true });
  }
});

/** Calls the SCIM API of the Worker at `url` as an identity provider with that key. */
function scimApi(url, key) {
  const scim = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/scim+json" };
    const response = await fetch(`${url}/scim/${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return text ? JSON.parse(text) : {};
  };
  const find = async (path, filter) => (await scim("GET", `${path}?filter=${encodeURIComponent(filter)}`)).Resources[0];
  const patch = (path, ...Operations) =>
    scim("PATCH", path, { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations });
  return { scim, find, patch };
}

/** Requests of an identity provider in the demo organization: pushed people and a group, an import, and failures. */
async function liven(url, api, organization) {
  const { scim, find, patch } = scimApi(url, await newKey(api, organization));

  const people = [];
  for (let number = 0; number < 40; number++)
    people.push(await scim("POST", "Users", person(number, { domain: "example.com" })));
  const group = await find("Groups", 'displayName eq "Statsig-Demo-Engineer"');
  const member = people[3];
  await patch(`Groups/${group.id}`, {
    op: "add",
    path: "members",
    value: people.slice(0, 8).map(({ id }) => ({ value: id })),
  });
  await patch(`Users/${member.id}`, { op: "replace", value: { title: "Engineer" } });
  await scim("POST", "Groups", { displayName: "Statsig-Demo-Data-Member", members: [{ value: member.id }] });
  await patch(`Users/${people[5].id}`, { op: "replace", value: { active: false } });
  await scim("POST", "Groups", { displayName: "Statsig-Webshop-Member", members: [] });
  await scim("POST", "Users", person(7, { domain: "example.com" }));
  for (const startIndex of [1, 11, 21, 31, 41]) await scim("GET", `Users?startIndex=${startIndex}&count=10`);
  await scim("DELETE", `Users/${people[9].id}`);
  await patch(`Users/${people[10].id}`, { op: "replace", value: { active: false } });
  for (const startIndex of [1, 21, 41]) await scim("GET", `Users?startIndex=${startIndex}&count=20`);
  const joiner = await joinSixtyGroups(scim, patch);
  const pushed = await pushThreeTimes(scim, find, people);
  return { member: member.id, group: group.id, joiner, pushed };
}

/** Ids that no answer has: of a team and its project, and of the imports that were noted after their answers. */
async function storedPlaces(database, organization) {
  const rows = async (query) => (await database.prepare(query).bind(organization).all()).results;
  const [{ project, team }] = await rows(
    "SELECT p.id AS project, t.id AS team FROM teams t JOIN projects p ON p.id = t.project_id WHERE p.org_id = ?1",
  );
  // The Worker writes some seconds later when a key was used.
  const used = "SELECT id FROM auth_keys WHERE org_id = ?1 AND last_used_at IS NOT NULL";
  for (let tries = 0; (await rows(used)).length === 0; tries++) {
    if (tries > 60) throw new Problem("The Worker did not write when a key was used.");
    await setTimeout(500);
  }
  const imports = await rows("SELECT id FROM imports WHERE org_id = ?1 AND resource = 'Users' ORDER BY id");
  const [former, latest] = imports.map(({ id }) => encodeURIComponent(id));
  return { project, team, former, latest };
}

/** Two organizations in which an identity provider deactivates people until the brake engages; in one it is undone. */
async function harm(url, api) {
  const deactivated = async (name) => {
    const user_name = "olivia.owner@example.com";
    const { id } = await api("organizations", { name, owner: { user_name, given_name: "Olivia" } });
    await api(`organizations/${id}/projects`, { name: "Web Shop" });
    const { scim, find, patch } = scimApi(url, await newKey(api, id));
    const people = [];
    for (let number = 0; number < 30; number++)
      people.push(await scim("POST", "Users", person(number, { domain: "example.com" })));
    const group = await find("Groups", 'displayName eq "Statsig-Web Shop-Member"');
    const value = people.map(({ id }) => ({ value: id }));
    await patch(`Groups/${group.id}`, { op: "add", path: "members", value });
    const { id: key, key: secret } = await api(`organizations/${id}/keys`, {});
    const wrong = scimApi(url, secret);
    const setActive = (by, { id }, active) => by.patch(`Users/${id}`, { op: "replace", value: { active } });
    for (const one of people) await setActive(wrong, one, false);
    // One of them was looked at by hand since.
    for (const active of [true, false]) await setActive({ patch }, people[0], active);
    return { id, key };
  };
  const { id: braked, key: culprit } = await deactivated("Acme Retail");
  const { id: undone, key } = await deactivated("Acme Logistics");
  const { id: run } = await api(`organizations/${undone}/undo`, { selection: { key, since: "2026-01-01" } });
  for (let status = "running"; status === "running"; )
    ({ status } = await api(`organizations/${undone}/undo/${run}/steps`, {}));
  return { braked, culprit, undone, run };
}

/** The life of a person: renamed, made an Admin, deactivated, brought back, in sixty groups. Resolves with the id. */
async function joinSixtyGroups(scim, patch) {
  const { id } = await scim("POST", "Users", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "eva.novak@example.com",
    name: { givenName: "Eva", familyName: "Nowak" },
    emails: [{ value: "eva.novak@example.com", primary: true }],
    title: "Dr",
  });
  const replace = (value) => patch(`Users/${id}`, { op: "replace", value });
  await replace({ "name.familyName": "Novak", title: "Prof" });
  await replace({ statsigOrgRole: "Admin" });
  const join = (number) =>
    scim("POST", "Groups", { displayName: `Statsig-Demo-Team ${number}-Member`, members: [{ value: id }] });
  for (let number = 1; number <= 12; number++) await join(number);
  await replace({ active: false });
  await replace({ active: true });
  for (let number = 13; number <= 72; number++) await join(number);
  return id;
}

/** A group whose members are replaced three times. Resolves with its id. */
async function pushThreeTimes(scim, find, people) {
  const group = await find("Groups", 'displayName eq "Statsig-Web-Shop EU-Member"');
  for (const [from, to] of [
    [6, 36],
    [7, 37],
    [7, 34],
  ]) {
    const members = people.slice(from, to).map(({ id }) => ({ value: id }));
    await scim("PUT", `Groups/${group.id}`, { displayName: group.displayName, members });
  }
  return group.id;
}
