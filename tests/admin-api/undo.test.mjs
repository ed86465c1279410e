// Undoing changes: what is restored, what stays, and who may do it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, finishUndo, newestEvent, readUndo, startUndo, undo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** An organization with people, of whom all are Members of a project and some are Admins. */
async function populated(count = 4) {
  const organization = await createOrganization(worker, {
    settings: { plain_groups: true, email_management: true },
    projects: { Demo: ["Engineer"] },
  });
  const people = await organization.createUsers(count);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const ids = people.map(({ id }) => id);
  assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers(ids)), 204);
  await organization.admin.patch(organization.path(`/members/${ids[0]}`), { org_role: "Admin" });
  return { organization, okta: organization.okta, ids, group };
}

const deactivate = async (okta, id) => assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
const reasons = ({ left }) => left.map(({ part, reason }) => `${part}: ${reason}`).sort();

describe("an undo", () => {
  test("of a mass deactivation gives back access, roles and groups", async () => {
    const { organization, okta, ids } = await populated();
    const before = await directory(worker, organization);
    const since = (await newestEvent(worker, organization)) + 1;
    for (const id of ids) await deactivate(okta, id);
    const selection = { key: organization.key.id, since: "2026-01-01", types: ["person.deactivated"] };
    const preview = await organization.admin.call("POST", organization.path("/undo/preview"), { selection }, 200);
    assert.deepEqual([preview.people, preview.events, preview.next, preview.left], [4, 4, null, []]);
    assert.deepEqual(
      { ...preview.restored, people: 4 },
      { ...preview.restored, activated: 4, joined: 4, org_roles: 1, attributes: 0, deleted: 0, undeleted: 0 },
    );
    const result = await undo(organization, selection);
    assert.deepEqual(await directory(worker, organization), before);
    assert.deepEqual(result.run.restored, preview.restored);
    assert.deepEqual([result.left, result.run.subjects, result.run.done], [[], 4, 4]);

    const story = await worker.sql(
      "SELECT type, source, actor, story FROM events WHERE org_id = ?1 AND seq >= ?2 AND story = ?3 ORDER BY seq",
      organization.id,
      since,
      result.run.story,
    );
    assert.equal(story[0].type, "undo.started");
    assert.equal(story.at(-1).type, "undo.finished");
    assert.ok(story.every(({ source, actor }) => source === "console" && actor === "admin token"));
    assert.equal(story.filter(({ type }) => type === "person.restored").length, 4);
  });

  test("can be undone itself", async () => {
    const { organization, okta, ids } = await populated();
    for (const id of ids) await deactivate(okta, id);
    const taken = await directory(worker, organization);
    const { run } = await undo(organization, { types: ["person.deactivated"], since: "2026-01-01" });
    const back = await undo(organization, { story: run.story });
    assert.deepEqual(back.left, []);
    assert.deepEqual(await directory(worker, organization), taken);
  });

  test("leaves what others changed since, and lists it", async () => {
    const { organization, okta, ids, group } = await populated();
    const first = (await newestEvent(worker, organization)) + 1;
    const title = (value) => okta.patch(`/Users/${ids[0]}`, { op: "replace", value: { title: value } });
    assertStatus(await title("wrong"), 200);
    for (const id of ids) await deactivate(okta, id);
    const last = await newestEvent(worker, organization);
    assertStatus(await title("right"), 200);
    assertStatus(await okta.patch(`/Users/${ids[1]}`, operation.active(true)), 200);
    const events = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const result = await undo(organization, { events });
    assert.deepEqual(reasons(result), ["attribute: changed_since"]);
    assert.equal(result.left[0].attribute, "title");
    assert.equal(result.left[0].name, "person0@okta.local");
    assert.equal((await organization.user(ids[0])).title, "right");
    // The second is active again by another change, and gets the groups back.
    assert.deepEqual(memberIds(await organization.group(group.id)).sort(), [...ids].sort());
  });

  test("restores attributes, userNames and addresses by one key since a time", async () => {
    const { organization, ids } = await populated();
    const other = await organization.addKey();
    const before = await directory(worker, organization);
    const wrong = organization.okta.with({ key: other.key });
    for (const [number, id] of ids.entries()) {
      const userName = `wrong${number}@okta.local`;
      const value = { title: "T", userName, emails: [{ value: userName, type: "work", primary: true }] };
      assertStatus(await wrong.patch(`/Users/${id}`, { op: "replace", value }), 200);
      const department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
      assertStatus(await wrong.patch(`/Users/${id}`, { op: "replace", path: department, value: "D" }), 200);
    }
    const result = await undo(organization, { key: other.id, since: "2026-01-01" });
    assert.deepEqual(result.left, []);
    assert.deepEqual(await directory(worker, organization), before);
  });

  test("brings deleted people back, and deletes people who were created", async () => {
    const { organization, okta, ids } = await populated();
    const before = await directory(worker, organization);
    const since = (await newestEvent(worker, organization)) + 1;
    for (const id of ids.slice(1)) assertStatus(await okta.delete(`/Users/${id}`), 204);
    const { id } = await organization.createUser("new@okta.local");
    const last = await newestEvent(worker, organization);
    const events = Array.from({ length: last - since + 1 }, (_, i) => since + i);
    const { run, left } = await undo(organization, { events });
    assert.deepEqual([left, run.restored.undeleted, run.restored.deleted], [[], 3, 1]);
    assert.deepEqual(await directory(worker, organization), before);
    assertStatus(await okta.get(`/Users/${id}`), 404);
  });

  test("says what it cannot restore", async () => {
    const { organization, okta, ids, group } = await populated();
    assertStatus(await okta.delete(`/Users/${ids[1]}`), 204);
    const plain = assertStatus(await okta.post("/Groups", { displayName: "Plain", members: [{ value: ids[2] }] }), 201);
    await deactivate(okta, ids[2]);
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.removeMember(ids[0])), 204);
    const selection = { since: "2026-01-01", types: ["person.deleted", "person.deactivated", "membership.removed"] };
    await organization.createUser("person1@okta.local");
    assertStatus(await okta.delete(`/Groups/${plain.id}`), 204);
    await organization.admin.call("DELETE", organization.path(`/members/${ids[0]}`), undefined, 200);
    const until = await newestEvent(worker, organization);
    await worker.sql(
      "UPDATE events SET key_id = 'other' WHERE org_id = ?1 AND source = 'console' AND seq <= ?2",
      organization.id,
      until,
    );
    const result = await undo(organization, { ...selection, key: organization.key.id });
    assert.deepEqual(reasons(result), [
      "existence: user_name_taken",
      "membership: group_gone",
      "membership: person_inactive",
    ]);
    assert.ok(result.left.every(({ would_overwrite }) => !would_overwrite));
    assert.equal(result.run.impossible, 3);
  });

  test("never touches the Owner's rights", async () => {
    const { organization, ids } = await populated();
    const owner = await organization.owner();
    await organization.admin.call("PUT", organization.path("/owner"), { member: ids[0] }, 200);
    const result = await undo(organization, { since: "2026-01-01", types: ["ownership.transferred"] });
    assert.deepEqual(reasons(result), ["org_role: owner_protected", "org_role: owner_protected"]);
    assert.deepEqual(result.left.map(({ id }) => id).sort(), [owner.id, ids[0]].sort());
    assert.equal((await organization.user(ids[0])).statsigOrgRole, "Owner");
  });

  test("is stopped, and goes on by another one", async () => {
    const { organization, okta, ids } = await populated();
    const before = await directory(worker, organization);
    for (const id of ids) await deactivate(okta, id);
    const selection = { since: "2026-01-01", types: ["person.deactivated"] };
    const run = await startUndo(organization, selection);
    const stopped = await organization.admin.call("POST", organization.path(`/undo/${run.id}/stop`), {}, 200);
    assert.equal(stopped.status, "stopped");
    for (const _ of [1, 2])
      assert.equal(
        (await organization.admin.call("POST", organization.path(`/undo/${run.id}/steps`), {}, 200)).status,
        "stopped",
      );
    assert.equal((await organization.user(ids[0])).active, false);
    await undo(organization, selection);
    assert.deepEqual(await directory(worker, organization), before);
    const { runs } = await organization.admin.get(organization.path("/undo"));
    assert.deepEqual(runs.map(({ status }) => status).sort(), ["finished", "stopped"]);
  });

  test("is carried on by several callers at once and by the scheduled job", async () => {
    const { organization, okta, ids } = await populated(8);
    const before = await directory(worker, organization);
    for (const id of ids) await deactivate(okta, id);
    const run = await startUndo(organization, { since: "2026-01-01", types: ["person.deactivated"] });
    const step = () => organization.admin.send("POST", organization.path(`/undo/${run.id}/steps`), {});
    const answers = await Promise.all([step(), step(), step()]);
    assert.ok(answers.every(({ status }) => status === 200 || status === 409));
    // As if the last step was a while ago.
    await worker.sql(
      "UPDATE undo_runs SET progress = json_set(progress, '$.stepped_at', '2026-01-01T00:00:00.000Z') WHERE id = ?1",
      run.id,
    );
    await worker.scheduled();
    const result = await readUndo(organization, run);
    assert.deepEqual([result.run.status, result.run.restored.people, result.run.done], ["finished", 8, 8]);
    assert.deepEqual(await directory(worker, organization), before);
  });

  test("is refused without a bound, and not found in another organization", async () => {
    const { organization } = await populated(1);
    const other = await createOrganization(worker);
    const post = (path, body) => organization.admin.send("POST", organization.path(path), body);
    for (const [selection, why] of [
      [{}, /Say which changes/],
      [{ key: "k" }, /Say which changes/],
      [{ events: [] }, /1 to 1000/],
      [{ story: 1, types: ["person.danced"] }, /no type/],
      [{ story: 1, colour: "red" }, /"selection\.colour": unknown field/],
      [[["e"], 1], /"selection": invalid type: sequence, expected struct UndoSelection/],
      [{ events: [1, "e"] }, /"selection\.events\[1\]": invalid type: string "e", expected i64/],
    ]) {
      assertProblem(await post("/undo/preview", { selection }), 400, why);
      assertProblem(await post("/undo", { selection }), 400, why);
    }
    assertProblem(await post("/undo", { selection: { story: 4_000_000 } }), 409, /no such changes/);
    const run = await startUndo(organization, { since: "2026-01-01" });
    for (const path of [`/undo/${run.id}`, `/undo/${run.id}/steps`, `/undo/${run.id}/stop`]) {
      const method = path.endsWith(run.id) ? "GET" : "POST";
      const answer = await other.admin.send(method, other.path(path), method === "GET" ? undefined : {});
      assertProblem(answer, 404, /no such undo/);
    }
    await finishUndo(organization, run);
  });
});

