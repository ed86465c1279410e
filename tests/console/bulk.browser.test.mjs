// Changes of many people in a browser: ticked in the list or all that a search finds, previewed, carried out by the
// page, and undone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name });

test("people who are ticked are deactivated by the page, and the change can be undone", options, async () => {
  const organization = await createOrganization(worker);
  const people = await organization.createUsers(25);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "members?search=person");
  for (const box of await page.getByRole("checkbox", { name: /^Choose person/ }).all()) await box.check();
  await submit(page, button(page, "Change the ticked people"));
  assert.match(await page.locator("main").innerText(), /25 people are chosen/);
  await page.getByLabel("What is to be done").selectOption("deactivate");
  await submit(page, button(page, "Preview"));
  const preview = await page.locator("main").innerText();
  assert.match(preview, /25 of 25 would be changed[\s\S]*25 of 26 people would lose access/);
  await assertAccessible(page);
  await button(page, "Change 25").click();
  await page.getByRole("heading", { name: "Finished" }).waitFor();
  for (const { id } of people) assert.equal((await organization.user(id)).active, false);
  await assertAccessible(page);
  await page.getByRole("link", { name: "Undo", exact: true }).click();
  assert.match(await page.locator("main").innerText(), /25 people become active/);
  await assertNoComplaints(page);
});

test("all people whom a search finds get an organization role, without ticking them", options, async () => {
  const organization = await createOrganization(worker);
  const people = await organization.createUsers(3);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "members?search=person");
  await submit(page, button(page, "Change all 3 people found"));
  await page.getByLabel("What is to be done").selectOption("set_role");
  await page.getByLabel(/^Organization role/).selectOption("Admin");
  await submit(page, button(page, "Preview"));
  await button(page, "Change 3").click();
  await page.getByRole("heading", { name: "Finished" }).waitFor();
  for (const { id } of people) assert.equal((await organization.user(id)).statsigOrgRole, "Admin");
  await assertNoComplaints(page);
});
