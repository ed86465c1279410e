// Access management in a browser: from the first sign-in to a key that works, and what becomes of keys.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { ScimClient } from "../helpers/client.mjs";
import {
  assertDone,
  assertOnlyRefusals,
  assertRefused,
  signedIn,
  signIn,
  submit,
  unfold,
  visit,
} from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const client = (key) => new ScimClient(`${worker.url}/scim`, key);
const test1 = { startIndex: 1, count: 2 }; // what Okta asks for to test the connection
const works = async (key) => assertStatus(await client(key).list("/Users", test1), 200);
const fails = async (key) => assertError(await client(key).list("/Users", test1), 401);
const button = (page, name) => page.getByRole("button", { name, exact: true });
const shown = (page) => page.locator("#new-key").innerText();
const keysOf = async (organization) => (await organization.admin.get(organization.path("/keys"))).keys;

/** The key regenerated, which has not leaked, with that overlap by its label. */
async function regenerate(page, overlap) {
  await page.getByLabel(/^No: it stays good/).check();
  await page.getByLabel("If it has not leaked, the old key").selectOption({ label: overlap });
  const response = await submit(page, button(page, "Regenerate"));
  assert.equal(response.status(), 200);
  return shown(page);
}

test("the first sign-in leads to a key that works", options, async () => {
  const page = await browser.open({ baseURL: worker.url });
  assert.equal((await page.goto("/console")).status(), 401);
  assert.equal((await signIn(page, "no such token")).status(), 401);
  assert.match(await page.getByRole("alert").innerText(), /not the admin token of this deployment/);
  assert.equal((await signIn(page, worker.adminToken)).status(), 200);

  await page.getByText("Create an organization").click();
  await page.getByLabel("Name", { exact: true }).fill("Acme");
  await page.getByLabel("User name of the Owner").fill("olivia@acme.example");
  await page.getByLabel("First name of the Owner").fill("Olivia");
  await page.getByLabel("Last name of the Owner").fill("Owner");
  await submit(page, button(page, "Create"));
  await assertDone(page, /Generate its SCIM key/);
  assert.match(await page.locator("main").innerText(), /Provisioning is off/);

  await submit(page, button(page, "Generate"));
  const key = await shown(page);
  assert.match(key, /^scim-[0-9A-Za-z]{69}$/);
  const typed = await page.locator("dl.values div", { hasText: "Authorization" }).innerText();
  assert.ok(typed.includes(key), "the key is among the values for Okta");
  const users = await works(key);
  assert.equal(users.Resources[0].userName, "olivia@acme.example");

  const { pathname } = new URL(page.url());
  await eventually(async () => {
    await page.goto(pathname);
    const used = await page.locator("dl.facts div", { hasText: "Last used" }).innerText();
    assert.match(used, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\sUTC/);
  });
  assert.ok(!(await page.content()).includes(key.slice(12)), "the key is still in the page");
  assert.match(await page.locator("main").innerText(), new RegExp(`${key.slice(0, 9)}…`));
  await assertOnlyRefusals(page, 401, 401);
});

test("a page with a new key that is loaded again makes no second key", options, async () => {
  const organization = await createOrganization(worker);
  await organization.deactivateKey(organization.key.id);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "keys");
  await submit(page, button(page, "Generate"));
  const key = await shown(page);
  for (let time = 0; time < 2; time++) {
    const response = await page.reload(); // sends the form again
    assert.equal(response.request().method(), "POST");
    assert.equal(response.status(), 200);
    assert.equal(await shown(page), key);
  }
  // After a minute it is shown no more.
  const minute = new Date(Date.now() - 61_000).toISOString();
  await worker.sql("UPDATE idempotent_calls SET began_at = ?1", minute);
  await assertRefused(page, await page.reload(), 409, /cannot be shown any more/);
  assert.ok(!(await page.content()).includes(key.slice(12)));
  await works(key);
  assert.equal((await keysOf(organization)).length, 2);

  await visit(page, organization, "keys");
  const newer = await regenerate(page, "Stays good for 24 hours");
  await page.reload();
  assert.equal(await shown(page), newer);
  await works(newer);
  assert.equal((await keysOf(organization)).length, 3);
  await assertOnlyRefusals(page, 409);
});

test("two administrators on the same page make one key", options, async () => {
  const organization = await createOrganization(worker);
  const [page, other] = [await signedIn(browser, worker), await signedIn(browser, worker)];
  await visit(page, organization, "keys");
  await visit(other, organization, "keys");
  const key = await regenerate(page, "Stops working at once");
  await other.getByLabel(/^Yes: it stops at once/).check();
  const response = await submit(other, button(other, "Regenerate"));
  await assertRefused(other, response, 409, /newer one/);
  await works(key);
});

