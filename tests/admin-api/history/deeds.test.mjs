// The list of deeds: each request with its events, and between them the requests that changed nothing.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertStatus, eventually } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let organization;
before(async () => {
  await worker.started; // hooks at the top of a file do not wait for each other
  organization = await createOrganization(worker, { projects: { "Web Shop": ["Engineer"] } });
});

/** A page of deeds. */
const page = (query = {}) => organization.admin.get(organization.path(`/events?${new URLSearchParams(query)}`));
const deeds = async (query) => (await page(query)).deeds;
const types = (deed) => deed.events.map(({ event }) => event.type);
const typesOf = async (query) => (await deeds(query)).map(types);

/** All deeds of a query, page by page to the end, and back again. */
async function walk(query, count) {
  const pages = [await page({ ...query, count })];
  while (pages.at(-1).next !== null) pages.push(await page({ ...query, count, before: pages.at(-1).next }));
  let back = pages.at(-1);
  const upwards = [...back.deeds];
  while (back.previous !== null) {
    back = await page({ ...query, count, after: back.previous });
    upwards.unshift(...back.deeds);
  }
  return { downwards: pages.flatMap(({ deeds }) => deeds), upwards, pages: pages.length };
}

describe("a person's history", () => {
  let ada;
  let groups;
  before(async () => {
    const { okta } = organization;
    ada = await organization.createUser("ada@okta.local");
    groups = await Promise.all(
      ["Engineer", "Member"].map((role) => organization.groupNamed(`Statsig-Web Shop-${role}`)),
    );
    assertStatus(await okta.patch(`/Users/${ada.id}`, { op: "replace", path: "displayName", value: "Ada L." }), 200);
    await organization.admin.patch(organization.path(`/members/${ada.id}`), { org_role: "Admin" });
    for (const { id } of groups) {
      assertStatus(await okta.patch(`/Groups/${id}`, operation.addMembers([ada.id])), 204);
    }
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
  });

  test("tells each request as one deed, the newest first", async () => {
    assert.deepEqual(await typesOf({ person: ada.id }), [
      ["person.deactivated", "membership.removed"],
      ["membership.added"],
      ["membership.added"],
      ["org_role.changed"],
      ["person.updated"],
      ["person.created"],
    ]);
  });

  test("says by what, in which request, and what was lost", async () => {
    const [deed] = await deeds({ person: ada.id });
    const { key } = organization;
    assert.equal(deed.outcome, "done");
    assert.deepEqual(deed.cause, { source: "scim", actor: key.hint, key: key.id });
    assert.deepEqual([deed.request.id, deed.request.method, deed.request.status], [deed.log_id, "PATCH", 200]);
    assert.equal(deed.at, deed.request.at);
    const [deactivated, removed] = deed.events;
    assert.equal(deed.story, deactivated.seq);
    assert.equal(deed.request.first_event, deed.story);
    assert.deepEqual(deactivated.event.data, { org_role: { before: "Admin", after: "Member" } });
    assert.deepEqual(deactivated.subject, {
      type: "person",
      id: ada.id,
      name: "ada@okta.local",
      display_name: "Test User",
      external_id: ada.externalId,
    });
    assert.deepEqual(
      removed.event.data.groups.map(({ project, role, team }) => [project.name, role, team]),
      [
        ["Web Shop", "Member", null],
        ["Web Shop", "Engineer", null],
      ],
    );
    assert.deepEqual([removed.group_count, removed.people_count], [2, 1]);
    assert.deepEqual(removed.people, [{ id: ada.id, user_name: "ada@okta.local", display_name: "Test User" }]);
  });

  test("has each changed attribute before and after", async () => {
    const [deed] = await deeds({ person: ada.id, type: "person.updated" });
    assert.deepEqual(deed.events[0].changes, { displayName: { before: "Test User", after: "Ada L." } });
    assert.deepEqual(deed.events[0].event.data, { attributes: ["displayName"] });
  });

  test("can be narrowed to a group", async () => {
    assert.deepEqual(await typesOf({ person: ada.id, group: groups[0].id }), [
      ["person.deactivated", "membership.removed"],
      ["membership.added"],
    ]);
  });
});

