// Bulk (RFC 7644 section 3.7): what is done, in which order it is answered, and how operations refer to each other.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, idOf, patch, pathOf, post, postUser, put, remove, statuses } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const withGroups = () => createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
const managedBy = (value) => ({
  schemas: [SCHEMA.user, SCHEMA.enterprise],
  [SCHEMA.enterprise]: { manager: { value } },
});
const managerOf = (user) => user[SCHEMA.enterprise].manager.value;
const refer = (bulkId) => `bulkId:${bulkId}`;
const membersNamed = (...bulkIds) => bulkIds.map((bulkId) => ({ value: refer(bulkId) }));
const groupOf = (displayName, ...bulkIds) => ({ ...oktaGroup(displayName), members: membersNamed(...bulkIds) });
const adding = (...bulkIds) => ({ op: "add", path: "members", value: membersNamed(...bulkIds) });

describe("the examples of RFC 7644 section 3.7", () => {
  test("a user, and a group whose member that user is (3.7.2)", async () => {
    const { okta } = await withGroups();
    const [alice, group] = await bulk(okta, [
      { method: "POST", path: "/Users", bulkId: "qwerty", data: { schemas: [SCHEMA.user], userName: "Alice" } },
      {
        method: "POST",
        path: "/Groups",
        bulkId: "ytrewq",
        data: {
          schemas: [SCHEMA.group],
          displayName: "Tour Guides",
          members: [{ type: "User", value: "bulkId:qwerty" }],
        },
      },
    ]);
    assert.deepEqual([alice.status, alice.bulkId, alice.version], ["201", "qwerty", 'W/"1"']);
    assert.deepEqual([group.status, group.bulkId, group.version], ["201", "ytrewq", 'W/"1"']);
    const { displayName, members } = assertStatus(await okta.get(pathOf(okta, group)), 200);
    assert.equal(displayName, "Tour Guides");
    assert.deepEqual(members, [{ value: idOf(alice), $ref: alice.location, display: "Alice", type: "User" }]);
  });

  test("a user whose manager is made with them (3.7.2)", async () => {
    const { okta } = await withGroups();
    const [alice, bob] = await bulk(okta, [
      { method: "POST", path: "/Users", bulkId: "qwerty", data: { schemas: [SCHEMA.user], userName: "Alice" } },
      { method: "POST", path: "/Users", bulkId: "ytrewq", data: { userName: "Bob", ...managedBy("bulkId:qwerty") } },
    ]);
    const user = assertStatus(await okta.get(pathOf(okta, bob)), 200);
    assert.deepEqual([user.userName, managerOf(user)], ["Bob", idOf(alice)]);
  });

  test("one of each method, with versions and failOnErrors (3.7.3)", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const bob = await organization.createUser("bob@okta.local");
    const dave = await organization.createUser("dave@okta.local", { nickName: "Davey", locale: "en-US" });
    const eve = await organization.createUser("eve@okta.local");
    const path = (user) => `/Users/${user.id}`;
    const answers = await bulk(
      okta,
      [
        { method: "POST", path: "/Users", bulkId: "qwerty", data: { schemas: [SCHEMA.user], userName: "Alice" } },
        put(path(bob), oktaUser(person(bob.userName, "Robert")), { bulkId: "ytrewq", version: bob.meta.version }),
        patch(
          path(dave),
          [
            { op: "remove", path: "nickName" },
            { op: "add", path: "userType", value: "Employee" },
          ],
          { version: dave.meta.version },
        ),
        remove(path(eve), { version: eve.meta.version }),
      ],
      { failOnErrors: 1 },
    );
    assert.deepEqual(
      answers.map(({ method, bulkId, status, version }) => [method, bulkId, status, version]),
      [
        ["POST", "qwerty", "201", 'W/"1"'],
        ["PUT", "ytrewq", "200", 'W/"2"'],
        ["PATCH", undefined, "200", 'W/"2"'],
        ["DELETE", undefined, "204", undefined],
      ],
    );
    const locations = [bob, dave, eve].map(({ meta }) => meta.location);
    assert.deepEqual(
      answers.slice(1).map(({ location }) => location),
      locations,
    );
    assert.equal((await organization.user(idOf(answers[0]))).userName, "Alice");
    assert.equal((await organization.user(bob.id)).name.givenName, "Robert");
    const { nickName, userType, locale } = await organization.user(dave.id);
    assert.deepEqual({ nickName, userType, locale }, { nickName: undefined, userType: "Employee", locale: "en-US" });
    assertError(await okta.get(path(eve)), 404);
  });
});

