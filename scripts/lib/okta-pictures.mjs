// What the console shows while an administrator connects Okta step by step: the pictures of docs/guides/okta.md.
import { createHash } from "node:crypto";
import { album, deeds, find, scimClient } from "./played-client.mjs";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";

const ENGINEERS = "Statsig-Web Shop-Engineer";
const TEAM = "Statsig-Web Shop-Payments-Member";

/** People who are in the organization before Okta is: more than one page of an import. */
const COLLEAGUES = 104;

/**
 * Plays a custom app of Okta in an organization of its own, and takes a picture after each step.
 * @param api calls the admin API of the Worker at `url`; `tab` is signed in to its console; `isWanted` says of a name
 * whether there is to be a picture
 * @returns `{ name, png }` of each picture
 */
export async function oktaPictures({ url, api, tab, isWanted }) {
  const { id } = await api("organizations", {
    name: "Acme",
    owner: { user_name: "olivia.owner@acme.example", given_name: "Olivia", family_name: "Owner" },
  });
  const inside = (path, body) => api(`organizations/${id}/${path}`, body);
  const page = (path) => `/console/organizations/${id}/${path}`;
  const { pictures, picture } = album(tab, isWanted);

  await tab.goto(page("keys"));
  await tab.click("button[value=generate]");
  const key = (await tab.textContent("#new-key")).trim();
  await picture("okta-key", undefined, ["section.key"]);
  await picture("okta-fields", undefined, ["section:has(#okta-heading)"]);

  const scim = scimClient(url, key);
  await scim("GET", "/Users?startIndex=1&count=2");
  await picture("okta-tested", page("keys"), ["section:has(#key-heading)", "section:has(#key-heading) .facts"]);

  const project = await inside("projects", { name: "Web Shop", roles: ["Engineer"] });
  for (let number = 1; number <= COLLEAGUES; number++) {
    const [given_name, family_name] = ["Colleague", String(number)];
    await inside("members", { user_name: `colleague.${number}@acme.example`, given_name, family_name });
  }
  for (const startIndex of [1, 101]) await scim("GET", `/Users?startIndex=${startIndex}&count=100`);
  await scim("GET", "/Groups?startIndex=1&count=100");
  await picture("okta-imported", page("imports"), ["h1", "main table"]);

  const ada = await scim("POST", "/Users", oktaUser("ada.lovelace@acme.example", "Ada", "Lovelace"));
  const grace = await scim("POST", "/Users", oktaUser("grace.hopper@acme.example", "Grace", "Hopper"));
  const known = await find(scim, "/Users", 'userName eq "colleague.7@acme.example"');
  const linked = oktaUser("colleague.7@acme.example", "Sam", "Seven");
  await scim("PUT", `/Users/${known.id}`, { ...known, ...linked });
  await picture("okta-assigned", page("log"), deeds(3));

  const ofProject = page(`projects/${project.id}`);
  const roles = ["h1", "[aria-labelledby=roles] table"];
  await picture("okta-roles", ofProject, roles);
  const engineers = await find(scim, "/Groups", `displayName eq "${ENGINEERS}"`);
  const push = (group, people) => scim("PUT", `/Groups/${group.id}`, oktaGroup(group.displayName, people));
  await push(engineers, [ada, grace]);
  await picture("okta-linked", ofProject, roles);
  await picture("okta-pushed", page("log"), deeds(1));

  await scim.refused("PUT", `/Groups/${engineers.id}`, oktaGroup("Engineers", [ada, grace]));
  await tab.goto(page("log"));
  await tab.click("#entries li summary");
  await picture("okta-refused", undefined, deeds(1));

  await scim("PUT", `/Users/${ada.id}`, { ...ada, statsigOrgRole: "Admin" });
  await picture("okta-role", page(`members/${ada.id}`), ["h1", "section[aria-label=Person]"]);

  const team = await scim("POST", "/Groups", oktaGroup(TEAM, []));
  await push(team, [grace]);
  await picture("okta-team", ofProject, ["#teams", "[aria-labelledby=teams] table"]);
  await picture("okta-team-created", page("log"), deeds(2));
  await scim("DELETE", `/Groups/${team.id}`);
  await picture("okta-team-deleted", page("log"), deeds(1));

  await scim("PUT", `/Users/${grace.id}`, { ...grace, active: false });
  await picture("okta-unassigned", page("log"), deeds(1));
  return pictures;
}

function oktaUser(userName, givenName, familyName) {
  return {
    schemas: [USER],
    userName,
    name: { givenName, familyName },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: `${givenName} ${familyName}`,
    externalId: `00u${createHash("sha1").update(userName).digest("hex").slice(0, 17)}`,
    active: true,
  };
}

function oktaGroup(displayName, people) {
  const members = people.map(({ id, userName }) => ({ value: id, display: userName }));
  return { schemas: [GROUP], displayName, members };
}