describe("a group's history", () => {
  test("says who came and who went, and how many", async () => {
    const { okta } = organization;
    const people = await organization.createUsers(8, { stem: "member" });
    const group = await organization.groupNamed("Statsig-Web Shop-Read-Only");
    const put = async (ids) =>
      assertStatus(
        await okta.put(`/Groups/${group.id}`, {
          displayName: group.displayName,
          members: ids.map((value) => ({ value })),
        }),
        200,
      );
    const ids = people.map(({ id }) => id);
    await put(ids.slice(0, 7));
    await put(ids.slice(1, 8));
    const found = await deeds({ group: group.id });
    assert.deepEqual(
      found.map(types).map((each) => each.toSorted()),
      [["membership.added", "membership.removed"], ["membership.added"], ["group.created"]],
    );
    const added = found[1].events[0];
    assert.deepEqual([added.people_count, added.people.length, added.event.data.people.length], [7, 5, 5]);
    const removed = found[0].events.find(({ event }) => event.type === "membership.removed");
    assert.deepEqual(
      removed.people.map(({ user_name }) => user_name),
      ["member0@okta.local"],
    );
    assert.deepEqual([removed.subject.type, removed.subject.name], ["group", "Statsig-Web Shop-Read-Only"]);

    const whole = await organization.admin.get(organization.path(`/events/${added.seq}`));
    assert.deepEqual(whole.people.map(({ id }) => id).sort(), ids.slice(0, 7).sort());
    assert.equal(whole.event.data.people.length, 7);
  });

  test("names people as they were", async () => {
    await organization.configure({ email_management: true });
    const [person] = await organization.createUsers(1, { stem: "renamed" });
    const group = await organization.groupNamed("Statsig-Web Shop-Admin");
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([person.id])), 204);
    const rename = { op: "replace", path: "userName", value: "another@okta.local" };
    assertStatus(await organization.okta.patch(`/Users/${person.id}`, rename), 200);
    assertStatus(await organization.okta.delete(`/Users/${person.id}`), 204);
    const [left, joined] = await deeds({ group: group.id });
    assert.deepEqual(joined.events[0].people[0].user_name, "renamed0@okta.local");
    assert.deepEqual(left.events[0].subject.name, "another@okta.local");
  });
});

describe("requests that changed nothing", () => {
  let person;
  let failure;
  before(async () => {
    const { okta } = organization;
    person = await organization.createUser("same@okta.local");
    const { id } = await organization.owner();
    assertStatus(await okta.patch(`/Users/${person.id}`, operation.active(true)), 200);
    assertStatus(await okta.delete(`/Users/${id}`), 400);
    assertStatus(await okta.patch(`/Users/${person.id}`, operation.active(false)), 200);
    failure = await eventually(async () => {
      const found = await deeds({ outcome: "refused", person: id });
      assert.equal(found.length, 1);
      return found[0];
    });
  });

  test("stand between the deeds, by time", async () => {
    await eventually(async () => {
      const outcomes = (await deeds({ count: 4 })).map(({ outcome }) => outcome);
      assert.deepEqual(outcomes, ["done", "refused", "unchanged", "done"]);
    });
    assert.deepEqual([failure.request.status, failure.request.code], [400, "owner_protected"]);
    assert.deepEqual([failure.story, failure.events, failure.event_count], [null, [], 0]);
  });

  test("are found by outcome, and by what they are about", async () => {
    const refused = await deeds({ outcome: "refused" });
    assert.ok(refused.every(({ outcome }) => outcome === "refused"));
    assert.ok(refused.some(({ log_id }) => log_id === failure.log_id));
    const unchanged = await deeds({ outcome: "unchanged", person: person.id });
    assert.deepEqual(
      unchanged.map(({ outcome, request }) => [outcome, request.status]),
      [["unchanged", 200]],
    );
    assert.ok((await deeds({ outcome: "done" })).every(({ outcome }) => outcome === "done"));
    const own = (await deeds({ person: person.id })).map(({ outcome }) => outcome);
    assert.deepEqual(own, ["done", "unchanged", "done"]);
  });
});

