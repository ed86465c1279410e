// What `npm run seed` writes is what the Worker writes, row by row; only ids and times differ, and there are no events:
// people and memberships are as if they had been there before events were kept.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { person } from "../../scripts/lib/people.mjs";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const USERS = 12;
const SIZE = { users: USERS, groups: 3, members: 5 };
const TABLES = ["organizations", "users", "user_emails", "groups", "memberships"];
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** Every row of these tables as text, ids numbered by first appearance and times left out. */
async function rowsOf(worker) {
  const [{ active_total }] = await worker.sql("SELECT active_total FROM events ORDER BY seq DESC LIMIT 1");
  const tables = {};
  for (const table of TABLES) {
    const order = { organizations: "id", user_emails: "user_seq, value_fold" }[table] ?? "rowid";
    const by = table === "memberships" ? "group_seq, user_seq" : order;
    tables[table] = await worker.sql(`SELECT * FROM ${table} ORDER BY ${by}`);
  }
  // Which event began a membership is compared below.
  for (const membership of tables.memberships) delete membership.since;
  const numbers = new Map();
  return JSON.stringify({ ...tables, active_total }, null, 1)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => {
      if (!numbers.has(id)) numbers.set(id, numbers.size);
      return `id-${numbers.get(id)}`;
    })
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
    .replace(/"feed_secret": "[0-9a-f]{64}"/g, '"feed_secret": "secret"')
    .replace(/(O|o)rganization \d+/g, "$1rganization");
}

describe("a seeded directory", () => {
  const seeded = useWorker();
  const written = useWorker();

  test("is row for row what the Worker writes", async () => {
    const plain = { settings: { plain_groups: true } };
    const organization = await createOrganization(seeded, plain);
    const made = await populate(seeded.sql, organization.id, SIZE);

    const { okta } = await createOrganization(written, plain);
    const ids = [];
    for (const id of made.people) {
      // The same attributes, the manager's id being the one that the Worker gave.
      const { [ENTERPRISE]: enterprise } = await organization.user(id);
      const manager = ids[made.people.indexOf(enterprise.manager?.value)];
      const attributes = person(ids.length + 2, { domain: "example.com", manager }); // 1 is the owner
      ids.push(assertStatus(await okta.post("/Users", attributes), 201).id);
    }
    for (const [i, { members }] of made.groups.entries()) {
      const displayName = `Group ${i + 1}`;
      const chosen = members.map((id) => ({ value: ids[made.people.indexOf(id)] }));
      assertStatus(await okta.post("/Groups", { displayName, members: chosen }), 201);
    }

    assert.equal(await rowsOf(seeded), await rowsOf(written));
    const begun = async ({ sql }) =>
      (await sql("SELECT DISTINCT since > 0 AS known FROM memberships")).map(Object.values);
    assert.deepEqual([await begun(seeded), await begun(written)], [[[0]], [[1]]]);
    // Not because both are empty, or of one kind.
    const [counts] = await seeded.sql(`
      SELECT user_count AS counted, (SELECT count(*) FROM memberships) AS members,
        (SELECT count(*) FROM users WHERE doc_fold IS NOT NULL) AS folded,
        (SELECT count(*) FROM user_emails) AS emails FROM organizations`);
    assert.deepEqual([counts.counted, counts.members], [USERS + 1, 15]);
    assert.ok(counts.folded > 0 && counts.folded < USERS, "users that SQLite folds, and others");
    assert.ok(counts.emails > USERS + 1, "people with more than one address");
  });

  test("is answered over SCIM, and can be added to", async () => {
    const organization = await createOrganization(seeded, { settings: { mail_domains: ["okta.local"] } });
    const first = await populate(seeded.sql, organization.id, { users: 2 });
    const shares = [];
    const second = await populate(seeded.sql, organization.id, { users: 1_500, groups: 1, members: 1_500 }, (share) =>
      shares.push(share),
    );
    const list = assertStatus(await organization.okta.list("/Users", { count: 4 }), 200);
    assert.equal(list.totalResults, 1_503);
    assert.deepEqual(
      list.Resources.slice(1).map(({ id }) => id),
      [...first.people, ...second.people].slice(0, 3),
    );
    const last = await organization.user(second.people.at(-1));
    assert.deepEqual(await organization.userNamed(last.userName.toUpperCase()), last);
    const [{ id, members }] = second.groups;
    assert.deepEqual(memberIds(await organization.group(id)), members.toSorted());
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
  });

  test("is refused with the reason where it is impossible", async () => {
    await assert.rejects(populate(seeded.sql, "nobody", { users: 1 }), /no organization nobody/);
    await assert.rejects(populate(seeded.sql, "nobody", { users: 1, groups: 1, members: 2 }), /cannot have 2 members/);
  });
});
