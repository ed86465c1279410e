// What happens to a group between what a request reads and what it writes: the outcome is as if each request had
// happened at one moment.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { assertEventsAreSound, newestEvent, storedEvents } from "../../helpers/events.mjs";
import { held, modules } from "../../helpers/hold.mjs";
import { explained } from "../../helpers/linear.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker({ modules });
const PATCH = (...Operations) => ({ schemas: [SCHEMA.patch], Operations });
const WRITE = 2; // the number of the batch that writes

describe("a request that is overtaken", () => {
  const NAME = "Engineers";
  let organization;
  let okta;
  let x;
  let y;
  let z;
  let path;
  let version; // of the group

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
    okta = organization.okta;
    const name = ["x", "y", "z"];
    [x, y, z] = await Promise.all(
      name.map(async (name) => (await organization.createUser(`${name}@okta.local`, { displayName: name })).id),
    );
    path = `/Groups/${assertStatus(await okta.post("/Groups", oktaGroup(NAME)), 201).id}`;
  });

  const group = async () => assertStatus(await okta.get(path), 200);
  const patch = (...operations) => okta.patch(path, ...operations);
  const members = async () => memberIds(await group());

  /** Gives the group these members, sends a PATCH, and runs `meanwhile` after it has read and before it writes. */
  async function overtaken(ids, body, meanwhile, headers = {}) {
    assertStatus(await okta.put(path, { ...oktaGroup(NAME, ids), externalId: "e" }), 200);
    version = (await group()).meta.version;
    const send = (hold) => okta.send("PATCH", path, PATCH(...body), { ...headers, ...hold });
    return held(worker, WRITE, send, meanwhile);
  }

  test("adds the members that it names, also if others were removed meanwhile", async () => {
    const before = (await organization.user(x)).meta.version;
    const answer = await overtaken([x], [operation.addMembers([x, y])], async () => {
      assertStatus(await patch(operation.removeMember(x)), 204);
      assert.deepEqual(await members(), []);
    });
    assertStatus(answer, 204);
    const after = await group();
    assert.deepEqual(memberIds(after), [x, y].sort());
    assert.equal(answer.headers.etag, after.meta.version);
    assert.notEqual(after.meta.version, version);
    const { meta, groups } = await organization.user(x);
    assert.notEqual(meta.version, before);
    assert.deepEqual(
      groups.map(({ display }) => display),
      [NAME],
    );
  });

  test("removes the members that it names, also if others were added meanwhile", async () => {
    const body = [operation.removeMember(x), operation.addMembers([y])];
    const answer = await overtaken([], body, async () => {
      assertStatus(await patch(operation.addMembers([x, z])), 204);
      assert.deepEqual(await members(), [x, z].sort());
    });
    assertStatus(answer, 204);
    assert.deepEqual(await members(), [y, z].sort());
    assert.deepEqual((await organization.user(x)).groups, []);
  });

  test("adds a user who was activated meanwhile, and leaves out one who was deactivated", async () => {
    assertStatus(await okta.patch(`/Users/${z}`, operation.active(false)), 200);
    const activate = async () => assertStatus(await okta.patch(`/Users/${z}`, operation.active(true)), 200);
    assertStatus(await overtaken([], [operation.addMembers([y, z])], activate), 204);
    assert.deepEqual(await members(), [y, z].sort());
    const replaced = await held(
      worker,
      WRITE,
      (hold) => okta.send("PUT", path, oktaGroup(NAME, [x]), hold),
      async () => assertStatus(await okta.patch(`/Users/${z}`, operation.active(false)), 200),
    );
    assert.deepEqual(memberIds(assertStatus(replaced, 200)), [x]);
    await activate();
  });

  test("replaces the members that there are by then", async () => {
    assertStatus(await okta.put(path, oktaGroup(NAME, [x])), 200);
    const answer = await held(
      worker,
      WRITE,
      (hold) => okta.send("PUT", path, oktaGroup(NAME, [x, y]), hold),
      async () => assertStatus(await patch(operation.removeMember(x), operation.addMembers([z])), 204),
    );
    assert.deepEqual(memberIds(assertStatus(answer, 200)), [x, y].sort());
    assert.deepEqual(await group(), answer.body);
  });

  test("removes the members that its filter selects by then", async () => {
    const answer = await overtaken(
      [x],
      [{ op: "remove", path: 'members[display sw "x" or display eq "Z"]' }],
      async () => assertStatus(await patch(operation.addMembers([y, z])), 204),
    );
    assertStatus(answer, 204);
    assert.deepEqual(await members(), [y]);
  });

  test("sets its name and externalId, also if others were set meanwhile", async () => {
    const same = { op: "replace", value: { displayName: NAME, externalId: "e" } };
    const answer = await overtaken([], [same, operation.addMembers([x])], async () => {
      assertStatus(await patch({ op: "replace", value: { displayName: "Others", externalId: "f" } }), 204);
    });
    assertStatus(answer, 204);
    const { displayName, externalId, members } = await group();
    assert.deepEqual([displayName, externalId, members.length], [NAME, "e", 1]);
  });

  test("is refused if it names the version before", async () => {
    const meanwhile = async () => assertStatus(await patch(operation.removeMember(x)), 204);
    const answer = await overtaken([x], [operation.addMembers([x, y])], meanwhile, {
      "If-Match": (await group()).meta.version,
    });
    assertError(answer, 412);
  });

  test("changes nothing if everything is as requested", async () => {
    assertStatus(await okta.put(path, oktaGroup(NAME, [x])), 200);
    const before = [await group(), await organization.user(x)];
    assertStatus(await patch(operation.addMembers([x]), operation.removeMember(y)), 204);
    assert.deepEqual([await group(), await organization.user(x)], before);
  });
});

