/* SCIMMY on Workers with D1, written with care for both: its handlers, with one statement where one is enough, look-ups
   by index, pages made by SQL, and only the difference of a group's members written. The key is a secret of the Worker,
   compared here without a round trip. As in scimmy-routers, the answer to a PATCH is the whole resource. */
import SCIMMY from "scimmy";

const { User, Group } = SCIMMY.Resources;
const USER = `SELECT u.id, u.doc, u.active, u.created, u.modified, (
    SELECT json_group_array(json_object('value', g.id, 'display', g.display_name))
    FROM members m JOIN groups g ON g.id = m.group_id WHERE m.user_id = u.id) AS groups
  FROM users u`;

User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Resources.declare(User, { basepath: "/scim", egress: findUsers, ingress: saveUser });
SCIMMY.Resources.declare(Group, { basepath: "/scim", egress: findGroups, ingress: saveGroup });

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const [, , endpoint, id] = pathname.split("/");
    try {
      if (request.headers.get("authorization") !== `Bearer ${env.KEY}`) throw new SCIMMY.Types.Error(401, null, "No.");
      const Resource = { Users: User, Groups: Group }[endpoint];
      const resource = new Resource(...(id ? [id] : []), queryOf(searchParams));
      const context = { db: env.DB };
      if (request.method === "GET") return answer(200, await resource.read(context));
      const body = await request.json();
      if (request.method === "POST") return answer(201, await resource.write(body, context));
      if (request.method === "PUT") return answer(200, await resource.write(body, context));
      const changed = await resource.patch(body, context);
      return changed ? answer(200, changed) : new Response(null, { status: 204 });
    } catch (error) {
      return answer(error.status ?? 500, new SCIMMY.Messages.Error(error));
    }
  },
};

function answer(status, content) {
  return new Response(JSON.stringify(content), { status, headers: { "content-type": "application/scim+json" } });
}

function queryOf(parameters) {
  const query = Object.fromEntries(parameters);
  for (const name of ["startIndex", "count"]) if (name in query) query[name] = Number(query[name]);
  return query;
}

async function findUsers(resource, { db }) {
  if (resource.id) return userOf(await db.prepare(`${USER} WHERE u.id = ?1`).bind(resource.id).first());
  const equal = equalsOnly(resource.filter);
  if (equal?.username !== undefined) {
    const name = equal.username.toLowerCase();
    return (await db.prepare(`${USER} WHERE u.user_name_fold = ?1`).bind(name).all()).results.map(userOf);
  }
  if (resource.filter)
    return resource.filter.match((await db.prepare(`${USER} ORDER BY u.seq`).all()).results.map(userOf));
  const { startIndex = 1, count = 100 } = resource.constraints;
  const [page, total] = await db.batch([
    db.prepare(`${USER} ORDER BY u.seq LIMIT ?1 OFFSET ?2`).bind(count, startIndex - 1),
    db.prepare("SELECT count(*) AS total FROM users"),
  ]);
  resource.constraints.totalResults = total.results[0].total;
  return page.results.map(userOf);
}

/** The attributes that a filter of one comparison, `attribute eq "value"`, asks for. */
function equalsOnly(filter) {
  const comparisons = filter?.length === 1 ? Object.entries(filter[0]) : [];
  if (comparisons.length !== 1) return undefined;
  const [[name, [operator, value]]] = comparisons;
  return operator === "eq" && typeof value === "string" ? { [name.toLowerCase()]: value } : undefined;
}

function userOf(row) {
  if (!row) return undefined;
  const meta = { created: row.created, lastModified: row.modified };
  return { ...JSON.parse(row.doc), id: row.id, active: row.active === 1, groups: JSON.parse(row.groups), meta };
}

async function saveUser(resource, instance, { db }) {
  const { id: _, meta: __, groups: ___, schemas: ____, active = true, password: _____, ...attributes } = instance;
  const id = resource.id ?? crypto.randomUUID();
  const now = new Date().toISOString();
  const values = [id, attributes.userName.toLowerCase(), active ? 1 : 0, JSON.stringify(attributes), now];
  const sql = resource.id
    ? "UPDATE users SET user_name_fold = ?2, active = ?3, doc = ?4, modified = ?5 WHERE id = ?1"
    : "INSERT INTO users (id, user_name_fold, active, doc, created, modified) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
  const statements = [db.prepare(sql).bind(...values), db.prepare(`${USER} WHERE u.id = ?1`).bind(id)];
  if (resource.id && !active) statements.splice(1, 0, db.prepare("DELETE FROM members WHERE user_id = ?1").bind(id));
  return userOf((await db.batch(statements)).at(-1).results[0]);
}

async function findGroups(resource, { db }) {
  const [groups, members] = await db.batch([
    db.prepare("SELECT * FROM groups WHERE id = ?1").bind(resource.id),
    db
      .prepare(
        `SELECT u.id, u.doc ->> 'displayName' AS display FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = ?1`,
      )
      .bind(resource.id),
  ]);
  const [group] = groups.results;
  return (
    group &&
    groupOf(
      group,
      members.results.map(({ id, display }) => ({ value: id, display, type: "User" })),
    )
  );
}

function groupOf({ id, display_name, created, modified }, members) {
  return { id, displayName: display_name, members, meta: { created, lastModified: modified } };
}

async function saveGroup(resource, instance, { db }) {
  const { id } = resource;
  const { results } = await db.prepare("SELECT user_id FROM members WHERE group_id = ?1").bind(id).all();
  const before = new Set(results.map((row) => row.user_id));
  const after = new Set((instance.members ?? []).map(({ value }) => value));
  const json = (ids) => JSON.stringify([...ids]);
  const [groups] = await db.batch([
    db
      .prepare("UPDATE groups SET display_name = ?2, modified = ?3 WHERE id = ?1 RETURNING *")
      .bind(id, instance.displayName, new Date().toISOString()),
    db
      .prepare("INSERT OR IGNORE INTO members SELECT ?1, value FROM json_each(?2)")
      .bind(id, json(after.difference(before))),
    db
      .prepare("DELETE FROM members WHERE group_id = ?1 AND user_id IN (SELECT value FROM json_each(?2))")
      .bind(id, json(before.difference(after))),
  ]);
  return groupOf(groups.results[0], instance.members ?? []);
}
