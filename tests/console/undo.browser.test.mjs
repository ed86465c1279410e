// Undoing changes in the console, with and without JavaScript, and deleted people who come back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, newestEvent } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });
const main = (page) => page.locator("main").innerText();

/** An organization in which a second key has deactivated all but the Owner, and one title was set since. */
async function harmed() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const ids = (await organization.createUsers(3)).map(({ id }) => id);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers(ids)), 204);
  const before = await directory(worker, organization);
  const key = await organization.addKey();
  const wrong = organization.okta.with({ key: key.key });
  const first = (await newestEvent(worker, organization)) + 1;
  for (const id of ids) assertStatus(await wrong.patch(`/Users/${id}`, operation.active(false)), 200);
  return { organization, ids, key, before, first };
}

describe("an undo", () => {
  test("is shown in words before it begins, and goes on by itself", options, async () => {
    const { organization, key, before } = await harmed();
    const page = await signedIn(browser, worker);
    await visit(page, organization, "undo");
    await page.getByLabel("Changes since").fill("2026-01-01");
    await page.getByLabel("Id of the key").fill(key.id);
    await submit(page, button(page, "Look at what would be undone"));
    const shown = await main(page);
    for (const words of ["3 people become active again", "3 memberships of groups begin again", "In all, 3 people"])
      assert.ok(shown.includes(words), `${words}: ${shown}`);
    await submit(page, button(page, "Undo these changes"));
    await page.locator("#run[data-status=finished]").waitFor();
    assert.match(await main(page), /3 of 3 people and groups/);
    assert.deepEqual(await directory(worker, organization), before);
    await page.getByRole("link", { name: "Undo this undo" }).click();
    assert.match(await main(page), /3 people become inactive/);
    await visit(page, organization, "undo");
    assert.match(await page.locator("tbody").innerText(), new RegExp(`what the key ${key.id} did.*finished`, "s"));
    await assertNoComplaints(page);
  });

  test("works without JavaScript, and lists what was changed since", options, async () => {
    const { organization, ids, first } = await harmed();
    assertStatus(await organization.okta.patch(`/Users/${ids[0]}`, operation.active(true)), 200);
    assertStatus(await organization.okta.patch(`/Users/${ids[0]}`, operation.active(false)), 200);
    const page = await signedIn(browser, worker, { javaScriptEnabled: false });
    await visit(page, organization, `undo?story=${first}`);
    assert.match(await main(page), /Changed since, so that it stays.*person0@okta\.local.*active/s);
    assert.equal(await button(page, "Undo these changes").count(), 0);
    const events = Array.from({ length: 6 }, (_, i) => first + i).join(",");
    await visit(page, organization, `undo?events=${events}`);
    await submit(page, button(page, "Undo these changes"));
    for (let steps = 0; steps < 5 && (await button(page, "Go on").count()) > 0; steps++)
      await submit(page, button(page, "Go on"));
    assert.equal(await page.locator("#run").getAttribute("data-status"), "finished");
    assert.match(await main(page), /2 people become active again.*Changed since, so that it stays/s);
    assert.equal((await organization.user(ids[0])).active, false);
    assert.equal((await organization.user(ids[1])).active, true);
  });

  test("is stopped by a button", options, async () => {
    const { organization, ids, first } = await harmed();
    const page = await signedIn(browser, worker, { javaScriptEnabled: false });
    await visit(page, organization, `undo?story=${first}`);
    await submit(page, button(page, "Undo these changes"));
    await submit(page, button(page, "Stop"));
    await assertDone(page, /stopped/);
    assert.equal((await organization.user(ids[0])).active, false);
  });

  test("brings back an archived project, and says why a key stays as it is", options, async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const ids = (await organization.createUsers(2)).map(({ id }) => id);
    const group = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers(ids)), 204);
    const before = await directory(worker, organization);
    const first = (await newestEvent(worker, organization)) + 1;
    const [project] = (await organization.admin.get(organization.path("/projects"))).projects;
    await organization.admin.call("POST", organization.path(`/projects/${project.id}/archive`), {}, 200);
    await organization.addKey();
    const last = await newestEvent(worker, organization);
    const events = Array.from({ length: last - first + 1 }, (_, i) => first + i).join(",");
    const page = await signedIn(browser, worker);
    await visit(page, organization, `undo?events=${events}`);
    const shown = await main(page);
    for (const words of [
      /changes of 2 people, 1 project\./,
      /1 project is restored, archived, or gets its former name/,
      /2 memberships of groups begin again/,
      /Not undone.*key\.created \(1\).*A key that was generated is in use/s,
    ])
      assert.match(shown, words);
    await submit(page, button(page, "Undo these changes"));
    await page.locator("#run[data-status=finished]").waitFor();
    assert.deepEqual(await directory(worker, organization), before);
    await assertNoComplaints(page);
  });

  test("has no form for a time that is none", options, async () => {
    const { organization } = await harmed();
    const page = await signedIn(browser, worker);
    const response = await page.goto(`/console/organizations/${organization.id}/undo?since=yesterday`);
    assert.equal(response.status(), 400);
    assert.match(await page.getByRole("alert").innerText(), /must be a day or a time/);
    await assertOnlyRefusals(page, 400);
  });
});

describe("a deleted person", () => {
  test("comes back by a button, unless the user name is taken", options, async () => {
    const { organization, ids, before } = await harmed();
    const { okta } = organization;
    for (const id of ids) assertStatus(await okta.delete(`/Users/${id}`), 204);
    const holder = await organization.createUser("person1@okta.local");
    const page = await signedIn(browser, worker);
    await visit(page, organization, "deleted-people");
    assert.equal(await page.locator("tbody tr").count(), 3);
    const bringBack = (name) => submit(page, page.getByRole("link", { name: `Bring back ${name}` }));
    await assertRefused(page, await bringBack("person1@okta.local"), 409, /Another person has the user name/);
    assertStatus(await okta.delete(`/Users/${holder.id}`), 204);
    await visit(page, organization, "deleted-people");
    await bringBack("person0@okta.local");
    await submit(page, button(page, "Bring back"));
    await assertDone(page, /The person is back/);
    assert.match(await page.locator("h1").innerText(), /person0@okta\.local/);
    assert.equal((await organization.user(ids[0])).active, false);
    assert.ok(before.users.some(({ id }) => id === ids[0]));
    await visit(page, organization, "deleted-people");
    await page.locator("summary", { hasText: "Erase" }).first().click();
    await submit(page, page.getByRole("button", { name: /^Erase now person/ }).first());
    await assertDone(page, /The person is erased/);
    assert.equal(await page.locator("tbody tr").count(), 2);
    await assertOnlyRefusals(page, 409);
  });
});
