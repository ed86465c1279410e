// Many people and memberships, made in the database: by requests it would take too long.

/** Adds people who have a userName and little else, and resolves with their ids in order of insertion. */
export async function crowd(worker, organization, count, { stem = "crowd" } = {}) {
  await worker.sql(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?2 AS INTEGER))
     INSERT INTO users (org_id, id, user_name_fold, active, org_role, managed, doc, created_at, last_modified)
     SELECT ?1, printf('%s-%08d', ?3, i), ?3 || i || '@okta.local', 1, 'Member', 1,
       json_object('schemas', json_array('urn:ietf:params:scim:schemas:core:2.0:User'),
         'userName', ?3 || i || '@okta.local', 'displayName', printf('Person %d of a crowd', i)),
       '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n`,
    organization.id,
    count,
    stem,
  );
  return Array.from({ length: count }, (_, i) => `${stem}-${String(i + 1).padStart(8, "0")}`);
}

/** Makes the first so many of a crowd members of a group. */
export async function join(worker, organization, group, count, { stem = "crowd" } = {}) {
  await worker.sql(
    `INSERT INTO memberships (group_seq, user_seq) SELECT (SELECT seq FROM groups WHERE id = ?1), seq FROM users
     WHERE org_id = ?2 AND id BETWEEN printf('%s-%08d', ?3, 1) AND printf('%s-%08d', ?3, CAST(?4 AS INTEGER))`,
    group,
    organization.id,
    stem,
    count,
  );
}
