// The people and groups that one contestant is asked about. What it changes is its own, also where a database is
// shared.
import { person } from "../../scripts/lib/people.mjs";
import { row } from "../../scripts/lib/population.mjs";

const DOMAIN = "example.com";
const SPARE = 50; // people who are deactivated and come back, and as many who join and leave

/** How many people are needed besides the members of the groups, for so many contestants on one database. */
export const spares = (contestants) => 2 * SPARE * contestants;

export class Directory {
  /**
   * @param people `{ id, userName }` of everybody, in order, and for the floor `seq`
   * @param size how many of them are the members of the groups
   * @param groups the ids of the two groups that are changed: by PATCH, and by PUT
   * @param groupName the name of the second group
   * @param turn which of the contestants on one database this is
   */
  constructor({ people, size, groups: [patched, replaced], groupName, turn = 0 }) {
    Object.assign(this, { people, size, patched, replaced });
    const first = size + 2 * SPARE * turn;
    this.toggling = people.slice(first, first + SPARE);
    this.comers = people.slice(first + SPARE, first + 2 * SPARE);
    this.firstNew = 1_000_000 * (turn + 1);
    this.members = people.slice(0, size).map(({ id }) => id);
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    this.memberTexts = this.members.map((value) => JSON.stringify({ value, display: `${value}@${DOMAIN}` })).join(",");
    this.group = JSON.stringify({ schemas, displayName: groupName, members: [] });
  }

  /** Somebody, and somebody else the next time. */
  anybody(i) {
    return this.people[(i * 7_919) % this.size];
  }

  newcomer(i) {
    return person(this.firstNew + i, { domain: DOMAIN });
  }

  /** What the Worker writes of a person, but for the id. */
  columns(attributes) {
    const { emails, id: _, ...columns } = row("", attributes, DOMAIN);
    return { ...columns, emails: JSON.stringify(emails.map(([value, type]) => ({ value, type }))) };
  }

  /** Everybody of a few in turn, first all of them out, then all back in; `on`: is in. */
  toggled(i, width = this.width ?? SPARE) {
    return { ...this.toggling[i % width], on: Math.floor(i / width) % 2 === 0 };
  }

  /** Everybody of a few in turn, first all of them in, then all out; `on`: is to be in. */
  joining(i, width = this.width ?? SPARE) {
    return { ...this.comers[i % width], on: Math.floor(i / width) % 2 === 0 };
  }

  /** All members but the last, and one of a few instead. */
  membersAt(i) {
    return [...this.members.slice(0, -1), this.replacing(i).id];
  }

  /** Who is in the place of the last member: at first, the last member. */
  replacing(i) {
    return i < 0 ? this.people[this.size - 1] : this.comers[i % SPARE];
  }

  /** The group with `membersAt(i)`, as an identity provider sends it. */
  groupBody(i) {
    const { id } = this.replacing(i);
    return this.group.replace("[]", `[${this.memberTexts.replaceAll(this.members.at(-1), id)}]`);
  }

  /** Where the pages of a whole import begin. */
  pages(count) {
    // With the owner of the organization, where there is one.
    return Array.from({ length: Math.ceil((this.people.length + 1) / count) }, (_, i) => i * count + 1);
  }
}
