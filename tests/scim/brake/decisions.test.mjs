// What the access brake counts, what goes on while it is engaged, and what administrators decide.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertStatus, eventually, serverTiming } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { assertEventsAreSound } from "../../helpers/events.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { finishUndo, startUndo } from "../../helpers/undo.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const ROLE = "Statsig-Demo-Member";

describe("the access brake", () => {
  const worker = useWorker();

  const deactivate = ({ okta }, { id }) => okta.patch(`/Users/${id}`, operation.active(false));
  const activate = ({ okta }, { id }) => okta.patch(`/Users/${id}`, operation.active(true));
  const state = async ({ admin, path }) => (await admin.get(path)).brake;
  const of = (organization) => ({ admin: organization.admin, path: organization.path() });
  const release = (organization, for_minutes) =>
    organization.admin.call("POST", organization.path("/brake/release"), { for_minutes }, 200);

  async function types({ id }) {
    const rows = await worker.sql("SELECT type FROM events WHERE org_id = ? ORDER BY seq", id);
    return rows.map(({ type }) => type);
  }

  /** What a key did that took access. */
  const undoOf = ({ key }) => ({ key: key.id, since: "2026-01-01", types: ["person.deactivated"] });

  /** Moves all that the brake remembers into the past, by more than an hour. */
  async function anHourLater({ id }) {
    await worker.sql(
      "UPDATE users SET lost_at = strftime('%Y-%m-%dT%H:%M:%fZ', lost_at, '-61 minutes') WHERE org_id = ?",
      id,
    );
    await worker.sql(
      "UPDATE access_losses SET minute = strftime('%Y-%m-%dT%H:%M', minute, '-61 minutes') WHERE org_id = ?",
      id,
    );
  }

  /** An organization of which 25 people have lost access, and the others. */
  async function atTheLimit(more = 5, options = {}) {
    const organization = await createOrganization(worker, { projects: { Demo: [] }, ...options });
    const people = await organization.createUsers(25 + more);
    for (const one of people.slice(0, 25)) assertStatus(await deactivate(organization, one), 200);
    return { organization, gone: people.slice(0, 25), left: people.slice(25) };
  }

  test("is not among what an undo leaves as it is: it engaged, and changed nothing", async () => {
    const { organization, left } = await atTheLimit();
    assertError(await deactivate(organization, left[0]), 429);
    assert.ok((await types(organization)).includes("brake.engaged"));
    const selection = { selection: { key: organization.key.id, since: "2026-01-01" } };
    const preview = await organization.admin.call("POST", organization.path("/undo/preview"), selection, 200);
    assert.deepEqual(preview.others, []);
    assert.equal(preview.people, 30);
  });

  test("lets 25 people go, of however few", async () => {
    const { organization } = await atTheLimit(0);
    assert.deepEqual(await state(of(organization)), {
      engaged_at: null,
      engaged_by: null,
      lifted_until: null,
      lost: 25,
      limit: 25,
      undo: null,
    });
  });

  test("refuses what takes access, and nothing else, until an administrator decides", async () => {
    const { organization, gone, left } = await atTheLimit();
    const { okta } = organization;
    const refused = await deactivate(organization, left[0]);
    assertError(refused, 429, { detail: /20 % of the people, and more than 25.*\/console\/organizations\// });
    assert.equal(refused.headers["retry-after"], "3600");
    const { engaged_at, ...rest } = await state(of(organization));
    assert.match(engaged_at, /^\d{4}-/);
    const [key] = (await organization.admin.get(organization.path("/keys"))).keys;
    assert.deepEqual(rest, {
      engaged_by: { id: key.id, hint: key.hint },
      lifted_until: null,
      lost: 25,
      limit: 25,
      undo: null,
    });
    // The entry of the first refusal is in the batch of the event.
    const [{ code, log_id }] = await worker.sql(
      `SELECT l.code, e.log_id FROM events e JOIN log l ON l.org_id = e.org_id AND l.id = e.log_id
       WHERE e.type = 'brake.engaged' AND e.org_id = ?`,
      organization.id,
    );
    assert.equal(code, "access_brake");
    assert.ok(log_id);

    const group = await organization.groupNamed(ROLE);
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([left[1].id, left[2].id])), 204);
    await organization.createUser("new@okta.local");
    assertStatus(await activate(organization, gone[0]), 200);
    assertStatus(await okta.put(`/Users/${left[3].id}`, oktaUser(person(left[3].userName, "Other"))), 200);
    // It is one request: nothing of it is done.
    const mixed = oktaGroup(ROLE, [left[1].id, left[3].id]);
    assertError(await okta.put(`/Groups/${group.id}`, mixed), 429, { detail: /access brake/ });
    assert.deepEqual(
      (await organization.group(group.id)).members.map(({ value }) => value).sort(),
      [left[1].id, left[2].id].sort(),
    );
    assertError(await okta.delete(`/Users/${left[4].id}`), 429);
    assertError(await okta.delete(`/Users/${left[4].id}`), 429);
    // One who has lost access already counts no more, and so does one who has none.
    assertStatus(await deactivate(organization, gone[0]), 200);
    assertStatus(await okta.delete(`/Users/${gone[1].id}`), 204);
    assert.equal((await types(organization)).filter((type) => type === "brake.engaged").length, 1);

    const lifted = await release(organization, 60);
    assert.equal(lifted.brake.engaged_at, null);
    assert.ok(Date.parse(lifted.brake.lifted_until) >= Date.now() + 59 * 60_000);
    assert.match(lifted.brake.lifted_until, /:00\.000Z$/);
    assertStatus(await okta.put(`/Groups/${group.id}`, mixed), 200);
    assertStatus(await okta.delete(`/Users/${left[4].id}`), 204);
    assertStatus(await deactivate(organization, left[0]), 200);
    assert.ok((await types(organization)).includes("brake.released"));
  });

  test("is released when what went is undone, and not before", async () => {
    const { organization, gone, left } = await atTheLimit(2);
    const { admin, okta } = organization;
    assertError(await deactivate(organization, left[0]), 429);
    const engaged = await state(of(organization));
    assert.equal(engaged.undo, null);
    const run = await startUndo(organization, undoOf(organization), { release_brake: true });
    assert.equal(run.releases_brake, true);
    assert.deepEqual(await state(of(organization)), { ...engaged, undo: run.id });
    await admin.call("POST", organization.path(`/undo/${run.id}/steps`), {}, 200);
    assertError(await deactivate(organization, left[0]), 429, { detail: /engaged since/ });
    assert.equal((await state(of(organization))).engaged_at, engaged.engaged_at, "not released under way");

    const result = await finishUndo(organization, run);
    assert.equal(result.run.restored.activated, 25);
    for (const { id } of gone) assert.equal((await organization.user(id)).active, true);
    // The people have lost access within the hour all the same: what is sent again is refused again.
    const released = await state(of(organization));
    assert.deepEqual(released, { ...engaged, engaged_at: null, engaged_by: null, undo: null });
    const story = await worker.sql(
      "SELECT type, source, actor, data FROM events WHERE org_id = ? AND story = ? ORDER BY seq DESC LIMIT 2",
      organization.id,
      run.story,
    );
    assert.deepEqual(
      story.map(({ type }) => type),
      ["brake.released", "undo.finished"],
    );
    assert.deepEqual([story[0].source, story[0].actor], ["console", "admin token"]);
    assert.deepEqual(JSON.parse(story[0].data), { lifted_until: null });
    await assertEventsAreSound(worker, organization.id);
    assertError(await deactivate(organization, left[0]), 429);
    assertStatus(await okta.put(`/Users/${left[1].id}`, oktaUser(person(left[1].userName, "Other"))), 200);
  });

  test("stays as it is where the undo is not that of its engagement, or is stopped", async () => {
    const { organization, left } = await atTheLimit(2);
    const finished = await startUndo(organization, undoOf(organization), { release_brake: true });
    assert.equal(finished.releases_brake, false, "it is not engaged yet");
    assertError(await deactivate(organization, left[0]), 429);
    await finishUndo(organization, finished);
    const first = (await state(of(organization))).engaged_at;
    assert.ok(first);

    const run = await startUndo(organization, undoOf(organization), { release_brake: true });
    await release(organization, 0);
    assertError(await deactivate(organization, left[0]), 429);
    const second = (await state(of(organization))).engaged_at;
    assert.notEqual(second, first);
    assert.equal((await state(of(organization))).undo, null, "it is that of another engagement");
    await finishUndo(organization, run);
    assert.equal((await state(of(organization))).engaged_at, second);

    const stopped = await startUndo(organization, undoOf(organization), { release_brake: true });
    assert.equal((await state(of(organization))).undo, stopped.id);
    await organization.admin.call("POST", organization.path(`/undo/${stopped.id}/stop`), {}, 200);
    const { engaged_at, undo } = await state(of(organization));
    assert.deepEqual([engaged_at, undo], [second, null]);
  });

  test("does not count what was let through", async () => {
    const { organization, left } = await atTheLimit(6);
    await release(organization, 1);
    for (const one of left.slice(0, 3)) assertStatus(await deactivate(organization, one), 200);
    // The time of the lift is over.
    await worker.sql(
      "UPDATE organizations SET brake_lifted_until = strftime('%Y-%m-%dT%H:%M:00.000Z', 'now') WHERE id = ?",
      organization.id,
    );
    await worker.sql(
      "UPDATE access_losses SET minute = strftime('%Y-%m-%dT%H:%M', minute, '-1 minute') WHERE org_id = ?",
      organization.id,
    );
    for (const one of left.slice(3)) assertStatus(await deactivate(organization, one), 200);
    assert.equal((await state(of(organization))).lost, 3);
  });

  test("is ready again at once when it is released without being lifted", async () => {
    const { organization, left } = await atTheLimit(2);
    assertError(await deactivate(organization, left[0]), 429);
    const { brake } = await release(organization, 0);
    assert.deepEqual([brake.engaged_at, brake.lifted_until, brake.lost], [null, null, 25]);
    assertError(await deactivate(organization, left[0]), 429);
    assert.equal((await types(organization)).filter((type) => type === "brake.engaged").length, 2);
  });

  test("counts within an hour", async () => {
    const { organization, left } = await atTheLimit(2);
    await anHourLater(organization);
    assertStatus(await deactivate(organization, left[0]), 200);
    assert.equal((await state(of(organization))).lost, 1);
    const rows = await worker.sql("SELECT * FROM access_losses WHERE org_id = ?", organization.id);
    assert.equal(rows.length, 1, "minutes before the hour are pruned");
  });

  test("counts a person once an hour, in whatever way they lose access", async () => {
    const organization = await createOrganization(worker, {
      projects: { Demo: [] },
      settings: { plain_groups: true, email_management: true, mail_domains: ["okta.local"] },
    });
    const { okta, admin } = organization;
    const lost = async () => (await state(of(organization))).lost;
    const [ada, ben, eva] = await organization.createUsers(3);
    const everyone = [ada, ben, eva].map(({ id }) => id);
    const put = async (displayName, ids) =>
      assertStatus(
        await okta.put(`/Groups/${(await organization.groupNamed(displayName)).id}`, oktaGroup(displayName, ids)),
        200,
      );
    // A group without a role gives no access.
    const plain = assertStatus(await okta.post("/Groups", oktaGroup("Plain", everyone)), 201);
    assertStatus(await okta.delete(`/Groups/${plain.id}`), 204);
    assert.equal(await lost(), 0);
    await put(ROLE, [ada.id]);
    await put(ROLE, []);
    assert.equal(await lost(), 1);
    // Moved to another group, taken out of that, and deactivated.
    await put("Statsig-Demo-Admin", [ada.id]);
    await put("Statsig-Demo-Admin", []);
    assertStatus(await deactivate(organization, ada), 200);
    assert.equal(await lost(), 1);
    assertStatus(await okta.delete(`/Users/${ada.id}`), 204);
    assert.equal(await lost(), 1, "who is inactive has no access to lose");
    // Changes in the console count neither then nor later.
    await admin.call("DELETE", organization.path(`/members/${eva.id}`), undefined, 200);
    assert.equal(await lost(), 1);
    assertStatus(await activate(organization, eva), 200);
    assertStatus(await deactivate(organization, eva), 200);
    assert.equal(await lost(), 2);
    const [{ total, active }] = await worker.sql(
      `SELECT (SELECT count(*) FROM users WHERE org_id = ?1 AND active = 1 AND managed = 1) AS active,
         (SELECT active_total FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1) AS total`,
      organization.id,
    );
    assert.equal(total, active, "the running total is the number of active people");
  });

  test("counts the members of a deleted team, each once", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const lost = async () => (await state(of(organization))).lost;
    const people = await organization.createUsers(28);
    const ids = people.map(({ id }) => id);
    const team = async (name, members) => {
      const made = assertStatus(await okta.post("/Groups", oktaGroup(`Statsig-Demo-${name}-Member`, members)), 201);
      const admins = await organization.groupNamed(`Statsig-Demo-${name}-Admin`);
      assertStatus(await okta.put(`/Groups/${admins.id}`, oktaGroup(admins.displayName, members)), 200);
      return made;
    };
    const [night, day] = [await team("Night", ids.slice(0, 2)), await team("Day", ids.slice(1))];
    // Two people in two groups each.
    assertStatus(await okta.delete(`/Groups/${night.id}`), 204);
    assert.equal(await lost(), 2);
    assertStatus(await deactivate(organization, people[0]), 200);
    assert.equal(await lost(), 2, "who has lost a role counts no more");
    // 26 more would be 28 in all.
    const refused = await okta.delete(`/Groups/${day.id}`);
    assertError(refused, 429, { detail: /access brake/ });
    assert.equal(refused.headers["retry-after"], "3600");
    assert.equal((await organization.group(day.id)).members.length, 27, "all of it is as it was");
    assertError(await okta.delete(`/Groups/${day.id}`), 429);
    await release(organization, 60);
    assertStatus(await okta.delete(`/Groups/${day.id}`), 204);
    await assertEventsAreSound(worker, organization.id);
  });

  test("is off at 0", async () => {
    const { organization, left } = await atTheLimit(3);
    assertError(await deactivate(organization, left[0]), 429);
    const { brake, brake_percent } = await organization.configure({ brake_percent: 0 });
    assert.deepEqual([brake_percent, brake.limit, brake.engaged_at], [0, null, null]);
    for (const one of left) assertStatus(await deactivate(organization, one), 200);
    for (const brake_percent of [-1, 101, 1.5, "20"])
      assertProblem(
        await organization.admin.send("PATCH", organization.path(), { brake_percent }),
        400,
        /brake_percent/,
      );
    for (const for_minutes of [-1, 1441, "60"])
      assertProblem(
        await organization.admin.send("POST", organization.path("/brake/release"), { for_minutes }),
        400,
        /for_minutes/,
      );
  });

  test("costs at most two rows a request", async () => {
    const costs = [];
    for (const brake_percent of [0, 20]) {
      const organization = await createOrganization(worker, { settings: { brake_percent } });
      const people = await organization.createUsers(4);
      // The first loss of a minute writes a row.
      assertStatus(await deactivate(organization, people[0]), 200);
      const answers = [];
      for (const one of people.slice(1)) answers.push(await deactivate(organization, one));
      for (const answer of answers) assertStatus(answer, 200);
      const least = (what) => Math.min(...answers.map((answer) => serverTiming(answer)[what]));
      costs.push({ read: least("rows_read"), written: least("rows_written") });
    }
    const [off, on] = costs;
    assert.ok(on.read - off.read <= 2, JSON.stringify(costs));
    assert.equal(on.written, off.written, JSON.stringify(costs));
  });
});

