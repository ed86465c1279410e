// Events of an organization's creation, its settings, its ownership and its keys.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** What `action` returns, and the events that it makes in the organization. */
async function eventsOf(organization, action) {
  const after = await newestEvent(worker, organization.id);
  const result = await action();
  await assertEventsAreSound(worker, organization.id);
  return { result, events: await storedEvents(worker, organization.id, { after }) };
}

const types = (events) => events.map(({ type }) => type);

/** The entry of the log that an event names. */
async function entryOf({ org_id, log_id }) {
  const [entry] = await worker.sql("SELECT * FROM log WHERE org_id = ?1 AND id = ?2", org_id, log_id);
  assert.ok(entry, `the log has ${log_id}`);
  return entry;
}

describe("a new organization", () => {
  test("begins its history with itself, its Owner, and its first key", async () => {
    const organization = await createOrganization(worker, { settings: { name: "Acme" } });
    const events = await assertEventsAreSound(worker, organization.id);
    assert.deepEqual(types(events), ["organization.created", "person.created", "key.created"]);
    const [created, owner, key] = events;
    assert.deepEqual(created.data, { name: "Acme" });
    assert.deepEqual([created.subject_type, created.subject_id], ["organization", organization.id]);
    assert.deepEqual([owner.story, owner.active_total], [created.seq, 1], "one story");
    assert.deepEqual(owner.data, { active: true, org_role: "Owner", visible: true });
    assert.equal(owner.subjects[owner.subject_id].personal.user_name, "owner@okta.local");
    assert.match((await entryOf(created)).detail, /Created the organization/);
    assert.equal(owner.log_id, created.log_id);
    assert.deepEqual([key.subject_type, key.subject_id, key.story], ["key", organization.key.id, key.seq]);
    assert.deepEqual(key.data, { hint: organization.key.hint, expires_at: null, replaces: null, name: null });
    assert.ok(!JSON.stringify(events).includes(organization.key.key), "no event has a key");
  });
});

describe("a change of settings", () => {
  test("has each changed setting before and after, and no other", async () => {
    const organization = await createOrganization(worker, { settings: { name: "Before", user_limit: 7 } });
    const wanted = {
      name: "After",
      email_management: true,
      plain_groups: false,
      mail_domains: ["okta.local", "a.example"],
      key_lifetime_days: 0,
      user_limit: 0,
    };
    const { events } = await eventsOf(organization, () => organization.configure(wanted));
    assert.deepEqual(types(events), ["settings.changed"]);
    const [{ data, subject_id, source, log_id }] = events;
    assert.deepEqual(data.settings, {
      name: { before: "Before", after: "After" },
      email_management: { before: false, after: true },
      mail_domains: { before: [], after: ["okta.local", "a.example"] },
      user_limit: { before: 7, after: null },
    });
    assert.deepEqual([subject_id, source], [organization.id, "console"]);
    assert.equal((await entryOf({ org_id: organization.id, log_id })).detail, "Changed the settings.");
    const again = await eventsOf(organization, () => organization.configure(wanted));
    assert.deepEqual(again.events, [], "what changes nothing has no event");
    const entries = await worker.sql(
      "SELECT count(*) AS n FROM log WHERE org_id = ?1 AND detail = 'Changed the settings.'",
      organization.id,
    );
    assert.equal(entries[0].n, 1, "nor an entry in the log");
  });

  test("has the values that it replaced, also with many at once", async () => {
    const organization = await createOrganization(worker);
    const { events } = await eventsOf(organization, () =>
      Promise.all(
        Array.from({ length: 24 }, (_, i) =>
          organization.configure({ name: `Name ${i % 6}`, plain_groups: i % 2 === 0 }),
        ),
      ),
    );
    assert.ok(events.length > 1);
    const present = {};
    for (const { type, data } of events) {
      assert.equal(type, "settings.changed");
      assert.ok(Object.keys(data.settings).length > 0, "an event has a change");
      for (const [name, { before, after }] of Object.entries(data.settings)) {
        assert.notDeepEqual(before, after);
        if (name in present) assert.deepEqual(before, present[name], name);
        present[name] = after;
      }
    }
    const { name, plain_groups } = await organization.admin.get(organization.path());
    assert.equal(name, present.name);
    if ("plain_groups" in present) assert.equal(plain_groups, present.plain_groups);
  });
});

