// SQLite's plans of the statements that look something up: each uses an index, and none scans a table.
// The statements are those that src/d1/list makes; a unit test in src/d1/golden.rs keeps statements.json true.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { useWorker } from "../helpers/worker.mjs";

const QUERIES = JSON.parse(readFileSync(new URL("./statements.json", import.meta.url), "utf8"));

/**
 * What may be scanned: `hit` is the page itself, a subquery a table's part of it, `chunk` a run of members, `member`
 * what is in one; `boundary`, `n` and json_each are what a snapshot has, `ranked`, `chosen` and `candidate` the
 * readings of one list, and the others one row: `p` is the organization's newest event, or the place of a page.
 */
const SMALL = new RegExp(
  `^(?:${[
    ...["hit", "chunk", "member", "boundary", "n", "o", "start", "ranked", "candidate", "chosen", "c", "c LEFT-JOIN"],
    ...["s LEFT-JOIN", "t", "b", "l", "p", "list", "place", "\\(subquery-\\d+\\)", "CONSTANT ROW", "json_each .*"],
  ].join("|")})$`,
);

/** How the rows of each query are found, in the words of EXPLAIN QUERY PLAN. */
const FOUND_BY = {
  "Users where id eq": ["users_by_id (org_id=? AND id=?)"],
  "Users where userName eq": ["users_by_user_name (org_id=? AND user_name_fold=?)"],
  "Users where userName sw": ["users_by_user_name (org_id=? AND user_name_fold>? AND user_name_fold<?)"],
  "Users where externalId eq": ["users_by_external_id (org_id=? AND external_id=?)"],
  "Users where emails.value eq": ["SEARCH e USING PRIMARY KEY (org_id=? AND value_fold=?)"],
  "Users where emails[type eq": ["SEARCH e USING PRIMARY KEY (org_id=? AND value_fold=?)"],
  "Users where groups.value eq": ["groups_by_id (org_id=? AND id=?)"],
  "Users where meta.lastModified gt": ["users_by_last_modified (org_id=? AND last_modified>?)"],
  "Users where userName eq a or": ["users_by_user_name", "users_by_external_id", "SEARCH e USING PRIMARY KEY"],
  "Users where active eq": ["users_by_user_name (org_id=? AND user_name_fold=?)", "users_by_id (org_id=? AND id=?)"],
  "Groups where id eq": ["groups_by_id (org_id=? AND id=?)"],
  "Groups where displayName eq": ["groups_by_name (org_id=? AND name_fold=?)"],
  "Groups where externalId eq": ["groups_by_external_id (org_id=? AND external_id=?)"],
  "Groups where members.value eq": ["users_by_id (org_id=? AND id=?)"],
  "Groups where displayName eq a or": ["groups_by_name (org_id=? AND name_fold=?)"],
  "Users on a later page": [
    "users_in_order (org_id=? AND managed=? AND seq>?)",
    "SEARCH users USING INTEGER PRIMARY KEY",
  ],
  "Users where title co on a later page": ["SCAN json_each", "SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"],
  "Users where emails.value co on a later page": ["SCAN json_each", "user_emails_by_user (user_seq=?)"],
  "Groups where members.display co on a later page": ["SCAN json_each", "SEARCH m USING PRIMARY KEY (group_seq=?)"],
  "Users where meta.lastModified gt on a later page": ["SEARCH users USING INTEGER PRIMARY KEY (rowid=?)"],
  "Groups on a later page": ["groups_in_order (org_id=? AND seq>?)", "SEARCH g USING INTEGER PRIMARY KEY (rowid=?)"],
  Users: ["users_in_order (org_id=? AND managed=?"],
  "Users behind a cursor": ["users_in_order (org_id=? AND managed=? AND seq>?)"],
  "Users sorted by userName": ["users_by_user_name (org_id=?)"],
  "Users sorted by userName behind a cursor": ["users_by_user_name (org_id=? AND user_name_fold>?)"],
  "Users sorted by meta.lastModified": ["users_by_last_modified (org_id=?)"],
  "Groups behind a cursor": ["groups_in_order (org_id=? AND seq>?)"],
  "Groups sorted by displayName behind a cursor": ["groups_by_name (org_id=? AND name_fold>?)"],
  "All where externalId eq": ["users_by_external_id", "groups_by_external_id"],
  All: ["users_in_order (org_id=? AND managed=?)", "groups_in_order (org_id=?)"],
  "All behind a cursor": ["users_in_order (org_id=? AND managed=? AND seq>?)", "groups_in_order (org_id=? AND seq>?)"],
};

/** A query in the words of the table above, the values left out where they do not tell two queries apart. */
function named({ listed, filter, sortBy, place }) {
  const or = / or /.test(filter ?? "") && !filter.startsWith("active") ? " a or" : "";
  const where = filter ? ` where ${filter.split(" ").slice(0, 2).join(" ")}${or}` : "";
  return `${listed}${where}${sortBy ? ` sorted by ${sortBy}` : ""}${place ? ` ${place}` : ""}`;
}

describe("the plan of", () => {
  const worker = useWorker();
  const explain = async ({ sql, params }) => {
    const steps = await worker.sql(`EXPLAIN QUERY PLAN ${sql}`, ...params);
    return steps.map((step) => step.detail);
  };

  test("the table has each query, and no other", () => {
    assert.deepEqual(QUERIES.map(named).sort(), Object.keys(FOUND_BY).sort());
  });

  for (const query of QUERIES) {
    test(named(query), async () => {
      for (const statement of query.statements) {
        const plan = await explain(statement);
        const scans = plan.filter((step) => step.startsWith("SCAN ") && !SMALL.test(step.slice("SCAN ".length)));
        assert.deepEqual(scans, [], `${statement.sql}\n${plan.join("\n")}`);
      }
      const page = query.statements.find(({ sql }) => sql.includes(" AS body"));
      const plan = (await explain(page)).join("\n");
      for (const found of FOUND_BY[named(query)]) assert.ok(plan.includes(found), `${found} is missing in\n${plan}`);
      const sorts = plan.includes("TEMP B-TREE FOR ORDER BY");
      // Two tables' parts of a page are sorted into one.
      if ((query.sortBy || !query.filter) && query.listed !== "All" && query.place !== "on a later page")
        assert.ok(!sorts, `sorted, though an index has the order:\n${plan}`);
    });
  }
});
