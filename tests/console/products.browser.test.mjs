// Products in a browser: a key from its generation to its end, and how fast lost access is known.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertRefused, signedIn, submit, unfold, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct, ProductClient } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };
const button = (page, name) => page.getByRole("button", { name, exact: true });

describe("the page of products", options, () => {
  test("generates a key that is shown once, rotates and deactivates it", async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "products");
    await page.getByLabel("Name", { exact: true }).fill("Checkout");
    await page.getByLabel("Ask whether a person may do something").uncheck();
    assert.equal((await submit(page, button(page, "Generate"))).status(), 200);
    const key = await page.locator("#new-key").innerText();
    const product = new ProductClient(worker, { key });
    const { name, scopes } = await product.get("/product/v1");
    assert.deepEqual([name, scopes], ["Checkout", ["events", "read"]]);
    await assertAccessible(page);

    await visit(page, organization, "products");
    assert.equal(await page.locator("#new-key").count(), 0);
    await unfold(page);
    await page.getByLabel("New name").fill("Billing");
    await submit(page, button(page, "Save the name"));
    await assertDone(page, /The name of the key is saved/);
    assert.equal((await product.get("/product/v1")).name, "Billing");
    await unfold(page);
    await page.getByLabel("This key").selectOption({ label: "stops at once" });
    assert.equal((await submit(page, button(page, "Rotate"))).status(), 200);
    const second = new ProductClient(worker, { key: await page.locator("#new-key").innerText() });
    await second.get("/product/v1");
    await product.refused(401, "key_deactivated", "GET", "/product/v1");

    await visit(page, organization, "products");
    await unfold(page);
    const refused = await submit(page, button(page, "Deactivate"));
    await assertRefused(page, refused, 400, /deactivate/);
    await page.getByLabel("Type deactivate to confirm").fill("deactivate");
    await submit(page, button(page, "Deactivate"));
    await assertDone(page, /The key is deactivated/);
    await second.refused(401, "key_deactivated", "GET", "/product/v1");
  });

  test("gives a refused form back", async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "products");
    await page.getByLabel("Name", { exact: true }).fill("Nothing");
    for (const label of [/^Read people/, /^Read the feed/, /^Ask whether/]) await page.getByLabel(label).uncheck();
    const refused = await submit(page, button(page, "Generate"));
    await assertRefused(page, refused, 400, /at least one of/);
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Nothing");
    assert.equal(await page.getByLabel(/^Read people/).isChecked(), false);
  });

  test("tells when products knew of a deactivation, and is led to by the alert", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Billing" });
    const [ada] = await organization.createUsers(1);
    const acknowledge = async () => {
      const { cursor } = await product.get("/product/v1/events?limit=1000");
      await product.call("POST", "/product/v1/acknowledgements", { cursor });
    };
    await acknowledge();
    assertStatus(await organization.okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    await worker.sql(
      `UPDATE events SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-400 seconds')
       WHERE org_id = ?1 AND type = 'person.deactivated'`,
      organization.id,
    );
    const page = await signedIn(browser, worker);
    await visit(page, organization, "health");
    assert.match(await page.locator("main").innerText(), /Billing has not acknowledged a deactivation/);
    await page.getByRole("link", { name: "a deactivation is not acknowledged" }).click();
    assert.match(await page.locator("main").innerText(), /late/);
    await assertAccessible(page);
    await page.getByLabel(/^Alert after/).fill("10");
    await submit(page, button(page, "Save"));
    await assertDone(page, /saved/i);
    assert.equal(await page.getByRole("link", { name: "a deactivation is not acknowledged" }).count(), 0);

    await visit(page, organization, `members/${ada.id}`);
    await page.getByRole("link", { name: "When products knew" }).click();
    assert.match(await page.locator("main").innerText(), /Billing: not yet/);
    await acknowledge();
    await page.reload();
    assert.match(await page.locator("main").innerText(), /Billing: after (6|7)/);
    await assertAccessible(page);
    await assertNoComplaints(page);
  });
});
