// Changes of many people at once: preview, steps, what was refused and why, and the way back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { memberIds, serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, undo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const GROUP = "Statsig-Demo-Member";

async function furnished(people, settings = {}) {
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const { admin } = organization;
  const path = (rest = "") => organization.path(`/bulk${rest}`);
  const ids = (await organization.createUsers(people)).map(({ id }) => id);
  return {
    organization,
    ids,
    owner: (await organization.owner()).id,
    group: (await organization.groupNamed(GROUP)).id,
    preview: (change, target) => admin.call("POST", path("/preview"), { change, ...target }, 200),
    start: (change, target, more) => admin.create(path(), { change, ...target, ...more }),
    path,
    /** Carries out a run to its end. Resolves with the run and all its people by their ids. */
    async finish(run) {
      let steps = 0;
      for (let now = run; now.status === "running"; steps++) {
        assert.ok(steps < 100, "the run does not end");
        now = await admin.call("POST", path(`/${run.id}/steps`), {}, 200);
      }
      const results = {};
      let after = "";
      do {
        const page = await admin.get(path(`/${run.id}?count=7${after}`));
        for (const { id, result } of page.people) results[id] = result;
        after = page.next && `&after=${page.next}`;
        results.run = page.run;
      } while (after);
      const { run: ended, ...byId } = results;
      return { run: ended, results: byId, steps };
    },
    async done(change, target, more) {
      return this.finish(await this.start(change, target, more));
    },
  };
}

