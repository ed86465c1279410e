// Okta's side of provisioning: the requests an app sends for each thing an admin does, in order, as captured from real
// tenants. Every method asserts what Okta needs of the answers, and nothing else.

import assert from "node:assert/strict";
import { assertStatus, memberIds } from "./assert.mjs";
import { members, oktaGroup, oktaUser, operation } from "./bodies.mjs";

class OktaApp {
  constructor(scim) {
    this.scim = scim;
  }

  /** "Test Connector Configuration", with Import Groups ticked. */
  async testConnection() {
    for (let i = 0; i < 3; i++) assertStatus(await this.scim.list("/Users", { startIndex: 1, count: 2 }), 200);
    assertStatus(await this.scim.list("/Groups", { startIndex: 1, count: 100 }), 200);
  }

  async findUser(userName) {
    const answer = await this.scim.find("/Users", `userName eq "${userName}"`);
    return assertStatus(answer, 200).Resources[0];
  }

  async findGroup(displayName) {
    const answer = await this.scim.find("/Groups", `displayName eq "${displayName}"`);
    return assertStatus(answer, 200).Resources[0];
  }

  /**
   * Assigns a person to the app: looked up, then created, or linked (which is also the way back for an inactive one).
   */
  async assign(profile, attributes) {
    const found = await this.findUser(profile.userName);
    if (found) return this.link(found.id, profile, attributes);
    const created = await this.scim.post("/Users", oktaUser(profile, attributes));
    const user = assertStatus(created, 201);
    assert.ok(user?.id, "Create new user returned empty user");
    return user;
  }

  /**
   * Sends the whole profile over what the server has: its own `id`, `meta` and stale `name.formatted` come back to it.
   */
  async pushProfile(id, profile, attributes = {}) {
    const { displayName, externalId, emails, groups, locale, name, userName } = oktaUser(profile);
    const known = assertStatus(await this.scim.get(`/Users/${id}`), 200);
    const mapped = { displayName, externalId, emails, groups, locale, userName, ...attributes };
    const body = { ...known, ...mapped, name: { ...known.name, ...name } };
    return assertStatus(await this.scim.put(`/Users/${id}`, body), 200);
  }

  /** Makes the app's group of this name hold exactly these people: linked if it exists, created if not. */
  async pushGroup(displayName, ids) {
    const found = await this.findGroup(displayName);
    const group = found ?? assertStatus(await this.scim.post("/Groups", oktaGroup(displayName)), 201);
    assert.ok(group.id);
    await this.setMembers(group.id, displayName, ids);
    return group;
  }

  /** "Unlink pushed group", with "Delete the group in the target app". */
  async deleteGroup(id) {
    assertStatus(await this.scim.delete(`/Groups/${id}`), 204);
  }

  /** "Import Now": all pages of people, then all of groups. */
  async importEverything() {
    return { users: await this.scim.importPages("/Users"), groups: await this.scim.importPages("/Groups") };
  }
}

/** An app from the App Integration Wizard: every write of a user or group is a PUT. */
export class CustomApp extends OktaApp {
  link(id, profile, attributes) {
    return this.pushProfile(id, profile, { ...attributes, active: true });
  }

  /** The server's own answer with `active: false` and nothing else changed. */
  async deactivate(id) {
    const known = assertStatus(await this.scim.get(`/Users/${id}`), 200);
    assertStatus(await this.scim.put(`/Users/${id}`, { ...known, active: false }), 200);
  }

  async setMembers(id, displayName, ids) {
    assertStatus(await this.scim.get(`/Groups/${id}`), 200);
    const answer = await this.scim.put(`/Groups/${id}`, { id, ...oktaGroup(displayName, ids) });
    assert.deepEqual([answer.status, answer.body.id, answer.body.displayName], [200, id, displayName], answer.text);
  }

  /** GET, change, PUT: a server that truncates `members` loses them here. */
  async changeMembers(id, displayName, { add = [], remove = [] }) {
    const known = assertStatus(await this.scim.get(`/Groups/${id}`), 200);
    const kept = memberIds(known).filter((member) => !remove.includes(member));
    const body = { ...known, displayName, members: [...members(kept), ...members(add)] };
    assertStatus(await this.scim.put(`/Groups/${id}`, body), 200);
  }
}

/** An app of the OIN catalog: PATCH for activation and for groups, PUT for the profile. */
export class CatalogApp extends OktaApp {
  async link(id, profile, attributes) {
    await this.#patch(`/Users/${id}`, operation.active(true));
    return this.pushProfile(id, profile, attributes);
  }

  async deactivate(id) {
    await this.#patch(`/Users/${id}`, operation.active(false));
  }

  async setMembers(id, displayName, ids) {
    await this.#patch(`/Groups/${id}`, operation.replaceMembers(ids));
    await this.#rename(id, displayName);
  }

  async changeMembers(id, displayName, { add = [], remove = [] }) {
    const removals = remove.map(operation.removeMember);
    await this.#patch(`/Groups/${id}`, ...removals, ...(add.length > 0 ? [operation.addMembers(add)] : []));
    await this.#rename(id, displayName);
  }

  /** Follows every change of members, also when the name is the same. */
  async #rename(id, displayName) {
    assertStatus(await this.scim.get(`/Groups/${id}`), 200);
    await this.#patch(`/Groups/${id}`, operation.rename(id, displayName));
  }

  async #patch(path, ...operations) {
    const answer = await this.scim.patch(path, ...operations);
    assert.ok([200, 204].includes(answer.status), `${answer.path} -> ${answer.status} ${answer.text}`);
  }
}
