// The throw-away people and the group that the steps work on. What a step needs is prepared here by whatever way the
// server takes, so that only the step which is about a request fails because of it.

import { entraUser, oktaGroup, oktaUser, operation } from "../../tests/helpers/bodies.mjs";
import { SCHEMA } from "../../tests/helpers/schema.mjs";
import { detailOf } from "./failures.mjs";

/** What a step needs could not be prepared. */
export class Unprepared extends Error {}

/** How many groups are looked through for a project. */
const GROUP_PAGES = 10;

/** The people that several steps share. The plus is a letter that queries have to encode. */
const CAST = ["ada", "grace+plus", "linus"];

const isDone = ({ status }) => status >= 200 && status < 300;

export class Stage {
  #client;
  #options;
  /** The ids of the people by their roles, and what was read of each. */
  #people = new Map();
  #read = new Map();
  #group;
  #refusedGroup;
  #config;

  /** Whether the server has refused a group that is not named as one of a team. */
  groupsAreTeams = false;

  /** @param options `{ run, mailDomain, project, password }` */
  constructor(client, endpoint, options) {
    this.#client = client;
    this.#options = options;
    this.endpoint = endpoint;
  }

  /** What all names of this run begin with, in small letters. */
  get stem() {
    return `rehearsal-${this.#options.run}`;
  }

  /** The made-up password of all throw-away people. */
  get password() {
    return this.#options.password;
  }

  /** The profile of a throw-away person, whether the server has them or not. */
  profile(role) {
    const [given] = role.split("+");
    const givenName = given[0].toUpperCase() + given.slice(1);
    return { userName: `${this.stem}-${role}@${this.#options.mailDomain}`, givenName, familyName: "Rehearsal" };
  }

  oktaBody(role, extra) {
    return oktaUser(this.profile(role), { password: this.password, ...extra });
  }

  entraBody(role, extra) {
    return entraUser(this.profile(role), extra);
  }

  /** Has the step's own answer stand for the person from now on. */
  adopt(role, { body }) {
    if (typeof body?.id === "string") this.#people.set(role, body.id);
  }

  /** The person as the server has them, active; made with this body if need be. */
  async person(role, body = this.oktaBody(role)) {
    const known = await this.#known(role);
    if (known === undefined) return this.#makePerson(role, body);
    return known.active === false ? this.#withActive(known, true) : known;
  }

  /** The people that steps share. */
  async cast() {
    const people = [];
    for (const role of CAST) people.push(await this.person(role));
    return people;
  }

