// Request bodies, key for key as the identity providers send them.

import { createHash } from "node:crypto";
import { SCHEMA } from "./schema.mjs";

/** The profile of a person in the identity provider. */
export function person(userName, givenName = "Test", familyName = "User") {
  return { userName, givenName, familyName };
}

/** Okta's POST /Users. The password comes even with Sync Password off, `groups` although it is read-only. */
export function oktaUser({ userName, givenName, familyName }, extra = {}) {
  return {
    schemas: [SCHEMA.user],
    userName,
    name: { givenName, familyName },
    emails: [{ primary: true, value: userName, type: "work" }],
    displayName: `${givenName} ${familyName}`,
    locale: "en-US",
    externalId: `00u${createHash("sha1").update(userName).digest("hex").slice(0, 17)}`,
    groups: [],
    password: "1mz050nq",
    active: true,
    ...extra,
  };
}

/** Okta's POST /Groups. */
export function oktaGroup(displayName, memberIds = []) {
  return { schemas: [SCHEMA.group], displayName, members: members(memberIds) };
}

/** Entra ID's POST /Users. */
export function entraUser({ userName, givenName, familyName }, extra = {}) {
  return {
    schemas: [SCHEMA.user, SCHEMA.enterprise],
    externalId: `0a21-${userName}`,
    userName,
    active: true,
    emails: [{ primary: true, type: "work", value: userName }],
    meta: { resourceType: "User" },
    name: { formatted: `${givenName} ${familyName}`, familyName, givenName },
    roles: [],
    ...extra,
  };
}

/** Entra ID's POST /Groups: a schema of its own, the object id as externalId, no `members`. */
export function entraGroup(displayName, externalId) {
  return {
    schemas: [SCHEMA.group, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
    externalId,
    displayName,
    meta: { resourceType: "Group" },
  };
}

/** `members` as Okta fills it: `display` is a text of its own, which the service ignores. */
export function members(ids) {
  return ids.map((value) => ({ value, display: `${value}@okta.local` }));
}

/** PATCH operations, as the catalog apps of Okta send them. */
export const operation = {
  addMembers: (ids) => ({ op: "add", path: "members", value: members(ids) }),
  removeMember: (id) => ({ op: "remove", path: `members[value eq "${id}"]` }),
  replaceMembers: (ids) => ({ op: "replace", path: "members", value: members(ids) }),
  rename: (id, displayName) => ({ op: "replace", value: { id, displayName } }),
  active: (active) => ({ op: "replace", value: { active } }),
};