describe("the events of requests that overtake each other", () => {
  const NAME = "Statsig-Demo-Member";
  let organization;
  let okta;
  let path;
  let x;
  let y;

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
    okta = organization.okta;
    [x, y] = (await organization.createUsers(2)).map(({ id }) => id);
    path = `/Groups/${(await organization.groupNamed(NAME)).id}`;
  });

  const patch = async (...operations) => assertStatus(await okta.patch(path, ...operations), 204);

  /** Of a PATCH that is overtaken: who joined and who left, by the events of each of the two requests, in order. */
  async function eventsOf(body, meanwhile, members = []) {
    assertStatus(await okta.put(path, oktaGroup(NAME, members)), 200);
    const after = await newestEvent(worker, organization.id);
    const send = (hold) => okta.send("PATCH", path, PATCH(...body), hold);
    assertStatus(await held(worker, WRITE, send, meanwhile), 204);
    const events = await storedEvents(worker, organization.id, { after });
    const people = ({ data }) => data.people.map(({ id }) => id).sort();
    return Object.values(Object.groupBy(events, ({ story }) => story)).map((story) =>
      story.map((event) => [event.type, people(event)]),
    );
  }

  test("say of a person whom both add that the first did", async () => {
    const stories = await eventsOf([operation.addMembers([x, y])], () => patch(operation.addMembers([x])));
    assert.deepEqual(stories, [[["membership.added", [x]]], [["membership.added", [y]]]]);
  });

  test("say of a person whom both remove that the first did", async () => {
    const body = [operation.removeMember(x), operation.removeMember(y)];
    const stories = await eventsOf(body, () => patch(operation.removeMember(x)), [x, y]);
    assert.deepEqual(stories, [[["membership.removed", [x]]], [["membership.removed", [y]]]]);
  });

  test("say nothing of a request that was done before", async () => {
    const added = await eventsOf([operation.addMembers([x])], () => patch(operation.addMembers([x])));
    assert.deepEqual(added, [[["membership.added", [x]]]]);
    const removed = await eventsOf([operation.removeMember(x)], () => patch(operation.removeMember(x)), [x]);
    assert.deepEqual(removed, [[["membership.removed", [x]]]]);
  });

  test("say that both happened if one undoes the other", async () => {
    const body = [operation.addMembers([x, y])];
    const stories = await eventsOf(body, () => patch(operation.removeMember(x)), [x]);
    assert.deepEqual(stories, [[["membership.removed", [x]]], [["membership.added", [x, y].sort()]]]);
  });

  test("have the name before that the group had by then", async () => {
    const { id } = assertStatus(await okta.post("/Groups", oktaGroup("First")), 201);
    const after = await newestEvent(worker, organization.id);
    const rename = (name) => PATCH({ op: "replace", value: { displayName: name } });
    const send = (hold) => okta.send("PATCH", `/Groups/${id}`, rename("Third"), hold);
    assertStatus(
      await held(worker, WRITE, send, async () => {
        assertStatus(await okta.send("PATCH", `/Groups/${id}`, rename("Second")), 204);
      }),
      204,
    );
    const events = await storedEvents(worker, organization.id, { after });
    assert.deepEqual(
      events.map(({ type, data }) => [type, data.name.before, data.name.after]),
      [
        ["group.updated", "First", "Second"],
        ["group.updated", "Second", "Third"],
      ],
    );
  });

  test("are one for each membership that began or ended, with sixteen writers", async () => {
    const ids = (await organization.createUsers(8, { stem: "crowd" })).map(({ id }) => id);
    await okta.put(path, oktaGroup(NAME, []));
    const after = await newestEvent(worker, organization.id);
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (const id of ids) {
          await patch(writer % 2 ? operation.addMembers([id, x]) : operation.removeMember(id));
        }
      }),
    );
    // Each event moves each of its people from where the events before left them.
    const present = new Map();
    for (const { type, seq, data } of await storedEvents(worker, organization.id, { after }))
      for (const { id, since } of data.people) {
        const joins = type === "membership.added";
        assert.equal(present.has(id), !joins, `${type} ${seq} of ${id}`);
        if (joins) present.set(id, seq);
        else {
          assert.equal(since, present.get(id));
          present.delete(id);
        }
      }
    const rows = await worker.sql(
      `SELECT u.id, m.since FROM memberships m JOIN users u ON u.seq = m.user_seq
       JOIN groups g ON g.seq = m.group_seq WHERE g.org_id = ?1`,
      organization.id,
    );
    assert.deepEqual(new Map(rows.map(({ id, since }) => [id, since])), present);
    await assertEventsAreSound(worker, organization.id);
  });
});