describe("operations refer to each other", () => {
  test("backwards and forwards, and are answered in the order in which they were sent", async () => {
    const organization = await withGroups();
    const { okta } = organization;
    const chain = ["a", "b", "c", "d"];
    for (const order of [chain, [...chain].reverse(), ["c", "a", "d", "b"]]) {
      const stem = order.join("");
      const operations = order.map((name) => {
        const above = chain[chain.indexOf(name) + 1];
        return postUser(`${stem}-${name}`, name, above ? managedBy(refer(above)) : {});
      });
      const answers = await bulk(okta, operations);
      assert.deepEqual(
        answers.map(({ bulkId, status }) => [bulkId, status]),
        order.map((name) => [name, "201"]),
      );
      const ids = Object.fromEntries(answers.map((answer) => [answer.bulkId, idOf(answer)]));
      for (const [i, name] of chain.slice(0, -1).entries()) {
        assert.equal(managerOf(await organization.user(ids[name])), ids[chain[i + 1]], `${stem} ${name}`);
      }
    }
  });

  test("in a circle, and to themselves", async () => {
    const organization = await withGroups();
    const answers = await bulk(organization.okta, [
      postUser("ada", "a", managedBy(refer("b"))),
      postUser("bob", "b", managedBy(refer("c"))),
      postUser("cleo", "c", managedBy(refer("a"))),
      postUser("self", "s", managedBy(refer("s"))),
    ]);
    assert.equal(statuses(answers), "201 201 201 201");
    const [a, b, c, s] = answers.map(idOf);
    for (const [id, manager] of Object.entries({ [a]: b, [b]: c, [c]: a, [s]: s })) {
      assert.equal(managerOf(await organization.user(id)), manager);
    }
  });

  test("in their paths, and by the version of a new resource", async () => {
    const organization = await withGroups();
    const answers = await bulk(organization.okta, [
      patch(`/Groups/${refer("g")}`, adding("b")),
      patch(`/Users/${refer("a")}`, { op: "add", path: "title", value: "Countess" }, { version: 'W/"1"' }),
      post("/Groups", "g", groupOf("Readers", "a")),
      postUser("ada", "a"),
      postUser("bob", "b"),
      put(`/Users/${refer("b")}`, oktaUser(person("bob@okta.local", "Robert"), managedBy(refer("a")))),
      postUser("eve", "e"),
      remove(`/Users/${refer("e")}`),
    ]);
    assert.equal(statuses(answers), "204 200 201 201 201 200 201 204");
    const [ada, bob] = [answers[3], answers[4]].map(idOf);
    assert.equal(answers[1].version, 'W/"2"');
    assert.deepEqual(memberIds(await organization.group(idOf(answers[2]))), [ada, bob].sort());
    assert.equal(answers[0].location, answers[2].location);
    assert.equal((await organization.user(ada)).title, "Countess");
    const { name, ...user } = await organization.user(bob);
    assert.deepEqual([name.givenName, managerOf(user)], ["Robert", ada]);
    assertError(await organization.okta.get(pathOf(organization.okta, answers[7])), 404);
  });

  test("as members of a team that is made with its people", async () => {
    const organization = await withGroups();
    const { okta } = organization;
    const TEAM = "Statsig-Demo-Night Shift-Member";
    const answers = await bulk(okta, [
      post("/Groups", "team", groupOf(TEAM, "a", "b")),
      postUser("ada", "a"),
      postUser("bob", "b", { active: false }),
      post("/Groups", "again", oktaGroup(TEAM.toUpperCase().replace("STATSIG", "Statsig"), [])),
    ]);
    assert.equal(statuses(answers), "201 201 201 409");
    assert.equal(answers[3].response.scimType, "uniqueness");
    const team = await organization.groupNamed(TEAM);
    assert.equal(team.id, idOf(answers[0]));
    assert.deepEqual(memberIds(team), [idOf(answers[1])], "who is inactive is in no group");
    const admins = await organization.groupNamed(TEAM.replace("Member", "Admin"));
    assert.deepEqual(memberIds(admins), []);
    assert.equal(statuses(await bulk(okta, [remove(`/Groups/${admins.id}`), remove(`/Groups/${team.id}`)])), "204 404");
  });

  test("to an unknown bulkId, to one that creates nothing, or to one that failed: 409 for them alone", async () => {
    const organization = await withGroups();
    const { okta } = organization;
    const leaver = await organization.createUser("leaver@okta.local");
    const answers = await bulk(okta, [
      postUser("one", "one", managedBy(refer("nobody"))),
      post("/Users", "failed", { schemas: [SCHEMA.user], displayName: "without a userName" }),
      post("/Groups", "group", groupOf("Readers", "ada", "failed")),
      patch(`/Groups/${refer("group")}`, adding("ada")),
      remove(`/Users/${leaver.id}`, { bulkId: "leaver" }),
      postUser("two", "two", managedBy(refer("leaver"))),
      patch(`/Users/${refer("")}`, operation.active(false)),
      postUser("ada", "ada"),
    ]);
    assert.equal(statuses(answers), "409 400 409 409 204 409 404 201");
    assert.match(answers[0].response.detail, /nobody/);
    assert.match(answers[2].response.detail, /failed/);
    assert.deepEqual(answers[3].location, undefined, "its location is not known");
    for (const answer of answers.filter(({ status }) => status === "409")) {
      assert.equal(answer.response.scimType, undefined);
    }
    const { users, groups } = await organization.dump();
    assert.deepEqual(users.map(({ userName }) => userName).sort(), ["ada@okta.local", "owner@okta.local"]);
    assert.ok(!groups.some(({ displayName }) => displayName === "Readers"));
  });

  test("and one that was not done for that is answered with its location, unless it is a POST (3.7.3)", async () => {
    const organization = await withGroups();
    const { id, displayName, meta } = await organization.groupNamed("Statsig-Demo-Member");
    const answers = await organization.unchangedBy(() =>
      bulk(organization.okta, [
        put(`/Groups/${id}`, groupOf(displayName, "nobody")),
        patch(`/Groups/${id}`, adding("nobody")),
        post("/Groups", "g", groupOf("Readers", "nobody")),
      ]),
    );
    assert.deepEqual(
      answers.map(({ status, location }) => [status, location]),
      [
        ["409", meta.location],
        ["409", meta.location],
        ["409", undefined],
      ],
    );
  });
});
