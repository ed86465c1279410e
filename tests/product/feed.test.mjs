// The feed: all events in order, each once, and what each did to the access of people.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const EVENTS = "/product/v1/events";

const query = (parameters) => {
  const text = new URLSearchParams(parameters).toString();
  return text ? `${EVENTS}?${text}` : EVENTS;
};

/** Reads all events behind a cursor, and the last cursor. */
async function drain(product, after, parameters = {}) {
  const events = [];
  for (;;) {
    const page = await product.get(query({ ...parameters, ...(after ? { after } : {}) }));
    events.push(...page.events);
    after = page.cursor;
    if (!page.has_more) return { events, cursor: after };
  }
}

const newestCursor = async (product) => (await drain(product, undefined, { limit: 1000 })).cursor;

/** The only event behind a cursor of a type. */
async function only(product, after, type) {
  const { events } = await drain(product, after);
  const found = events.filter((event) => event.type === type);
  assert.equal(found.length, 1, JSON.stringify(events.map((event) => event.type)));
  return found[0];
}

describe("the feed", () => {
  test("has all events in order, with the subject, the cause and the fields", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const ada = await organization.createUser("ada@okta.local", { externalId: "00u1" });
    const { events } = await drain(product, undefined, { limit: 3 });
    const stored = await storedEvents(worker, organization.id);
    assert.deepEqual(
      events.map(({ seq, at, type, version, story, data }) => ({ seq, at, type, version, story, data })),
      stored.map(({ seq, at, type, version, story, data }) => ({ seq, at, type, version, story, data })),
    );
    const created = events.at(-1);
    assert.equal(created.id, `evt_${organization.id}_${created.seq}`);
    assert.equal(created.organization, organization.id);
    const { name, ...subject } = created.subject;
    const names = { user_name: "ada@okta.local", external_id: "00u1", email: "ada@okta.local" };
    assert.deepEqual(subject, { id: ada.id, ...names, type: "person" });
    assert.ok(name.length > 0);
    assert.equal(created.cause.source, "scim");
    assert.equal(created.cause.actor, organization.key.hint);
    assert.equal(created.cause.log_id, stored.at(-1).log_id);
    assert.ok(events.every(({ access }) => Array.isArray(access)));
  });

  test("says what each event did to the access of each person", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    // An event lists people by their ids.
    const [ada, bob] = (await organization.createUsers(2)).sort((one, other) => (one.id < other.id ? -1 : 1));
    const { id: group } = await organization.groupNamed("Statsig-Demo-Cook");
    const groups = (action) => organization.okta.patch(`/Groups/${group}`, action);
    let cursor = await newestCursor(product);
    assertStatus(await groups(operation.addMembers([ada.id, bob.id])), 204);
    const added = await only(product, cursor, "membership.added");
    const [project] = (await organization.admin.get(organization.path("/projects"))).projects;
    const right = {
      group_id: group,
      group: null,
      project_id: project.id,
      project: "Demo",
      team_id: null,
      team: null,
      role: "Cook",
    };
    assert.deepEqual(
      added.access.map(({ person, ...rest }) => ({ person: person.id, ...rest })),
      [ada, bob].map(({ id }) => ({
        person: id,
        active: true,
        lost: [],
        gained: [right],
        is_lost: false,
        is_gained: false,
        org_role: null,
      })),
    );
    assert.deepEqual(
      added.access.map(({ person }) => person.user_name),
      [ada.userName, bob.userName],
    );

    cursor = await newestCursor(product);
    assertStatus(await groups(operation.removeMember(bob.id)), 204);
    const [removed] = (await only(product, cursor, "membership.removed")).access;
    assert.deepEqual(
      [removed.person.id, removed.active, removed.lost, removed.is_lost],
      [bob.id, true, [right], false],
    );

    cursor = await newestCursor(product);
    assertStatus(await organization.okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    const { events } = await drain(product, cursor);
    assert.deepEqual(events.map(({ type }) => type).sort(), ["membership.removed", "person.deactivated"]);
    const [deactivated] = events.find(({ type }) => type === "person.deactivated").access;
    assert.deepEqual([deactivated.person.id, deactivated.active, deactivated.is_lost], [ada.id, false, true]);
    const [ended] = events.find(({ type }) => type === "membership.removed").access;
    assert.deepEqual([ended.person.id, ended.active, ended.lost], [ada.id, false, [right]]);

    cursor = await newestCursor(product);
    assertStatus(await organization.okta.patch(`/Users/${ada.id}`, operation.active(true)), 200);
    const [restored] = (await only(product, cursor, "person.restored")).access;
    assert.deepEqual([restored.active, restored.is_gained, restored.is_lost], [true, true, false]);

    cursor = await newestCursor(product);
    assertStatus(await organization.okta.delete(`/Users/${bob.id}`), 204);
    const deleted = await only(product, cursor, "person.deleted");
    assert.equal(deleted.subject.user_name, bob.userName, "the last name is known");
    assert.deepEqual([deleted.access[0].active, deleted.access[0].is_lost], [false, true]);

    cursor = await newestCursor(product);
    assertStatus(
      await organization.okta.patch(`/Users/${ada.id}`, { op: "replace", path: "statsigOrgRole", value: "Admin" }),
      200,
    );
    const [role] = (await only(product, cursor, "org_role.changed")).access;
    assert.deepEqual(role.org_role, { before: "Member", after: "Admin" });
  });

  test("is filtered by types, and the cursor passes what they leave out", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const [ada, bob] = await organization.createUsers(2);
    const { id: group } = await organization.groupNamed("Statsig-Demo-Cook");
    await organization.okta.patch(`/Groups/${group}`, operation.addMembers([ada.id, bob.id]));
    await organization.okta.patch(`/Groups/${group}`, operation.removeMember(bob.id));
    await organization.okta.patch(`/Users/${ada.id}`, operation.active(false));
    const typesOf = async (types) => (await drain(product, undefined, { types, limit: 2 })).events.map((e) => e.type);
    assert.deepEqual((await typesOf("access.lost")).sort(), [
      "membership.removed",
      "membership.removed",
      "person.deactivated",
    ]);
    assert.deepEqual(await typesOf("person.deactivated,membership.added"), ["membership.added", "person.deactivated"]);
    assert.deepEqual(await typesOf("access.gained"), [
      ...Array(3).fill("person.created"), // the Owner, and both people
      "membership.added",
    ]);
    const all = await drain(product);
    const chosen = await product.get(query({ types: "project.archived", limit: 1000 }));
    assert.deepEqual([chosen.events, chosen.cursor, chosen.has_more], [[], all.cursor, false]);
    for (const wrong of [
      { types: "person.vanished" },
      { limit: 0 },
      { limit: 1001 },
      { wait: 26 },
      { range_start: "yesterday" },
      { after: all.cursor, range_start: "2026-01-01T00:00:00Z" },
      { page: 2 },
    ]) {
      await product.refused(400, "invalid_parameter", "GET", query(wrong));
    }
  });

  test("begins at a time", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    await organization.createUsers(3);
    const all = (await drain(product)).events;
    for (const { seq, at } of all) {
      const { events } = await drain(product, undefined, { range_start: at, limit: 1000 });
      assert.equal(events[0].seq, all.find((event) => event.at >= at).seq, `${seq}`);
      assert.equal(events.at(-1).seq, all.at(-1).seq);
    }
    const future = await product.get(query({ range_start: "2100-01-01T00:00:00Z" }));
    assert.deepEqual([future.events, future.has_more], [[], false]);
    await organization.createUser("later@okta.local");
    const { events } = await product.get(query({ after: future.cursor }));
    assert.deepEqual(
      events.map(({ type }) => type),
      ["person.created"],
    );
  });

  test("needs the scope, and refuses cursors of others and changed ones", async () => {
    const [organization, other] = [await createOrganization(worker), await createOrganization(worker)];
    const [product, stranger] = [await createProduct(organization), await createProduct(other)];
    const reader = await createProduct(organization, { scopes: ["read", "check"] });
    await reader.refused(403, "scope_missing", "GET", EVENTS);
    const cursor = await newestCursor(product);
    await stranger.refused(400, "invalid_cursor", "GET", query({ after: cursor }));
    const changed = `${cursor.slice(0, 8)}${cursor[8] === "A" ? "B" : "A"}${cursor.slice(9)}`;
    for (const text of [changed, "x", `${cursor}A`, "0"]) {
      await product.refused(400, "invalid_cursor", "GET", query({ after: text }));
    }
    const rotated = await organization.admin.create(organization.path(`/product-keys/${product.key.id}/rotate`), {});
    product.key = rotated;
    assert.deepEqual((await drain(product, cursor)).events.map(({ type }) => type).slice(-1), ["product_key.created"]);
  });

  test("is 410 with a pointer to the snapshot where events are missing", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const { cursor } = await product.get(query({ limit: 1 }));
    await organization.createUsers(3);
    const newest = await newestCursor(product);
    const remove = (below) =>
      worker.sql("DELETE FROM events WHERE org_id = ?1 AND seq < CAST(?2 AS INTEGER)", organization.id, String(below));
    await remove(2);
    assert.equal((await drain(product, cursor)).events[0].seq, 2, "the next event is kept");
    await remove(3);
    const answer = await product.refused(410, "cursor_expired", "GET", query({ after: cursor }));
    assert.equal(answer.body.snapshot, "/product/v1/snapshot");
    await product.refused(410, "cursor_expired", "GET", query({ range_start: "2020-01-01T00:00:00Z" }));
    assert.equal((await drain(product)).events[0].seq, 3, "without a beginning, from the oldest event on");
    assert.deepEqual((await drain(product, newest)).events, []);
    // The database was restored to an older state, and went on from there.
    await worker.sql(
      `UPDATE events SET at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1
       AND seq = (SELECT max(seq) FROM events WHERE org_id = ?1)`,
      organization.id,
    );
    await product.refused(410, "cursor_expired", "GET", query({ after: newest }));
  });

  test("costs one round trip, and rows by what it returns", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const people = await organization.createUsers(40);
    const { id: group } = await organization.groupNamed("Statsig-Demo-Cook");
    await organization.okta.patch(`/Groups/${group}`, operation.addMembers(people.map(({ id }) => id)));
    const first = await product.send("GET", query({ limit: 1 }));
    for (const [parameters, events, listed] of [
      [{ limit: 1 }, 1, 0],
      [{ limit: 20, after: first.body.cursor }, 20, 20],
      [{ limit: 1000 }, (await drain(product)).events.length, 120],
      [{ after: await newestCursor(product) }, 0, 0],
      [{ after: await newestCursor(product), range_start: undefined }, 0, 0],
    ]) {
      const answer = await product.send("GET", query(JSON.parse(JSON.stringify(parameters))));
      assert.equal(answer.body.events.length, events);
      const { round_trips, rows_read, rows_written } = serverTiming(answer);
      const most = 18 + 8 * events + 3 * listed;
      assert.ok(rows_read <= most, `${JSON.stringify(parameters)}: ${rows_read} rows, at most ${most}`);
      assert.deepEqual([round_trips, rows_written], [1, 0]);
    }
  });

  test("ends a page early behind 2,000 people, and goes on", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
    const product = await createProduct(organization);
    const people = await organization.createUsers(10);
    await drain(product);
    const cursor = await newestCursor(product);
    const crowd = JSON.stringify(Array.from({ length: 450 }, (_, i) => ({ id: people[i % 10].id })));
    await worker.sql(
      `INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
         lost_total)
       SELECT e.org_id, e.seq + j.value, e.at, 'membership.added', e.seq + j.value, 'scim', 'x', 'group', 'g',
         json_object('groups', json('[{"id":"g","name":"G"}]'), 'people', json(?2)), 0, 0
       FROM json_each('[1,2,3,4,5,6,7,8]') j CROSS JOIN events e ON e.org_id = ?1
         AND e.seq = (SELECT max(seq) FROM events WHERE org_id = ?1)`,
      organization.id,
      crowd,
    );
    const page = await product.send("GET", query({ after: cursor, limit: 1000 }));
    assert.equal(page.body.events.length, 5);
    assert.equal(page.body.has_more, true);
    assert.ok(serverTiming(page).rows_read <= 18 + 8 * 8 + 3 * 5 * 450, `${serverTiming(page).rows_read} rows`);
    assert.deepEqual(
      (await drain(product, cursor)).events.map(({ access }) => access.length),
      Array(8).fill(450),
    );
  });
});