describe("a change of many people", () => {
  test("deactivates them in steps, tells who was refused and why, and is undone as a whole", async () => {
    const all = await furnished(24);
    const { organization, ids, owner, group } = all;
    await all.done({ action: "add_to_group", group }, { people: ids });
    await organization.admin.call("DELETE", organization.path(`/members/${ids[0]}`), undefined, 200);
    const before = await directory(worker, organization);
    const gone = crypto.randomUUID();
    const people = [...ids, owner, gone];
    const change = { action: "deactivate" };

    const preview = await all.preview(change, { people });
    assert.deepEqual(preview.counts, { people: 26, looked_at: 26, done: 23, unchanged: 1, refused: 2 });
    assert.deepEqual(preview.consequences, { people: 23, memberships: 23, of: 24, needs_confirmation: false });
    const of = (id) => preview.people.find((person) => person.id === id);
    assert.deepEqual([of(ids[1]).groups, of(ids[1]).result, of(gone).user_name], [1, "done", null]);
    assert.deepEqual(await directory(worker, organization), before, "a preview changes nothing");

    const { run, results, steps } = await all.done(change, { people });
    assert.deepEqual([run.status, run.counts], ["finished", preview.counts]);
    assert.ok(steps > 1, "in several steps");
    assert.deepEqual(
      [results[ids[0]], results[ids[1]], results[owner], results[gone]],
      ["unchanged", "done", "owner", "gone"],
    );
    assert.deepEqual(memberIds(await organization.group(group)), []);
    for (const id of ids) assert.equal((await organization.user(id)).active, false);
    const stories = await worker.sql(
      "SELECT DISTINCT story FROM events WHERE org_id = ?1 AND type = 'person.deactivated' AND seq >= ?2",
      organization.id,
      String(run.story),
    );
    assert.deepEqual(stories, [{ story: run.story }]);

    await undo(organization, { story: run.story });
    assert.deepEqual(await directory(worker, organization), before);
  });

  test("activates, and gives an organization role", async () => {
    const all = await furnished(5);
    const { ids, owner, organization } = all;
    const people = [...ids, owner];
    await all.done({ action: "deactivate" }, { people: ids.slice(0, 2) });
    const role = await all.done({ action: "set_role", org_role: "Admin" }, { people });
    assert.deepEqual(
      [...ids.map((id) => role.results[id]), role.results[owner]],
      ["inactive", "inactive", "done", "done", "done", "owner"],
    );
    assert.equal((await organization.user(ids[2])).statsigOrgRole, "Admin");
    const active = await all.done({ action: "activate" }, { people });
    assert.deepEqual(active.run.counts, { people: 6, looked_at: 6, done: 2, unchanged: 4, refused: 0 });
    assert.equal((await organization.user(ids[0])).active, true);
    const again = await all.done({ action: "set_role", org_role: "Admin" }, { people: ids.slice(2) });
    assert.deepEqual([again.run.counts.unchanged, again.run.story], [3, null]);
  });

  test("adds to a group and removes from it", async () => {
    const all = await furnished(6);
    const { ids, group, organization } = all;
    const added = await all.done({ action: "add_to_group", group }, { people: ids });
    assert.equal(added.run.counts.done, 6);
    assert.deepEqual(memberIds(await organization.group(group)).sort(), [...ids].sort());
    const removed = await all.done({ action: "remove_from_group", group }, { people: ids.slice(3) });
    assert.equal(removed.run.counts.done, 3);
    assert.deepEqual(memberIds(await organization.group(group)).sort(), ids.slice(0, 3).sort());
    await undo(organization, { story: removed.run.story });
    assert.equal(memberIds(await organization.group(group)).length, 6);
  });

  test("removes: people whom SCIM does not see are deleted, and can come back", async () => {
    const all = await furnished(2, { mail_domains: ["okta.local"] });
    const { ids, organization } = all;
    const { id: contractor } = await organization.addMember("contractor@example.com");
    const { run } = await all.done({ action: "remove" }, { people: [...ids, contractor] });
    assert.equal(run.counts.done, 3);
    assert.equal((await organization.user(ids[0])).active, false);
    assertProblem(await organization.admin.send("GET", organization.path(`/members/${contractor}`)), 404);
    await undo(organization, { story: run.story });
    assert.equal((await organization.admin.get(organization.path(`/members/${contractor}`))).active, true);
  });

  test("is made to all people whom a search finds", async () => {
    const all = await furnished(12);
    const { ids, organization } = all;
    await all.done({ action: "deactivate" }, { people: ids.slice(0, 4) });
    const target = { query: "?status=inactive&count=2&sort=changed" };
    const { counts } = await all.preview({ action: "activate" }, target);
    assert.equal(counts.done, 4);
    const { run } = await all.done({ action: "activate" }, target);
    assert.equal(run.counts.done, 4);
    assert.equal((await organization.user(ids[3])).active, true);
    const refused = (target) =>
      organization.admin.send("POST", all.path("/preview"), { change: { action: "activate" }, ...target });
    assertProblem(await refused({ query: "status=lost" }), 400, /status/);
    assertProblem(await refused({ query: "status=inactive" }), 400, /no such people/);
    assertProblem(await refused({}), 400, /"people", or by "query"/);
    assertProblem(await refused({ people: [] }), 400, /no such people/);
  });

  test("that takes access from many is confirmed with their number", async () => {
    const all = await furnished(27);
    const { ids, organization, path } = all;
    const body = { change: { action: "deactivate" }, people: ids };
    const unconfirmed = await organization.admin.send("POST", path(), body);
    assertProblem(unconfirmed, 409, /from 27 people.*"confirm_people": 27/);
    const [{ runs }] = await worker.sql("SELECT count(*) AS runs FROM bulk_runs WHERE org_id = ?1", organization.id);
    assert.equal(runs, 0);
    const { run } = await all.done(body.change, { people: ids }, { confirm_people: 27 });
    assert.equal(run.counts.done, 27);
  });

  test("goes on where it was broken off, also by several callers at once, and can be stopped", async () => {
    const all = await furnished(70);
    const { ids, organization, group, path } = all;
    const run = await all.start({ action: "add_to_group", group }, { people: ids });
    const step = () => organization.admin.send("POST", path(`/${run.id}/steps`), {});
    const first = (await step()).body;
    assert.deepEqual([first.status, first.counts.looked_at], ["running", 20]);
    const answers = await Promise.all([step(), step(), step()]);
    for (const { status } of answers) assert.equal(status, 200);
    const { run: ended, results } = await all.finish(run);
    assert.deepEqual([ended.counts.done, Object.values(results).every((result) => result === "done")], [70, true]);
    assert.equal(memberIds(await organization.group(group)).length, 70);

    const other = await all.start({ action: "remove_from_group", group }, { people: ids }, { confirm_people: 70 });
    await organization.admin.call("POST", path(`/${other.id}/steps`), {}, 200);
    const stopped = await organization.admin.call("POST", path(`/${other.id}/stop`), {}, 200);
    assert.equal(stopped.status, "stopped");
    const after = await organization.admin.call("POST", path(`/${other.id}/steps`), {}, 200);
    assert.deepEqual(after, stopped, "a stopped run goes no further");
    assert.equal(memberIds(await organization.group(group)).length, 50);
  });

  test("looks at a person again whom others have changed since the preview", async () => {
    const all = await furnished(3);
    const { ids, organization } = all;
    const run = await all.start({ action: "set_role", org_role: "Admin" }, { people: ids });
    await organization.admin.call("DELETE", organization.path(`/members/${ids[0]}`), undefined, 200);
    const { results } = await all.finish(run);
    assert.deepEqual(
      ids.map((id) => results[id]),
      ["inactive", "done", "done"],
    );
  });

  test("is refused for what cannot be: the Owner's role, a group that is not there, another organization", async () => {
    const { ids, organization, path } = await furnished(1);
    const send = (change, people = ids) => organization.admin.send("POST", path(), { change, people });
    assertProblem(await send({ action: "set_role", org_role: "Owner" }), 400, /exactly one Owner/);
    assertProblem(await send({ action: "add_to_group", group: crypto.randomUUID() }), 404, /no such group/);
    assertProblem(await send({ action: "promote" }), 400);
    const other = await createOrganization(worker);
    const foreign = await organization.admin.send("GET", other.path(`/bulk/${crypto.randomUUID()}`));
    assertProblem(foreign, 404, /no such run/);
    const eve = await other.createUser("eve@okta.local");
    const run = (await send({ action: "deactivate" }, [eve.id])).body;
    await organization.admin.call("POST", path(`/${run.id}/steps`), {}, 200);
    assert.equal((await other.user(eve.id)).active, true);
  });
});

