// Quirks of identity providers in look-ups, lists and imports (docs/idp-quirks.md).

import assert from "node:assert/strict";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { quirk } from "../../helpers/quirk.mjs";
import { withoutTable } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

quirk("numbers-in-a-list", "the numbers of a list are JSON integers", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const people = await organization.okta.get("/Users?startIndex=1&count=2");
  assertStatus(people, 200);
  for (const number of [/"totalResults":\s*1\b/, /"startIndex":\s*1\b/, /"itemsPerPage":\s*1\b/]) {
    assert.match(people.text, number);
  }
  const groups = await organization.okta.get("/Groups?startIndex=1&count=100");
  assert.match(groups.text, /"totalResults":\s*3\b/);
});

quirk("plus-in-a-query", "the query is form-decoded: + is a space, %2B a plus", async () => {
  const organization = await createOrganization(worker);
  const plus = await organization.createUser("jane+x@e.com");
  const space = await organization.createUser("jane x@e.com");
  const look = (query) => organization.okta.get(`/Users?filter=${query}`);
  assertListOf(await look("userName+eq+%22jane%2Bx%40e.com%22"), [plus.id]);
  assertListOf(await look("userName%20eq%20%22jane%2Bx%40e.com%22"), [plus.id]);
  assertListOf(await look("userName+eq+%22jane+x%40e.com%22"), [space.id]);
  assertListOf(await look("userName+eq+%22jane%20x%40e.com%22"), [space.id]);
});

quirk("look-up-without-a-match", "a lookup without a match is an empty list, not an error", async () => {
  const { okta } = await createOrganization(worker, { projects: { Demo: [] } });
  const empty = { totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] };
  for (const [path, filter] of [
    ["/Users", 'userName eq "nobody@okta.local"'],
    ["/Users", 'externalId eq "5f1b7c4e-0000-4000-8000-000000000000"'],
    ["/Groups", 'displayName eq "Statsig-Demo-Nobody"'],
  ]) {
    const { schemas, ...rest } = assertStatus(await okta.find(path, filter), 200);
    assert.deepEqual(rest, empty);
  }
});

quirk("look-up-in-another-case", "a lookup ignores case, and so does uniqueness", async () => {
  const organization = await createOrganization(worker);
  for (const [lower, upper] of [
    ["grace.hopper@okta.local", "GRACE.HOPPER@OKTA.LOCAL"],
    ["jürgen.größe@okta.local", "JÜRGEN.GRÖßE@OKTA.LOCAL"],
  ]) {
    const { id } = await organization.createUser(lower);
    assertListOf(await organization.okta.find("/Users", `userName eq "${upper}"`), [id]);
    const again = await organization.unchangedBy(() => organization.okta.post("/Users", oktaUser(person(upper))));
    assertError(again, 409, { scimType: "uniqueness" });
  }
});

quirk("order-of-pages", "the order of a list is the same for every page size, and survives changes", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: ["Engineer", "Analyst"] } });
  const { okta } = organization;
  const people = await organization.createUsers(25);
  const ids = async (path, count) => (await okta.importAll(path, count)).map(({ id }) => id);
  const order = await ids("/Users", 100);
  assert.equal(order.length, 26);
  for (const count of [1, 2, 7, 25, 26]) assert.deepEqual(await ids("/Users", count), order);

  // A profile push, a deactivation and a newcomer in the middle of an import move no one to another page.
  const firstPage = assertStatus(await okta.list("/Users", { startIndex: 1, count: 13 }), 200);
  await okta.put(`/Users/${order[1]}`, oktaUser(person(people[0].userName)));
  await okta.patch(`/Users/${order[2]}`, operation.active(false));
  await organization.createUser("aaa.newcomer@okta.local");
  const rest = assertStatus(await okta.list("/Users", { startIndex: 14, count: 13 }), 200);
  const listed = [...firstPage.Resources, ...rest.Resources].map(({ id }) => id);
  assert.deepEqual(listed, order);

  const groups = await ids("/Groups", 100);
  for (const count of [1, 2, 4]) assert.deepEqual(await ids("/Groups", count), groups);
});