describe("a write whose key is deactivated before it", () => {
  test("is answered with 401, and nothing is changed", async () => {
    const organization = await createOrganization(worker, {
      settings: { plain_groups: true },
      projects: { Demo: [] },
    });
    const { id, userName } = await organization.createUser("ada@okta.local");
    const { id: other } = await organization.createUser("bob@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Member");
    const team = assertStatus(await organization.okta.post("/Groups", oktaGroup("Statsig-Demo-Core-Member")), 201);
    const path = `/Groups/${group.id}`;
    const body = { op: "replace", path: "title", value: "T" };
    const bulk = (method, path, data) => [
      "POST",
      "/Bulk",
      { schemas: [SCHEMA.bulk], Operations: [{ method, path, data, ...(method === "POST" ? { bulkId: "b" } : {}) }] },
    ];
    for (const [request, batch = WRITE] of [
      [["POST", "/Groups", oktaGroup("Statsig-Demo-Night-Member", [id])]],
      [["POST", "/Groups", oktaGroup("Plain", [id])]],
      [["PUT", path, oktaGroup(group.displayName, [id])]],
      [["PUT", path, { ...oktaGroup(group.displayName), members: undefined, externalId: "e" }]],
      [["PATCH", path, PATCH(operation.addMembers([id]))]],
      [["PATCH", `${path}?attributes=members`, PATCH(operation.addMembers([id]))]],
      [["DELETE", `/Groups/${team.id}`, undefined]],
      [["PUT", `/Users/${id}`, oktaUser(person(userName, "Other", "Name"))]],
      [["PATCH", `/Users/${id}`, PATCH(body)]],
      [["DELETE", `/Users/${other}`, undefined]],
      [bulk("POST", "/Groups", oktaGroup("Statsig-Demo-Night-Member", [id])), 3],
      [bulk("PATCH", `/Users/${id}`, PATCH(body)), 3],
    ]) {
      const { id: keyId, key } = await organization.addKey();
      const okta = organization.okta.with({ key });
      const answer = await organization.unchangedBy(() =>
        held(
          worker,
          batch,
          (hold) => okta.send(...request, hold),
          () => organization.deactivateKey(keyId),
        ),
      );
      if (batch === WRITE) assertError(answer, 401, { detail: /deactivated/ });
      else {
        const [{ status, response }] = assertStatus(answer, 200).Operations;
        assert.deepEqual([status, response.status], ["401", "401"], answer.text);
      }
    }
  });
});

test("requests at the same time have the outcome of some order", async () => {
  const ROUNDS = 12;
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const people = (await organization.createUsers(3)).map(({ id }) => id);
  const { id, displayName } = await organization.groupNamed("Statsig-Demo-Member");
  const path = `/Groups/${id}`;
  let seed = 1;
  const random = (below) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % below;
  };
  const some = () => people.filter(() => random(2) === 0);
  for (let round = 0; round < ROUNDS; round++) {
    const first = some();
    assertStatus(await organization.okta.put(path, oktaGroup(displayName, first)), 200);
    const history = [];
    const clients = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 3; i++) {
        const began = performance.now();
        const [add, remove] = [some(), some()];
        const event = { began };
        switch (random(4)) {
          case 0:
            event.reads = memberIds(assertStatus(await organization.okta.get(path), 200));
            break;
          case 1:
            event.becomes = () => [...add].sort();
            assertStatus(await organization.okta.put(path, oktaGroup(displayName, add)), 200);
            break;
          default:
            event.becomes = (members) => [...new Set([...members.filter((id) => !remove.includes(id)), ...add])].sort();
            assertStatus(
              await organization.okta.patch(
                path,
                ...remove.map((id) => operation.removeMember(id)),
                operation.addMembers(add),
              ),
              204,
            );
        }
        event.ended = performance.now();
        history.push(event);
      }
    });
    await Promise.all(clients);
    history.push({ began: Infinity, ended: Infinity, reads: memberIds(await organization.group(id)) });
    assert.ok(explained([...first].sort(), history), `round ${round}: no order explains ${JSON.stringify(history)}`);
  }
});
