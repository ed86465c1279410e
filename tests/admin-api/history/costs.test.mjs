// How many rows the calls about the past read: bounded, however many people and events there are.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { populate } from "../../../scripts/lib/population.mjs";
import { assertStatus, serverTiming } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const GROUPS = 60;
const PEOPLE = 10_000;
const EVENTS = 1_000_000;

let organization;
let ada;
let group;

/** A call, and what it read. */
async function cost(path) {
  const answer = await organization.admin.send("GET", organization.path(path));
  assertStatus(answer, 200);
  return { ...serverTiming(answer), body: answer.body };
}

before(async () => {
  await worker.started; // hooks at the top of a file do not wait for each other
  organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
  const { okta } = organization;
  ada = await organization.createUser("ada@okta.local");
  const groups = [];
  for (let number = 0; number < GROUPS; number++) {
    const body = { displayName: `Group ${number}`, members: [{ value: ada.id }] };
    groups.push(assertStatus(await okta.post("/Groups", body), 201));
  }
  const { people } = await populate(worker.sql, organization.id, { users: PEOPLE });
  assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
  assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(true)), 200);
  for (const { id } of groups) assertStatus(await okta.patch(`/Groups/${id}`, operation.addMembers([ada.id])), 204);

  group = await organization.groupNamed("Statsig-Demo-Member");
  for (const members of [people.slice(0, 61), people.slice(1, 62), people.slice(5, 70)]) {
    const body = { displayName: group.displayName, members: members.map((value) => ({ value })) };
    assertStatus(await okta.put(`/Groups/${group.id}`, body), 200);
  }

  // Many more events of others, with the same times as the newest.
  const [newest] = await worker.sql(
    "SELECT seq, at FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1",
    organization.id,
  );
  for (let made = 0; made < EVENTS; made += 50_000) {
    await worker.sql(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
       INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
         lost_total)
       SELECT ?1, ?2 + ?3 + i, strftime('%Y-%m-%dT%H:%M:%fZ', ?4, ((?3 + i) / 100.0) || ' seconds'), 'person.updated',
         ?2 + ?3 + i, 'job', 'test', 'person', 'person ' || ((?3 + i) % 1000), '{"attributes":["title"]}', 1, 0 FROM n`,
      organization.id,
      newest.seq,
      made,
      newest.at,
    );
  }
});

test("a person in sixty groups, twice", async () => {
  const { rows_read, round_trips, body } = await cost(`/events?person=${ada.id}&count=200`);
  assert.equal(body.deeds.length, 2 * GROUPS + 3);
  assert.equal(round_trips, 1);
  assert.ok(rows_read <= 2_300, `${rows_read} rows`);
});

test("a group after three pushes", async () => {
  const { rows_read, body } = await cost(`/events?group=${group.id}`);
  assert.equal(body.deeds.length, 3 + 1, "the pushes, and the creation");
  assert.ok(rows_read <= 450, `${rows_read} rows`);
});

test("the newest deeds, and a page of old ones", async () => {
  const newest = await cost("/events");
  assert.deepEqual(newest.body.total, { count: 1000, is_exact: false });
  const day = newest.body.deeds.at(-1).at;
  // A page that is not the first looks at the newest events again, to count.
  for (const [path, most] of [
    ["/events", 6_500],
    [`/events?before=${newest.body.next}`, 11_500],
    [`/events?to=${day}`, 6_500],
  ]) {
    const { rows_read, round_trips } = await cost(path);
    assert.equal(round_trips, 1);
    assert.ok(rows_read <= most, `${path}: ${rows_read} rows`);
  }
});

test("filters that select few, or none", async () => {
  const all = ["kind=deactivated", "type=org_role.changed", "key=none", "source=console", "actor=none", "text=nothing"];
  for (const filter of [...all, "outcome=refused", "outcome=unchanged"]) {
    const { rows_read, body } = await cost(`/events?${filter}`);
    assert.ok(rows_read <= 5_100, `${filter}: ${rows_read} rows`);
    assert.equal(body.total.is_exact, filter.startsWith("outcome"), filter);
    assert.ok(filter.startsWith("outcome") || body.next !== null, filter);
  }
});

test("going on to the few deeds that match, below a million events", async () => {
  let page = await cost("/events?kind=deactivated");
  let pages = 1;
  for (; page.body.deeds.length === 0; pages++) {
    page = await cost(`/events?kind=deactivated&before=${page.body.next}`);
    assert.ok(page.rows_read <= 10_300, `${page.rows_read} rows`);
  }
  assert.ok(pages >= EVENTS / 5_000);
  assert.equal(page.body.deeds[0].events[0].subject.id, ada.id);
});

test("access now, in the past, and the difference", async () => {
  const { body } = await cost(`/events?person=${ada.id}&kind=deactivated`);
  const [{ at }] = body.deeds;
  for (const query of ["", `?at=${at}`, `?at=${body.kept_since}`]) {
    const { rows_read, round_trips } = await cost(`/members/${ada.id}/access${query}`);
    assert.equal(round_trips, 1);
    assert.ok(rows_read <= 600, `${query}: ${rows_read} rows`);
  }
  for (const query of ["", `&person=${ada.id}`, `&group=${group.id}`]) {
    const { rows_read, body: difference } = await cost(`/access/changes?from=${body.kept_since}&to=2100-01-01${query}`);
    assert.ok(rows_read <= 11_000, `${query}: ${rows_read} rows`);
    assert.equal(difference.next === null, query !== "", query);
  }
});

test("an event", async () => {
  const { rows_read, round_trips } = await cost("/events/3");
  assert.equal(round_trips, 1);
  assert.ok(rows_read <= 30, `${rows_read} rows`);
});
