// Organizations for the tests: each test creates its own, so none sees the users of another.

import assert from "node:assert/strict";
import { before } from "node:test";
import { AdminApi } from "./admin.mjs";
import { assertListOf, assertStatus } from "./assert.mjs";
import { oktaUser, person } from "./bodies.mjs";
import { ENTRA, OKTA, ScimClient } from "./client.mjs";

let made = 0;

/**
 * An organization with a key, ready for Okta's first request.
 * @param settings what `POST /console/api/organizations` takes besides name and owner
 * @param projects the projects by name, each with its custom roles, e.g. `{ Demo: ["Engineer"] }`
 */
export async function createOrganization(worker, { settings = {}, projects = {} } = {}) {
  const admin = new AdminApi(worker);
  const created = await admin.create("/organizations", {
    name: `Organization ${++made}`,
    owner: { user_name: "owner@okta.local", given_name: "Olga", family_name: "Owner" },
    ...settings,
  });
  const key = await admin.create(`/organizations/${created.id}/keys`);
  const organization = new Organization(worker, admin, created.id, key);
  for (const [name, roles] of Object.entries(projects)) await organization.addProject(name, roles);
  return organization;
}

/**
 * One organization for a test file whose Worker comes from useWorker.
 * @returns an object that becomes the organization (see createOrganization) once the tests run
 */
export function useOrganization(worker, options) {
  const organization = {};
  before(async () => {
    await worker.started; // hooks at the top of a file do not wait for each other
    Object.setPrototypeOf(organization, await createOrganization(worker, options));
  });
  return organization;
}

class Organization {
  constructor(worker, admin, id, key) {
    this.worker = worker;
    this.admin = admin;
    this.id = id;
    this.key = key;
    this.okta = new ScimClient(new URL("/scim", worker.url).href, key.key, OKTA);
    this.entra = this.okta.with({ provider: ENTRA });
  }

  /** The path of this organization in the admin API. */
  path(rest = "") {
    return `/organizations/${this.id}${rest}`;
  }

  configure(settings) {
    return this.admin.patch(this.path(), settings);
  }

  addKey(options) {
    return this.admin.create(this.path("/keys"), options);
  }

  deactivateKey(id) {
    return this.admin.call("POST", this.path(`/keys/${id}/deactivate`), {}, 200);
  }

  addProject(name, roles) {
    return this.admin.create(this.path("/projects"), { name, ...(roles ? { roles } : {}) });
  }

  addTeam(projectId, name) {
    return this.admin.create(this.path(`/projects/${projectId}/teams`), { name });
  }

  /** A person added in the console, not by the identity provider. */
  addMember(userName, extra = {}) {
    return this.admin.create(this.path("/members"), { user_name: userName, ...extra });
  }

  async createUser(userName, extra) {
    return assertStatus(await this.okta.post("/Users", oktaUser(person(userName), extra)), 201);
  }

  /** `count` people, created a few at a time, in any order. */
  async createUsers(count, { width = 8, stem = "person" } = {}) {
    const created = [];
    for (let first = 0; first < count; first += width) {
      const names = Array.from({ length: Math.min(width, count - first) }, (_, i) => `${stem}${first + i}@okta.local`);
      created.push(...(await Promise.all(names.map((name) => this.createUser(name)))));
    }
    return created;
  }

  async user(id) {
    return assertStatus(await this.okta.get(`/Users/${id}`), 200);
  }

  async userNamed(userName) {
    return this.#only(await this.okta.find("/Users", `userName eq "${userName}"`));
  }

  owner() {
    return this.userNamed("owner@okta.local");
  }

  async group(id) {
    return assertStatus(await this.okta.get(`/Groups/${id}`), 200);
  }

  async groupNamed(displayName) {
    return this.#only(await this.okta.find("/Groups", `displayName eq "${displayName}"`));
  }

  async #only(answer) {
    const [found] = assertStatus(answer, 200).Resources;
    assertListOf(answer, [found?.id]);
    return found;
  }

  /** Everything the identity provider can read, to compare before and after. */
  async dump() {
    return { users: await this.okta.importAll("/Users"), groups: await this.okta.importAll("/Groups") };
  }

  /** Runs `action` and asserts that nothing the identity provider can read has changed by it. */
  async unchangedBy(action) {
    const before = await this.dump();
    const result = await action();
    assert.deepEqual(await this.dump(), before);
    return result;
  }
}
