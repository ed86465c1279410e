// The page of a setup link in a browser: it shows what the identity provider was answered last, without being loaded
// again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

test("the page of a set-up shows each answer as it comes", options, async () => {
  const organization = await createOrganization(worker);
  const { url } = await organization.admin.create(organization.path("/setup-links"), {});
  const page = await browser.open({ baseURL: worker.url });
  await page.goto(url);
  await page.getByText("not heard yet").waitFor();
  await page.evaluate(() => {
    window.notLoadedAgain = true;
  });
  const state = page.locator("#connection-state");
  assertStatus(await organization.okta.get("/Users"), 200);
  await state.getByText("GET /scim/Users").waitFor();
  await state.getByText("succeeded").waitFor();
  assertError(await organization.okta.get("/Users/nobody"), 404);
  await state.getByText("GET /scim/Users/:id").waitFor();
  await state.getByText("failed").waitFor();
  assert.equal(await page.evaluate(() => window.notLoadedAgain), true);
  await assertAccessible(page);
  await assertNoComplaints(page);
});
