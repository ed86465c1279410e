// What was answered with success is still there after the Worker has been stopped and started.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

test("people, groups, settings and keys survive a restart", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [], "Web-Shop EU": ["Engineer"] } });
  const { okta } = organization;
  const [one, two, three] = await organization.createUsers(3);
  const team = oktaGroup("Statsig-Web-Shop EU-Night Shift-Member", [one.id, two.id]);
  assertStatus(await okta.post("/Groups", team), 201);
  await okta.patch(`/Users/${two.id}`, operation.active(false));
  await okta.delete(`/Users/${three.id}`);
  await organization.configure({ plain_groups: true });
  const revoked = await organization.addKey();
  await organization.deactivateKey(revoked.id);
  const before = { ...(await organization.dump()), settings: await organization.admin.get(organization.path()) };

  await worker.restart();

  const after = { ...(await organization.dump()), settings: await organization.admin.get(organization.path()) };
  assert.deepEqual(after, before);
  assertError(await okta.with({ key: revoked.key }).get("/Users"), 401, { detail: /deactivated/i });
  assertError(await okta.get(`/Users/${three.id}`), 404);
});