describe("a deleted person", () => {
  test("comes back under their id, with role and groups", async () => {
    const { organization, okta, ids } = await populated();
    const before = await directory(worker, organization);
    assertStatus(await okta.delete(`/Users/${ids[0]}`), 204);
    const { people } = await organization.admin.get(organization.path("/deleted-people"));
    assert.deepEqual(
      people.map(({ id, user_name, active, org_role }) => [id, user_name, active, org_role]),
      [[ids[0], "person0@okta.local", true, "Admin"]],
    );
    const restore = organization.path(`/deleted-people/${ids[0]}/restore`);
    const back = await organization.admin.call("POST", restore, {}, 200);
    assert.deepEqual([back.member.id, back.member.org_role, back.joined, back.left], [ids[0], "Admin", 1, []]);
    assert.deepEqual(await directory(worker, organization), before);
    assertProblem(await organization.admin.send("POST", restore, {}), 404);
    assert.deepEqual((await organization.admin.get(organization.path("/deleted-people"))).people, []);
  });

  test("stays deleted while another person has the userName", async () => {
    const { organization, okta, ids } = await populated();
    assertStatus(await okta.delete(`/Users/${ids[1]}`), 204);
    const holder = await organization.createUser("PERSON1@okta.local");
    const restore = organization.path(`/deleted-people/${ids[1]}/restore`);
    assertProblem(await organization.admin.send("POST", restore, {}), 409, /the user name now/);
    assertStatus(await okta.delete(`/Users/${holder.id}`), 204);
    await organization.admin.call("POST", restore, {}, 200);
    assert.equal((await organization.user(ids[1])).userName, "person1@okta.local");
  });
});
