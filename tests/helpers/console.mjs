// The console's pages, as an administrator uses them in a browser.

import assert from "node:assert/strict";
import { complaintsOf } from "./browser.mjs";

/** A page of a new browser context, signed in with the admin token. */
export async function signedIn(browser, worker, options = {}) {
  const page = await browser.open({ baseURL: worker.url, ...options });
  await page.goto("/console/sign-in");
  await signIn(page, worker.adminToken);
  return page;
}

/** Signs in with the admin token. Resolves with the final answer. */
export async function signIn(page, token) {
  await page.getByLabel("Admin token").fill(token);
  return submit(page, page.getByRole("button", { name: "Sign in" }));
}

/** Goes to one of the organization's pages, which must exist. */
export async function visit(page, organization, name) {
  const response = await page.goto(`/console/organizations/${organization.id}/${name}`);
  assert.equal(response.status(), 200, `${response.url()} -> ${response.status()}`);
  return response;
}

/** Presses the button of a form and waits for the next page. Resolves with the final answer. */
export async function submit(page, button) {
  const isFinal = (response) => response.request().isNavigationRequest() && response.status() !== 303;
  const [response] = await Promise.all([page.waitForResponse(isFinal), page.waitForEvent("load"), button.click()]);
  return response;
}

/** Opens all collapsed parts of the page. */
export async function unfold(page) {
  await page.locator("main details").evaluateAll((all) => {
    for (const details of all) details.open = true;
  });
}

/** Asserts the message at the top of the page: that the change was made, or why not. */
export async function assertDone(page, pattern) {
  assert.match(await page.locator(".notice.good").innerText(), pattern);
}

export async function assertRefused(page, response, status, pattern) {
  assert.equal(response.status(), status);
  assert.match(await page.getByRole("alert").innerText(), pattern);
}

/** Asserts that the browser reported answers with these statuses, in this order, and no other error. */
export async function assertOnlyRefusals(page, ...statuses) {
  const complaints = await complaintsOf(page);
  const found = complaints.map((complaint) => /responded with a status of (\d+)/.exec(complaint)?.[1] ?? complaint);
  assert.deepEqual(found, statuses.map(String));
}

/** The address of each kind of page of an organization, some for this person, group, project, and team of it. */
export function pagesOf({ id }, { user, group, project, team }) {
  const names = [
    "keys",
    "members",
    `members/${user}`,
    "projects",
    ...(project ? [`projects/${project}`] : []),
    ...(team ? [`projects/${project}/teams/${team}`] : []),
    "products",
    "groups",
    `groups/${group}`,
    "log",
    "events/1",
    "imports",
    "health",
    "export",
    "webhooks",
    "settings",
    "brake",
    "undo",
    "undo?since=2026-01-01",
    "deleted-people",
  ];
  return ["/console/organizations", ...names.map((name) => `/console/organizations/${id}/${name}`)];
}
