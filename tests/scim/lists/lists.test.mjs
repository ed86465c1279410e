// Lists: filters, pages, projections, and the two base paths.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertListOf, assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ada = person("ada@okta.local", "Ada", "Lovelace");

describe("a filter", () => {
  test("finds by each attribute that clients look up, and by conjunctions", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const one = await organization.createUser("one@okta.local", { externalId: "Ext-1" });
    const two = await organization.createUser("two@okta.local", { externalId: "Ext-2" });
    await okta.patch(`/Users/${two.id}`, operation.active(false));
    const juergen = await organization.createUser("jürgen@okta.local");
    const owner = await organization.owner();
    const expected = [
      [`userName eq "ONE@okta.local"`, [one.id]],
      [`USERNAME Eq "one@okta.local"`, [one.id]],
      [`${SCHEMA.user}:userName eq "one@okta.local"`, [one.id]],
      [`externalId eq "Ext-2"`, [two.id]],
      [`externalId eq "ext-2"`, []], // caseExact, RFC 7643 section 3.1
      [`id eq "${one.id}"`, [one.id]],
      [`ID eq "${one.id}"`, [one.id]],
      ["active eq true", [owner.id, one.id, juergen.id]],
      ["active eq false", [two.id]],
      [`emails eq "one@okta.local"`, [one.id]],
      [`emails.value eq "ONE@okta.local"`, [one.id]],
      [`emails[type eq "work"].value eq "two@okta.local"`, [two.id]],
      [`emails[type eq "home"].value eq "two@okta.local"`, []],
      [`emails.value eq "JÜRGEN@okta.local"`, [juergen.id]],
      [`emails[type eq "work"].value eq "JÜRGEN@okta.local"`, [juergen.id]],
      [`userName eq "one@okta.local" and active eq true`, [one.id]],
      [`userName eq "two@okta.local" AND active eq true`, []],
      [`externalId eq "Ext-2" and id eq "${two.id}" and active eq false`, [two.id]],
      [`id eq "${one.id}" and id eq "${two.id}"`, []],
      ["externalId eq Ext-1", [one.id]], // Entra sends values without quotes
    ];
    for (const [filter, ids] of expected) {
      const answer = await okta.find("/Users", filter);
      assert.deepEqual([filter, assertStatus(answer, 200).Resources.map(({ id }) => id)], [filter, ids]);
      assert.equal(answer.body.totalResults, ids.length, filter);
    }
  });

  test("takes its values as data", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const names = [
      'quo"te@okta.local',
      "back\\slash@okta.local",
      "o'hara@okta.local",
      "per%cent_@okta.local",
      "ünï@okta.local",
    ];
    for (const userName of names) {
      const { id } = await organization.createUser(userName);
      assertListOf(await okta.find("/Users", `userName eq ${JSON.stringify(userName)}`), [id]);
    }
    for (const hostile of [`x" or id pr or userName eq "x`, "' OR 1=1 --", "%", "_", "*"]) {
      assertListOf(await okta.find("/Users", `userName eq ${JSON.stringify(hostile)}`), []);
    }
  });

  test("pages over its matches, with their number", async () => {
    const organization = await createOrganization(worker);
    const people = await organization.createUsers(7);
    await organization.okta.patch(`/Users/${people[3].id}`, operation.active(false));
    const all = [];
    for (const startIndex of [1, 4, 7]) {
      const parameters = { filter: "active eq true", startIndex, count: 3 };
      const page = assertStatus(await organization.okta.list("/Users", parameters), 200);
      assert.deepEqual(
        [page.totalResults, page.startIndex, page.itemsPerPage],
        [7, startIndex, startIndex === 7 ? 1 : 3],
      );
      all.push(...page.Resources.map(({ id }) => id));
    }
    const counted = await organization.okta.list("/Users", { filter: "active eq true", count: 0 });
    assert.deepEqual([counted.body.totalResults, counted.body.Resources], [7, []]);
    assert.equal(new Set(all).size, 7);
    assert.ok(!all.includes(people[3].id));
  });
});

describe("a list", () => {
  test("has 100 people unless asked, and at most 200", async () => {
    const organization = await createOrganization(worker);
    await organization.createUsers(210);
    for (const [query, items] of [
      ["", 100],
      ["?count=150", 150],
      ["?count=200", 200],
      ["?count=1000000", 200],
      ["?startIndex=201&count=100", 11],
    ]) {
      const page = assertStatus(await organization.okta.get(`/Users${query}`), 200);
      assert.deepEqual([query, page.totalResults, page.itemsPerPage], [query, 211, items]);
    }
  });
});

describe("a projection", () => {
  test("answers what is asked for, and always id and schemas", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const { id, meta } = await organization.createUser(ada.userName, { title: "Countess", locale: "en-US" });
    const keys = async (query) => Object.keys(assertStatus(await okta.get(`/Users/${id}?${query}`), 200)).sort();
    assert.deepEqual(await keys("attributes=userName"), ["id", "schemas", "userName"]);
    assert.deepEqual(await keys("attributes=USERNAME,meta"), ["id", "meta", "schemas", "userName"]);
    const { name } = assertStatus(await okta.get(`/Users/${id}?attributes=name.familyName`), 200);
    assert.deepEqual(name, { familyName: "User" });
    const without = await keys("excludedAttributes=emails,name,meta,id");
    for (const gone of ["emails", "name", "meta"]) assert.ok(!without.includes(gone), gone);
    for (const kept of ["id", "userName", "title"]) assert.ok(without.includes(kept), kept);
    const listed = assertStatus(await okta.get("/Users?attributes=userName,meta.created"), 200).Resources;
    const { schemas, ...shown } = listed.find((user) => user.id === id);
    assert.deepEqual(shown, { id, userName: ada.userName, meta: { created: meta.created } });
  });
});

describe("the base path", () => {
  test("is /scim or /scim/v2, and every location follows it", async () => {
    const organization = await createOrganization(worker);
    const v2 = organization.okta.with({ base: `${organization.okta.base}/v2` });
    const created = await v2.post("/Users", oktaUser(ada));
    const { id, meta } = assertStatus(created, 201);
    assert.equal(meta.location, `${v2.base}/Users/${id}`);
    assert.equal(created.headers.location, meta.location);
    assert.equal((await organization.user(id)).meta.location, `${organization.okta.base}/Users/${id}`);
    for (const { meta: listed } of await v2.importAll("/Users")) {
      assert.ok(listed.location.startsWith(`${v2.base}/Users/`));
    }
    const project = await organization.addProject("Demo");
    const group = `/Groups/${project.roles[0].group.id}`;
    assertStatus(await v2.patch(group, operation.addMembers([id])), 204);
    const { meta: groupMeta, members } = assertStatus(await v2.get(group), 200);
    assert.deepEqual([groupMeta.location, members[0].$ref], [v2.base + group, meta.location]);
    const [shown] = assertStatus(await v2.get(`/Users/${id}`), 200).groups;
    assert.equal(shown.$ref, v2.base + group);
  });
});
