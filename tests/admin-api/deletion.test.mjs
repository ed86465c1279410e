// Organizations that are deleted: what stops at once, how they come back, and what is left when their time is over.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();

async function populated(name) {
  const organization = await createOrganization(worker, { settings: { name }, projects: { Demo: ["Cook"] } });
  const [ada] = await organization.createUsers(3);
  const { id } = await organization.groupNamed("Statsig-Demo-Cook");
  assertStatus(await organization.okta.patch(`/Groups/${id}`, operation.addMembers([ada.id])), 204);
  return organization;
}

const remove = ({ admin, path }, name) => admin.send("DELETE", `${path}?confirm_name=${encodeURIComponent(name)}`);

describe("an organization", () => {
  test("is deleted with its name typed, stops at once, and comes back with its keys", async () => {
    const organization = await populated("Acme & Sons");
    const { okta, admin } = organization;
    const path = organization.path();
    const second = await organization.addKey();
    await organization.deactivateKey(second.id);
    const before = await organization.dump();
    assert.deepEqual(await admin.get(`${path}/deletion`), { people: 4, groups: 4, keys: 1 });
    assertProblem(await remove({ admin, path }, "Acme"), 400, /confirm it with the name/);
    assertProblem(await admin.send("DELETE", path), 400);
    assert.deepEqual(await organization.dump(), before);

    const deleted = assertStatus(await remove({ admin, path }, "Acme & Sons"), 200);
    assert.equal(deleted.deletion.by, "admin token");
    assertError(await okta.get("/Users"), 401);
    const { organizations, deleted: restorable } = await admin.get("/organizations");
    assert.ok(!organizations.some(({ id }) => id === organization.id));
    assert.ok(restorable.some(({ id }) => id === organization.id));
    // It is shown, and nothing in it changes.
    assert.equal((await admin.get(`${path}/members`)).members.length, 4);
    for (const [method, rest, body] of [
      ["POST", "/keys", {}],
      ["POST", "/projects", { name: "More" }],
      ["PATCH", "", { name: "Other" }],
      ["POST", "/pause", {}],
      ["DELETE", `?confirm_name=${encodeURIComponent("Acme & Sons")}`],
    ]) {
      assertProblem(await admin.send(method, `${path}${rest}`, body), 409, /organization is deleted/);
    }

    assertStatus(await admin.send("POST", `${path}/restore`, {}), 200);
    assertProblem(await admin.send("POST", `${path}/restore`, {}), 409, /not deleted/);
    // An isolate remembers for a minute that it has refused a key.
    await eventually(async () => assertStatus(await okta.get("/Users"), 200), { within: 120_000 });
    assert.deepEqual(await organization.dump(), before);
    const { keys } = await admin.get(`${path}/keys`);
    assert.deepEqual(
      keys.map(({ id, status }) => [id, status]).sort(),
      [
        [organization.key.id, "active"],
        [second.id, "deactivated"],
      ].sort(),
    );
    const types = await worker.sql(
      "SELECT type FROM events WHERE org_id = ?1 AND type LIKE 'organization.%' ORDER BY seq",
      organization.id,
    );
    assert.deepEqual(
      types.map(({ type }) => type),
      ["organization.created", "organization.deleted", "organization.restored"],
    );
  });

  test("leaves nothing once its time is over", async () => {
    const organization = await populated("Gone");
    const kept = await populated("Kept");
    assertStatus(await remove({ admin: organization.admin, path: organization.path() }, "Gone"), 200);
    // More entries than one run erases in KV, and some of another organization.
    const entry = (of, number) => `import:${of.id}:2026-01-01T00:00:00.000Z:${number}`;
    for (let number = 0; number < 450; number++) await worker.kv.put(entry(organization, number), "[]");
    await worker.kv.put(entry(kept, 1), "[]");
    const inKv = async ({ id }) => (await worker.kv.list({ prefix: `import:${id}:` })).keys.length;
    await worker.scheduled();
    assert.equal((await organization.admin.get(organization.path("/deletion"))).people, 4);
    assert.equal(await inKv(organization), 450, "it can be restored");
    const old = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000).toISOString();
    await worker.sql("UPDATE organizations SET deleted_at = ?2 WHERE id = ?1", organization.id, old);
    await worker.scheduled();
    assert.equal(await inKv(organization), 150, "a part of them");
    assert.equal((await organization.admin.get(organization.path("/deletion"))).people, 4, "KV goes first");
    await worker.scheduled();
    assert.deepEqual([await inKv(organization), await inKv(kept)], [0, 1]);
    await worker.scheduled(); // the history follows once the organization is gone
    for (const table of [
      "users",
      "user_emails",
      "groups",
      "projects",
      "auth_keys",
      "events",
      "event_subjects",
      "log",
    ]) {
      const of = (id) => worker.sql(`SELECT count(*) AS rows FROM ${table} WHERE org_id = ?1`, id);
      const [[gone], [left]] = [await of(organization.id), await of(kept.id)];
      assert.equal(gone.rows, 0, table);
      assert.ok(left.rows > 0, table);
    }
    assertProblem(await organization.admin.send("GET", organization.path()), 404);
  });

  test("is deleted and restored in the console", { skip: browser.missing }, async () => {
    const organization = await populated("Console Ltd");
    const page = await signedIn(browser, worker);
    await visit(page, organization, "settings");
    await submit(page, page.getByRole("link", { name: "Delete the organization" }));
    assert.match(await page.locator("dl.facts").innerText(), /SCIM sees\s+4\s[\s\S]*groups\s+4\s[\s\S]*at once\s+1/);
    await assertAccessible(page);
    const button = page.getByRole("button", { name: "Delete", exact: true });
    await page.getByLabel("Type Console Ltd to confirm").fill("Console");
    await assertRefused(page, await submit(page, button), 400, /Nothing was deleted/);
    await page.getByLabel("Type Console Ltd to confirm").fill("Console Ltd");
    await submit(page, button);
    await assertDone(page, /Console Ltd.*deleted/);
    await page.getByRole("region", { name: "Deletion" }).waitFor();
    await page.goto("/console/organizations");
    await assertAccessible(page);
    await submit(page, page.getByRole("button", { name: "Restore Console Ltd" }));
    await assertDone(page, /is restored/);
    assert.equal(await page.getByRole("region", { name: "Deletion" }).count(), 0);
    await assertOnlyRefusals(page, 400);
  });
});
