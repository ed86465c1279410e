// Tenant isolation: a key sees, touches and learns nothing of another organization.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("another organization's key", () => {
  const worker = useWorker();
  const userName = "person@okta.local";
  const NAME = "Statsig-Secret Project-Member";
  let mine;
  let theirs;
  let user;
  let group;

  before(async () => {
    mine = await createOrganization(worker, { projects: { Demo: [] } });
    theirs = await createOrganization(worker, { projects: { "Secret Project": [] }, settings: { plain_groups: true } });
    user = await theirs.createUser(userName, { externalId: "00u-theirs", title: "Secret Agent" });
    group = await theirs.groupNamed(NAME);
    assertStatus(await theirs.okta.put(`/Groups/${group.id}`, oktaGroup(NAME, [user.id])), 200);
  });

  /** Refusals must not tell what exists: they are the same as for an id that never was. */
  function assertSameRefusal(real, real_id, invented, invented_id) {
    const shape = ({ status, body }, id) => [status, JSON.stringify(body).replaceAll(id, "ID")];
    assert.deepEqual(shape(real, real_id), shape(invented, invented_id));
  }

  test("reads no user", async () => {
    const listed = await mine.okta.importAll("/Users");
    assert.deepEqual(
      listed.map((each) => each.userName),
      ["owner@okta.local"],
    );
    for (const filter of [
      `userName eq "${userName}"`,
      `id eq "${user.id}"`,
      'externalId eq "00u-theirs"',
      `emails.value eq "${userName}"`,
    ]) {
      assertListOf(await mine.okta.find("/Users", filter), []);
    }
    const groups = await mine.okta.importAll("/Groups");
    assert.ok(groups.every(({ displayName }) => displayName.startsWith("Statsig-Demo-")));
    for (const filter of [`displayName eq "${NAME}"`, `id eq "${group.id}"`, `members.value eq "${user.id}"`]) {
      assertListOf(await mine.okta.find("/Groups", filter), []);
    }
  });

  const requests = {
    "GET of a user": (okta, id) => okta.get(`/Users/${id}`),
    "PUT of a user": (okta, id) => okta.put(`/Users/${id}`, oktaUser(person(userName))),
    "PATCH of a user": (okta, id) => okta.patch(`/Users/${id}`, operation.active(false)),
    "DELETE of a user": (okta, id) => okta.delete(`/Users/${id}`),
    "GET of a group": (okta, id) => okta.get(`/Groups/${id}`),
    "PUT of a group": (okta, id) => okta.put(`/Groups/${id}`, oktaGroup(NAME, [])),
    "PATCH of a group": (okta, id) => okta.patch(`/Groups/${id}`, operation.replaceMembers([])),
    "DELETE of a group": (okta, id) => okta.delete(`/Groups/${id}`),
  };
  for (const [name, request] of Object.entries(requests)) {
    test(`is answered 404 to a ${name}, and changes nothing`, async () => {
      const { id } = name.endsWith("user") ? user : group;
      const invented = id.replace(/[0-9a-f](?=[^0-9a-f]*$)/i, (digit) => (digit === "0" ? "1" : "0"));
      assert.notEqual(invented, id);
      await theirs.unchangedBy(() =>
        mine.unchangedBy(async () => {
          const answer = await request(mine.okta, id);
          assertError(answer, 404, { scimType: undefined });
          assertSameRefusal(answer, id, await request(mine.okta, invented), invented);
        }),
      );
    });
  }

  test("cannot add their people to its groups", async () => {
    const admins = await mine.groupNamed("Statsig-Demo-Admin");
    const path = `/Groups/${admins.id}`;
    await theirs.unchangedBy(() =>
      mine.unchangedBy(async () => {
        for (const answer of [
          await mine.okta.put(path, oktaGroup(admins.displayName, [user.id])),
          await mine.okta.patch(path, operation.addMembers([user.id])),
          await mine.okta.patch(path, operation.replaceMembers([user.id])),
          await mine.okta.post("/Groups", oktaGroup("Statsig-Demo-Spies-Member", [user.id])),
        ]) {
          assertError(answer, 400, { scimType: "invalidValue", detail: new RegExp(user.id) });
        }
      }),
    );
    assertStatus(await mine.okta.patch(path, operation.removeMember(user.id)), 204);
    assert.deepEqual(memberIds(await theirs.group(group.id)), [user.id]);
  });

  test("may use the same names: 409 tells nothing of their people and groups", async () => {
    await theirs.unchangedBy(async () => {
      const created = await mine.createUser(userName, { externalId: "00u-theirs" });
      assert.notEqual(created.id, user.id);
      assertListOf(await mine.okta.find("/Users", `userName eq "${userName}"`), [created.id]);
      const team = oktaGroup("Statsig-Secret Project-Spies-Member");
      for (const body of [oktaGroup(NAME), team]) {
        assertError(await mine.okta.post("/Groups", body), 400, {
          detail: /^Project creation is not supported via SCIM/,
        });
      }
      const project = await mine.addProject("Secret Project");
      assert.ok(project.roles.every((role) => role.group.id !== group.id));
      assertStatus(await mine.okta.post("/Groups", team), 201);
      assertListOf(await theirs.okta.find("/Groups", `displayName eq "${team.displayName}"`), []);
      assertStatus(await mine.okta.delete(`/Users/${created.id}`), 204);
    });
  });

  test("does not get their settings", async () => {
    assertStatus(await theirs.okta.post("/Groups", oktaGroup("Plain")), 201);
    assertError(await mine.okta.post("/Groups", oktaGroup("Plain")), 400);
    await mine.configure({ plain_groups: true });
    assertStatus(await mine.okta.post("/Groups", oktaGroup("Plain")), 201);
  });
});