describe("an existing key", () => {
  test("stays valid beside the one that replaces it, or not", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    const first = organization.key.key;
    const second = await regenerate(page, "Stays good for 1 hour");
    await works(first);
    await works(second);
    await visit(page, organization, "keys");
    const others = page.getByRole("region", { name: "Other keys" });
    assert.match(await others.innerText(), new RegExp(first.slice(0, 9)));
    const third = await regenerate(page, "Stops working at once");
    await fails(second);
    await works(first);
    await works(third);

    await visit(page, organization, "keys");
    await submit(page, others.getByRole("link", { name: new RegExp(first.slice(0, 9)) }));
    await page.getByLabel(/to confirm/).fill("deactivate");
    await submit(page, button(page, "Deactivate"));
    await assertDone(page, new RegExp(`${first.slice(0, 9)}….*other keys are still good`));
    await fails(first);
    await works(third);
    await assertNoComplaints(page);
  });

  test("is deactivated only once the word is typed", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    const word = page.getByLabel("Type deactivate to confirm");
    await word.fill("yes");
    const response = await submit(page, button(page, "Deactivate"));
    await assertRefused(page, response, 400, /type "deactivate" to confirm/);
    await works(organization.key.key);
    await word.fill("deactivate");
    await submit(page, button(page, "Deactivate"));
    await assertDone(page, /The key is deactivated/);
    await fails(organization.key.key);
    assert.ok(await button(page, "Generate").isVisible());
    await assertOnlyRefusals(page, 400);
  });

  test("expires as the settings say, or at another time", options, async () => {
    const organization = await createOrganization(worker, { settings: { key_lifetime_days: 45 } });
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    const expires = page.getByLabel("The new key expires");
    assert.equal(await expires.locator("option:checked").innerText(), "In 45 days, as in Settings");
    await regenerate(page, "Stops working at once");
    await visit(page, organization, "keys");
    await expires.selectOption({ label: "In 90 days" });
    await regenerate(page, "Stops working at once");
    const days = ({ created_at, expires_at }) => Math.round((Date.parse(expires_at) - Date.parse(created_at)) / 864e5);
    const [last, before] = await keysOf(organization);
    assert.deepEqual([days(last), days(before)], [90, 45]);
    await assertNoComplaints(page);
  });

  test("stops at once if it has leaked", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    const leaked = page.getByRole("group", { name: "Has this key leaked?" });
    await leaked.getByLabel(/^Yes/).check();
    await submit(page, button(page, "Regenerate"));
    await fails(organization.key.key);
    await works(await shown(page));
    await assertAccessible(page);
    await assertNoComplaints(page);
  });
});

describe("several keys", () => {
  test("have names, which are chosen and changed here", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    await page.getByText("Generate another key").click();
    await page.getByLabel("Name", { exact: true }).fill("Entra <test>");
    await submit(page, button(page, "Generate"));
    const key = await shown(page);
    await works(key);
    await works(organization.key.key);
    await visit(page, organization, "keys");
    assert.ok(await page.getByRole("heading", { name: "Entra <test> active" }).isVisible());
    await page.locator("summary", { hasText: /^Name$/ }).click();
    const name = page.getByLabel("Name of the key");
    await name.fill("x".repeat(201));
    await assertRefused(page, await submit(page, button(page, "Save the name")), 400, /200/);
    assert.equal(await name.inputValue(), "x".repeat(201), "what was typed stays");
    await name.fill("Entra");
    await submit(page, button(page, "Save the name"));
    await assertDone(page, /The name of the key is saved/);
    assert.ok(await page.getByRole("heading", { name: "Entra active" }).isVisible());
    await assertOnlyRefusals(page, 400);
  });

  test("are stopped one by one or all together, and the page says what goes on", options, async () => {
    const organization = await createOrganization(worker);
    const second = await organization.addKey({ name: "Second" });
    const third = await organization.addKey({ name: "Third" });
    const page = await signedIn(browser, worker);
    await visit(page, organization, "keys");
    const text = await page.locator("main").innerText();
    assert.ok(text.includes(`goes on with the other good keys: Second (${second.hint}), ${organization.key.hint}`));
    await page.getByLabel("Deactivate all keys").check();
    await page.getByLabel(/to confirm/).fill("no");
    await assertRefused(page, await submit(page, button(page, "Deactivate")), 400, /type "deactivate"/);
    assert.ok(await page.getByLabel("Deactivate all keys").isChecked(), "what was chosen stays");
    for (const { key } of [second, third]) await works(key);
    await page.getByLabel(/to confirm/).fill("deactivate");
    await submit(page, button(page, "Deactivate"));
    await assertDone(page, new RegExp(`${third.hint}.*All keys are deactivated`));
    for (const { key } of [organization.key, second, third]) await fails(key);
    await assertOnlyRefusals(page, 400);
  });

  test("show how they were used, on pages of any width", options, async () => {
    const organization = await createOrganization(worker);
    const { key } = organization.key;
    const cf = { country: "DE", asOrganization: "Okta, Inc." };
    const headers = { Authorization: `Bearer ${key}` };
    await (await worker.fetch(`${worker.url}/scim/Users`, { headers, cf })).arrayBuffer();
    assertError(await client(key).get("/Users/nobody"), 404);
    for (let count = 1; count < 20; count++) await organization.addKey({ name: `${"W".repeat(196)} ${count}` });
    for (const viewport of [
      { width: 320, height: 640 },
      { width: 1600, height: 900 },
    ]) {
      const page = await signedIn(browser, worker, { viewport, locale: "en" });
      await visit(page, organization, `keys?key=${organization.key.id}`);
      await eventually(async () => {
        await page.reload();
        const facts = await page.locator("dl.facts").innerText();
        assert.match(facts, /from Okta, Inc\., Germany/);
        assert.match(facts, /2 requests, 1 failed/);
      });
      await unfold(page);
      await assertAccessible(page);
      const { width, elements } = await page.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        elements: document.querySelectorAll("*").length,
      }));
      assert.ok(width <= viewport.width, `${width} px wide`);
      assert.ok(elements <= 2_000, `${elements} elements`);
      assert.ok((await page.content()).length <= 100_000);
      await assertNoComplaints(page);
    }
  });
});
