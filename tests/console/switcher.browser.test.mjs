// How an administrator goes from one organization to another: by the header of each page, and by the list of all.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const alone = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };
const MANY = 40;

let here;

before(async () => {
  await Promise.all([worker.started, alone.started]);
  here = await createOrganization(worker, { settings: { name: "Acme" }, projects: { Demo: [] } });
  await createOrganization(worker, { settings: { name: `<b>"Other"</b>${" long".repeat(30)}` } });
  for (let number = 0; number < MANY; number++) {
    await createOrganization(worker, { settings: { name: `Branch ${number}` } });
  }
});

const switcher = (page) => page.locator("details.switch");
const path = (page) => new URL(page.url()).pathname;

describe("the organization switcher", () => {
  test("works by the keyboard, and lands on the same kind of page", options, async () => {
    const page = await signedIn(browser, worker);
    for (const [name, landed] of [
      ["members", "members"],
      ["projects", "projects"],
      ["groups", "projects"],
      ["log", "log"],
      ["undo", "log"],
      ["settings", "settings"],
      ["nowhere", "keys"],
    ]) {
      await page.goto(`/console/organizations/${here.id}/${name}`);
      await switcher(page).locator("summary").focus();
      await page.keyboard.press("Enter");
      await assertAccessible(page);
      await page.keyboard.press("Tab");
      assert.match(await page.evaluate(() => document.activeElement.textContent), /^(<b>"Other"|Branch)/);
      await submit(page, switcher(page).getByRole("link", { name: "Branch 0" }));
      assert.match(path(page), new RegExp(`/organizations/(?!${here.id})[0-9a-f-]+/${landed}$`));
      assert.equal(await page.locator("p.organization").innerText(), "Branch 0");
    }
  });

  test("names few, with a search for the others, without a script and on a narrow screen", options, async () => {
    const page = await signedIn(browser, worker, {
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    });
    await visit(page, here, "projects");
    await switcher(page).locator("summary").click();
    await assertAccessible(page);
    assert.equal(await switcher(page).getByRole("listitem").count(), 8);
    for (const part of ["details.switch > div", "html"]) {
      const { x, right } = await page.locator(part).evaluate((element) => ({
        x: element.getBoundingClientRect().x,
        right: Math.max(element.getBoundingClientRect().right, element.scrollWidth),
      }));
      assert.ok(x >= 0 && right <= 320, `${part} from ${x} to ${right}`);
    }
    await switcher(page).getByLabel("Name contains").fill("branch 3");
    await submit(page, switcher(page).getByRole("button", { name: "Search" }));
    assert.equal(path(page), "/console/organizations");
    await assertAccessible(page);
    const found = await page.getByRole("table").getByRole("link").allInnerTexts();
    assert.deepEqual(found.sort(), ["Branch 3", ...Array.from({ length: 10 }, (_, i) => `Branch 3${i}`)]);
    await submit(page, page.getByRole("link", { name: "Branch 39" }));
    assert.match(path(page), /\/projects$/);
    await visit(page, here, "imports");
    await switcher(page).locator("summary").click();
    await submit(page, switcher(page).getByRole("link", { name: "All organizations" }));
    // The list has pages, and keeps where its links lead to.
    await submit(page, page.getByRole("link", { name: "More organizations" }));
    assert.equal(await page.getByRole("table").getByRole("link").count(), MANY + 2 - 25);
    assert.match(await page.getByRole("table").getByRole("link").last().getAttribute("href"), /\/imports$/);
    await submit(page, page.getByRole("link", { name: "First page" }));
    assert.equal(await page.getByRole("table").getByRole("link").count(), 25);
    await assertNoComplaints(page);
  });

  test("is there where there is another organization", options, async () => {
    const only = await createOrganization(alone);
    const page = await signedIn(browser, alone);
    await visit(page, only, "keys");
    assert.equal(await switcher(page).count(), 0);
    await createOrganization(alone);
    await visit(page, only, "keys");
    await switcher(page).locator("summary").click();
    assert.equal(await switcher(page).getByRole("listitem").count(), 1);
    assert.equal(await switcher(page).getByRole("button").count(), 0, "no search for what is named");
  });
});
