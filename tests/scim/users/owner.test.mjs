// The Owner, and the organization roles of other users.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ada = person("ada@okta.local", "Ada", "Lovelace");

describe("the Owner", () => {
  const MODIFIED = { detail: /Owner cannot be modified/ };
  const MULTIPLE = { detail: /Cannot set multiple owners/ };
  const toRole = (statsigOrgRole) => ({ op: "replace", value: { statsigOrgRole } });

  test("cannot be demoted or deleted", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const owner = await organization.owner();
    const path = `/Users/${owner.id}`;
    for (const attempt of [
      () => okta.put(path, { ...owner, statsigOrgRole: "Member" }),
      () => okta.put(path, { ...owner, statsigOrgRole: "admin" }),
      () => okta.patch(path, toRole("Member")),
      () => okta.patch(path, { op: "Replace", path: `${SCHEMA.user}:statsigOrgRole`, value: "Admin" }),
      () => okta.delete(path),
    ]) {
      assertError(await organization.unchangedBy(attempt), 400, MODIFIED);
    }
  });

  test("stays the Owner whatever is removed", async () => {
    const organization = await createOrganization(worker);
    const owner = await organization.owner();
    await organization.okta.patch(`/Users/${owner.id}`, { op: "remove", path: "statsigOrgRole" });
    assert.equal((await organization.owner()).statsigOrgRole, "Owner");
  });

  test("is the only one", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const { id } = await organization.createUser(ada.userName);
    for (const attempt of [
      () => okta.post("/Users", oktaUser(person("second@okta.local"), { statsigOrgRole: "Owner" })),
      () => okta.put(`/Users/${id}`, oktaUser(ada, { statsigOrgRole: "OWNER" })),
      () => okta.patch(`/Users/${id}`, toRole("Owner")),
      () => okta.patch(`/Users/${id}`, { op: "Add", path: `${SCHEMA.user}:statsigOrgRole`, value: "owner" }),
    ]) {
      assertError(await organization.unchangedBy(attempt), 400, MULTIPLE);
    }
  });

  test("has a profile like anyone else", async () => {
    const organization = await createOrganization(worker);
    const owner = await organization.owner();
    const body = { ...owner, name: { givenName: "Olympia", familyName: "Owner" }, title: "Founder" };
    const put = assertStatus(await organization.okta.put(`/Users/${owner.id}`, body), 200);
    assert.deepEqual([put.name.givenName, put.title, put.statsigOrgRole], ["Olympia", "Founder", "Owner"]);
  });
});

describe("an org role", () => {
  test("yields to a deactivation in the same request", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    for (const deactivate of [
      (id) => okta.put(`/Users/${id}`, oktaUser(ada, { active: false, statsigOrgRole: "Admin" })),
      (id) => okta.patch(`/Users/${id}`, { op: "replace", value: { active: false, statsigOrgRole: "Admin" } }),
    ]) {
      const { id } = await organization.createUser(ada.userName, { statsigOrgRole: "Admin" });
      const { active, statsigOrgRole } = assertStatus(await deactivate(id), 200);
      assert.deepEqual([active, statsigOrgRole], [false, "Member"]);
      assertStatus(await okta.delete(`/Users/${id}`), 204);
    }
  });
});
