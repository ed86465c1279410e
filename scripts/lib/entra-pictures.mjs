// What the console shows while an administrator connects Microsoft Entra ID: the pictures of docs/guides/entra.md.
import { album, deeds, find, scimClient } from "./played-client.mjs";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ENGINEERS = "Statsig-Web Shop-Engineer";

/**
 * Plays Entra ID's provisioning of an organization of its own, and takes a picture after each step.
 * @param api calls the admin API of the Worker at `url`; `tab` is signed in to its console; `isWanted` says of a name
 * whether there is to be a picture
 * @returns `{ name, png }` of each picture
 */
export async function entraPictures({ url, api, tab, isWanted }) {
  const { id } = await api("organizations", {
    name: "Acme",
    owner: { user_name: "olivia.owner@acme.example", given_name: "Olivia", family_name: "Owner" },
  });
  const page = (path) => `/console/organizations/${id}/${path}`;
  const { pictures, picture } = album(tab, isWanted);
  await api(`organizations/${id}/projects`, { name: "Web Shop", roles: ["Engineer"] });

  await tab.goto(page("keys"));
  await tab.click("button[value=generate]");
  const key = (await tab.textContent("#new-key")).trim();
  await picture("entra-fields", undefined, ["section:has(#entra-heading)"]);
  await tab.goto(page("settings"));
  await tab.check("[name=keep_access]");
  await picture("entra-keep-access", undefined, [".field:has([name=keep_access])"]);
  await tab.click("button[value=save]");

  const scim = scimClient(url, key);
  const patch = (path, ...Operations) => scim("PATCH", path, { schemas: [PATCH], Operations });
  const person = (name, given, family) => scim("POST", "/Users", entraUser(`${name}@acme.example`, given, family));
  const ada = await person("ada.lovelace", "Ada", "Lovelace");
  const grace = await person("grace.hopper", "Grace", "Hopper");
  await picture("entra-created", page("log"), deeds(2));

  await patch(`/Users/${ada.id}`, { op: "Add", path: `${USER}:statsigOrgRole`, value: "Admin" });
  await picture("entra-role", page("log"), deeds(1));
  const group = await find(scim, "/Groups", `displayName eq "${ENGINEERS}"`);
  const members = [ada, grace].map(({ id }) => ({ value: id }));
  await patch(`/Groups/${group.id}`, { op: "Add", path: "members", value: members });
  await picture("entra-group", page("log"), deeds(1));

  for (const value of ["False", "True"]) await patch(`/Users/${ada.id}`, { op: "Replace", path: "active", value });
  await picture("entra-activated", page("log"), deeds(2));
  return pictures;
}

function entraUser(userName, givenName, familyName) {
  return {
    schemas: [USER, ENTERPRISE],
    externalId: userName.split("@")[0],
    userName,
    active: true,
    emails: [{ primary: true, type: "work", value: userName }],
    name: { givenName, familyName },
    roles: [],
  };
}