describe("a change of many people that is left alone", () => {
  const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
  const left = (run, at) => worker.sql("UPDATE bulk_runs SET stepped_at = ?2 WHERE id = ?1", run.id, at);

  test("goes on every hour within its bounds, and its changes are those of who began it", async () => {
    const all = await furnished(50);
    const { ids, organization, group, path } = all;
    const read = async ({ id }) => (await organization.admin.get(path(`/${id}`))).run;
    const run = await all.start({ action: "add_to_group", group }, { people: ids });
    await organization.admin.call("POST", path(`/${run.id}/steps`), {}, 200);
    assert.equal((await organization.admin.get(organization.path("/health"))).bulk, run.id);

    await worker.scheduled();
    assert.equal((await read(run)).counts.looked_at, 20, "its caller may be at work");
    await left(run, "");
    await worker.scheduled();
    assert.equal((await read(run)).counts.looked_at, 20, "one of an older version waits for its administrator");
    await left(run, ago(3));
    // One that cannot go on holds up no other.
    const other = await furnished(1);
    const broken = await other.start({ action: "activate" }, { people: other.ids });
    await left(broken, ago(60));
    await worker.sql("UPDATE bulk_runs SET change = '{}' WHERE id = ?1", broken.id);
    assert.notEqual((await worker.scheduled()).outcome, "ok", "the failure is reported");
    await worker.sql("DELETE FROM bulk_runs WHERE id = ?1", broken.id);
    const ended = await read(run);
    assert.deepEqual([ended.status, ended.counts.done], ["finished", 50]);
    assert.equal((await organization.admin.get(organization.path("/health"))).bulk, null);
    const causes = await worker.sql(
      `SELECT DISTINCT source, actor, story FROM events
       WHERE org_id = ?1 AND type = 'membership.added'`,
      organization.id,
    );
    assert.deepEqual(causes, [{ source: "console", actor: "admin token", story: ended.story }]);
    const { entries } = await organization.admin.get(organization.path("/log?source=console"));
    const steps = entries.filter(({ detail }) => /^Went on to add to a group/.test(detail));
    assert.equal(steps.length, 3);
  });

  test("shares the steps of an hour with others, and is left alone where its organization is deleted", async () => {
    const [one, two, gone] = [await furnished(900), await furnished(30), await furnished(1)];
    const begin = async ({ start, ids, group }) => {
      const run = await start({ action: "add_to_group", group }, { people: ids });
      await left(run, ago(60));
      return run;
    };
    const runs = [await begin(one), await begin(two), await begin(gone)];
    const { admin } = gone.organization;
    const { name } = await admin.get(gone.organization.path());
    await admin.call("DELETE", `${gone.organization.path()}?confirm_name=${encodeURIComponent(name)}`, undefined, 200);
    await worker.scheduled();
    const states = await Promise.all(
      runs.map(({ id }) => worker.sql("SELECT status, counts ->> 'done' AS done FROM bulk_runs WHERE id = ?1", id)),
    );
    assert.deepEqual(states.flat(), [
      { status: "running", done: 760 },
      { status: "finished", done: 30 },
      { status: "running", done: 0 },
    ]);
  });
});