describe("a request that waits", () => {
  test("is answered when an event comes, within about a second", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const cursor = await newestCursor(product);
    const waiting = product.send("GET", query({ after: cursor, wait: 20 }));
    await sleep(1_500);
    const ada = await organization.createUser("ada@okta.local");
    const made = Date.now();
    const answer = await waiting;
    assert.ok(Date.now() - made < 2_500, `${Date.now() - made} ms`);
    assert.deepEqual(
      answer.body.events.map(({ subject }) => subject.id),
      [ada.id],
    );
  });

  test("reads few rows for each second, and ends empty with the same cursor", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const cursor = await newestCursor(product);
    const began = Date.now();
    const answer = await product.send("GET", query({ after: cursor, wait: 4 }));
    const took = Date.now() - began;
    assert.ok(took >= 3_900 && took < 6_500, `${took} ms`);
    assert.deepEqual([answer.body.events, answer.body.cursor, answer.body.has_more], [[], cursor, false]);
    const { round_trips, rows_read } = serverTiming(answer);
    // Two reads of a page, and a look of two rows for each second.
    assert.ok(round_trips <= 2 + 5, `${round_trips} round trips`);
    assert.ok(rows_read <= 2 * 18 + 5 * 2, `${rows_read} rows`);
  });

  test("is not woken by types that it leaves out, and ends when its key does", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const cursor = await newestCursor(product);
    const waiting = product.send("GET", query({ after: cursor, wait: 5, types: "person.deactivated" }));
    await sleep(500);
    const ada = await organization.createUser("ada@okta.local");
    await sleep(1_500);
    assertStatus(await organization.okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    const { events } = (await waiting).body;
    assert.deepEqual(
      events.map(({ type }) => type),
      ["person.deactivated"],
    );
    const refused = product.send("GET", query({ after: await newestCursor(product), wait: 20 }));
    await sleep(300);
    const began = Date.now();
    const path = organization.path(`/product-keys/${product.key.id}`);
    await organization.admin.call("DELETE", path, undefined, 200);
    assert.equal((await refused).status, 401);
    assert.ok(Date.now() - began < 3_000);
  });
});