describe("a pause", () => {
  const worker = useWorker();
  let organization;
  let ada;
  let group;

  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    ada = await organization.createUser("ada@okta.local");
    group = await organization.groupNamed(ROLE);
  });

  const pause = () => organization.admin.call("POST", organization.path("/pause"), {}, 200);
  const resume = () => organization.admin.call("POST", organization.path("/resume"), {}, 200);

  test("refuses all writes, and lets reads go on", async () => {
    const { okta } = organization;
    const paused = await pause();
    assert.match(paused.pause.since, /^\d{4}-/);
    assert.ok(paused.pause.by.length > 0);
    assert.deepEqual((await pause()).pause, paused.pause, "a second pause changes nothing");
    const writes = {
      POST: () => okta.post("/Users", oktaUser(person("new@okta.local"))),
      PUT: () => okta.put(`/Users/${ada.id}`, oktaUser(person("ada@okta.local", "Other"))),
      PATCH: () => deactivateAda(),
      DELETE: () => okta.delete(`/Users/${ada.id}`),
      "POST group": () => okta.post("/Groups", oktaGroup("Statsig-Demo-Team-Member", [ada.id])),
      "PUT group": () => okta.put(`/Groups/${group.id}`, oktaGroup(ROLE, [ada.id])),
      "PATCH group": () => okta.patch(`/Groups/${group.id}`, operation.addMembers([ada.id])),
    };
    const deactivateAda = () => okta.patch(`/Users/${ada.id}`, operation.active(false));
    await organization.unchangedBy(async () => {
      for (const [name, write] of Object.entries(writes)) {
        const answer = await write();
        assertError(answer, 429, { detail: /paused the writes of identity providers.*Reads go on/ });
        assert.equal(answer.headers["retry-after"], "3600", name);
        assert.equal(serverTiming(answer).round_trips, 1, name);
        assert.equal(serverTiming(answer).rows_written, 0, name);
      }
      assertStatus(await okta.get(`/Users/${ada.id}`), 200);
      assertStatus(await okta.find("/Users", 'userName eq "ada@okta.local"'), 200);
    });
    const [only] = assertStatus(
      await okta.post("/Bulk", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: [{ method: "DELETE", path: `/Users/${ada.id}` }],
      }),
      200,
    ).Operations;
    assert.equal(only.status, "429");
    assertError(await okta.put("/Nothing", {}), 404);
    await eventually(async () => {
      const { entries } = await organization.admin.get(organization.path("/log?code=writes_paused"));
      assert.ok(entries.length >= 7);
    });
    assert.equal((await resume()).pause, null);
    assertStatus(await writes.PUT(), 200);
    const rows = await worker.sql("SELECT type FROM events WHERE org_id = ? AND type LIKE 'writes.%'", organization.id);
    assert.deepEqual(
      rows.map(({ type }) => type),
      ["writes.paused", "writes.resumed"],
    );
  });

  test("holds for keys that are generated during it", async () => {
    await pause();
    const { key } = await organization.addKey();
    const other = organization.okta.with({ key });
    assertError(await other.post("/Users", oktaUser(person("other@okta.local"))), 429);
    await resume();
    assertStatus(await other.post("/Users", oktaUser(person("other@okta.local"))), 201);
  });

  test("no write gets in that was decided before", async () => {
    // Writers at full speed: once the pause is answered, nothing changes any more.
    const people = await organization.createUsers(16, { stem: "writer" });
    let stopped = false;
    const writers = people.map(async ({ id, userName }) => {
      for (let i = 0; !stopped; i++) {
        const answer = await organization.okta.put(`/Users/${id}`, oktaUser(person(userName, `Name ${i}`)));
        assert.ok([200, 429].includes(answer.status), answer.text);
      }
    });
    const newest = async () =>
      (await worker.sql("SELECT max(seq) AS seq FROM events WHERE org_id = ? AND source = 'scim'", organization.id))[0]
        .seq;
    await new Promise((resolve) => setTimeout(resolve, 300));
    await pause();
    const seq = await newest();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await newest(), seq);
    stopped = true;
    await Promise.all(writers);
    await resume();
  });
});
