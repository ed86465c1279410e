// Several writers at once who all name the version that they have read (If-Match): exactly one of them wins.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ROUNDS = 10;
const PATCH = (...Operations) => ({ schemas: [SCHEMA.patch], Operations });

/** Sends `requests`, each [method, path, body], with one version; resolves with the index of the only one that won. */
async function race(okta, version, requests) {
  const headers = { "If-Match": version };
  const answers = await Promise.all(requests.map((request) => okta.send(...request, headers)));
  const won = answers.flatMap(({ status }, i) => (status < 300 ? [i] : []));
  assert.equal(won.length, 1, answers.map(({ status }) => status).join(" "));
  for (const [i, answer] of answers.entries()) {
    if (i === won[0]) continue;
    // A request after the deletion finds nothing.
    const gone = requests[won[0]][0] === "DELETE" && answer.status === 404;
    assertError(answer, gone ? 404 : 412);
  }
  return won[0];
}

test("writers of a person", async () => {
  const organization = await createOrganization(worker);
  const { id, userName } = await organization.createUser("ada@okta.local");
  const path = `/Users/${id}`;
  for (let round = 0; round < ROUNDS; round++) {
    const title = (i) => `Title ${round}.${i}`;
    const { meta } = await organization.user(id);
    const winner = await race(organization.okta, meta.version, [
      ["PUT", path, oktaUser(person(userName), { title: title(0) })],
      ["PUT", path, oktaUser(person(userName), { title: title(1) })],
      ["PATCH", path, PATCH({ op: "replace", path: "title", value: title(2) })],
      ["PATCH", path, PATCH({ op: "replace", value: { title: title(3) } })],
    ]);
    const now = await organization.user(id);
    assert.equal(now.title, title(winner));
    assert.notEqual(now.meta.version, meta.version);
  }
});

test("writers of a group's members", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const [first, second, third] = (await organization.createUsers(3)).map((user) => user.id);
  const { id, displayName } = await organization.groupNamed("Statsig-Demo-Member");
  const path = `/Groups/${id}`;
  for (let round = 0; round < ROUNDS; round++) {
    assertStatus(await okta.put(path, oktaGroup(displayName, [third])), 200);
    const { meta } = await organization.group(id);
    const winner = await race(okta, meta.version, [
      ["PATCH", path, PATCH(operation.addMembers([first]))],
      ["PATCH", path, PATCH(operation.addMembers([second]))],
      ["PATCH", path, PATCH(operation.removeMember(third))],
      ["PUT", path, oktaGroup(displayName, [first, second])],
    ]);
    const wanted = [[first, third], [second, third], [], [first, second]][winner];
    assert.deepEqual(memberIds(await organization.group(id)), wanted.sort());
  }
});

test("writers, one of which deletes", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  for (let round = 0; round < ROUNDS; round++) {
    const user = await organization.createUser(`ada${round}@okta.local`);
    const team = assertStatus(await okta.post("/Groups", oktaGroup(`Statsig-Demo-Team ${round}-Member`)), 201);
    for (const [path, { meta }] of [
      [`/Users/${user.id}`, user],
      [`/Groups/${team.id}`, team],
    ]) {
      const change = PATCH({ op: "replace", path: "externalId", value: "changed" });
      const winner = await race(okta, meta.version, [
        ["PATCH", path, change],
        ["DELETE", path, undefined],
        ["PATCH", path, change],
      ]);
      const left = await okta.get(path);
      if (winner === 1) assertError(left, 404);
      else assert.equal(assertStatus(left, 200).externalId, "changed");
    }
  }
});
