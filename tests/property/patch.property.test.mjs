// Random PATCH requests against an oracle in memory. PATCH_SEED draws other requests, PATCH_RUNS more of them.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { assertError, assertStatus, memberIds } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { operations, settlingOperations, users, wire } from "../helpers/patch-arbitraries.mjs";
import { memberOperations, membersAfter, PEOPLE, someMembers, wireOfMembers } from "../helpers/patch-members.mjs";
import { deactivates, patched } from "../helpers/patch-oracle.mjs";
import { Refusal } from "../helpers/patch-values.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const { PATCH_SEED = "7644", PATCH_RUNS } = process.env;

/** Checks a property; unless PATCH_RUNS asks for more, in a time that a test may take. */
function check(runs, ...given) {
  const predicate = given.pop();
  const deadline = PATCH_RUNS ? Number.POSITIVE_INFINITY : Date.now() + 5_000;
  const property = fc.asyncProperty(
    ...given,
    async (...values) => Date.now() > deadline || (await predicate(...values)),
  );
  return fc.assert(property, {
    seed: Number(PATCH_SEED),
    numRuns: Number(PATCH_RUNS ?? runs),
    includeErrorInReport: true,
  });
}

describe("a user", () => {
  let okta;
  let path;

  before(async () => {
    const organization = await createOrganization(worker, { settings: { email_management: true } });
    okta = organization.okta;
    path = `/Users/${(await organization.createUser("ada@okta.local")).id}`;
  });

  const userOf = async (attributes) => {
    const body = { active: true, statsigOrgRole: "Member", ...attributes, userName: "ada@okta.local" };
    // The role of an inactive user would be kept unseen (tests/scim/users/inactive-org-role.test.mjs).
    if (!body.active) body.statsigOrgRole = "Member";
    return assertStatus(await okta.put(path, body), 200);
  };
  const read = async () => assertStatus(await okta.get(path), 200);
  const attributesOf = ({ id, meta, groups, ...attributes }) => attributes;

  /** What the oracle makes of the request: the user's attributes, or a refusal. */
  function expected(user, list) {
    try {
      return patched(attributesOf(user), list);
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  test("becomes what the operations say, or stays as it was", () =>
    check(200, users, operations, async (attributes, list) => {
      const user = await userOf(attributes);
      const sent = list.map(wire);
      const answer = await okta.patch(path, ...sent);
      const wanted = expected(user, list);
      const context = JSON.stringify({ user, sent });
      if (!(wanted instanceof Refusal)) {
        assert.deepEqual(attributesOf(assertStatus(answer, 200)), wanted, context);
        return;
      }
      if (deactivates(list)) {
        // tests/scim/users/deactivate.test.mjs has what becomes of the rest.
        const { active, statsigOrgRole, groups } = assertStatus(answer, 200);
        assert.deepEqual([active, statsigOrgRole, groups], [false, "Member", []], context);
        return;
      }
      assert.equal(answer.status, 400, `should be ${wanted.scimType}: ${context}`);
      const detail = wanted.operation === undefined ? /./ : new RegExp(`^Operations\\[${wanted.operation}\\]: `);
      assertError(answer, 400, { scimType: wanted.scimType, detail });
      assert.deepEqual(await read(), user, context);
    }));

  test("does not change when the same is added or replaced again", () =>
    check(100, users, settlingOperations, async (attributes, list) => {
      await userOf(attributes);
      const [first, second] = [await okta.patch(path, ...list.map(wire)), await okta.patch(path, ...list.map(wire))];
      assert.equal(second.status, first.status, second.text);
      if (first.status === 200) assert.deepEqual(second.body, first.body, JSON.stringify(list.map(wire)));
      else assertError(first, 400, { scimType: "invalidValue" });
    }));

  test("has one primary value at most, and is for PUT and GET what PATCH answered", () =>
    check(100, users, operations, async (attributes, list) => {
      const user = await userOf(attributes);
      const answer = await okta.patch(path, ...list.map(wire));
      const now = await read();
      const context = JSON.stringify({ user, sent: list.map(wire), now });
      assert.deepEqual(answer.status === 200 ? answer.body : user, now, context);
      for (const elements of Object.values(now).filter(Array.isArray)) {
        assert.ok(elements.filter(({ primary }) => primary).length <= 1, context);
      }
      // PUT fills in names and mail where a PATCH has removed them.
      const { name, emails } = now;
      if (!name?.givenName || !name.familyName || !emails?.some(({ value }) => value)) return;
      assert.deepEqual(assertStatus(await okta.put(path, now), 200), now, context);
    }));
});

describe("the members of a group", () => {
  let okta;
  let path;
  let ids;

  before(async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    okta = organization.okta;
    ids = (await organization.createUsers(PEOPLE.length)).map(({ id }) => id);
    assertStatus(await okta.patch(`/Users/${ids.at(-1)}`, operation.active(false)), 200);
    path = `/Groups/${assertStatus(await okta.post("/Groups", oktaGroup("Engineers")), 201).id}`;
  });

  test("are the set that the operations make", () =>
    check(80, someMembers, memberOperations, async (members, list) => {
      const idsOf = (people) => people.map((one) => ids[one]).sort();
      const old = assertStatus(await okta.put(path, oktaGroup("Engineers", idsOf(members))), 200);
      const sent = list.map((one) => wireOfMembers(one, ids));
      assertStatus(await okta.patch(path, ...sent), 204);
      const now = assertStatus(await okta.get(path), 200);
      const wanted = idsOf(membersAfter(members, list));
      assert.deepEqual(memberIds(now), wanted, JSON.stringify(sent));
      const same = wanted.join() === memberIds(old).join();
      assert[same ? "deepEqual" : "notDeepEqual"](now.meta, old.meta, JSON.stringify({ old, sent }));
    }));
});
