// Large directories, made in the database: ten thousand POSTs would take a minute.

import assert from "node:assert/strict";

const STEM = "template";
const CROWD = "WITH RECURSIVE crowd (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM crowd WHERE i < ?1)";

/**
 * Adds `count` people to the organization: copies of one that SCIM has made, whatever columns the tables have.
 * @returns {Promise<string[]>} their ids, in order
 */
export async function populate(worker, organization, count) {
  const { id } = await organization.createUser(`${STEM}@okta.local`);
  // An id of the same shape, ending in the copy's number.
  const copyId = "substr(template.id, 1, length(template.id) - 6) || printf('%06d', i)";
  await worker.sql(
    `${CROWD} ${await copying(worker, "users", { seq: "NULL", id: copyId })}
     FROM users template, crowd WHERE template.id = ?2 ORDER BY i`,
    count,
    id,
  );
  await worker.sql(
    `${CROWD} ${await copying(worker, "user_emails", { user_seq: "copy.seq" })}
     FROM users original, crowd
     JOIN user_emails template ON template.user_seq = original.seq
     JOIN users copy ON copy.org_id = original.org_id AND copy.user_name_fold = 'crowd' || i || '@okta.local'
     WHERE original.id = ?2`,
    count,
    id,
  );
  const rows = await worker.sql(
    "SELECT id FROM users WHERE org_id = ? AND user_name_fold GLOB 'crowd*' ORDER BY seq",
    organization.id,
  );
  assert.equal(rows.length, count);
  return rows.map((row) => row.id);
}

/** `INSERT … SELECT` of a table's rows, each name of the template replaced by the copy's, and some columns by other values. */
async function copying(worker, table, values) {
  const columns = await worker.sql(`PRAGMA table_info("${table}")`);
  const copied = ({ name, type }) => {
    if (name in values) return values[name];
    return type === "TEXT" ? `replace(template."${name}", '${STEM}', 'crowd' || i)` : `template."${name}"`;
  };
  return `INSERT INTO "${table}" (${columns.map(({ name }) => `"${name}"`)}) SELECT ${columns.map(copied)}`;
}
