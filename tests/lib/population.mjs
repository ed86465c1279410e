// Large directories, made in the database: ten thousand POSTs would take a minute.

import assert from "node:assert/strict";

const STEM = "template";

/**
 * Adds `count` people to the organization: copies of one that SCIM has made, whatever columns the table has.
 * @returns {Promise<string[]>} their ids, in order
 */
export async function populate(worker, organization, count) {
  const template = await organization.createUser(`${STEM}@okta.local`);
  const columns = (await worker.sql("PRAGMA table_info(users)")).filter(({ name }) => name !== "seq");
  const copies = columns.map(({ name, type }) => {
    if (name === "id") return "substr(id, 1, length(id) - 6) || printf('%06d', i)";
    return type === "TEXT" ? `replace("${name}", '${STEM}', 'crowd' || i)` : `"${name}"`;
  });
  const names = columns.map(({ name }) => `"${name}"`);
  await worker.sql(
    `WITH RECURSIVE crowd (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM crowd WHERE i < ?1)
     INSERT INTO users (${names}) SELECT ${copies} FROM users, crowd WHERE id = ?2 ORDER BY i`,
    count,
    template.id,
  );
  await worker.sql(
    `INSERT INTO user_emails (org_id, value_fold, user_seq)
     SELECT org_id, lower(doc ->> '$.emails[0].value'), seq FROM users WHERE user_name_fold GLOB 'crowd*'`,
  );
  const ids = await worker.sql("SELECT id FROM users WHERE user_name_fold GLOB 'crowd*' ORDER BY seq");
  assert.equal(ids.length, count);
  return ids.map(({ id }) => id);
}
