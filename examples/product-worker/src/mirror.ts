// A copy of who has which role, kept by the feed of scim-edge. Sessions and API keys end with a person's access.
import { type CursorStore, type Drained, d1Cursor, type FeedEvent, ScimEdge } from "scim-edge-client";
import type { Env } from "./env.ts";

/** How many rows one batch writes while a snapshot is copied. */
const CHUNK = 500;

/** scim-edge over the service binding: no key, and no way through the internet. */
export function scimEdge(env: Env): ScimEdge {
  return new ScimEdge({ url: "https://scim-edge", fetch: (request) => env.SCIM_EDGE.fetch(request) });
}

/** Applies all that has happened since the last time. Any number of these may run at once. */
export async function catchUp(env: Env): Promise<Drained> {
  const directory = scimEdge(env);
  const cursor: CursorStore<D1PreparedStatement> = d1Cursor(env.DB);
  const drained = await directory.drain({
    cursor,
    apply: (events) => events.flatMap((event) => changesOf(env.DB, event)),
    reload: () => copySnapshot(env.DB, directory),
  });
  if (drained.events > 0 || drained.reloaded) await directory.acknowledge(drained.cursor);
  return drained;
}

function changesOf(db: D1Database, event: FeedEvent): D1PreparedStatement[] {
  const statements = [db.prepare("INSERT INTO applied_events VALUES (?, ?, ?)").bind(event.id, event.at, event.type)];
  for (const { person, active, is_lost, lost, gained } of event.access) {
    // The memberships of a person who is deleted end after that: they must not bring the person back.
    statements.push(active ? rememberPerson(db, person, active) : deactivatePerson(db, person.id));
    for (const { group_id } of lost) {
      statements.push(db.prepare("DELETE FROM rights WHERE person_id = ? AND group_id = ?").bind(person.id, group_id));
    }
    for (const right of gained) statements.push(rememberRight(db, person.id, right));
    if (is_lost) statements.push(...withoutAccess(db, person.id));
  }
  const { id, user_name = null, external_id = null } = event.subject;
  switch (event.type) {
    case "person.created":
    case "person.undeleted":
      statements.push(rememberPerson(db, { id, user_name, external_id }, event.data.active === true));
      break;
    case "person.updated":
      statements.push(
        db.prepare("UPDATE people SET user_name = ?, external_id = ? WHERE id = ?").bind(user_name, external_id, id),
      );
      break;
    case "person.deleted":
      statements.push(...withoutAccess(db, id), db.prepare("DELETE FROM people WHERE id = ?").bind(id));
      break;
    case "role.renamed": {
      const { role } = event.data as { role?: { after: string } };
      if (role) statements.push(db.prepare("UPDATE rights SET role = ? WHERE group_id = ?").bind(role.after, id));
      break;
    }
  }
  return statements;
}

/** Ends every session and API key of a person, and all rights. */
const withoutAccess = (db: D1Database, person: string) => [
  db.prepare("DELETE FROM credentials WHERE person_id = ?").bind(person),
  db.prepare("DELETE FROM rights WHERE person_id = ?").bind(person),
];

const deactivatePerson = (db: D1Database, id: string) =>
  db.prepare("UPDATE people SET active = 0 WHERE id = ?").bind(id);

function rememberPerson(
  db: D1Database,
  { id, user_name, external_id }: { id: string; user_name: string | null; external_id: string | null },
  active: boolean,
) {
  return db
    .prepare(
      "INSERT INTO people VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET user_name = ?2, external_id = ?3, active = ?4",
    )
    .bind(id, user_name, external_id, Number(active));
}

function rememberRight(
  db: D1Database,
  person: string,
  right: { group_id: string; project_id: string | null; team_id: string | null; role: string | null },
) {
  return db
    .prepare("INSERT OR REPLACE INTO rights VALUES (?, ?, ?, ?, ?)")
    .bind(person, right.group_id, right.project_id, right.team_id, right.role);
}

/**
 * Replaces the copy. People who are not in the snapshot lose their sessions in the batch that stores the cursor; if this
 * is interrupted before, it begins again.
 */
async function copySnapshot(db: D1Database, directory: ScimEdge) {
  const snapshot = await directory.snapshot();
  await db.batch([db.prepare("DELETE FROM rights"), db.prepare("UPDATE people SET active = 0")]);
  let statements: D1PreparedStatement[] = [];
  for await (const { person, access } of snapshot.people) {
    statements.push(rememberPerson(db, person, person.active));
    for (const right of access) statements.push(rememberRight(db, person.id, right));
    if (statements.length >= CHUNK) {
      await db.batch(statements);
      statements = [];
    }
  }
  const ended = db.prepare("DELETE FROM credentials WHERE person_id NOT IN (SELECT id FROM people WHERE active = 1)");
  return { cursor: snapshot.cursor, changes: [...statements, ended] };
}
