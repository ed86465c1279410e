// What requests cost where there are 100,000 people, each of them in three groups, and a group of 100,000: rows as D1
// bills them, round trips, and memory. SCALE_PEOPLE=1000000 and SCALE_ORGANIZATIONS=1000 make it a million people, and
// a thousand organizations of ten people beside theirs, which takes long.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, memberIds, serverTiming } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { Import } from "../helpers/import.mjs";
import { memoryOf, memoryProbe } from "../helpers/memory.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const PEOPLE = Number(process.env.SCALE_PEOPLE ?? 100_000);
const ORGANIZATIONS = Number(process.env.SCALE_ORGANIZATIONS ?? 5);
const LARGEST = 100_000; // members of the largest group
const MANY = 10_000; // members of each of the other groups
const MEMORY = 64_000_000; // bytes

describe(`with ${PEOPLE} people, and ${ORGANIZATIONS} other organizations`, () => {
  const worker = useWorker({ modules: memoryProbe() });
  const table = [];
  let organization;
  let okta;
  let ids;
  let all; // the largest group
  let many; // a group of MANY

  before(async () => {
    for (let i = 0; i < ORGANIZATIONS; i++) {
      await populate(worker.sql, (await createOrganization(worker, { projects: { Demo: [] } })).id, { users: 9 });
    }
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const crowd = await populate(worker.sql, organization.id, { users: PEOPLE - 1 });
    const groups = await populate(worker.sql, organization.id, {
      groups: ((PEOPLE > LARGEST ? 3 : 2) * PEOPLE) / MANY + 1,
    });
    ids = crowd.people;
    const join = (group, first, count) =>
      worker.sql(
        `INSERT INTO memberships (group_seq, user_seq) SELECT (SELECT seq FROM groups WHERE id = ?1), seq FROM users
         WHERE org_id = ?2 AND org_role = 'Member' ORDER BY seq LIMIT CAST(?3 AS INTEGER) OFFSET CAST(?4 AS INTEGER)`,
        group,
        organization.id,
        count,
        first,
      );
    const [first, ...rest] = groups.groups.map(({ id }) => id);
    for (const [i, group] of rest.entries()) await join(group, (i * MANY) % PEOPLE, MANY);
    await join(first, 0, LARGEST - 2);
    [all, many] = [first, rest[0]];
  });

  function assertCost(name, answer, status, [roundTrips, mostRead, mostWritten]) {
    assertStatus(answer, status);
    const { round_trips, rows_read, rows_written, d1 } = serverTiming(answer);
    table.push(`${name}: ${round_trips} round trips, ${rows_read} rows read, ${rows_written} written, ${d1} ms`);
    assert.ok(round_trips <= roundTrips, `${name}: ${round_trips} round trips`);
    assert.ok(rows_read <= mostRead, `${name}: ${rows_read} rows read, at most ${mostRead} expected`);
    assert.ok(rows_written <= mostWritten, `${name}: ${rows_written} rows written, at most ${mostWritten} expected`);
  }

  test("reading one costs what it costs with ten", async () => {
    const { id, userName } = await organization.user(ids[(ids.length / 2) | 0]);
    assertCost("GET user", await okta.get(`/Users/${id}`), 200, [1, 12, 0]);
    assertCost("lookup userName", await okta.find("/Users", `userName eq "${userName}"`), 200, [1, 12, 0]);
    const { displayName } = (await okta.get(`/Groups/${all}?excludedAttributes=members`)).body;
    const bare = { excludedAttributes: "members", filter: `displayName eq "${displayName}"` };
    assertCost("lookup displayName, members excluded", await okta.list("/Groups", bare), 200, [1, 8, 0]);
  });

  test("writing one, too", async () => {
    const created = await okta.post("/Users", oktaUser(person("newcomer@okta.local")));
    // Ten for the person, one for the entry of the log, and two for the event.
    assertCost("POST user", created, 201, [1, 17, 10 + 1 + 2]);
    const memberships = 3;
    const leaving = ids[(ids.length / 3) | 0];
    assertCost("PATCH active", await okta.patch(`/Users/${leaving}`, operation.active(false)), 200, [
      2,
      21 + 8 * memberships,
      // The person three, the log one, two events two each, the minute that the access brake counts one.
      3 + 1 + 2 * 2 + 1 + 3 * memberships,
    ]);
    const last = ids.at(-1);
    const joining = await okta.patch(`/Groups/${all}`, operation.addMembers([last]));
    assertCost(`PATCH +1 member, group of ${LARGEST}`, joining, 204, [2, 29, 7]);
    const leave = await okta.patch(`/Groups/${all}`, operation.removeMember(last));
    assertCost(`PATCH -1 member, group of ${LARGEST}`, leave, 204, [2, 33, 7]);
    const displayName = (await okta.get(`/Groups/${many}?excludedAttributes=members`)).body.displayName;
    const members = [...ids.slice(0, MANY - 1), last].map((value) => ({ value, display: `${value}@okta.local` }));
    const replaced = await okta.put(`/Groups/${many}`, { schemas: [SCHEMA.group], displayName, members });
    assertCost(`PUT ${MANY} members, one changed`, replaced, 200, [2, 6 * MANY, 12]);
    assert.equal(replaced.body.members.length, MANY);
  });

  test("an import costs the same on every page", async () => {
    let rows = 0;
    let first = true;
    const reading = new Import(okta, "/Users", { count: 100 });
    const list = okta.list.bind(okta);
    reading.okta = {
      async list(...query) {
        const answer = await list(...query);
        const { round_trips, rows_read, rows_written } = serverTiming(answer);
        rows += rows_read;
        assert.equal(round_trips, 1);
        // The second page notes that there is a second one, with the event of the beginning; the last one, that
        // of its end.
        const { startIndex, Resources, totalResults } = answer.body;
        const isLast = startIndex + Resources.length > totalResults;
        const written = startIndex === 101 || isLast ? 3 : 0;
        if (!first)
          assert.ok(rows_read <= 1_200 && rows_written <= written, `${rows_read} read, ${rows_written} written`);
        if (first || reading.startIndex === 50_001)
          assertCost(`page at ${reading.startIndex}`, answer, 200, [1, 2 * PEOPLE, 1]);
        first = false;
        return answer;
      },
    };
    await reading.finish();
    assert.ok(reading.total > PEOPLE);
    assert.equal(new Set(reading.ids).size, reading.total);
    table.push(`whole import: ${(rows / PEOPLE).toFixed(2)} rows read a person`);
    assert.ok(rows <= 16 * PEOPLE, `${rows} rows read`);
  });

  test("a group of all is read and replaced in little memory", async () => {
    const read = await okta.get(`/Groups/${all}`);
    assertCost(`GET group of ${LARGEST}`, read, 200, [1, 3 * LARGEST, 0]);
    const { displayName, members } = read.body;
    // As it was read, with all that is in it: a provider may send it so.
    const told = members.slice(1).map(({ value, display }) => ({ value, display }));
    const replaced = await okta.put(`/Groups/${all}`, { schemas: [SCHEMA.group], displayName, members: told });
    assertCost(`PUT group of ${LARGEST}, one changed`, replaced, 200, [3, 6 * LARGEST, 10]);
    assert.deepEqual(
      memberIds(replaced.body),
      members
        .slice(1)
        .map(({ value }) => value)
        .sort(),
    );
    const bytes = await memoryOf(worker);
    table.push(`memory of the Worker's WebAssembly: ${(bytes / 1e6).toFixed(0)} MB`);
    assert.ok(bytes > 1_000_000 && bytes < MEMORY, `${bytes} bytes`);
  });

  test("an answer is broken off if its key is deactivated before the last members are read", async () => {
    const other = await organization.addKey();
    const headers = { Authorization: `Bearer ${other.key}` };
    const { status, body } = await fetch(`${okta.base}/Groups/${all}`, { headers });
    assert.equal(status, 200);
    const reader = body.getReader();
    await reader.read();
    await organization.deactivateKey(other.id);
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    });
  });

  test("the database is no larger than its rows", async () => {
    const bytes = await worker.size();
    table.push(`size of the database: ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / PEOPLE).toFixed(0)} bytes a person`);
    assert.ok(bytes / PEOPLE < 3_000, `${bytes} bytes`);
  });

  test("as a table", (t) => {
    for (const line of table) t.diagnostic(line);
  });
});
