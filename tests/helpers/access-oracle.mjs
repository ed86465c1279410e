// Access at each moment of an organization's history, in two ways that know nothing of the code under test: snapshots
// of the directory, and a replay of the events from the first on.

/** What a person is who is not in the directory. */
const NOBODY = { exists: false, active: false, visible: false, role: "Member", groups: [] };

/** People and memberships as they are in the database: `{ [id]: { active, visible, role, groups } }`. */
export async function snapshot(worker, org) {
  const rows = await worker.sql(
    `SELECT u.id AS id, u.active AS active, u.managed AS visible, u.org_role AS role,
       (SELECT json_group_array(g.id) FROM memberships m JOIN groups g ON g.seq = m.group_seq
        WHERE m.user_seq = u.seq) AS groups
     FROM users u WHERE u.org_id = ?1`,
    org,
  );
  return Object.fromEntries(
    rows.map(({ id, active, visible, role, groups }) => [
      id,
      { exists: true, active: active === 1, visible: visible === 1, role, groups: JSON.parse(groups).sort() },
    ]),
  );
}

/** The events of an organization, in order. */
export async function eventsOf(worker, org) {
  const rows = await worker.sql("SELECT * FROM events WHERE org_id = ?1 ORDER BY seq", org);
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) }));
}

/** A directory that is made from events alone. */
export class Replay {
  people = new Map();
  /** The seq of the event that began a membership, by person and group. */
  since = new Map();
  /** The seq of the event that gave a role, by person. */
  roleSince = new Map();

  /** `initial` is a snapshot of the time before the first event. */
  constructor(initial = {}) {
    for (const [id, person] of Object.entries(initial)) {
      this.people.set(id, { ...person, groups: new Set(person.groups) });
      for (const group of person.groups) this.since.set(`${id} ${group}`, 0);
    }
  }

  add({ type, seq, subject_id: subject, data }) {
    const person = this.people.get(subject);
    switch (type) {
      case "person.created":
      case "person.undeleted":
        this.people.set(subject, {
          exists: true,
          active: data.active,
          visible: data.visible,
          role: data.org_role,
          groups: new Set(),
        });
        this.roleSince.set(subject, seq);
        break;
      case "person.deleted":
        this.people.delete(subject);
        break;
      case "person.deactivated":
        Object.assign(person, { active: false, role: data.org_role.after });
        break;
      case "person.restored":
        Object.assign(person, { active: true, role: data.org_role.after });
        this.roleSince.set(subject, seq);
        break;
      case "org_role.changed":
        person.role = data.org_role.after;
        this.roleSince.set(subject, seq);
        break;
      case "ownership.transferred":
        for (const [id, role] of [
          [data.owner.before, "Admin"],
          [data.owner.after, "Owner"],
        ]) {
          if (!this.people.has(id)) continue;
          this.people.get(id).role = role;
          this.roleSince.set(id, seq);
        }
        break;
      case "person.hidden":
      case "person.shown":
        for (const { id } of data.people) this.people.get(id).visible = type === "person.shown";
        break;
      case "membership.added":
      case "membership.removed":
        for (const { id } of data.people) {
          for (const group of data.groups) {
            // The memberships of a deleted person end behind the deletion.
            const groups = this.people.get(id)?.groups;
            if (type === "membership.added") {
              groups.add(group.id);
              this.since.set(`${id} ${group.id}`, seq);
            } else groups?.delete(group.id);
          }
        }
        break;
    }
  }

  /** As [`snapshot`] has it. */
  state() {
    return Object.fromEntries([...this.people].map(([id, each]) => [id, { ...each, groups: [...each.groups].sort() }]));
  }
}

/** A person of a snapshot, also one who is not there. */
export const personOf = (state, id) => state[id] ?? NOBODY;

/** The answer of the API about access, as a snapshot has a person. */
export function described({ exists, active, visible, org_role: role, rights }) {
  const groups = rights.filter(({ on }) => on !== "organization").map(({ group }) => group.id);
  return { exists, active, visible, role, groups: groups.sort() };
}

/** What is different between two snapshots, as the API says it, sorted. */
export function differenceOf(before, after) {
  const differences = {};
  for (const id of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [personOf(before, id), personOf(after, id)];
    const change = (name) => (one[name] === other[name] ? null : { before: one[name], after: other[name] });
    const difference = {
      exists: change("exists"),
      active: change("active"),
      visible: change("visible"),
      org_role: change("role"),
      joined: other.groups.filter((group) => !one.groups.includes(group)),
      left: one.groups.filter((group) => !other.groups.includes(group)),
    };
    const isSame = Object.values(difference).every((each) => each === null || each.length === 0);
    if (!isSame) differences[id] = difference;
  }
  return differences;
}

/** The people in an answer about differences, likewise. */
export function differencesIn({ people }) {
  const ids = (groups) => groups.map(({ id }) => id).sort();
  return Object.fromEntries(
    people.map(({ id, user_name, joined, left, ...rest }) => [id, { ...rest, joined: ids(joined), left: ids(left) }]),
  );
}
