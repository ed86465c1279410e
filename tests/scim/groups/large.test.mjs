// Groups whose members have more chunks than are read at a time: the rest is read while the answer is sent.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertStatus, memberIds, serverTiming } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { crowd, join } from "../../helpers/crowd.mjs";
import { batchesOf, held, modules } from "../../helpers/hold.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { startWorker, useWorker } from "../../helpers/worker.mjs";

// A hundred pieces of a thousand members are read at a time.
const SIZES = {
  "Group A": 105_500,
  "Group B": 5,
  "Group C": 20_000,
  "Group D": 0,
  "Group E": 1_000,
  "Group F": 1_001,
  "Group G": 1,
};

describe("members in many chunks", () => {
  const worker = useWorker({ modules });
  let organization;
  let okta;
  const ids = {}; // of groups, by name
  const members = {}; // ids, by the name of their group

  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    const people = await crowd(worker, organization, Math.max(...Object.values(SIZES)));
    for (const [name, size] of Object.entries(SIZES)) {
      ids[name] = assertStatus(await okta.post("/Groups", { displayName: name }), 201).id;
      await join(worker, organization, ids[name], size);
      members[name] = people.slice(0, size).sort();
    }
  });

  const assertWhole = (groups, names = Object.keys(SIZES)) => {
    assert.deepEqual(
      groups.map(({ displayName }) => displayName),
      names,
    );
    for (const group of groups) {
      assert.deepEqual(memberIds(group), members[group.displayName]);
      assert.equal(group.meta.resourceType, "Group");
    }
  };

  test("are all there in a list, in any order", async () => {
    const answer = await okta.list("/Groups", { startIndex: 1, count: 100 });
    assertWhole(assertStatus(answer, 200).Resources);
    assert.equal(serverTiming(answer).round_trips, 1);
    const sorted = await okta.list("/Groups", { sortBy: "displayName", sortOrder: "descending" });
    assertWhole(assertStatus(sorted, 200).Resources, Object.keys(SIZES).reverse());
    const some = await okta.list("/Groups", { filter: 'displayName gt "group c"', count: 3 });
    assertWhole(assertStatus(some, 200).Resources, ["Group D", "Group E", "Group F"]);
    const all = assertStatus(await okta.list("/", { filter: 'meta.resourceType eq "Group"' }), 200).Resources;
    assertWhole(all);
  });

  test("are all there in a group", async () => {
    for (const [name, id] of Object.entries(ids)) assertWhole([await organization.group(id)], [name]);
  });

  test("are returned as far as is asked for", async () => {
    const query = { filter: 'displayName eq "Group A"' };
    const [{ members: values, ...rest }] = (await okta.list("/Groups", { ...query, attributes: "members.value" })).body
      .Resources;
    assert.deepEqual(Object.keys(rest).sort(), ["id", "schemas"]);
    assert.deepEqual(values.map(({ value }) => value).sort(), members["Group A"]);
    assert.deepEqual([...new Set(values.flatMap(Object.keys))], ["value"]);
    const [bare] = (await okta.list("/Groups", { ...query, excludedAttributes: "members" })).body.Resources;
    assert.equal(bare.members, undefined);
    const [partly] = (await okta.list("/Groups", { ...query, excludedAttributes: "members.display" })).body.Resources;
    assert.equal(partly.members.length, SIZES["Group A"]);
    assert.ok(partly.members.every(({ display, value }) => value && display === undefined));
  });

  test("are in the answer to a change, too", async () => {
    const path = `/Groups/${ids["Group A"]}`;
    const [first, ...others] = members["Group A"];
    const replaced = await okta.put(path, { displayName: "Group A", members: others.map((value) => ({ value })) });
    assert.deepEqual(memberIds(assertStatus(replaced, 200)), others);
    const patched = await okta.patch(`${path}?attributes=members`, operation.addMembers([first]));
    assert.deepEqual(memberIds(assertStatus(patched, 200)), members["Group A"]);
  });

  test("are read in as few batches as their number needs", async () => {
    const read = (name) => batchesOf(worker, (hold) => okta.send("GET", `/Groups/${ids[name]}`, undefined, hold));
    assert.deepEqual([await read("Group A"), await read("Group C"), await read("Group G")], [2, 1, 1]);
  });

  const FIRST_TO_BE_LEFT = 2; // the number of the batch that reads what is left

  /** Reads while `meanwhile` happens between what is read first and what is left. */
  const readWhile = (path, meanwhile) =>
    held(
      worker,
      FIRST_TO_BE_LEFT,
      async (hold) => {
        const headers = { Authorization: `Bearer ${okta.key}`, ...hold };
        const answer = await fetch(okta.base + path, { headers });
        assert.equal(answer.status, 200);
        return answer.json();
      },
      meanwhile,
    );

  test("are of one version, or the answer is broken off", async () => {
    const path = `/Groups/${ids["Group A"]}`;
    const { value: first } = (await organization.group(ids["Group A"])).members[0];
    const { value: last } = (await organization.group(ids["Group A"])).members.at(-1);
    const leave = async () => {
      const removals = [operation.removeMember(first), operation.removeMember(last)];
      assertStatus(await okta.patch(path, ...removals), 204);
    };
    await assert.rejects(readWhile(path, leave));
    const left = members["Group A"].filter((id) => id !== first && id !== last);
    assert.deepEqual(memberIds(await organization.group(ids["Group A"])), left);
    const join = async () => assertStatus(await okta.patch(path, operation.addMembers([first, last])), 204);
    await assert.rejects(readWhile("/Groups?count=100", join));
    assertWhole([await organization.group(ids["Group A"])], ["Group A"]);
  });

  test("may change in groups that have been read, and in others", async () => {
    const other = assertStatus(await okta.post("/Groups", { displayName: "Group Z" }), 201);
    const someone = operation.addMembers(members["Group G"]);
    const change = async () => {
      assertStatus(await okta.patch(`/Groups/${other.id}`, someone), 204);
      assertStatus(await okta.patch(`/Groups/${ids["Group B"]}`, operation.removeMember(members["Group B"][0])), 204);
    };
    assertWhole([await readWhile(`/Groups/${ids["Group A"]}`, change)], ["Group A"]);
    await okta.patch(`/Groups/${ids["Group B"]}`, operation.addMembers(members["Group B"]));
  });

  test("are not cut short for a client whose key is deactivated meanwhile: the answer is broken off", async () => {
    const { id, key } = await organization.addKey();
    const own = okta.key;
    okta.key = key;
    await assert.rejects(readWhile(`/Groups/${ids["Group A"]}`, () => organization.deactivateKey(id)));
    okta.key = own;
  });
});

test("members who are far apart in order of insertion are read in one batch", async (t) => {
  const worker = await startWorker({ modules });
  t.after(() => worker.close());
  const organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const { okta } = organization;
  const people = await crowd(worker, organization, 1_500);
  await worker.sql("DELETE FROM user_emails");
  // As if thousands of people of other organizations had come between each two of these.
  await worker.sql("UPDATE users SET seq = 5000 * seq");
  const { id } = assertStatus(await okta.post("/Groups", { displayName: "Far apart" }), 201);
  await join(worker, organization, id, people.length);
  let answer;
  const batches = await batchesOf(worker, async (hold) => {
    answer = await okta.send("GET", `/Groups/${id}`, undefined, hold);
  });
  assert.deepEqual(memberIds(assertStatus(answer, 200)), people);
  assert.equal(batches, 1);
  assert.ok(serverTiming(answer).rows_read < 3 * people.length, `${serverTiming(answer).rows_read} rows read`);
  const fewer = { displayName: "Far apart", members: people.slice(0, -1).map((value) => ({ value })) };
  assert.deepEqual(memberIds(assertStatus(await okta.put(`/Groups/${id}`, fewer), 200)), people.slice(0, -1));
});