  /** The person, inactive. */
  async inactivePerson(role) {
    const person = (await this.#known(role)) ?? (await this.person(role));
    return person.active === false ? person : this.#withActive(person, false);
  }

  /** The person as the server has them, which is read again after each write; undefined if there is none. */
  async #known(role) {
    const id = this.#people.get(role);
    if (id === undefined) return undefined;
    const { written } = this.endpoint;
    if (this.#read.has(id) && !written.has(id)) return this.#read.get(id);
    const { status, body } = await this.#client.get(`/Users/${id}`);
    if (status !== 200 || typeof body?.id !== "string") return undefined;
    written.delete(id);
    this.#read.set(id, body);
    return body;
  }

  /** The group with exactly these members, as the server has it. */
  async group(members) {
    const read = async () => (await this.#client.get(`/Groups/${this.#group}`)).body;
    let group = this.#group === undefined ? undefined : await read();
    if (group?.id !== this.#group || group === undefined) {
      this.#group = await this.#makeGroup();
      group = await read();
    }
    const id = this.#group;
    if (group?.id !== id) throw new Unprepared(`GET /Groups/${id} does not show the group that was made.`);
    const { displayName } = group;
    for (const fill of [
      () => this.#client.put(`/Groups/${id}`, { id, ...oktaGroup(displayName, members) }),
      () => this.#client.patch(`/Groups/${id}`, operation.replaceMembers(members)),
    ]) {
      if (hasMembers(group, members)) return group;
      await fill();
      group = await read();
    }
    if (hasMembers(group, members)) return group;
    throw new Unprepared(`Neither PUT nor PATCH can give the group ${members.length} members.`);
  }

  /** A name for the group that the server takes. Where groups are roles, it is that of a new team. */
  async groupName(word = "Group") {
    const base = await this.teamBase();
    return base && this.groupsAreTeams ? this.teamName(base, word) : `Rehearsal ${this.#options.run} ${word}`;
  }

  teamName(base, word) {
    return `${base}-Rehearsal ${this.#options.run} ${word}-Member`;
  }

  /**
   * What names of a project's groups begin with, such as `Statsig-Demo`: every project has groups for three built-in
   * roles. Undefined where there is no project, and the server is not said to have any.
   */
  async teamBase() {
    if (this.#options.teamBase !== undefined || !this.#mayHaveTeams) return this.#options.teamBase ?? undefined;
    const names = new Set();
    for (let page = 0; page < GROUP_PAGES; page++) {
      const parameters = { startIndex: page * 100 + 1, count: 100, excludedAttributes: "members" };
      const { body } = await this.#client.list("/Groups", parameters);
      if (!Array.isArray(body?.Resources)) break;
      for (const group of body.Resources) names.add(group?.displayName);
      if (!(body?.totalResults > (page + 1) * 100)) break;
    }
    const bases = [...names]
      .filter((name) => name?.endsWith("-Read-Only"))
      .map((name) => name.slice(0, -"-Read-Only".length))
      .filter((base) => names.has(`${base}-Admin`) && names.has(`${base}-Member`))
      .filter((base) => this.#options.project === undefined || base.endsWith(`-${this.#options.project}`));
    this.#options.teamBase = bases[0] ?? null;
    return bases[0];
  }

  get #mayHaveTeams() {
    return this.endpoint.isScimEdge || this.#options.teams || this.#options.project !== undefined;
  }

  /** ServiceProviderConfig, or an empty object. */
  async config() {
    this.#config ??= (await this.#client.get("/ServiceProviderConfig")).body ?? {};
    return this.#config;
  }

  async #makePerson(role, body) {
    const answer = await this.#client.post("/Users", body);
    let made = isDone(answer) ? answer.body : undefined;
    if (answer.status === 409 || (isDone(answer) && typeof made?.id !== "string"))
      made = await this.#lookUp("Users", "userName", body.userName);
    if (typeof made?.id !== "string") throw new Unprepared(refusal("person", answer, this.#options.mailDomain));
    this.#people.set(role, made.id);
    return made.active === false ? this.#withActive(made, true) : made;
  }

  /** What a request made whose answer did not have the id: the list of what is made has its name. */
  async #lookUp(type, attribute, name) {
    const { body } = await this.#client.find(`/${type}`, `${attribute} eq "${name}"`);
    const found = body?.Resources?.find?.((resource) => resource?.[attribute] === name);
    const entry = this.endpoint.ledger.entries.find((each) => each.type === type && each.name === name);
    if (found && entry) this.endpoint.ledger.made(entry, found.id);
    return entry && found;
  }

  async #withActive(person, active) {
    const path = `/Users/${person.id}`;
    for (const change of [
      () => this.#client.put(path, { ...person, active }),
      () => this.#client.patch(path, { op: "replace", path: "active", value: active }),
    ]) {
      await change();
      const { body } = await this.#client.get(path);
      if (body?.active === active) return body;
    }
    throw new Unprepared(`Neither PUT nor PATCH sets active of ${person.userName} to ${active}.`);
  }

  async #makeGroup() {
    for (const name of [await this.groupName(), await this.#otherName()]) {
      if (name === undefined) break;
      const answer = await this.#client.post("/Groups", { schemas: [SCHEMA.group], displayName: name, members: [] });
      if (isDone(answer)) {
        const id = answer.body?.id ?? (await this.#lookUp("Groups", "displayName", name))?.id;
        if (typeof id === "string") return id;
      }
      this.groupsAreTeams = true; // the next attempt has the name of a team
      this.#refusedGroup = answer;
    }
    throw new Unprepared(refusal("group", this.#refusedGroup));
  }

  async #otherName() {
    const base = await this.teamBase();
    return base && this.teamName(base, "Group");
  }
}

export const memberIds = (group) => (Array.isArray(group?.members) ? group.members : []).map((member) => member?.value);

export function hasMembers(group, ids) {
  const members = memberIds(group);
  return (
    members.length === ids.length && new Set(members).size === ids.length && ids.every((id) => members.includes(id))
  );
}

function refusal(what, answer, mailDomain) {
  const hint =
    mailDomain && answer.status === 400 ? ` If only some mail domains are allowed, name one with --mail-domain.` : "";
  return `The server did not make a throw-away ${what}: ${answer.status}${detailOf(answer)}${hint}`;
}