describe("a change of mail domains", () => {
  test("has an event for those whom it hides and those whom it shows: exactly the rows that change", async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local", "a.example"] } });
    const active = await organization.createUser("ada@a.example");
    const inactive = await organization.createUser("ian@a.example", { active: false });
    const contractor = await organization.addMember("cora@b.example");
    const managed = async () => {
      const rows = await worker.sql("SELECT id, managed FROM users WHERE org_id = ?1", organization.id);
      return Object.fromEntries(rows.map(({ id, managed }) => [id, managed]));
    };
    const before = await managed();
    const { events } = await eventsOf(organization, () =>
      organization.configure({ mail_domains: ["okta.local", "b.example"] }),
    );
    const after = await managed();
    assert.deepEqual(types(events), ["settings.changed", "person.hidden", "person.shown"]);
    const [settings, hidden, shown] = events;
    for (const event of events) assert.deepEqual([event.story, event.log_id], [settings.seq, settings.log_id]);
    const changed = (to) => Object.keys(after).filter((id) => before[id] !== after[id] && after[id] === to);
    const listed = ({ data }) => data.people.map(({ id }) => id).sort();
    assert.deepEqual(listed(hidden), changed(0).sort());
    assert.deepEqual(listed(hidden), [active.id, inactive.id].sort());
    assert.deepEqual(listed(shown), [contractor.id]);
    assert.deepEqual([hidden.active, shown.active], [-1, 1], "inactive people do not count");
    assert.deepEqual(hidden.subjects[inactive.id], { since: null, personal: null }, "each person finds it");
    assert.deepEqual(Object.keys(shown.subjects).sort(), [contractor.id, organization.id].sort());
    const same = await eventsOf(organization, () =>
      organization.configure({ mail_domains: ["okta.local", "b.example", "c.example"] }),
    );
    assert.deepEqual(types(same.events), ["settings.changed"], "nobody is moved");
  });

  test("of many people has events of at most five hundred each", async () => {
    const organization = await createOrganization(worker);
    await worker.sql(
      `INSERT INTO users (org_id, id, user_name_fold, active, org_role, mail_domain, managed, doc, created_at,
         last_modified)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201)
       SELECT ?1, printf('person-%04d', i), 'p' || i || '@big.example', i % 3 > 0, 'Member', 'big.example', 1,
         json_object('userName', 'p' || i || '@big.example'), ?2, ?2 FROM n`,
      organization.id,
      "2026-01-01T00:00:00.000Z",
    );
    // The rows were written past the events.
    await worker.sql(
      `UPDATE events SET active_total = active_total + 801
       WHERE org_id = ?1 AND seq = (SELECT max(seq) FROM events WHERE org_id = ?1)`,
      organization.id,
    );
    const after = await newestEvent(worker, organization.id);
    await organization.configure({ mail_domains: ["okta.local"], confirm_people: 801 });
    const [, ...hidden] = await storedEvents(worker, organization.id, { after });
    assert.deepEqual(types(hidden), ["person.hidden", "person.hidden", "person.hidden"]);
    assert.deepEqual(
      hidden.map(({ data }) => data.people.length),
      [500, 500, 201],
    );
    assert.equal(new Set(hidden.flatMap(({ data }) => data.people.map(({ id }) => id))).size, 1201);
    for (const { data, subjects } of hidden) {
      assert.equal(Object.keys(subjects).length, data.people.length + 1);
      for (const { id } of data.people) assert.ok(subjects[id]);
    }
    assert.deepEqual(
      hidden.map(({ active_total }) => active_total),
      [468, 135, 1],
    );
    assert.ok(hidden.every(({ lost_total, lost }) => lost === 0 && lost_total === 0));
  });
});

