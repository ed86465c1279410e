// The people and groups that one contestant's requests are about. Contestants that share a database change different
// people and groups.
import { person } from "../../scripts/lib/people.mjs";
import { row } from "../../scripts/lib/population.mjs";

const DOMAIN = "example.com";
const SPARE = 50; // people who are deactivated and reactivated, and as many who join and leave a group

/** The number of people besides the members of the groups that `contestants` on one database need. */
export const spares = (contestants) => 2 * SPARE * contestants;

export class Directory {
  /**
   * @param people `{ id, userName }` of all people, in order, and for the floor `seq`
   * @param size how many of them are the members of the groups
   * @param groups the ids of the two groups that are changed: by PATCH, and by PUT
   * @param groupName the name of the second group
   * @param turn which of the contestants on one database this is
   */
  constructor({ people, size, groups: [patched, replaced], groupName, turn = 0 }) {
    Object.assign(this, { people, size, patched, replaced });
    const first = size + 2 * SPARE * turn;
    this.toggling = people.slice(first, first + SPARE);
    this.joiners = people.slice(first + SPARE, first + 2 * SPARE);
    this.firstNew = 1_000_000 * (turn + 1);
    this.members = people.slice(0, size).map(({ id }) => id);
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
    this.memberTexts = this.members.map((value) => JSON.stringify({ value, display: `${value}@${DOMAIN}` })).join(",");
    this.group = JSON.stringify({ schemas, displayName: groupName, members: [] });
  }

  /** The person whom the ith request is about; another one each time. */
  personAt(i) {
    return this.people[(i * 7_919) % this.size];
  }

  newcomer(i) {
    return person(this.firstNew + i, { domain: DOMAIN });
  }

  /** The columns that the Worker writes for a person, without the id. */
  columns(attributes) {
    const { emails, id: _, ...columns } = row("", attributes, DOMAIN);
    return { ...columns, emails: JSON.stringify(emails.map(([value, type]) => ({ value, type }))) };
  }

  /** One of a few people in turn: first all are deactivated, then all reactivated. `on`: is active before. */
  toggled(i, width = this.width ?? SPARE) {
    return { ...this.toggling[i % width], on: Math.floor(i / width) % 2 === 0 };
  }

  /** One of a few people in turn: first all join a group, then all leave it. `on`: is a member after. */
  joining(i, width = this.width ?? SPARE) {
    return { ...this.joiners[i % width], on: Math.floor(i / width) % 2 === 0 };
  }

  /** All members but the last, who is replaced by one of a few people. */
  membersAt(i) {
    return [...this.members.slice(0, -1), this.replacing(i).id];
  }

  /** The person in the place of the last member; before the first request, the last member. */
  replacing(i) {
    return i < 0 ? this.people[this.size - 1] : this.joiners[i % SPARE];
  }

  /** The group with `membersAt(i)`, as an identity provider sends it. */
  groupBody(i) {
    const { id } = this.replacing(i);
    return this.group.replace("[]", `[${this.memberTexts.replaceAll(this.members.at(-1), id)}]`);
  }

  /** The `startIndex` of each page of a whole import. */
  pages(count) {
    // With the owner of the organization, where there is one.
    return Array.from({ length: Math.ceil((this.people.length + 1) / count) }, (_, i) => i * count + 1);
  }
}
