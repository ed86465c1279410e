// The Owner's userName, by which the console knows the Owner: SCIM changes neither it nor its spelling.

import assert from "node:assert/strict";
import { test } from "node:test";
import { behindAccess, call, keyPair } from "../../helpers/access.mjs";
import { AdminApi } from "../../helpers/admin.mjs";
import { assertStatus } from "../../helpers/assert.mjs";
import { bulk, patch, put } from "../../helpers/bulk.mjs";
import { ScimClient } from "../../helpers/client.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";

const { team, worker } = await behindAccess(keyPair("only"));
const OWNER = "kim.ålund@acme.example";
/** The same userName, since it differs in case alone: of ASCII letters, of others, and of the Kelvin sign, a K. */
const SPELLINGS = ["KIM.ålund@acme.example", "kim.ÅLUND@ACME.example", " kim.ålund@acme.example "];
SPELLINGS.push("\u212aim.ålund@acme.example", "\u212aIM.\u212blund@acme.example");

test("SCIM cannot change how the Owner's userName is spelled", async () => {
  for (const email_management of [true, false]) {
    const admin = new AdminApi(worker);
    const { id } = await admin.create("/organizations", {
      name: "Acme",
      owner: { user_name: OWNER },
      email_management,
    });
    const { key } = await admin.create(`/organizations/${id}/keys`);
    const okta = new ScimClient(new URL("/scim", worker.url).href, key);
    const [owner] = assertStatus(await okta.find("/Users", `userName eq "${OWNER}"`), 200).Resources;
    const path = `/Users/${owner.id}`;
    const visit = () =>
      call(worker, team.token({ email: OWNER }), { method: "GET", path: `/organizations/${id}/members` });
    assertStatus(await visit(), 200);
    for (const userName of SPELLINGS) {
      for (const attempt of [
        () => okta.put(path, { ...owner, userName }),
        () => okta.patch(path, { op: "replace", path: "userName", value: userName }),
        () => okta.patch(path, { op: "Add", value: { [`${SCHEMA.user}:userName`]: userName } }),
      ]) {
        assert.deepEqual(assertStatus(await attempt(), 200), owner, userName);
      }
      const responses = await bulk(okta, [
        put(path, { ...owner, userName }),
        patch(path, [{ op: "replace", value: { userName } }]),
      ]);
      assert.deepEqual(
        responses.map(({ status, version }) => [status, version]),
        responses.map(() => ["200", owner.meta.version]),
      );
      assertStatus(await visit(), 200);
    }
    assert.deepEqual(assertStatus(await okta.get(path), 200), owner);
    // Other attributes of the Owner are written as those of any user.
    const renamed = { ...owner, userName: SPELLINGS[0], title: "Founder" };
    const changed = assertStatus(await okta.put(path, renamed), 200);
    assert.deepEqual([changed.userName, changed.title], [OWNER, "Founder"]);
  }
});
