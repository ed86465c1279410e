// How an administrator finds the way: from a wrong address, to the search, to the guides, and out of an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const empty = useWorker({ initialSchema: "CREATE TABLE placeholder (x)" });
const browser = useBrowser();
const options = { skip: browser.missing };

test("a wrong address inside an organization keeps its navigation", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  const wrong = ["nowhere", "members/nobody", `groups/${crypto.randomUUID()}`, "events/4711", "log?count=0"];
  for (const name of wrong) {
    const response = await page.goto(`/console/organizations/${organization.id}/${name}`);
    assert.ok([400, 404].includes(response.status()), `${name}: ${response.status()}`);
    const text = await page.getByRole("alert").innerText();
    assert.doesNotMatch(text, /\b[45]\d\d\b/, "no status code");
    await assertAccessible(page);
    await page.getByRole("link", { name: "Access management" }).click();
    assert.equal(new URL(page.url()).pathname, `/console/organizations/${organization.id}/keys`);
  }
  const other = await page.goto(`/console/organizations/${crypto.randomUUID()}/members`);
  assert.equal(other.status(), 404);
  assert.equal(await page.getByRole("navigation", { name: "Organization" }).count(), 0);
});

test("each page leads to the guides and says the version", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  for (const name of ["keys", "settings", "log", "nowhere"]) {
    await page.goto(`/console/organizations/${organization.id}/${name}`);
    const footer = page.locator("body > footer");
    assert.match(await footer.innerText(), /scim-edge \d+\.\d+\.\d+/);
    for (const guide of ["Okta", "Microsoft Entra ID", "Troubleshooting", "What happened?"]) {
      const answer = await page.request.get(await footer.getByRole("link", { name: guide }).getAttribute("href"));
      assert.equal(answer.status(), 200);
    }
  }
});

test("the key / leads to the search, unless it is typed", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  for (const name of ["members", "log"]) {
    await visit(page, organization, name);
    const search = page.locator("[aria-keyshortcuts='/']");
    assert.equal(await search.getAttribute("title"), "Press / to search");
    await page.keyboard.press("/");
    assert.ok(await search.evaluate((field) => field === document.activeElement), name);
    await page.keyboard.type("a/b");
    assert.equal(await search.inputValue(), "a/b");
  }
  await assertNoComplaints(page);
});

test("an error names a field as the page does, not as the API", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  await page.getByLabel(/^Access brake/).fill("101");
  const response = await submit(page, page.getByRole("button", { name: "Save" }));
  await assertRefused(page, response, 400, /^The share of people must be from 0 to 100/);
  await assertOnlyRefusals(page, 400);
});

test("without tables, the console says what to do before anything is typed", options, async () => {
  const page = await browser.open({ baseURL: empty.url });
  const response = await page.goto("/console");
  assert.equal(response.status(), 503);
  assert.match(await page.getByRole("alert").innerText(), /wrangler d1 migrations apply/);
  assert.equal(await page.getByLabel("Admin token").count(), 0);
});
