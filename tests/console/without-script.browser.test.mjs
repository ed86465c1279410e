// The console without JavaScript: every page can be reached, and no control is without effect.

import assert from "node:assert/strict";
import { test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { assertDone, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();

test("everything is possible without JavaScript", { skip: browser.missing }, async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  await populate(worker.sql, organization.id, { users: 60 });
  assertError(await organization.okta.get("/Users/nobody"), 404);
  const page = await signedIn(browser, worker, { javaScriptEnabled: false });
  const button = (name) => page.getByRole("button", { name, exact: true });

  await visit(page, organization, "keys");
  await page.getByLabel(/^No: it stays good/).check();
  await submit(page, button("Regenerate"));
  const key = await page.locator("#new-key").innerText();
  assertStatus(await new ScimClient(`${worker.url}/scim`, key).list("/Users", { startIndex: 1, count: 2 }), 200);
  assert.equal(await button("Copy").count(), 0);

  await visit(page, organization, "log");
  assert.equal(await button("Follow").count(), 0);
  assert.equal(await page.getByText("New entries appear at the top").isVisible(), false);
  await page.getByLabel("Outcome").selectOption("refused");
  await submit(page, button("Filter"));
  assert.equal(await page.locator("#entries .deeds > li").count(), 1);
  await page.locator("#entries summary").click();
  await page.getByText("GET /scim/Users/nobody", { exact: true }).last().waitFor();
  await visit(page, organization, "log");
  await submit(page, page.getByRole("link", { name: "Details" }).first());
  await page.getByText("was answered with").waitFor();

  await visit(page, organization, "members");
  await submit(page, page.getByRole("link", { name: "Next page" }));
  assert.equal(await page.locator("tbody tr").count(), 11);
  await page.getByText("Add a member").click();
  await page.getByLabel("User name", { exact: true }).fill("new@okta.local");
  await submit(page, button("Add"));
  await assertDone(page, /in the organization/);

  await visit(page, organization, "projects");
  await submit(page, page.getByRole("link", { name: "Demo", exact: true }));
  await page.getByText("Add a team").click();
  await page.getByLabel("Name of the team").fill("Platform");
  await submit(page, button("Add team"));
  await assertDone(page, /team is created/);
  await assertAccessible(page);
  await submit(page, button("Sign out"));
  assert.equal(new URL(page.url()).pathname, "/console/sign-in");
  await assertNoComplaints(page);
});