test("two readers get each event of eight writers once, in order", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: ["Cook"] } });
  const product = await createProduct(organization);
  const people = await organization.createUsers(16);
  const { id: group } = await organization.groupNamed("Statsig-Demo-Cook");
  const start = await newestCursor(product);
  let writing = true;
  const reader = async (limit) => {
    const events = [];
    let cursor = start;
    for (;;) {
      const isLast = !writing;
      const page = await product.get(query({ after: cursor, limit, ...(isLast ? {} : { wait: 1 }) }));
      events.push(...page.events);
      cursor = page.cursor;
      if (isLast && !page.has_more) return events;
    }
  };
  const writer = async (number) => {
    const own = people.slice(number * 2, number * 2 + 2);
    for (let round = 0; round < 12; round++) {
      const [one, other] = own;
      await organization.okta.patch(`/Groups/${group}`, operation.addMembers([one.id, other.id]));
      await organization.okta.patch(`/Users/${one.id}`, operation.active(false));
      await organization.okta.patch(`/Users/${one.id}`, operation.active(true));
      await organization.okta.patch(`/Groups/${group}`, operation.removeMember(other.id));
      const push = oktaGroup(`Statsig-Demo-Shift ${number}-${round}-Member`, [one.id]);
      assertStatus(await organization.okta.post("/Groups", push), 201);
    }
  };
  const readers = [reader(7), reader(1_000)];
  await Promise.all(Array.from({ length: 8 }, (_, number) => writer(number)));
  writing = false;
  const stored = (await storedEvents(worker, organization.id)).map(({ seq, type }) => [seq, type]);
  for (const events of await Promise.all(readers)) {
    const first = events[0].seq;
    assert.deepEqual(
      events.map(({ seq, type }) => [seq, type]),
      stored.filter(([seq]) => seq >= first),
    );
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
  }
  assert.ok(stored.length > 500, `${stored.length} events`);
});
