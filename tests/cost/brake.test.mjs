// What the access brake and the pause cost while they refuse requests: one round trip each, and no row written.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("a refused request", () => {
  const worker = useWorker();
  let organization;
  let role;
  let team;
  let people;
  let ids;

  before(async () => {
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    people = await organization.createUsers(30);
    ids = people.map(({ id }) => id);
    role = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(await okta.put(`/Groups/${role.id}`, oktaGroup(role.displayName, ids)), 200);
    team = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Night-Member", ids.slice(26))), 201);
    for (const id of ids.slice(0, 25)) assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
  });

  /** Requests that take access from the last of the people, by names. */
  const taking = () => {
    const { okta } = organization;
    const { id, userName } = people[29];
    const group = `/Groups/${role.id}`;
    return {
      "PATCH user": () => okta.patch(`/Users/${id}`, operation.active(false)),
      "PUT user": () => okta.put(`/Users/${id}`, oktaUser(person(userName), { active: false })),
      "DELETE user": () => okta.delete(`/Users/${id}`),
      "PATCH group by id": () => okta.patch(group, operation.removeMember(id)),
      "PATCH group by filter": () =>
        okta.patch(group, { op: "remove", path: `members[display eq "${people[29].displayName}"]` }),
      "PATCH group, all": () => okta.patch(group, operation.replaceMembers(ids.slice(25, 28))),
      "PUT group": () => okta.put(group, oktaGroup(role.displayName, ids.slice(25, 28))),
      "DELETE team": () => okta.delete(`/Groups/${team.id}`),
    };
  };

  /** Asserts what a refusal costs: most rows read by the names of the requests. */
  async function assertRefusalsCost(requests, most, detail) {
    for (const [name, send] of Object.entries(requests)) {
      const answer = await send();
      assertError(answer, 429, { detail });
      assert.equal(answer.headers["retry-after"], "3600", name);
      const { round_trips, rows_read, rows_written } = serverTiming(answer);
      assert.deepEqual([round_trips, rows_written], [1, 0], name);
      assert.ok(rows_read <= most[name], `${name}: ${rows_read} rows read, at most ${most[name]} expected`);
    }
  }

  const MOST = {
    "PATCH user": 10,
    "PUT user": 10,
    "DELETE user": 10,
    "PATCH group by id": 16,
    "PATCH group by filter": 40,
    "PATCH group, all": 60,
    "PUT group": 60,
    "DELETE team": 40,
  };

  test("by the brake is known after one round trip", async () => {
    // The first engages it: the write is refused in its batch.
    const first = await taking()["PATCH user"]();
    assertError(first, 429);
    assert.equal(serverTiming(first).round_trips, 3);
    await organization.unchangedBy(() => assertRefusalsCost(taking(), MOST, /access brake .* is engaged since/));
  });

  test("by a pause is known after one round trip", async () => {
    await organization.admin.call("POST", organization.path("/brake/release"), { for_minutes: 60 }, 200);
    await organization.admin.call("POST", organization.path("/pause"), {}, 200);
    await organization.unchangedBy(() => assertRefusalsCost(taking(), MOST, /paused the writes/));
    await organization.admin.call("POST", organization.path("/resume"), {}, 200);
  });
});
