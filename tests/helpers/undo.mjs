// Undoing changes by the admin API, and the directory row by row.

import assert from "node:assert/strict";

/** The newest event's sequence number. */
export async function newestEvent(worker, organization) {
  const [{ seq }] = await worker.sql("SELECT max(seq) AS seq FROM events WHERE org_id = ?1", organization.id);
  return seq;
}

/** Begins an undo. */
export const startUndo = (organization, selection, options = {}) =>
  organization.admin.create(organization.path("/undo"), { selection, ...options });

/** Carries out steps until the undo is finished. */
export async function finishUndo(organization, run, { most = 1000 } = {}) {
  for (let steps = 0; steps < most; steps++) {
    const { status } = await organization.admin.call("POST", organization.path(`/undo/${run.id}/steps`), {}, 200);
    if (status === "finished") return readUndo(organization, run);
  }
  assert.fail(`the undo is not finished after ${most} steps`);
}

/** The undo, with all that it has left as it is. */
export async function readUndo(organization, { id }) {
  let result;
  for (let after = ""; ; after = `&after=${encodeURIComponent(result.next)}`) {
    const page = await organization.admin.get(organization.path(`/undo/${id}?count=200${after}`));
    result = { ...page, left: [...(result?.left ?? []), ...page.left] };
    if (page.next === null) return result;
  }
}

/** An undo from beginning to end. */
export const undo = async (organization, selection) =>
  finishUndo(organization, await startUndo(organization, selection));

/** The directory of an organization, row by row, but for versions and times, and for when memberships began. */
export async function directory(worker, { id }) {
  const tables = {
    users: `SELECT seq, id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc, doc_fold,
      created_at FROM users WHERE org_id = ?1 ORDER BY seq`,
    user_emails: "SELECT value_fold, type_fold, user_seq FROM user_emails WHERE org_id = ?1 ORDER BY 1, 2, 3",
    memberships: `SELECT g.id AS "group", u.id AS person FROM memberships m JOIN groups g ON g.seq = m.group_seq
      JOIN users u ON u.seq = m.user_seq WHERE g.org_id = ?1 ORDER BY 1, 2`,
    groups: `SELECT id, project_id, team_id, role, display_name, name_fold, external_id FROM groups
      WHERE org_id = ?1 ORDER BY id`,
    projects: "SELECT id, name, archived_at FROM projects WHERE org_id = ?1 ORDER BY id",
    teams: `SELECT t.id, t.name FROM teams t JOIN projects p ON p.id = t.project_id WHERE p.org_id = ?1 ORDER BY 1`,
    organizations: "SELECT user_count, group_count FROM organizations WHERE id = ?1",
  };
  const rows = {};
  for (const [name, sql] of Object.entries(tables)) rows[name] = await worker.sql(sql, id);
  // The order of the members of an object has no meaning.
  for (const user of rows.users) user.doc = JSON.parse(user.doc);
  return rows;
}
