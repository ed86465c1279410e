// The access brake and the pause, as an administrator meets them in a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, signedIn, submit, unfold, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });

test("each page says that the brake is engaged, and one button lets it through", options, async () => {
  const organization = await createOrganization(worker);
  const people = await organization.createUsers(27);
  const deactivate = ({ id }) => organization.okta.patch(`/Users/${id}`, operation.active(false));
  for (const one of people.slice(0, 25)) assertStatus(await deactivate(one), 200);
  assertError(await deactivate(people[25]), 429);

  const page = await signedIn(browser, worker);
  const [{ id: key, hint }] = (await organization.admin.get(organization.path("/keys"))).keys;
  for (const name of ["keys", "members", "projects", "log", "imports", "settings", "brake"]) {
    await visit(page, organization, name);
    const banner = await page.getByRole("region", { name: "Access brake" }).first().innerText();
    assert.match(banner, /engaged since .*25 people lost access within an hour over SCIM; 25 may/s, name);
    assert.ok(banner.includes(hint), banner);
  }
  await assertAccessible(page);
  const undo = new URL(
    await page.getByRole("link", { name: "Keep them, and undo what went" }).getAttribute("href"),
    worker.url,
  );
  assert.equal(undo.pathname, `/console/organizations/${organization.id}/undo`);
  assert.equal(undo.searchParams.get("key"), key);
  const { engaged_at } = (await organization.admin.get(organization.path())).brake;
  assert.equal(Date.parse(engaged_at) - Date.parse(undo.searchParams.get("since")), 3_600_000);

  // Who is affected: what the key did since.
  await Promise.all([page.waitForEvent("load"), page.getByRole("link", { name: "25 people" }).first().click()]);
  const log = await page.getByRole("main").innerText();
  assert.match(log, /Deactivated\s+person\d+@okta\.local/);
  assert.match(log, /Refused to .* person25@okta\.local/);
  assert.doesNotMatch(log, /by admin token/, "only what this key did");
  await Promise.all([page.waitForEvent("load"), page.getByRole("link", { name: "More choices" }).click()]);
  assert.match(await page.getByRole("main").innerText(), /engaged since .*Let everything through/s);
  await submit(page, button(page, "Let it through"));
  await assertDone(page, /brake is released/);
  assert.match(await page.getByRole("main").innerText(), /lifted until/);
  assertStatus(await deactivate(people[25]), 200);
  await assertNoComplaints(page);
});

test("what went is undone by a button, and then the brake is released by itself", options, async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const people = await organization.createUsers(27);
  const deactivate = ({ id }) => organization.okta.patch(`/Users/${id}`, operation.active(false));
  for (const one of people.slice(0, 25)) assertStatus(await deactivate(one), 200);
  assertError(await deactivate(people[25]), 429);
  const page = await signedIn(browser, worker, { javaScriptEnabled: false });
  const banner = () => page.getByRole("region", { name: "Access brake" }).first();
  await visit(page, organization, "members");
  await Promise.all([
    page.waitForEvent("load"),
    banner()
      .getByRole("link", { name: /Keep them/ })
      .click(),
  ]);
  const preview = await page.getByRole("main").innerText();
  // Those who were created in that hour stay.
  assert.match(preview, /25 people become active again/);
  assert.doesNotMatch(preview, /created/);
  assert.match(preview, /When this has finished, the access brake is released/);
  await submit(page, button(page, "Undo these changes"));
  assert.match(await banner().innerText(), /What went is being undone: such requests are refused until/);
  assert.equal(
    await banner()
      .getByRole("link", { name: /Keep them/ })
      .count(),
    0,
  );
  assert.equal(await banner().getByRole("button", { name: "Let it through" }).count(), 1);
  await assertAccessible(page);
  assertError(await deactivate(people[25]), 429);
  for (let steps = 0; steps < 9 && (await button(page, "Go on").count()) > 0; steps++)
    await submit(page, button(page, "Go on"));
  assert.equal(await page.locator("#run").getAttribute("data-status"), "finished");
  assert.equal(await page.getByRole("region", { name: "Access brake" }).count(), 0);
  assert.equal((await organization.user(people[3].id)).active, true);
  assert.equal((await organization.admin.get(organization.path())).brake.engaged_at, null);
  await assertNoComplaints(page);
});

test("identity providers are paused in the settings, and resumed on any page", options, async () => {
  const organization = await createOrganization(worker);
  const [ada] = await organization.createUsers(1);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  await unfold(page);
  await submit(page, button(page, "Pause now"));
  await assertDone(page, /paused/);
  assertError(await organization.okta.delete(`/Users/${ada.id}`), 429, { detail: /paused the writes/ });
  await visit(page, organization, "members");
  assert.match(await page.getByRole("region", { name: "Pause" }).innerText(), /admin token paused them/);
  await assertAccessible(page);
  await submit(page, button(page, "Resume"));
  await assertDone(page, /may write again/);
  assertStatus(await organization.okta.delete(`/Users/${ada.id}`), 204);
  await assertNoComplaints(page);
});

test("the share of people is a setting", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  const field = page.getByLabel("Access brake: most people");
  assert.equal(await field.inputValue(), "20");
  await field.fill("");
  await submit(page, button(page, "Save"));
  await assertDone(page, /saved/);
  assert.equal((await organization.admin.get(organization.path())).brake.limit, null);
});