test("a search beyond its bound goes on behind it, through the whole directory", async () => {
  const all = await furnished(0);
  const { organization, preview } = all;
  await organization.configure({ brake_percent: 0 });
  // More than one look of a search; the last three by name are those that it finds.
  await populate(worker.sql, organization.id, { users: 20_500 });
  const rows = await worker.sql(
    "SELECT id FROM users WHERE org_id = ?1 ORDER BY user_name_fold DESC LIMIT 3",
    organization.id,
  );
  await worker.sql(
    "UPDATE users SET mail_domain = 'late.example' WHERE id IN (SELECT value FROM json_each(?1))",
    JSON.stringify(rows.map(({ id }) => id)),
  );
  const { rest } = await organization.admin.get(organization.path("/members?domain=late.example"));
  assert.ok(rest, "the list does not reach them at once");
  const target = { query: "domain=late.example" };
  assert.equal((await preview({ action: "deactivate" }, target)).counts.done, 3);
  const { run, results } = await all.done({ action: "deactivate" }, target);
  assert.deepEqual([run.counts.done, Object.keys(results).sort()], [3, rows.map(({ id }) => id).sort()]);
  const tooMany = await organization.admin.send("POST", all.path("/preview"), {
    change: { action: "deactivate" },
    query: "status=active",
  });
  assertProblem(tooMany, 400, /More than 10000 people are chosen.*Add a filter/);
});

test("a step has a bounded cost, however many people there are", async () => {
  const all = await furnished(60);
  const { ids, organization, path } = all;
  const run = await all.start({ action: "deactivate" }, { people: ids }, { confirm_people: 60 });
  const answer = await organization.admin.send("POST", path(`/${run.id}/steps`), {});
  const { round_trips, rows_read, rows_written } = serverTiming(answer);
  assert.equal(answer.body.counts.done, 20);
  assert.ok(round_trips <= 4, `${round_trips} round trips`);
  assert.ok(rows_read <= 20 * 60, `${rows_read} rows read`);
  assert.ok(rows_written <= 20 * 10, `${rows_written} rows written`);
});

test("a run of more than thirty days ago is forgotten with the next one", async () => {
  const { ids, organization, start } = await furnished(2);
  const old = await start({ action: "activate" }, { people: ids });
  await worker.sql("UPDATE bulk_runs SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = ?1", old.id);
  const { id } = await start({ action: "activate" }, { people: ids });
  const rows = await worker.sql("SELECT DISTINCT run_id FROM bulk_people WHERE org_id = ?1", organization.id);
  assert.deepEqual(rows, [{ run_id: id }]);
  assertProblem(await organization.admin.send("GET", organization.path(`/bulk/${old.id}`)), 404);
});
