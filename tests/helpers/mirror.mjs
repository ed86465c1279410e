// A copy of a directory as a product keeps it: made of a snapshot, and of the events behind it.

import assert from "node:assert/strict";

export class Mirror {
  people = new Map();
  cursor;

  /** Reads a snapshot. `between` is called after each chunk of it. */
  static async read(product, between = async () => {}) {
    const response = await fetch(`${product.worker.url}/product/v1/snapshot`, {
      headers: { Authorization: `Bearer ${product.key.key}` },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/x-ndjson");
    let text = "";
    const decoder = new TextDecoder();
    let chunks = 0;
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      await between(++chunks);
    }
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const [first, last] = [lines.shift(), lines.pop()];
    assert.deepEqual(last, { people: lines.length, end: true });
    const mirror = new Mirror();
    mirror.cursor = first.cursor;
    for (const { person, access } of lines) {
      const { id, active, org_role, user_name, external_id, name, email } = person;
      const rights = new Map(access.map(({ since: _, ...right }) => [right.group_id, right]));
      mirror.people.set(id, { id, user_name, external_id, name, email, active, org_role, rights });
    }
    return mirror;
  }

  /** Applies all events up to the present. */
  async drain(product) {
    for (;;) {
      const page = await product.get(`/product/v1/events?limit=1000&after=${this.cursor}`);
      for (const event of page.events) this.apply(event);
      this.cursor = page.cursor;
      if (!page.has_more) return;
    }
  }

  apply({ type, subject, data, access }) {
    if (subject.type === "person") {
      const known = this.people.get(subject.id);
      const { type: _, ...names } = subject;
      const fresh = { active: false, org_role: null, rights: new Map() };
      if (known || type === "person.created" || type === "person.undeleted") {
        this.people.set(subject.id, { ...(known ?? fresh), ...names });
      }
      if (type === "person.deleted") this.people.delete(subject.id);
    }
    for (const { person, active, lost, gained, is_lost, org_role } of access) {
      const found = this.people.get(person.id);
      if (!found) continue; // deleted meanwhile
      found.active = active;
      for (const { group_id } of lost) found.rights.delete(group_id);
      for (const right of gained) found.rights.set(right.group_id, right);
      if (is_lost) found.rights.clear();
      if (org_role) found.org_role = org_role.after;
      if (type === "person.created" || type === "person.undeleted") found.org_role = data.org_role;
      if (type === "person.restored") found.org_role = data.org_role.after;
      if (!active) found.org_role = null;
    }
    this.#rename(type, subject, data);
  }

  #rename(type, { id }, data) {
    const each = (change) => {
      for (const { rights } of this.people.values()) for (const right of rights.values()) change(right);
    };
    const set = (key, name, value) =>
      each((right) => {
        if (right[key] === id && (name !== "group" || right.group !== null)) right[name] = value;
      });
    if (type === "project.renamed") set("project_id", "project", data.name.after);
    if (type === "team.renamed") set("team_id", "team", data.name.after);
    if (type === "role.renamed") set("group_id", "role", data.role.after);
    if (type === "group.updated") set("group_id", "group", data.name.after);
  }

  /** What it has, to be compared: people by their ids, rights by their groups. */
  content() {
    return Object.fromEntries(
      [...this.people.values()]
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ rights, ...person }) => [
          person.id,
          { ...person, rights: [...rights.values()].toSorted((a, b) => (a.group_id < b.group_id ? -1 : 1)) },
        ]),
    );
  }
}

/** The same of the database itself. */
export async function directory(worker, organization) {
  const people = await worker.sql(
    `SELECT u.seq, u.id, u.active, u.org_role, u.doc FROM users u WHERE u.org_id = ?1 ORDER BY u.id`,
    organization,
  );
  const rights = await worker.sql(
    `SELECT m.user_seq, g.id AS group_id, iif(g.role IS NULL, g.display_name, NULL) AS "group", p.id AS project_id,
       p.name AS project, t.id AS team_id, t.name AS team, g.role
     FROM groups g JOIN memberships m ON m.group_seq = g.seq LEFT JOIN projects p ON p.id = g.project_id
     LEFT JOIN teams t ON t.id = g.team_id WHERE g.org_id = ?1 ORDER BY g.id`,
    organization,
  );
  const bySeq = Map.groupBy(rights, ({ user_seq }) => user_seq);
  return Object.fromEntries(
    people.map(({ seq, id, active, org_role, doc }) => {
      const { userName, externalId, displayName, name, emails = [] } = JSON.parse(doc);
      const full = [name?.givenName, name?.familyName]
        .filter((part) => part !== undefined)
        .join(" ")
        .trim();
      const email = emails.find(({ primary }) => primary) ?? emails[0];
      return [
        id,
        {
          id,
          user_name: userName,
          external_id: externalId ?? null,
          name: full || (displayName ?? null),
          email: email?.value ?? null,
          active: active === 1,
          org_role: active === 1 ? org_role : null,
          rights: (bySeq.get(seq) ?? []).map(({ user_seq: _, ...right }) => right),
        },
      ];
    }),
  );
}
