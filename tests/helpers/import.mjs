// An import as an identity provider makes it, page by page, while others change the directory.

import assert from "node:assert/strict";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus } from "./assert.mjs";
import { oktaUser, operation, person } from "./bodies.mjs";
import { createOrganization } from "./organization.mjs";

/** How a client goes on from a page: by its size (Okta), or by how many resources came (Microsoft's validator). */
export const WAYS = {
  count: ({ startIndex }, count) => startIndex + count,
  came: ({ startIndex, Resources }) => startIndex + Resources.length,
};

/** Reads a list by position until startIndex passes totalResults. */
export class Import {
  pages = [];
  startIndex = 1;
  total = 1;

  constructor(okta, path, { count, filter, way = "count" }) {
    Object.assign(this, { okta, path, count, filter, way });
  }

  get isDone() {
    return this.startIndex > this.total;
  }

  async next() {
    const { startIndex, count, filter } = this;
    const parameters = { ...(filter ? { filter } : {}), startIndex, count };
    const page = assertStatus(await this.okta.list(this.path, parameters), 200);
    assert.equal(page.startIndex, startIndex);
    assert.ok(page.Resources.length <= count, `${page.Resources.length} resources on a page of ${count}`);
    assert.equal(new Set(page.Resources.map(({ id }) => id)).size, page.Resources.length, "twice on a page");
    this.pages.push(page);
    assert.ok(this.pages.length < 10_000, "the list has no end");
    this.total = page.totalResults;
    this.startIndex = WAYS[this.way](page, count);
    // An empty page is the end for a client that goes on by how many came.
    if (this.way === "came" && page.Resources.length === 0) this.total = 0;
    return page;
  }

  /** Reads to the end; `between` is called after each page but the last, with its number from 1. */
  async finish(between = async () => {}) {
    while (!this.isDone) {
      await this.next();
      if (!this.isDone) await between(this.pages.length);
    }
    return this;
  }

  get ids() {
    return this.pages.flatMap(({ Resources }) => Resources.map(({ id }) => id));
  }

  /**
   * Asserts that each of `ids` is on a page, the first time in this order, and that every page is full, but the last,
   * which has what is left of the total. Of a list that has become shorter than a page, a page has all that is left.
   */
  assertEverybody(ids, { inOrder = true } = {}) {
    const expected = new Set(ids);
    const found = [...new Set(this.ids)].filter((id) => expected.has(id));
    assert.deepEqual(inOrder ? found : found.sort(), inOrder ? ids : ids.toSorted());
    for (const { startIndex, totalResults, Resources } of this.pages) {
      const wanted = Math.min(this.count, totalResults - startIndex + 1, ids.length);
      assert.ok(Resources.length >= wanted, `${Resources.length} of ${wanted} resources at ${startIndex}`);
    }
  }

  /** Asserts that each resource is on one page only. */
  assertOnce() {
    assert.equal(new Set(this.ids).size, this.ids.length, "a resource is on two pages");
  }

  /** Asserts that all pages say the same total. */
  assertOneTotal() {
    assert.equal(new Set(this.pages.map(({ totalResults }) => totalResults)).size, 1);
  }
}

let newcomers = 0;

/** Email domains of one in four people, which the organization may admit or not; the others' are always admitted. */
const DOMAINS = ["one.example", "two.example"];
const ALWAYS = ["example.com", "okta.local"];

/** A directory that changes, and who of it was there, and satisfied a filter, all the time since a moment. */
export class Crowd {
  #watches = new Set();
  #hidden = new Set();

  constructor(organization, people) {
    this.organization = organization;
    this.okta = organization.okta;
    this.people = people;
    this.present = new Set(people);
  }

  static async of(worker, size) {
    // Tests hide and delete more people than may lose access without a confirmation.
    const organization = await createOrganization(worker, { settings: { brake_percent: 0 } });
    await populate(worker.sql, organization.id, { users: size });
    for (const [i, domain] of DOMAINS.entries()) {
      const some = "UPDATE users SET mail_domain = ?2 WHERE org_id = ?1 AND org_role <> 'Owner' AND seq % 8 = ?3";
      await worker.sql(some.replace("?3", String(3 * i + 1)), organization.id, domain);
    }
    const owner = await organization.owner();
    const people = await organization.okta.importAll("/Users", 200);
    const rows = await worker.sql("SELECT id, mail_domain FROM users WHERE org_id = ?1", organization.id);
    const domains = new Map(rows.map(({ id, mail_domain }) => [id, mail_domain]));
    await worker.sql("DELETE FROM list_snapshots WHERE org_id = ?1", organization.id);
    const others = people.filter(({ id }) => id !== owner.id);
    return new Crowd(
      organization,
      others.map((one) => ({ ...one, domain: domains.get(one.id) })),
    );
  }

  #isThere(one) {
    return this.present.has(one) && !this.#hidden.has(one.domain);
  }

  get ids() {
    return this.people.map(({ id }) => id);
  }

  /** @returns a function that says who has satisfied `satisfies` ever since */
  watch(satisfies = () => true) {
    const watch = { satisfies, staying: new Set(this.people.filter((one) => this.#isThere(one) && satisfies(one))) };
    this.#watches.add(watch);
    return () => this.people.filter((one) => watch.staying.has(one)).map(({ id }) => id);
  }

  async #change(one, changes, operation) {
    if (!this.#isThere(one)) return;
    assertStatus(await this.okta.patch(`/Users/${one.id}`, operation), 200);
    Object.assign(one, changes);
    this.#look(one);
  }

  #look(one) {
    for (const { staying, satisfies } of this.#watches) {
      if (!this.#isThere(one) || !satisfies(one)) staying.delete(one);
    }
  }

  /** Changes the email domains; an empty list admits all people. */
  async #admit(mail_domains) {
    await this.organization.configure({ mail_domains });
    this.#hidden = new Set(mail_domains.length === 0 ? [] : DOMAINS.filter((domain) => !mail_domains.includes(domain)));
    for (const one of this.people) this.#look(one);
  }

  /** A request of another client about the nth of the people. */
  async happen(what, n) {
    const one = this.people[n % this.people.length];
    switch (what) {
      case "create":
        return assertStatus(await this.okta.post("/Users", oktaUser(person(`newcomer${++newcomers}@okta.local`))), 201);
      case "delete":
        if (!this.#isThere(one)) return;
        assertStatus(await this.okta.delete(`/Users/${one.id}`), 204);
        this.present.delete(one);
        return this.#look(one);
      case "deactivate":
        return this.#change(one, { active: false }, operation.active(false));
      case "activate":
        return this.#change(one, { active: true }, operation.active(true));
      case "rename": {
        const displayName = n % 2 ? `Name ${n}` : `Other ${n}`;
        return this.#change(one, { displayName }, { op: "replace", path: "displayName", value: displayName });
      }
      case "hide":
        return this.#admit([...ALWAYS, ...DOMAINS.filter((_, i) => n % 3 === i)]);
      case "reveal":
        return this.#admit([]);
      case "test connection":
        return this.okta.list("/Users", { startIndex: 1, count: 2 });
      default:
        throw new Error(`${what} does not happen`);
    }
  }
}
