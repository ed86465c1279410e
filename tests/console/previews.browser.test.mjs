// Mail domains that hide people from SCIM, as an administrator changes them in a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const save = (page) => submit(page, page.getByRole("button", { name: "Save", exact: true }));

test("mail domains first say who goes out of sight", options, async () => {
  const organization = await createOrganization(worker);
  await organization.createUsers(5);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  await page.getByLabel("Mail domains").fill("okta.locall");
  const told = /takes 6 of 6 people out of SCIM's sight: Okta will unassign them at its next import/;
  await assertRefused(page, await save(page), 409, told);
  assert.equal((await organization.admin.get(organization.path())).user_count, 6);
  assert.equal(await page.getByLabel("Mail domains").inputValue(), "okta.locall");
  await save(page);
  await assertDone(page, /saved/);
  assert.equal((await organization.admin.get(organization.path())).user_count, 0);
  await assertOnlyRefusals(page, 409);
});

test("above the threshold, the number is typed, and is checked again", options, async () => {
  const organization = await createOrganization(worker);
  await organization.createUsers(26);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  await page.getByLabel("Mail domains").fill("okta.locall");
  await assertRefused(page, await save(page), 409, /takes 27 of 27 people.*Type 27 to confirm/);
  await assertAccessible(page);
  const number = page.getByLabel("Type the number of people who lose access");
  await number.fill("26");
  await assertRefused(page, await save(page), 409, /Type 27/);
  // One more has come meanwhile.
  await organization.createUser("late@okta.local");
  await number.fill("27");
  await assertRefused(page, await save(page), 409, /takes 28 of 28 people.*Type 28 to confirm/);
  await number.fill("28");
  await save(page);
  await assertDone(page, /saved/);
  await assertOnlyRefusals(page, 409, 409, 409);
});
