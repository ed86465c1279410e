// Operations of a bulk request that fail: each is answered as if it came alone, and nothing is half done.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, furnished, patch, post, postUser, put, ROLE, remove, statuses } from "../../helpers/bulk.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { whileFailing } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

describe("an operation that fails", () => {
  test("has the answer that the request alone would get", async () => {
    const { organization, okta, ada, user, role } = await furnished(worker);
    const profile = oktaUser(person(ada.userName));
    const failing = [
      post("/Users", "a", { schemas: [SCHEMA.user], displayName: "nameless" }),
      post("/Users", "b", oktaUser(person("ADA@okta.local"))),
      post("/Users", "c", oktaUser(person("new@okta.local"), { active: "perhaps" })),
      post("/Users", "d", []),
      post("/Groups", "e", oktaGroup("Readers")),
      post("/Groups", "f", oktaGroup("Statsig-Demo-Team-Member", ["nobody", ada.id])),
      post("/Groups", "g", oktaGroup(ROLE)),
      put(user, { ...profile, userName: "other@okta.local" }),
      put(user, { ...profile, statsigOrgRole: "Owner" }),
      put("/Users/nobody", profile),
      put(role, oktaGroup("Statsig-Demo-Renamed", [])),
      put(role, oktaGroup(ROLE, ["nobody"])),
      patch(user, { op: "replace", path: "id", value: "x" }),
      patch(user, { op: "remove" }),
      patch(user, { op: "replace", path: "nonsense", value: "x" }),
      patch(user, []),
      patch(role, { op: "add", path: "members", value: [{ value: "nobody" }] }),
      patch("/Groups/nothing", operation.addMembers([ada.id])),
      remove("/Users/nobody"),
      remove(role),
      remove(`/Users/${(await organization.owner()).id}`),
      put(user, oktaUser(person(ada.userName, "Augusta")), { version: 'W/"77"' }),
      patch(user, operation.active(false), { version: '"77"' }),
      patch(role, operation.replaceMembers([]), { version: 'W/"1", W/"77"' }),
      remove(user, { version: 'W/"77"' }),
      remove("/Users/nobody", { version: 'W/"1"' }),
      put("/Me", profile),
      put("/ServiceProviderConfig", {}),
      remove("/Schemas"),
      post("/Devices", "h", {}),
      remove("/Users"),
      post("/Bulk", "i", { schemas: [SCHEMA.bulk], Operations: {} }),
    ];
    const answers = await organization.unchangedBy(() => bulk(okta, failing));
    assert.equal(answers.length, failing.length);
    for (const [i, { method, path, data, version, bulkId }] of failing.entries()) {
      const single = await okta.send(method, path, data, version ? { "If-Match": version } : {});
      // Alone, POST to /Bulk is a bulk request; as an operation of one it is refused.
      const named = / \(Request [0-9a-f]+\)/;
      const unnamed = (body) => JSON.parse(JSON.stringify(body).replace(named, ""));
      const expected = unnamed(path === "/Bulk" ? { ...answers[i].response, status: "405" } : single.body);
      assert.deepEqual(unnamed(answers[i].response), expected, `${method} ${path}`);
      // Each failure of the server ends with the id of its request.
      assert.equal(named.test(answers[i].response.detail), Number(expected.status) >= 500, answers[i].response.detail);
      assert.deepEqual([answers[i].method, answers[i].bulkId, answers[i].status], [method, bulkId, expected.status]);
      assert.ok(Number(expected.status) >= 400, `${method} ${path} did not fail`);
      if (method !== "POST") assert.equal(answers[i].location, okta.base + path);
    }
    const seen = new Set(answers.map(({ status, response }) => response.scimType ?? status));
    for (const each of ["uniqueness", "invalidValue", "mutability", "noTarget", "404", "405", "412", "501"]) {
      assert.ok(seen.has(each), `nothing failed with ${each}`);
    }
  });

  test("without data that it needs is 400 invalidSyntax", async () => {
    const { organization, okta, user, role } = await furnished(worker);
    const bare = [post("/Users", "a"), post("/Groups", "b"), put(user), put(role), { method: "PATCH", path: user }];
    const answers = await organization.unchangedBy(() => bulk(okta, bare));
    for (const { response } of answers)
      assert.deepEqual([response.status, response.scimType], ["400", "invalidSyntax"]);
    assert.equal(answers.length, bare.length);
  });

  test("is not done at all, and what comes before and after it is", async () => {
    const { organization, okta, ada, user, role } = await furnished(worker);
    const answers = await whileFailing(worker, "INSERT ON memberships", "no more members", () =>
      bulk(okta, [
        postUser("first"),
        patch(user, [
          { op: "replace", path: "title", value: "half" },
          { op: "replace", path: "active", value: "perhaps" },
        ]),
        post("/Groups", "team", oktaGroup("Statsig-Demo-Team-Member", [ada.id])),
        patch(role, [operation.removeMember(ada.id), { op: "add", path: "members", value: [{ value: "nobody" }] }]),
        postUser("last"),
      ]),
    );
    assert.equal(statuses(answers), "201 400 500 400 201");
    const { users, groups } = await organization.dump();
    assert.deepEqual(users.map(({ userName }) => userName.split("@")[0]).sort(), ["ada", "first", "last", "owner"]);
    assert.equal((await organization.user(ada.id)).title, undefined);
    assert.deepEqual(groups.map(({ displayName }) => displayName).sort(), [
      "Statsig-Demo-Admin",
      ROLE,
      "Statsig-Demo-Read-Only",
    ]);
    assert.deepEqual(memberIds(await organization.groupNamed(ROLE)), [ada.id]);
  });

  test("stops the rest where failOnErrors says so", async () => {
    for (const [failOnErrors, expected, made] of [
      [1, "201 404", "a"],
      [2, "201 404 201 404", "a b"],
      [3, "201 404 201 404 201", "a b c"],
      [0, "201 404 201 404 201", "a b c"],
      [undefined, "201 404 201 404 201", "a b c"],
      [null, "201 404 201 404 201", "a b c"],
    ]) {
      const { organization, okta } = await furnished(worker);
      const operations = [postUser("a"), remove("/Users/x"), postUser("b"), remove("/Groups/x"), postUser("c")];
      const answers = await bulk(okta, operations, failOnErrors === undefined ? {} : { failOnErrors });
      assert.deepEqual([failOnErrors, statuses(answers)], [failOnErrors, expected]);
      const users = await okta.importAll("/Users");
      const names = users.map(({ userName }) => userName.split("@")[0]).filter((name) => name.length === 1);
      assert.equal(names.join(" "), made);
      assert.equal((await organization.dump()).users.length, names.length + 2);
    }
  });

  test("is one that names a resource of another organization", async () => {
    const { organization, okta, ada, user, role } = await furnished(worker);
    const stranger = await furnished(worker);
    const profile = oktaUser(person(ada.userName, "Stolen"));
    const operations = [
      put(user, profile),
      patch(user, operation.active(false)),
      remove(user),
      put(role, oktaGroup(ROLE, [])),
      patch(role, operation.replaceMembers([])),
      remove(role),
      patch(stranger.role, operation.addMembers([ada.id])),
      put(stranger.role, oktaGroup(ROLE, [ada.id, stranger.ada.id])),
      post("/Groups", "g", oktaGroup("Statsig-Demo-Team-Member", [ada.id])),
    ];
    const answers = await organization.unchangedBy(() =>
      stranger.organization.unchangedBy(() => bulk(stranger.okta, operations)),
    );
    assert.equal(statuses(answers), "404 404 404 404 404 404 400 400 400");
    for (const { response } of answers.slice(6)) assert.ok(response.detail.includes(ada.id));
    assertStatus(await okta.get(user), 200);
  });
});
