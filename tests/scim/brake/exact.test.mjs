// The access brake with many writers at once: exactly as many people lose access as may, and never one more.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const WRITERS = 16;

/** Sends all requests, as many at a time as there are writers; resolves with their answers. */
async function byManyWriters(requests) {
  const waiting = [...requests];
  const answers = [];
  const writer = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) answers.push(await next());
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return answers;
}

/** How many answers have each status. */
function statuses(answers) {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe("the access brake with 16 writers", () => {
  const worker = useWorker();

  async function engagements({ id }) {
    const rows = await worker.sql(
      "SELECT data, key_id, log_id FROM events WHERE org_id = ? AND type = 'brake.engaged'",
      id,
    );
    return rows.map((row) => ({ ...row, data: JSON.parse(row.data) }));
  }

  /** Asserts that the brake has engaged once, and that each refused request says why. */
  async function assertBraked(organization, answers, limit) {
    const [engaged, ...more] = await engagements(organization);
    assert.deepEqual(more, [], "the brake engages once");
    assert.deepEqual(engaged.data, { lost: limit, limit });
    for (const { status, headers, body } of answers) {
      if (status < 400) continue;
      assert.equal(status, 429);
      assert.equal(headers["retry-after"], "3600");
      assert.match(
        body.detail,
        /access brake of this organization is engaged since .*\/console\/organizations\/.*\/brake/,
      );
    }
  }

  async function active({ id }) {
    const [{ count }] = await worker.sql("SELECT count(*) AS count FROM users WHERE org_id = ? AND active = 1", id);
    return count;
  }

  for (const [share, people, limit] of [
    ["of 25 people", 60, 25],
    ["of a fifth of the people", 180, 36],
  ]) {
    test(`deactivations end at the limit ${share}`, async () => {
      const organization = await createOrganization(worker);
      const created = await organization.createUsers(people);
      const before = await active(organization);
      const answers = await byManyWriters(
        created.map(
          ({ id }) =>
            () =>
              organization.okta.patch(`/Users/${id}`, operation.active(false)),
        ),
      );
      assert.deepEqual(statuses(answers), { 200: limit, 429: people - limit });
      assert.equal(await active(organization), before - limit);
      await assertBraked(organization, answers, limit);
    });
  }

  test("deletions end at the limit, and one who is deleted twice is not a reason to brake", async () => {
    const organization = await createOrganization(worker);
    const created = await organization.createUsers(40);
    const first = created.slice(0, 25);
    const twice = [...first, ...first].map(
      ({ id }) =>
        () =>
          organization.okta.delete(`/Users/${id}`),
    );
    assert.deepEqual(statuses(await byManyWriters(twice)), { 204: 25, 404: 25 });
    assert.deepEqual(await engagements(organization), []);
    const answers = await byManyWriters(
      created.slice(25).map(
        ({ id }) =>
          () =>
            organization.okta.delete(`/Users/${id}`),
      ),
    );
    assert.deepEqual(statuses(answers), { 429: 15 });
    assert.equal(await active(organization), 40 - 25 + 1);
    await assertBraked(organization, answers, 25);
  });

  test("replaced members end at the limit", async () => {
    const roles = Array.from({ length: 40 }, (_, i) => `Role${i}`);
    const organization = await createOrganization(worker, { projects: { Demo: roles } });
    const { okta } = organization;
    const created = await organization.createUsers(80);
    const groups = await Promise.all(roles.map((role) => organization.groupNamed(`Statsig-Demo-${role}`)));
    const two = (i) => created.slice(2 * i, 2 * i + 2).map(({ id }) => id);
    for (const [i, { id, displayName }] of groups.entries()) {
      assertStatus(await okta.put(`/Groups/${id}`, oktaGroup(displayName, two(i))), 200);
    }
    const answers = await byManyWriters(
      groups.map(
        ({ id, displayName }, i) =>
          () =>
            okta.put(`/Groups/${id}`, oktaGroup(displayName, two(i).slice(1))),
      ),
    );
    assert.deepEqual(statuses(answers), { 200: 25, 429: 15 });
    const [{ left }] = await worker.sql(
      "SELECT count(*) AS left FROM memberships m JOIN groups g ON g.seq = m.group_seq WHERE g.org_id = ?",
      organization.id,
    );
    assert.equal(left, 80 - 25);
    await assertBraked(organization, answers, 25);
  });

  test("all ways to take access count together, also in bulk requests", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const created = await organization.createUsers(64);
    const { id: group, displayName } = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(
      await okta.put(
        `/Groups/${group}`,
        oktaGroup(
          displayName,
          created.map(({ id }) => id),
        ),
      ),
      200,
    );
    const ways = [
      ({ id }) => okta.patch(`/Users/${id}`, operation.active(false)),
      ({ id, userName }) => okta.put(`/Users/${id}`, oktaUser(person(userName), { active: false })),
      ({ id }) => okta.delete(`/Users/${id}`),
      ({ id }) => okta.patch(`/Groups/${group}`, operation.removeMember(id)),
      async ({ id }) => {
        const answer = await okta.post("/Bulk", {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
          Operations: [{ method: "DELETE", path: `/Users/${id}` }],
        });
        const [only] = assertStatus(answer, 200).Operations;
        if (only.status === "429") assert.match(only.response.detail, /access brake/);
        return { status: Number(only.status), headers: { "retry-after": "3600" }, body: only.response };
      },
    ];
    const answers = await byManyWriters(created.map((one, i) => () => ways[i % ways.length](one)));
    const taken = answers.filter(({ status }) => status < 300).length;
    assert.equal(taken, 25);
    assert.equal(statuses(answers)[429], 64 - 25);
    await assertBraked(organization, answers, 25);
    // Nothing of a refused request is left: whoever still has access has all of it.
    const [{ whole }] = await worker.sql(
      `SELECT count(*) AS whole FROM users u JOIN memberships m ON m.user_seq = u.seq
       WHERE u.org_id = ? AND u.active = 1`,
      organization.id,
    );
    assert.equal(whole, 64 - 25);
  });
});
