// What requests cost, from Server-Timing: a read is one round trip to the database, a write two, one that changes
// nothing usually one; and the rows, as D1 bills them, do not grow with the directory.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, memberIds, serverTiming } from "../helpers/assert.mjs";
import { members, oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";
import { CHANGES, CROWD } from "./change-costs.mjs";

const LARGE = "Statsig-Demo-Member";

describe("the cost of a request", () => {
  const worker = useWorker();
  const table = [];
  const asserted = new Set();
  let organization;
  let okta;
  let ids;
  let group;

  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    okta = organization.okta;
    ids = (await populate(worker.sql, organization.id, { users: CROWD })).people;
    group = await organization.groupNamed(LARGE);
    assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(LARGE, ids.slice(0, -2))), 200);
  });

  /** Asserts the status of an answer, and resolves with its cost, which becomes a row of the table. */
  function costOf(name, answer, status) {
    assertStatus(answer, status);
    const cost = serverTiming(answer);
    table.push({
      request: name,
      "round trips": cost.round_trips,
      read: cost.rows_read,
      written: cost.rows_written,
      ms: cost.d1,
    });
    return cost;
  }

  /**
   * Asserts status and exact cost of a write, `cost` being [round trips, rows read, rows written]. The first loss of
   * access in a minute takes a row more, in access_losses.
   */
  function assertExactCost(name, answer, status, cost, { losesAccess = false } = {}) {
    const { round_trips, rows_read, rows_written } = costOf(name, answer, status);
    const more = losesAccess ? rows_written - cost[2] : 0;
    assert.ok([0, 1].includes(more), `${name}: ${rows_written} rows written, ${cost[2]} expected`);
    assert.deepEqual([round_trips, rows_read, rows_written - more], cost, name);
  }

  /** As assertExactCost, of a change in the table of docs/performance.md. */
  function assertChange(change, answer, status, options) {
    asserted.add(change);
    assertExactCost(change, answer, status, CHANGES[change].now, options);
  }

  /** Asserts status and cost of an answer, `cost` being [round trips, most rows read, most rows written]. */
  function assertCost(name, answer, status, [roundTrips, mostRead, mostWritten]) {
    const cost = costOf(name, answer, status);
    assert.equal(cost.round_trips, roundTrips, `${name}: round trips`);
    assert.ok(cost.rows_read <= mostRead, `${name}: ${cost.rows_read} rows read, at most ${mostRead} expected`);
    assert.ok(
      cost.rows_written <= mostWritten,
      `${name}: ${cost.rows_written} rows written, at most ${mostWritten} expected`,
    );
    assert.ok(cost.rows_read > 0, `${name}: nothing read?`);
    if (mostWritten > 0) assert.ok(cost.rows_written > 0, `${name}: nothing written?`);
  }

  test("of reading", async () => {
    const user = await organization.user(ids[5_000]);
    const lookup = (filter) => okta.find("/Users", filter);
    assertCost("GET user", await okta.get(`/Users/${user.id}`), 200, [1, 12, 0]);
    assertCost("GET user that is not there", await okta.get("/Users/nobody"), 404, [1, 12, 0]);
    assertCost("lookup userName", await lookup(`userName eq "${user.userName}"`), 200, [1, 12, 0]);
    assertCost("lookup userName of nobody", await lookup('userName eq "nobody@okta.local"'), 200, [1, 12, 0]);
    assertCost("lookup emails.value", await lookup(`emails.value eq "${user.userName}"`), 200, [1, 24, 0]);
    assertCost("lookup externalId", await lookup(`externalId eq "${user.externalId}"`), 200, [1, 18, 0]);
    assertCost("lookup id", await lookup(`id eq "${user.id}"`), 200, [1, 12, 0]);
    const page = (startIndex) => okta.list("/Users", { startIndex, count: 100 });
    assertCost("first page of 100", await page(1), 200, [1, 1_200 + 1.1 * CROWD, 1]);
    // One for the reading of the list, and two for the event that an import began.
    assertCost("second page of 100", await page(101), 200, [1, 1_200, 1 + 2]);
    assertCost("any other page of 100", await page(CROWD - 99), 200, [1, 1_200, 0]);
    assertCost("test connection", await okta.list("/Users", { startIndex: 1, count: 2 }), 200, [1, 40, 0]);
  });

  test("of groups, without their members", async () => {
    const lookup = { excludedAttributes: "members", filter: `displayName eq "${LARGE}"` };
    assertCost("lookup group, no members", await okta.list("/Groups", lookup), 200, [1, 12, 0]);
    const bare = await okta.get(`/Groups/${group.id}?excludedAttributes=members`);
    assertCost("GET group, no members", bare, 200, [1, 12, 0]);
    const whole = await okta.get(`/Groups/${group.id}`);
    assertCost(`GET group of ${CROWD}`, whole, 200, [1, 3 * CROWD, 0]);
    assert.equal(memberIds(whole.body).length, CROWD - 2);
  });

  test("of creating, changing and deleting a person", async () => {
    const profile = person("newcomer@okta.local", "New", "Comer");
    const created = await okta.post("/Users", oktaUser(profile));
    assertChange("a person is created", created, 201);
    const path = `/Users/${created.body.id}`;
    const renamed = oktaUser(person(profile.userName, "Newer", "Comer"));
    assertChange("a name changes", await okta.put(path, renamed), 200);
    assertCost("PUT user, no change", await okta.put(path, renamed), 200, [1, 20, 0]);
    const inactive = await okta.patch(path, operation.active(false));
    assertChange("a person without groups is deactivated", inactive, 200, { losesAccess: true });
    assertCost("PATCH active, no change", await okta.patch(path, operation.active(false)), 200, [1, 20, 0]);
    // The one row is the next `seq`, which SQLite gives away before it finds that the userName is taken.
    assertCost("POST user that exists", await okta.post("/Users", renamed), 409, [1, 12, 1]);
    assertChange("a person without groups is deleted", await okta.delete(path), 204);
    const member = await okta.patch(`/Users/${ids[9]}`, operation.active(false));
    assertChange("a person in one group is deactivated", member, 200, { losesAccess: true });
  });

  test("of changing a large group", async () => {
    const path = `/Groups/${group.id}`;
    const [last] = ids.slice(-1);
    const added = await okta.patch(path, operation.addMembers([last]));
    assertChange("one member joins the large group", added, 204);
    assertCost("PATCH +1, no change", await okta.patch(path, operation.addMembers([last])), 204, [1, 24, 0]);
    const removed = await okta.patch(path, operation.removeMember(last));
    assertChange("one member leaves the large group", removed, 204, { losesAccess: true });
    assertCost("PATCH -1, no change", await okta.patch(path, operation.removeMember(last)), 204, [1, 24, 0]);
    // Where the organization does not keep access, nothing is read for it.
    const inactive = await organization.createUser("away@okta.local", { active: false });
    const pushed = await okta.patch(path, operation.addMembers([inactive.id]));
    assertExactCost("PATCH +1 who is inactive", pushed, 204, [1, 8, 0]);
    assertCost("PATCH same name", await okta.patch(path, operation.rename(group.id, LARGE)), 204, [1, 24, 0]);
    const oneMore = { ...oktaGroup(LARGE), members: members(ids.slice(0, -1)) };
    const replaced = await okta.put(path, oneMore);
    assertExactCost(`PUT ${CROWD}, one changed`, replaced, 200, [2, 4.2 * CROWD + 42, 4 + 1 + 2]);
    assertCost(`PUT ${CROWD}, no change`, await okta.put(path, oneMore), 200, [1, 5 * CROWD, 0]);
  });

  test("of teams", async () => {
    const created = await okta.post("/Groups", oktaGroup("Statsig-Demo-Night Shift-Member", ids.slice(0, 3)));
    // Events of the team, of its two groups, and of the members who joined. The team lists each of its groups.
    assertExactCost("POST team of 3", created, 201, [2, 89, 28 + 1 + 4 * 2]);
    const deleted = await okta.delete(`/Groups/${created.body.id}`);
    // One read tells whether the access brake is engaged.
    assertChange("a team with three members is deleted", deleted, 204, { losesAccess: true });
  });

  test("of emptying a large group", async () => {
    await organization.configure({ brake_percent: 0 });
    const emptied = await okta.put(`/Groups/${group.id}`, oktaGroup(LARGE, []));
    assertChange("9,998 members leave the large group", emptied, 200, { losesAccess: true });
  });

  test("as in the table of docs/performance.md", () => {
    assert.deepEqual([...asserted].sort(), Object.keys(CHANGES).sort());
    const number = (value) => value.toLocaleString("en");
    const rows = Object.entries(CHANGES).map(([change, { before, now }]) => {
      const cells = before.map((value, i) => `${number(value)} → ${number(now[i])}`);
      return `| ${[change, ...cells].join(" | ")} |`;
    });
    const made = ["| when | round trips | rows read | rows written |", "| --- | --- | --- | --- |", ...rows].join("\n");
    const file = new URL("../../docs/performance.md", import.meta.url);
    const text = readFileSync(file, "utf8");
    const [begin, kept, end] = text.split(/(?<=<!-- changes -->\n\n)|(?=\n\n<!-- end of changes -->)/);
    if (process.env.UPDATE) writeFileSync(file, begin + made + end);
    else assert.equal(kept, made, "UPDATE=1 renews the table");
  });

  test("as a table", (t) => {
    assert.ok(table.length >= 20);
    const columns = Object.keys(table[0]);
    const cells = [columns, ...table.map(Object.values)].map((row) => row.map(String));
    const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
    for (const row of cells) {
      t.diagnostic(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
    }
  });
});
