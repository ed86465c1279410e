// The people and groups of the server, in memory.

import { randomUUID } from "node:crypto";
import { SCHEMA } from "../../helpers/schema.mjs";
import { ScimError } from "./error.mjs";
import { keyOf } from "./filter.mjs";
import { patch } from "./patch.mjs";
import { KEPT } from "./schemas.mjs";

const NAMES = { Users: "userName", Groups: "displayName" };

export class Directory {
  #has;
  #resources = { Users: new Map(), Groups: new Map() };
  #base;
  #clock = Date.parse("2026-01-01T00:00:00Z");

  constructor(base, has) {
    this.#base = base;
    this.#has = has;
  }

  /** All resources of the type in the order of their lists, as they are shown. */
  all(type) {
    const listed = [...this.#resources[type].values()].map((resource) => this.#shown(type, resource));
    if (!this.#has("order-of-changes")) return listed;
    return listed.sort((a, b) => (a.meta.lastModified < b.meta.lastModified ? -1 : 1));
  }

  get(type, id) {
    const resource = this.#resources[type].get(id);
    if (!resource) throw new ScimError(404, `There is no resource ${id}.`);
    return this.#shown(type, resource);
  }

  create(type, body) {
    const id = randomUUID();
    const now = this.#now();
    const resource = { id, meta: { created: now, lastModified: now, version: 1 } };
    this.#write(type, resource, body);
    this.#resources[type].set(id, resource);
    return this.get(type, id);
  }

  replace(type, id, body) {
    if (this.#has("put-creates") && !this.#resources[type].has(id)) {
      this.#resources[type].set(id, { id, meta: { created: this.#now(), lastModified: this.#now(), version: 1 } });
    }
    const known = this.#known(type, id);
    if (this.#has("other-id-refused") && body.id !== undefined && body.id !== id) {
      throw new ScimError(400, "id cannot be written.", "mutability");
    }
    if (this.#has("user-name-refused") && type === "Users" && body.userName !== known.userName) {
      throw new ScimError(400, "userName cannot be changed.", "mutability");
    }
    if (this.#has("own-name-refused") && type === "Groups" && known.displayName === body.displayName) {
      throw new ScimError(409, "The name exists.", "uniqueness");
    }
    const { id: _, meta, ...attributes } = known;
    const kept = this.#has("put-keeps") ? attributes : {};
    const next = { id, meta: { ...meta } };
    // RFC 7644 section 3.5.1 leaves open what an absent `active` or `members` means.
    const defaults = { active: known.active, members: known.members };
    const sent = this.#has("put-keeps") ? withoutNulls(body) : { ...body };
    if (this.#has("user-name-stays") && type === "Users") sent.userName = known.userName;
    if (this.#has("put-adds-addresses") && type === "Users") sent.emails = [...known.emails, ...body.emails];
    if (this.#has("empty-members-ignored") && body.members?.length === 0) sent.members = known.members;
    if (this.#has("put-adds-members") && type === "Groups") {
      const ids = [...(known.members ?? []), ...(body.members ?? [])].map(({ value }) => value);
      sent.members = [...new Set(ids)].map((value) => ({ value }));
    }
    this.#write(type, next, { ...defaults, ...kept, ...sent }, known);
    if (this.#has("formatted-wins") && body.name?.formatted) {
      next.name = { ...next.name, givenName: body.name.formatted.split(" ")[0] };
    }
    return this.#changed(type, next);
  }

  patch(type, id, operations) {
    const known = this.#known(type, id);
    const draft = this.#has("patch-in-part") ? known : structuredClone(known);
    patch(draft, operations, this.#has);
    const next = { id, meta: { ...known.meta } };
    this.#write(type, next, draft, known);
    return this.#changed(type, next);
  }

  delete(type, id) {
    const known = this.#known(type, id);
    if (this.#has("delete-deactivates") && type === "Users") {
      known.active = false;
      return;
    }
    this.#resources[type].delete(id);
    if (type === "Groups" && this.#has("group-takes-people")) {
      for (const { value } of known.members ?? []) this.#resources.Users.delete(value);
    }
    if (type === "Users" && !this.#has("deleted-members-stay")) this.#leaveGroups(id);
  }

  #known(type, id) {
    this.get(type, id);
    return this.#resources[type].get(id);
  }

  #leaveGroups(id) {
    for (const group of this.#resources.Groups.values()) {
      group.members = group.members?.filter(({ value }) => value !== id);
    }
  }

  /** Copies what the type keeps from the body, and checks it. `known` is the resource before the change. */
  #write(type, resource, body, known) {
    if (body === null || typeof body !== "object") throw new ScimError(400, "The body is no object.", "invalidSyntax");
    for (const name of KEPT[type]) {
      const value = body[keyOf(body, name)];
      const isNothing = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
      if (!isNothing && !this.#ignores(name)) resource[name] = structuredClone(value);
    }
    if (this.#has("unknown-attributes-refused") && "rehearsalColor" in body) {
      throw new ScimError(400, "rehearsalColor is no attribute.", "invalidSyntax");
    }
    if (type === "Users") this.#completeUser(resource, body);
    else this.#completeGroup(resource, known);
    this.#checkName(type, resource);
  }

  #ignores(name) {
    return this.#has("schema-lists-too-much") && name === "timezone";
  }

  #completeUser(user, body) {
    if (typeof user.userName !== "string") {
      throw new ScimError(this.#has("no-user-name-is-500") ? 500 : 400, "userName is missing.", "invalidValue");
    }
    if (this.#has("user-name-lowered")) user.userName = user.userName.toLowerCase();
    user.active ??= true;
    if (this.#has("names-stay-absent") && !user.name) return;
    const { givenName = user.userName, familyName = user.userName, formatted: _, ...name } = user.name ?? {};
    user.name = { ...name, givenName, familyName, formatted: `${givenName} ${familyName}` };
    user.emails ??= [{ value: user.userName, type: "work", primary: true }];
    if (this.#has("password-shown") && body.password) user.password = body.password;
  }

  #completeGroup(group, known) {
    if (this.#has("rename-refused") && known && known.displayName !== group.displayName) {
      throw new ScimError(400, "A group keeps its name.", "mutability");
    }
    for (const { value } of group.members ?? []) {
      if (this.#resources.Users.has(value)) continue;
      if (this.#has("unknown-member-is-500")) throw new ScimError(500, "Foreign key.");
      const which = this.#has("unknown-member-unnamed") ? "such person" : `person ${value}`;
      throw new ScimError(400, `There is no ${which}.`, "invalidValue");
    }
    group.members &&= group.members.map(({ value }) => ({ value }));
  }

  #checkName(type, resource) {
    const attribute = NAMES[type];
    const name = resource[attribute]?.toLowerCase();
    if (this.#has("duplicates-accepted")) return;
    for (const other of this.#resources[type].values()) {
      if (other.id === resource.id || other[attribute]?.toLowerCase() !== name) continue;
      if (this.#has("duplicate-case-accepted") && other[attribute] !== resource[attribute]) continue;
      const status = this.#has("duplicate-is-400") ? 400 : 409;
      throw new ScimError(
        status,
        `${resource[attribute]} exists.`,
        this.#has("no-scim-type") ? undefined : "uniqueness",
      );
    }
  }

  #changed(type, resource) {
    const { id, meta } = resource;
    if (!this.#has("version-stays")) meta.version += 1;
    meta.lastModified = this.#now();
    this.#resources[type].set(id, resource);
    if (type === "Users" && resource.active === false && this.#has("deactivation-deletes")) {
      this.#resources.Users.delete(id);
    }
    return this.#shown(type, resource);
  }

  /** Every change has a time of its own. */
  #now() {
    this.#clock += 1000;
    return new Date(this.#clock).toISOString();
  }

  #shown(type, { id, meta, ...attributes }) {
    const location = `${this.#base}/${type}/${id}`;
    const shownMeta = { resourceType: type.slice(0, -1), ...meta, location, version: `W/"${meta.version}"` };
    const isEnterprise = SCHEMA.enterprise in attributes;
    const core = type === "Users" ? SCHEMA.user : SCHEMA.group;
    const shown = { schemas: [core, ...(isEnterprise ? [SCHEMA.enterprise] : [])], id, ...attributes, meta: shownMeta };
    if (type === "Users" && !this.#has("groups-of-people-missing")) shown.groups = this.#groupsOf(id);
    if (type === "Groups")
      shown.members = (shown.members ?? []).slice(0, this.#has("members-truncated") ? 2 : undefined);
    return shown;
  }

  #groupsOf(id) {
    const groups = [...this.#resources.Groups.values()];
    const own = groups.filter(({ members = [] }) => members.some(({ value }) => value === id));
    return own.map((group) => ({ value: group.id, display: group.displayName }));
  }
}

const withoutNulls = (body) => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
