// The setting keep_access is switched while requests are under way: what they do follows the setting at the moment at
// which they write.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { assertEventsAreSound } from "../../helpers/events.mjs";
import { held, modules } from "../../helpers/hold.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker({ modules });
const PATCH = (...Operations) => ({ schemas: [SCHEMA.patch], Operations });
const WRITE = 2; // the number of the batch that writes

describe("while keep_access is switched", () => {
  let organization;
  let okta;
  let group;
  let ada;

  beforeEach(async () => {
    organization = await createOrganization(worker, { projects: { Web: [] } });
    okta = organization.okta;
    group = await organization.groupNamed("Statsig-Web-Member");
    ada = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([ada.id])), 204);
  });

  const keep = (keep_access) => organization.configure({ keep_access });
  const active = async (value, client = okta) =>
    assertStatus(await client.patch(`/Users/${ada.id}`, operation.active(value)), 200);

  /** Sends a request, and switches the setting after it has read and before it writes. */
  const switched = (to, method, path, body) =>
    held(
      worker,
      WRITE,
      (hold) => okta.send(method, path, body, hold),
      () => keep(to),
    );

  /** The role and the groups of the person once they are active. */
  async function afterwards() {
    const { active: isActive } = await organization.user(ada.id);
    if (!isActive) await active(true);
    const user = await organization.user(ada.id);
    await assertEventsAreSound(worker, organization.id);
    return [user.statsigOrgRole, user.groups.length];
  }

  test("on, a deactivation keeps role and memberships", async () => {
    const deactivation = PATCH(operation.active(false));
    assertStatus(await switched(true, "PATCH", `/Users/${ada.id}`, deactivation), 200);
    assert.deepEqual(await afterwards(), ["Admin", 1]);
  });

  test("off, a deactivation keeps nothing", async () => {
    await keep(true);
    const deactivation = PATCH(operation.active(false));
    assertStatus(await switched(false, "PATCH", `/Users/${ada.id}`, deactivation), 200);
    assert.deepEqual(await afterwards(), ["Member", 0]);
  });

  test("on, a push for an inactive person is kept", async () => {
    await active(false);
    const other = await organization.createUser("ben@okta.local");
    const push = PATCH(operation.addMembers([ada.id, other.id]));
    assertStatus(await switched(true, "PATCH", `/Groups/${group.id}`, push), 204);
    assert.deepEqual(await afterwards(), ["Member", 1]);
  });

  test("off, a push for an inactive person is not kept", async () => {
    await keep(true);
    await active(false);
    const admins = await organization.groupNamed("Statsig-Web-Admin");
    const push = PATCH(operation.addMembers([ada.id]));
    assertStatus(await switched(false, "PATCH", `/Groups/${admins.id}`, push), 204);
    assert.deepEqual(await afterwards(), ["Member", 0]);
  });

  test("each key knows the setting, also one that was generated before or in between", async () => {
    await keep(true);
    const { key } = await organization.addKey();
    const client = okta.with({ key });
    for (const [setting, expected] of [
      [false, ["Member", 0]],
      [true, ["Admin", 1]],
    ]) {
      await keep(setting);
      assertStatus(await okta.patch(`/Users/${ada.id}`, { op: "replace", value: { statsigOrgRole: "Admin" } }), 200);
      assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([ada.id])), 204);
      await active(false, client);
      assert.deepEqual(await afterwards(), expected);
    }
  });

  test("on, with 16 writers, people deactivated after it keep what they had", async () => {
    const people = await organization.createUsers(48);
    await organization.configure({ brake_percent: 0 });
    const ids = people.map(({ id }) => id);
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers(ids)), 204);
    const waiting = [...ids];
    const writer = async () => {
      for (let id = waiting.shift(); id; id = waiting.shift())
        assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
    };
    const writers = Array.from({ length: 16 }, writer);
    while (waiting.length > 20) await new Promise((resolve) => setTimeout(resolve, 1));
    await keep(true);
    await Promise.all(writers);
    const rows = await worker.sql(
      `SELECT e.seq > s.seq AS behind, count(k.user_seq) AS kept
       FROM events e JOIN (SELECT max(seq) AS seq FROM events WHERE org_id = ?1 AND type = 'settings.changed') s
         JOIN users u ON u.org_id = e.org_id AND u.id = e.subject_id
         LEFT JOIN kept_memberships k ON k.user_seq = u.seq
       WHERE e.org_id = ?1 AND e.type = 'person.deactivated' GROUP BY e.seq`,
      organization.id,
    );
    assert.equal(rows.length, 48);
    assert.deepEqual(
      rows.filter(({ behind, kept }) => behind !== kept),
      [],
    );
    assert.ok(rows.some(({ behind }) => behind) && rows.some(({ behind }) => !behind), "both happen");
  });
});
