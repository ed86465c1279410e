// Times are shown in the reader's zone, with UTC on hover, and a day of a filter is one of that zone, as long as it is
// there. Without script they are those of UTC.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** The parameters of the address without those that are empty. */
const sent = (page) => Object.fromEntries([...new URL(page.url()).searchParams].filter(([, value]) => value));

async function filter(page, organization, first, last) {
  await visit(page, organization, "log");
  await page.getByLabel("First day").fill(first);
  await page.getByLabel("Last day").fill(last);
  await submit(page, button(page, "Filter"));
  return {
    ...sent(page),
    first: await page.locator("#from").inputValue(),
    last: await page.locator("#to").inputValue(),
  };
}

describe("times", () => {
  for (const [timezoneId, offset, name] of [
    ["Asia/Kolkata", 5.5 * 60, "GMT+5:30"],
    ["UTC", 0, "UTC"],
  ]) {
    test(`are those of ${timezoneId}, with UTC on hover`, options, async () => {
      const organization = await createOrganization(worker);
      const page = await signedIn(browser, worker, { timezoneId });
      for (const address of ["keys", "log"]) {
        await visit(page, organization, address);
        const times = await page
          .locator("main time")
          .evaluateAll((all) => all.map(({ dateTime, title, textContent }) => [dateTime, title, textContent]));
        assert.ok(times.length > 0, address);
        for (const [iso, title, text] of times) {
          const shown = (minutes, zone) => {
            const at = new Date(Date.parse(iso) + minutes * 60_000).toISOString();
            return `${at.slice(0, 10)} ${at.slice(11, 19)}\u00a0${zone}`;
          };
          assert.deepEqual([title, text], [shown(0, "UTC"), shown(offset, name)]);
        }
      }
      await assertNoComplaints(page);
    });
  }

  test("of entries that are added while the log is followed are in the reader's zone, too", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker, { timezoneId: "Asia/Kolkata" });
    await visit(page, organization, "log?source=scim");
    await button(page, "Follow").click();
    await organization.createUser("ada@okta.local");
    const time = page.locator("#entries time").first();
    await time.waitFor();
    assert.match(await time.innerText(), /GMT\+5:30/);
    await assertNoComplaints(page);
  });

  test("and days are those of UTC without script", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker, { timezoneId: "Asia/Kolkata", javaScriptEnabled: false });
    await visit(page, organization, "log");
    assert.match(await page.locator("main time").first().innerText(), /UTC$/);
    assert.equal(await page.getByLabel("First day (UTC)").count(), 1);
    const { from_day, to_day, first, last } = await filter(page, organization, "2026-03-29", "2026-03-31");
    assert.deepEqual([from_day, to_day, first, last], ["2026-03-29", "2026-03-31", "2026-03-29", "2026-03-31"]);
    const today = new Date().toISOString().slice(0, 10);
    await filter(page, organization, today, today);
    assert.equal(await page.locator("#entries .deeds > li").count(), 2);
  });
});

describe("a period has both of its days, in the reader's zone", () => {
  for (const [timezoneId, first, last, from, to] of [
    // Clocks go forward in this night, and back in that.
    ["Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25", "2026-10-25", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["America/St_Johns", "2026-12-31", "2027-01-01", "2026-12-31T03:30:00.000Z", "2027-01-02T03:30:00.000Z"],
    // The day begins at one o'clock there.
    ["Africa/Cairo", "2026-04-24", "2026-04-24", "2026-04-23T22:00:00.000Z", "2026-04-24T21:00:00.000Z"],
  ]) {
    test(`${first} to ${last} in ${timezoneId}`, options, async () => {
      const organization = await createOrganization(worker);
      const page = await signedIn(browser, worker, { timezoneId });
      assert.deepEqual(await filter(page, organization, first, last), { from, to, first, last });
      assert.match(await page.locator("label[for=from]").innerText(), new RegExp(timezoneId.replace("/", ".")));
      // The form shows them again, and sends the same.
      await submit(page, button(page, "Filter"));
      assert.deepEqual(sent(page), { from, to });
      await assertNoComplaints(page);
    });
  }

  test("and access is that of the beginning of a day there", options, async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.owner();
    const page = await signedIn(browser, worker, { timezoneId: "Asia/Kolkata" });
    await visit(page, organization, `members/${id}`);
    await page.getByLabel("As of the beginning of").fill("2026-01-02");
    await submit(page, button(page, "Show"));
    assert.deepEqual(sent(page), { access_at: "2026-01-01T18:30:00.000Z" });
    await page.getByRole("heading", { name: "Access as of 2026-01-02 00:00:00" }).waitFor();
    await assertNoComplaints(page);
  });
});
