// The line on top of each page of an organization, and the page behind it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { pagesOf, signedIn, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

test("each page of an organization says how the provisioning is", options, async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { id: user } = await organization.createUser("ada@okta.local");
  const { id: group } = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await organization.okta.list("/Users", { startIndex: 1, count: 1 }), 200);
  const page = await signedIn(browser, worker);
  const line = page.locator("p.health");
  // That a key was used is noted after the answer.
  await eventually(async () => {
    await visit(page, organization, "imports");
    assert.doesNotMatch(await line.innerText(), /last heard never/);
  });
  for (const address of pagesOf(organization, { user, group }).slice(1)) {
    await page.goto(address);
    assert.match(
      await line.innerText(),
      /last heard \d{4}-.* · no failures in 24 hours · its key does not expire/,
      address,
    );
  }
  await organization.admin.call("POST", organization.path("/pause"), {}, 200);
  await page.reload();
  assert.match(await line.innerText(), /· paused/);
  await assertNoComplaints(page);
});

test("the page behind it says what seems to be set up wrongly, and what to do", options, async () => {
  const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
  const page = await signedIn(browser, worker);
  await visit(page, organization, "health");
  await page.getByText("Nothing that traffic shows").waitFor();
  await assertAccessible(page);
  assertError(await organization.okta.post("/Users", oktaUser(person("ada@else.example"))), 400);
  await eventually(async () => {
    await page.reload();
    assert.match(await page.locator("p.health").innerText(), /1 failure in 24 hours/);
  });
  await page.getByRole("heading", { name: "People were refused for their mail domain" }).waitFor();
  await page.getByText("1 person was not created").waitFor();
  assert.ok((await page.getByRole("link", { name: "settings" }).count()) >= 1);
  await assertAccessible(page);
  await assertNoComplaints(page);
});