describe("filters", () => {
  test("select kinds of deeds and types of events, and show the whole deed", async () => {
    const [deactivated] = await deeds({ kind: "deactivated" });
    assert.equal(deactivated.events[0].event.type, "person.deactivated");
    for (const [kind, type] of [
      ["created", "person.created"],
      ["joined", "membership.added"],
      ["left", "membership.removed"],
      ["role", "org_role.changed"],
    ]) {
      const found = await deeds({ kind });
      assert.ok(found.length > 0, kind);
      assert.ok(
        found.every((deed) => types(deed).includes(type) || kind === "created"),
        kind,
      );
      assert.deepEqual(await deeds({ kind, type: "settings.changed" }), []);
    }
    assertProblem(await organization.admin.send("GET", organization.path("/events?type=person.born")), 400, /type/);
  });

  test("select by key, kind of client and actor", async () => {
    const other = await organization.addKey({});
    assert.deepEqual(await deeds({ key: other.id, kind: "created" }), []);
    const own = await deeds({ key: organization.key.id });
    assert.ok(own.length > 0 && own.every(({ cause }) => cause.actor === organization.key.hint));
    const console = await deeds({ source: "console" });
    assert.ok(console.length > 0 && console.every(({ cause }) => cause.source === "console"));
    assert.deepEqual(await deeds({ actor: "admin token", source: "console" }), console);
    assert.deepEqual(await deeds({ actor: "eve@okta.local" }), []);
  });

  test("select by a part of a name", async () => {
    for (const text of ["member3@", "MEMBER3@OKTA"]) {
      const found = await deeds({ text });
      assert.deepEqual(found.map(types), [["membership.added"], ["person.created"]], text);
    }
    assert.ok((await deeds({ text: "shop-read" })).length >= 2);
    assert.deepEqual(await deeds({ text: "nothing of that name" }), []);
  });

  test("find people in long lists by the beginning of their user name", async () => {
    const crowd = await createOrganization(worker, { projects: { Demo: [] } });
    const people = await crowd.createUsers(30);
    const group = await crowd.groupNamed("Statsig-Demo-Member");
    assertStatus(await crowd.okta.patch(`/Groups/${group.id}`, operation.addMembers(people.map(({ id }) => id))), 204);
    const found = async (text) =>
      (await crowd.admin.get(crowd.path(`/events?text=${text}&type=membership.added`))).deeds;
    const { userName } = people[17];
    assert.deepEqual((await found(userName.toUpperCase())).map(types), [["membership.added"]]);
    assert.deepEqual(await found(userName.slice(1)), [], "names within long lists are not read");
    assert.deepEqual(await found("owner@"), [], "a person who is not in the list");
  });

  test("select a range of days", async () => {
    const all = await deeds({ count: 200 });
    const { at } = all[5];
    const day = at.slice(0, 10);
    const tomorrow = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    assert.deepEqual(await deeds({ from: day, to: tomorrow, count: 200 }), all);
    assert.deepEqual(await deeds({ to: day }), []);
    assert.deepEqual(
      await deeds({ from: at, count: 200 }),
      all.filter((deed) => deed.at >= at),
    );
    assert.deepEqual(
      await deeds({ to: at, count: 200 }),
      all.filter((deed) => deed.at < at),
    );
  });
});

describe("pages", () => {
  test("have each deed once, downwards and upwards, whatever their size", async () => {
    const { deeds: all, total } = await page({ count: 200 });
    assert.ok(all.length > 20);
    assert.deepEqual(total, { count: all.length, is_exact: true });
    for (const [query, expected] of [
      [{}, all],
      [{ outcome: "done" }, all.filter(({ outcome }) => outcome === "done")],
      [{ outcome: "unchanged" }, all.filter(({ outcome }) => outcome === "unchanged")],
      [{ source: "scim" }, all.filter(({ cause }) => cause.source === "scim")],
    ]) {
      for (const count of [1, 3, 7]) {
        const { downwards, upwards } = await walk(query, count);
        assert.deepEqual(downwards, expected);
        assert.deepEqual(upwards, expected);
      }
    }
  });

  test("go on with a deed of very many events", async () => {
    const { id } = organization;
    // The request of the newest event is given many more.
    const [{ seq, log_id, at }] = await worker.sql(
      "SELECT seq, log_id, at FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1",
      id,
    );
    await worker.sql(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
       INSERT INTO events (org_id, seq, at, type, story, log_id, source, actor, subject_type, subject_id, data,
         active_total, lost_total)
       SELECT ?1, ?2 + i, ?3, 'team.deleted', ?2 + 1, ?4, 'scim', 'test', 'team', 'team ' || i,
         '{"name":"T","project":{"id":"p","name":"P"},"created_at":"2026-01-01T00:00:00.000Z"}', 1, 0 FROM n`,
      id,
      seq,
      at,
      `${log_id}-more`,
    );
    for (const count of [1, 2, 50]) {
      const { downwards, upwards } = await walk({ type: "team.deleted" }, count);
      for (const found of [downwards, upwards]) {
        assert.ok(found.every((deed) => deed.story === seq + 1));
        assert.equal(
          found.reduce((sum, deed) => sum + deed.event_count, 0),
          30,
        );
      }
      const { downwards: all } = await walk({}, count);
      const counted = all.filter((deed) => deed.story === seq + 1).map((deed) => deed.event_count);
      assert.equal(
        counted.reduce((sum, each) => sum + each),
        30,
      );
    }
    await worker.sql("DELETE FROM events WHERE org_id = ?1 AND type = 'team.deleted'", id);
  });

  test("say since when changes are kept", async () => {
    const { kept_since } = await page();
    const [{ at }] = await worker.sql("SELECT at FROM events WHERE org_id = ?1 AND seq = 1", organization.id);
    assert.equal(kept_since, at);
  });
});

test("an event that does not exist is not found", async () => {
  for (const seq of ["999999", "0", "x"]) {
    assertProblem(await organization.admin.send("GET", organization.path(`/events/${seq}`)), 404);
  }
});