quirk(
  "failure-during-an-import",
  "when storage fails in the middle of an import, the page fails; it is never short",
  async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    await organization.createUsers(12);
    const secondPage = { startIndex: 6, count: 5 };
    assertStatus(await okta.list("/Users", { startIndex: 1, count: 5 }), 200);
    const whole = assertStatus(await okta.list("/Users", secondPage), 200);
    for (const table of ["users", "auth_keys", "organizations"]) {
      const page = await withoutTable(worker, table, () => okta.list("/Users", secondPage));
      assertWholeOrFailed(page, whole);
      if (table === "users") assert.notEqual(page.status, 200, "people out of thin air");
    }
    const groupPage = { startIndex: 2, count: 2 };
    const wholeGroups = assertStatus(await okta.list("/Groups", groupPage), 200);
    for (const table of ["groups", "memberships", "users"]) {
      const page = await withoutTable(worker, table, () => okta.list("/Groups", groupPage));
      assertWholeOrFailed(page, wholeGroups);
    }
    assert.deepEqual(assertStatus(await okta.list("/Users", secondPage), 200), whole);
  },
);

/**
 * A page that cannot be read in full must fail in a way that makes Okta give up or wait: a user who is missing is
 * unassigned.
 */
function assertWholeOrFailed(page, whole) {
  if (page.status === 200) {
    assert.deepEqual(page.body, whole);
    return;
  }
  assert.ok(page.status >= 500 || page.status === 429, `${page.path} -> ${page.status} ${page.text}`);
  assertError(page, page.status);
  assert.ok(!("Resources" in page.body));
}

quirk("people-without-a-name", "everyone in an import has id, userName, both names, mail and active", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  await organization.addMember("nameless@okta.local");
  for (const body of [
    { userName: "bare@okta.local" },
    { userName: "empty@okta.local", name: {} },
    { userName: "blank@okta.local", name: { givenName: "", familyName: "" }, emails: [] },
    { userName: "null@okta.local", name: null, emails: null, displayName: null },
    { userName: "formatted@okta.local", name: { formatted: "Mary Ann Smith" } },
    { userName: "displayed@okta.local", displayName: "Mary Smith" },
    { userName: "half@okta.local", name: { givenName: "Half" } },
  ]) {
    assertStatus(await okta.post("/Users", body), 201);
  }
  const listed = await okta.importAll("/Users");
  assert.equal(listed.length, 9);
  for (const { id, userName, name, emails, active } of listed) {
    for (const text of [id, userName, name?.givenName, name?.familyName, emails?.[0]?.value]) {
      assert.ok(
        typeof text === "string" && text.trim().length > 0,
        `${userName}: ${JSON.stringify({ id, name, emails })}`,
      );
    }
    assert.equal(active, true);
  }
});

quirk("excluded-members", "excludedAttributes=members leaves the members out, on lookup, list and get", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { entra } = organization;
  const user = await organization.createUser("member@okta.local");
  const { id } = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await entra.patch(`/Groups/${id}`, operation.addMembers([user.id])), 204);
  const lookup = "filter=displayName%20eq%20%22Statsig-Demo-Member%22";
  for (const path of [`/Groups?excludedAttributes=members&${lookup}`, `/Groups?${lookup}&excludedAttributes=members`]) {
    const answer = await entra.get(path);
    assertListOf(answer, [id]);
    assert.ok(!("members" in answer.body.Resources[0]));
  }
  const got = assertStatus(await entra.get(`/Groups/${id}?excludedAttributes=members`), 200);
  assert.ok(!("members" in got));
  assert.equal(got.displayName, "Statsig-Demo-Member");
  for (const group of assertStatus(await entra.get("/Groups?excludedAttributes=members"), 200).Resources) {
    assert.ok(!("members" in group));
  }
  const [listed] = assertStatus(await entra.get(`/Groups?${lookup}`), 200).Resources;
  assert.deepEqual(memberIds(listed), [user.id]);
});

quirk(
  "pages-out-of-range",
  "count 0, startIndex 0 and a startIndex past the end are answered, not refused",
  async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    await organization.createUsers(3);
    for (const [path, total] of [
      ["/Users", 4],
      ["/Groups", 3],
    ]) {
      const list = async (query) => {
        const { totalResults, startIndex, Resources } = assertStatus(
          await organization.okta.get(`${path}?${query}`),
          200,
        );
        return { totalResults, startIndex, ids: Resources.map(({ id }) => id) };
      };
      const { ids } = await list("startIndex=1&count=100");
      assert.equal(ids.length, total);
      assert.deepEqual((await list("count=0")).ids, []);
      assert.equal((await list("count=0")).totalResults, total);
      assert.deepEqual((await list("count=-1")).ids, [], "RFC 7644 section 3.4.2.4: a negative count is 0");
      for (const start of ["0", "-7"]) {
        const page = await list(`startIndex=${start}&count=2`);
        assert.deepEqual(page, { totalResults: total, startIndex: 1, ids: ids.slice(0, 2) });
      }
      const past = await list("startIndex=1000&count=100");
      assert.deepEqual([past.totalResults, past.ids], [total, []]);
    }
  },
);