describe("the ownership", () => {
  test("moves with an event that both people find", async () => {
    const organization = await createOrganization(worker);
    const owner = await organization.owner();
    const next = await organization.addMember("next@okta.local", { org_role: "Admin" });
    const transfer = (member) => organization.admin.call("PUT", organization.path("/owner"), { member }, 200);
    const { events } = await eventsOf(organization, () => transfer(next.id));
    assert.deepEqual(types(events), ["ownership.transferred"]);
    const [event] = events;
    assert.deepEqual(event.data, { owner: { before: owner.id, after: next.id }, role_before: "Admin" });
    assert.deepEqual(Object.keys(event.subjects).sort(), [owner.id, next.id].sort());
    const [{ version }] = await worker.sql("SELECT version FROM users WHERE id = ?1", next.id);
    assert.deepEqual([event.subject_id, event.version], [next.id, version]);
    assert.deepEqual((await eventsOf(organization, () => transfer(next.id))).events, [], "it is theirs already");
  });

  test("of two transfers at once has an event for each that happened", async () => {
    const organization = await createOrganization(worker);
    const people = await Promise.all(["a", "b", "c"].map((name) => organization.addMember(`${name}@okta.local`)));
    const first = (await organization.owner()).id;
    const { events } = await eventsOf(organization, () =>
      Promise.all(
        people.map(({ id: member }) => organization.admin.send("PUT", organization.path("/owner"), { member })),
      ),
    );
    assert.ok(events.length > 0);
    let owner = first;
    for (const { data } of events) {
      assert.equal(data.owner.before, owner);
      owner = data.owner.after;
    }
    const [{ id }] = await worker.sql("SELECT id FROM users WHERE org_id = ?1 AND org_role = 'Owner'", organization.id);
    assert.equal(owner, id);
  });
});

describe("a key", () => {
  const path = (organization, key, deed) => organization.path(`/keys/${key.id}/${deed}`);

  test("is replaced at once: one story of two events", async () => {
    const organization = await createOrganization(worker);
    const old = organization.key;
    const { result: fresh, events } = await eventsOf(organization, () =>
      organization.admin.create(path(organization, old, "regenerate"), { expires_in_seconds: 3600 }),
    );
    assert.deepEqual(types(events), ["key.deactivated", "key.created"]);
    const [deactivated, created] = events;
    assert.deepEqual([deactivated.subject_id, deactivated.data], [old.id, { hint: old.hint }]);
    assert.deepEqual(created.data, { hint: fresh.hint, expires_at: fresh.expires_at, replaces: old.id, name: null });
    assert.equal(created.story, deactivated.seq);
  });

  test("is replaced with an overlap: it expires earlier, once", async () => {
    const organization = await createOrganization(worker);
    const old = organization.key;
    const regenerate = (overlap_seconds) =>
      eventsOf(organization, () =>
        organization.admin.create(path(organization, old, "regenerate"), { overlap_seconds }),
      );
    const { events } = await regenerate(600);
    assert.deepEqual(types(events), ["key.expiry_changed", "key.created"]);
    const [{ expires_at }] = await worker.sql("SELECT expires_at FROM auth_keys WHERE id = ?1", old.id);
    assert.deepEqual(events[0].data, { hint: old.hint, expires_at });
    assert.deepEqual(types((await regenerate(6000)).events), ["key.created"], "it expires before that");
  });

  test("is deactivated, with an event the first time", async () => {
    const organization = await createOrganization(worker);
    const deactivate = () => organization.deactivateKey(organization.key.id);
    const { events } = await eventsOf(organization, deactivate);
    assert.deepEqual(types(events), ["key.deactivated"]);
    assert.match((await entryOf(events[0])).detail, /^Deactivated the key/);
    assert.deepEqual((await eventsOf(organization, deactivate)).events, []);
  });

  test("that is refused has no event", async () => {
    const organization = await createOrganization(worker);
    const { events } = await eventsOf(organization, async () =>
      assertProblem(await organization.admin.send("POST", organization.path("/keys"), { expires_in_seconds: 0 }), 400),
    );
    assert.deepEqual(events, []);
  });
});
