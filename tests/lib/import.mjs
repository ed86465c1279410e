// An import as an identity provider makes it, page by page, while others change the directory.

import assert from "node:assert/strict";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus } from "./assert.mjs";
import { oktaUser, operation, person } from "./bodies.mjs";
import { createOrganization } from "./organization.mjs";

/** Reads a list by position, in steps of `count`, until startIndex passes totalResults. */
export class Import {
  pages = [];
  startIndex = 1;
  total = 1;

  constructor(okta, path, { count, filter }) {
    Object.assign(this, { okta, path, count, filter });
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
    this.pages.push(page);
    this.total = page.totalResults;
    this.startIndex += count;
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

  /** Asserts that each of `ids` is on exactly one page, that they are in this order, and nobody is there twice. */
  assertEverybody(ids, { inOrder = true } = {}) {
    assert.equal(new Set(this.ids).size, this.ids.length, "somebody is on two pages");
    const expected = new Set(ids);
    const found = this.ids.filter((id) => expected.has(id));
    assert.deepEqual(inOrder ? found : found.sort(), inOrder ? ids : ids.toSorted());
  }

  /** Asserts that all pages say the same total. */
  assertOneTotal() {
    assert.equal(new Set(this.pages.map(({ totalResults }) => totalResults)).size, 1);
  }
}

let newcomers = 0;

/** A directory that changes, and who of it was there, and satisfied a filter, all the time since a moment. */
export class Crowd {
  #watches = new Set();

  constructor(organization, people) {
    this.organization = organization;
    this.okta = organization.okta;
    this.everybody = people;
    this.there = new Set(people);
  }

  static async of(worker, size) {
    const organization = await createOrganization(worker);
    await populate(worker.sql, organization.id, { users: size });
    const owner = await organization.owner();
    const people = await organization.okta.importAll("/Users", 200);
    return new Crowd(
      organization,
      people.filter(({ id }) => id !== owner.id),
    );
  }

  get ids() {
    return this.everybody.map(({ id }) => id);
  }

  /** @returns a function that says who has satisfied `satisfies` ever since */
  watch(satisfies = () => true) {
    const watch = { satisfies, staying: new Set([...this.there].filter(satisfies)) };
    this.#watches.add(watch);
    return () => this.everybody.filter((one) => watch.staying.has(one)).map(({ id }) => id);
  }

  async #change(one, changes, operation) {
    if (!this.there.has(one)) return;
    assertStatus(await this.okta.patch(`/Users/${one.id}`, operation), 200);
    Object.assign(one, changes);
    this.#look(one);
  }

  #look(one) {
    for (const { staying, satisfies } of this.#watches) {
      if (!this.there.has(one) || !satisfies(one)) staying.delete(one);
    }
  }

  /** Somebody else's request about one of the people. */
  async happen(what, n) {
    const one = this.everybody[n % this.everybody.length];
    switch (what) {
      case "create":
        return assertStatus(await this.okta.post("/Users", oktaUser(person(`newcomer${++newcomers}@okta.local`))), 201);
      case "delete":
        if (!this.there.delete(one)) return;
        assertStatus(await this.okta.delete(`/Users/${one.id}`), 204);
        return this.#look(one);
      case "deactivate":
        return this.#change(one, { active: false }, operation.active(false));
      case "activate":
        return this.#change(one, { active: true }, operation.active(true));
      case "rename": {
        const displayName = n % 2 ? `Name ${n}` : `Other ${n}`;
        return this.#change(one, { displayName }, { op: "replace", path: "displayName", value: displayName });
      }
      case "test connection":
        return this.okta.list("/Users", { startIndex: 1, count: 2 });
      default:
        throw new Error(`${what} does not happen`);
    }
  }
}
