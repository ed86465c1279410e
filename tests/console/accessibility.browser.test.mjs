// The console's pages with assistive technology: read aloud, by keyboard, in the dark, on a phone, over a slow line.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaUser, operation, person } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, transferred, useBrowser } from "../helpers/browser.mjs";
import { assertDone, pagesOf, signedIn, submit, unfold, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing, timeout: 120_000 }; // axe has none of its own

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const LONG = "x".repeat(200);
const GUIDES = ["okta", "entra", "troubleshooting", "what-happened"].map((name) => `/console/guides/${name}`);
const MOST = 100_000; // bytes of a page with all it loads, uncompressed

let furnished;

/**
 * An organization with many people, long names and failures, and a person and a group of it; the same for all tests.
 */
function furnish() {
  furnished ??= makeOrganization();
  return furnished;
}

async function makeOrganization() {
  const organization = await createOrganization(worker, {
    settings: { name: LONG, mail_domains: ["okta.local"] },
    projects: { Demo: ["Engineer"], [LONG.slice(0, 64)]: [], פרויקט: ["مهندس"] },
  });
  const { okta, admin } = organization;
  const { projects } = await admin.get(organization.path("/projects"));
  const project = projects[0].id;
  const { id: team } = await organization.addTeam(project, "Plattform für Überraschungen");
  await populate(worker.sql, organization.id, { users: 70 });
  await organization.createUser(`${LONG}@okta.local`);
  const user = await organization.createUser("עדה@okta.local");
  await organization.addMember("connie@elsewhere.example");
  const gone = await organization.createUser("gone@okta.local", { statsigOrgRole: "Admin" });
  const group = await organization.groupNamed("Statsig-Demo-Engineer");
  const people = (await okta.importAll("/Users")).map(({ id }) => id);
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers(people.slice(1))), 204);
  assertStatus(await okta.patch(`/Users/${gone.id}`, operation.active(false)), 200);
  assertStatus(await okta.list("/Users", { startIndex: 1, count: 30 }), 200);
  for (let i = 0; i < 50; i++) assertError(await okta.post("/Users", oktaUser(person(`eve${i}@evil.example`))), 400);
  await organization.addKey();
  return { organization, about: { user: user.id, group: group.id, project, team }, gone: gone.id };
}

/** Pages of members for a search, for the confirmation of a removal, and for a return. */
const ofMembers = ({ id }, { user }, gone) =>
  ["?search=a&status=active&group=none", `/${user}?remove=ask`, `/${gone}/restore`].map(
    (address) => `/console/organizations/${id}/members${address}`,
  );

for (const [where, viewport] of [
  ["a desk", DESK],
  ["a phone", PHONE],
]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages are accessible on ${where} in the ${colorScheme}, and fit`, options, async () => {
      const { organization, about, gone } = await furnish();
      const page = await browser.open({ baseURL: worker.url, viewport, colorScheme });
      await page.goto("/console/sign-in");
      await assertAccessible(page);
      const inside = await signedIn(browser, worker, { viewport, colorScheme });
      for (const address of [...pagesOf(organization, about), ...ofMembers(organization, about, gone), ...GUIDES]) {
        await inside.goto(address);
        await unfold(inside);
        await assertAccessible(inside);
        const width = await inside.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= viewport.width, `${inside.url()} is ${width} px wide`);
      }
      await visit(inside, organization, "settings");
      await submit(inside, inside.getByRole("button", { name: "Save" }));
      await assertDone(inside, /settings are saved/);
      await assertAccessible(inside);
      await inside.getByLabel("Mail domains").fill("nonsense@");
      await submit(inside, inside.getByRole("button", { name: "Save" }));
      await assertAccessible(inside);
      await inside.goto("/console/nothing");
      await assertAccessible(inside);
      await assertNoComplaints(page);
    });
  }
}

test("a page with a new key is accessible", options, async () => {
  const { id } = await createOrganization(worker);
  for (const colorScheme of ["light", "dark"]) {
    const page = await signedIn(browser, worker, { colorScheme });
    await visit(page, { id }, "keys");
    await page.getByLabel(/^No: it stays good/).check();
    await submit(page, page.getByRole("button", { name: "Regenerate" }));
    await page.locator("#new-key").waitFor();
    await assertAccessible(page);
    await assertNoComplaints(page);
  }
});

describe("by keyboard", () => {
  const focused = (page) => page.evaluate(() => document.activeElement.innerText || document.activeElement.id);

  test("the content is reached by a skip link, or through the navigation", options, async () => {
    const { organization } = await furnish();
    const page = await signedIn(browser, worker);
    await visit(page, organization, "members");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to content");
    assert.ok((await page.getByText("Skip to content").boundingBox()).x >= 0);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Add a member");

    await visit(page, organization, "members");
    const passed = [];
    for (let i = 0; i < 17; i++) {
      await page.keyboard.press("Tab");
      passed.push(await focused(page));
    }
    // The switch to another organization is there if there is another one.
    const always = passed.filter((name) => !name.startsWith("Switch")).slice(0, 16);
    assert.deepEqual(always, [
      "Skip to content",
      "scim-edge",
      "Sign out",
      "Access management",
      "Members",
      "Projects and teams",
      "Products",
      "Provisioning log",
      "Imports",
      "Health",
      "Export",
      "Webhooks",
      "Settings",
      "Health",
      "Add a member",
      "search",
    ]);
  });

  test("the focus is visible, and the current page is marked", options, async () => {
    const { organization, about } = await furnish();
    const page = await signedIn(browser, worker);
    for (const [name, label] of [
      ["keys", "Access management"],
      ["members", "Members"],
      [`members/${about.user}`, "Members"],
      ["projects", "Projects and teams"],
      [`groups/${about.group}`, "Projects and teams"],
      ["log", "Provisioning log"],
      ["imports", "Imports"],
      ["health", "Health"],
      ["settings", "Settings"],
    ]) {
      await visit(page, organization, name);
      assert.deepEqual(await page.locator("[aria-current=page]").allInnerTexts(), [label]);
    }
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await assertNoComplaints(page);
  });

  test("a member is added without a mouse", options, async () => {
    const own = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, own, "members");
    await page.getByText("Add a member").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("new@okta.local");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "new@okta.local" }).waitFor();
    await assertNoComplaints(page);
  });
});

test("every page is small, also with 50 people or entries of the log", options, async () => {
  const { organization, about } = await furnish();
  const page = await browser.open({ baseURL: worker.url });
  const first = await transferred(page, () => page.goto("/console/sign-in"));
  assert.ok(first.total < 25_000, JSON.stringify(first));
  const inside = await signedIn(browser, worker);
  // An icon that is still loading would be cancelled, and loaded with the next page.
  await inside.waitForLoadState("networkidle");
  for (const address of pagesOf(organization, about)) {
    const { total, loaded } = await transferred(inside, () => inside.goto(address));
    // Of the stylesheet and the script nothing is sent a second time.
    const files = loaded.filter(({ bytes }) => bytes > 0).map(({ address }) => new URL(address).pathname);
    assert.deepEqual(files, [new URL(address, worker.url).pathname]);
    assert.ok(total + first.total < MOST, `${address} has ${total} bytes`);
  }
});
