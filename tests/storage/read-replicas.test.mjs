/* D1's sessions, with READ_REPLICAS on. Locally there are no replicas, and bookmarks are always the same: these tests
   show that each request works in a session and answers with its bookmark, not what a client sees of a replica that
   lags. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdminApi } from "../helpers/admin.mjs";
import { assertError, assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { postUser, sendBulk } from "../helpers/bulk.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const BOOKMARK = /^[0-9a-f-]{1,128}$/;

/** One request of each kind. */
async function life({ okta }, headers) {
  const send = (method, path, body) => okta.send(method, path, body, headers);
  const answers = {};
  answers.create = await send("POST", "/Users", oktaUser(person("ada@okta.local")));
  const { id } = assertStatus(answers.create, 201);
  answers.read = await send("GET", `/Users/${id}`);
  answers.import = await send("GET", "/Users?startIndex=1&count=100");
  answers.lookUp = await send("GET", `/Users?filter=${encodeURIComponent('userName eq "ada@okta.local"')}`);
  answers.cursor = await send("GET", "/Users?cursor=&count=1");
  answers.search = await send("POST", "/.search", { schemas: [SCHEMA.search], count: 1 });
  answers.discovery = await send("GET", "/Schemas");
  answers.replace = await send("PUT", `/Users/${id}`, oktaUser(person("ada@okta.local"), { title: "Countess" }));
  answers.group = await send("POST", "/Groups", oktaGroup("Statsig-Demo-Night Shift-Member", [id]));
  answers.members = await send("PATCH", `/Groups/${answers.group.body.id}`, {
    schemas: [SCHEMA.patch],
    Operations: [operation.removeMember(id)],
  });
  answers.readGroup = await send("GET", `/Groups/${answers.group.body.id}`);
  answers.bulk = await sendBulk(okta, [postUser("bob"), postUser("eve")]);
  answers.delete = await send("DELETE", `/Users/${id}`);
  answers.missing = await send("GET", `/Users/${id}`);
  return answers;
}

const statuses = (answers) => Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]));
const trips = (answers) =>
  Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, serverTiming(answer).round_trips]));

describe("with READ_REPLICAS on", () => {
  const off = useWorker();
  const on = useWorker({ vars: { READ_REPLICAS: "on" }, databases: 2 });
  const demo = (worker, settings) => createOrganization(worker, { projects: { Demo: [] }, settings });

  test("every answer has a bookmark, and nothing else is different", async () => {
    const without = await life(await demo(off));
    for (const answer of Object.values(without)) assert.ok(!("d1-bookmark" in answer.headers));
    for (const database of [0, 1]) {
      const answers = await life(await demo(on, { database }));
      for (const answer of Object.values(answers)) assert.match(answer.headers["d1-bookmark"] ?? "", BOOKMARK);
      assert.deepEqual(statuses(answers), statuses(without));
      assert.deepEqual(trips(answers), trips(without));
    }
  });

  test("a bookmark that is sent back is taken", async () => {
    const organization = await demo(on);
    const created = await organization.okta.post("/Users", oktaUser(person("mia@okta.local")));
    const seen = created.headers["d1-bookmark"];
    const answers = await life(organization, { "D1-Bookmark": seen });
    for (const answer of Object.values(answers)) assert.match(answer.headers["d1-bookmark"] ?? "", BOOKMARK);
  });

  test("a malformed bookmark is ignored", async () => {
    const { okta } = await demo(on);
    for (const junk of ["", "first-primary", "first-unconstrained", "ABC", "0 1", "0'; --", "0".repeat(129)]) {
      const answer = await okta.send("GET", "/Schemas", undefined, { "D1-Bookmark": junk });
      assertStatus(answer, 200);
      assert.notEqual(answer.headers["d1-bookmark"], junk);
    }
  });

  test("many pushes of one group at once all take effect", async () => {
    const organization = await demo(on);
    const users = await organization.createUsers(8);
    const { id } = await organization.groupNamed("Statsig-Demo-Member");
    const pushes = users.map((user) => organization.okta.patch(`/Groups/${id}`, operation.addMembers([user.id])));
    for (const answer of await Promise.all(pushes)) assertStatus(answer, 204);
    assert.equal((await organization.group(id)).members.length, users.length);
  });

  test("a key that is refused is refused all the same", async () => {
    const organization = await demo(on);
    await organization.deactivateKey(organization.key.id);
    assertError(await organization.okta.get("/Schemas"), 401, { detail: /deactivated/ });
  });

  test("the console asks the primary, without a session", async () => {
    const answer = await new AdminApi(on).send("GET", "/organizations");
    assert.equal(answer.status, 200);
    assert.ok(!("d1-bookmark" in answer.headers));
  });
});
