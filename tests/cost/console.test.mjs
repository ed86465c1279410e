// What the console's pages cost: one round trip to D1 each, and as many rows as they show, however many people there
// are. The preview of an undo costs what it looks at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { pagesOf } from "../helpers/console.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PEOPLE = 10_000;
const INACTIVE = 120;
const MEMBERS = 300;
// Of each person shown the row and its index's, and what they are found by; of a page the organization and the like.
const bound = (shown) => 6 * shown + 20;
// Beside that: the log counts what was done, and looks at each event and entry for it (at most 5,000 of each). A group
// counts its members (at most 1,000), and its history goes through the people of each event on the page.
// The page of health looks at the newest 2,000 events and 200 people, and the newest failures.
const BESIDE = { log: 20 * INACTIVE, groups: 5 * MEMBERS, health: 2 * 200 + 5 * INACTIVE };
const beside = (address) => BESIDE[/organizations\/[^/]+\/(\w+)/.exec(address)?.[1]] ?? 0;
// The preview of an undo finds the changes in one round trip, and counts them in one more. It reads what they are
// about, and their groups with their teams and projects. Rows: 40 of each person that the changes are of.
const PREVIEW = { round_trips: 6, rows: 40 * (INACTIVE + MEMBERS) };

/** A page, its cost, and how many rows its table has. */
async function page(address) {
  const headers = { Authorization: `Bearer ${worker.adminToken}` };
  const answer = await send("GET", worker.url + address, { headers });
  assert.equal(answer.status, 200, answer.text);
  const [, next] = /rel="next" href="([^"]+)"/.exec(answer.text) ?? [];
  return {
    ...serverTiming(answer),
    shown: answer.text.split("<tr").length - 2, // but the head
    next: next?.replaceAll("&amp;", "&"),
  };
}

test("pages take one round trip, but the preview of an undo, and members as many rows as they show", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  // The brake knows the people from events, and these have none.
  await worker.sql("UPDATE organizations SET brake_percent = 0 WHERE id = ?1", organization.id);
  const { people } = await populate(worker.sql, organization.id, { users: PEOPLE });
  const inactive = people.slice(0, INACTIVE);
  for (const id of inactive) assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const members = people.slice(-MEMBERS);
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers(members)), 204);
  assertStatus(await okta.list("/Users", { startIndex: 1, count: 100 }), 200);

  for (const address of pagesOf(organization, { user: people[0], group: group.id })) {
    const { round_trips, rows_read, rows_written } = await page(address);
    if (address.endsWith("undo?since=2026-01-01")) {
      assert.ok(round_trips <= PREVIEW.round_trips, `${address} takes ${round_trips} round trips`);
      assert.ok(rows_read <= PREVIEW.rows, `${address} reads ${rows_read} rows`);
      assert.equal(rows_written, 0, address);
      continue;
    }
    assert.equal(round_trips, 1, address);
    assert.equal(rows_written, 0, address);
    assert.ok(rows_read <= bound(60) + beside(address), `${address} reads ${rows_read} rows`);
  }

  const list = `/console/organizations/${organization.id}/members`;
  const [{ name }] = await worker.sql(
    "SELECT user_name_fold AS name FROM users WHERE org_id = ?1 ORDER BY user_name_fold DESC LIMIT 1 OFFSET 50",
    organization.id,
  );
  const queries = {
    "the first page": "",
    "the last page": `?after=${name}`,
    "those that were changed last": "?sort=changed",
    "the inactive": "?status=inactive",
    "a search among the inactive": "?status=inactive&search=a",
    "the Owner": "?org_role=Owner",
  };
  // No index serves these: each person is looked at, and each match three times more, since all are counted. The
  // numbers are rows for each of the people.
  const searches = {
    "a search": ["?search=ada.", 1.4],
    "a search for a member": ["?search=owner@", 1.1],
    "a search that finds all": ["?search=example.com", 5.3],
    "the active": ["?status=active", 4],
    Members: ["?org_role=Member", 4.1],
    "those in the middle": ["?status=active&org_role=Member&search=grace", 1.4],
    "the last page of them": [`?status=active&search=a&after=${name}`, 4.3],
    "a domain": ["?domain=example.com", 4.1],
    "a group": [`?group=${group.id}`, 1.2],
    "the silent": ["?provider=never_sent&sort=changed", 6],
  };
  for (const [what, [query, rows]] of Object.entries(searches)) {
    const { round_trips, rows_read, shown } = await page(list + query);
    assert.ok(shown >= 1, `${what}: no row is shown`);
    assert.equal(round_trips, 1, what);
    const most = rows * PEOPLE + bound(shown);
    assert.ok(rows_read <= most, `${what}: ${rows_read} rows read, more than ${most}`);
  }
  for (const [what, query] of Object.entries(queries)) {
    const { round_trips, rows_read, shown } = await page(list + query);
    assert.ok(shown >= 1, `${what}: no row is shown`);
    assert.equal(round_trips, 1, what);
    const counted = query.includes("inactive") ? 4 * INACTIVE : 0; // all of them
    assert.ok(rows_read <= bound(shown) + counted, `${what}: ${rows_read} rows read for ${shown} shown`);
  }

  // To the end of the inactive, who are all counted, and of the group.
  let seen = 0;
  for (let query = "?status=inactive"; query; ) {
    const { rows_read, shown, next } = await page(list + query);
    assert.ok(rows_read <= bound(shown) + 4 * INACTIVE, `${query}: ${rows_read} rows read for ${shown} shown`);
    seen += shown;
    query = next;
  }
  assert.equal(seen, INACTIVE);
  seen = 0;
  for (let query = "?"; query; ) {
    const address = `/console/organizations/${organization.id}/groups/${group.id}`;
    const { rows_read, shown, next } = await page(address + query);
    assert.ok(rows_read <= bound(shown) + beside(address), `${query}: ${rows_read} rows read for ${shown} shown`);
    seen += shown;
    query = next;
  }
  assert.equal(seen, members.length);
});
