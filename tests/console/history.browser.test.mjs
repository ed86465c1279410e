// What an administrator reads of changes: the history of a person and of a group, and the page of one change.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const replace = (value) => ({ op: "replace", value });
const items = (page) => page.locator("#history .deeds > li");
/** What is read without opening anything: what was done and by what, without the time and the links. */
const sentences = (page) =>
  items(page).evaluateAll((all) =>
    all.map((item) => item.querySelector("div > p").innerText.replaceAll("\u00a0", " ")),
  );
const linkTo = (page, name) => page.getByRole("link", { name, exact: true }).first().getAttribute("href");

describe("the history of a person", () => {
  test("says what became of them and why, with links to each part", options, async () => {
    const organization = await createOrganization(worker, { projects: { "Web Shop": ["Engineer", "Tester"] } });
    const { okta, id: org } = organization;
    const { id } = await organization.createUser("ada@okta.local", { title: "Dr" });
    const groups = [];
    for (const role of ["Admin", "Engineer", "Tester"]) {
      groups.push(await organization.groupNamed(`Statsig-Web Shop-${role}`));
      assertStatus(await okta.patch(`/Groups/${groups.at(-1).id}`, operation.addMembers([id])), 204);
    }
    assertStatus(await okta.patch(`/Users/${id}`, replace({ statsigOrgRole: "Admin" })), 200);
    assertStatus(await okta.patch(`/Users/${id}`, replace({ title: "Prof", "name.givenName": "Eva" })), 200);
    assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);

    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    const by = `by key ${organization.key.hint}`;
    assert.deepEqual(await sentences(page), [
      `Deactivated ${by}: lost Admin; left Web Shop · Admin, Web Shop · Engineer and Web Shop · Tester`,
      `Updated ${by}: renamed from Test User to Eva User; title changed from Dr to Prof`,
      `Role changed ${by}: became Admin`,
      `Joined ${by} in 3 requests: Web Shop · Tester, Web Shop · Engineer and Web Shop · Admin`,
      `Created ${by}`,
    ]);
    assert.match(await items(page).first().locator("time").innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\sUTC$/);
    assert.equal(await linkTo(page, "Web Shop · Engineer"), `/console/organizations/${org}/groups/${groups[1].id}`);
    const key = `key-${organization.key.id}`;
    assert.equal(await linkTo(page, organization.key.hint), `/console/organizations/${org}/keys#${key}`);

    const updated = items(page).nth(1);
    assert.equal(await updated.locator("table").isVisible(), false);
    await updated.getByText("More").click();
    const cells = await updated.locator("tbody tr").allInnerTexts();
    assert.ok(
      cells.some((row) => /^Title\s+Dr\s+Prof$/.test(row)),
      cells.join("\n"),
    );
    assert.match(await updated.locator(".request").innerText(), /PATCH \/scim\/Users\/.* was answered with 200/);
    await assertNoComplaints(page);
  });

  test("stays readable with sixty groups", options, async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    for (let number = 0; number < 60; number++) {
      const group = { displayName: `Group ${number}`, members: [{ value: id }] };
      assertStatus(await okta.post("/Groups", group), 201);
    }
    assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    const [left, joined, created, ...others] = await sentences(page);
    assert.match(left, /^Deactivated by key \S+: left Group 0, Group 1 and 58 others$/);
    assert.match(joined, /^Joined by key \S+ in 60 requests: Group 59, Group 58 and 58 others$/);
    assert.match(created, /^Created by/);
    assert.deepEqual(others, []);
    await items(page).first().getByText("More").click();
    await submit(
      page,
      items(page)
        .first()
        .getByRole("link", { name: /^change \d+$/ }),
    );
    const all = await page.locator(".things li").allInnerTexts();
    assert.deepEqual(
      all,
      Array.from({ length: 60 }, (_, number) => `Group ${number}`),
    );
    await assertAccessible(page);
    await assertNoComplaints(page);
  });

  test("is turned page by page, and is there also when the person is not", options, async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    for (let number = 0; number < 104; number++) {
      assertStatus(await okta.patch(`/Users/${id}`, replace({ title: `Title ${number}` })), 200);
    }
    assertStatus(await okta.delete(`/Users/${id}`), 204);
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    assert.equal(await page.locator("h1").innerText(), "ada@okta.local");
    await page.getByText("This person is deleted").waitFor();
    const first = await sentences(page);
    assert.deepEqual([first.length, /^Deleted by key/.test(first[0])], [100, true]);
    await submit(page, page.getByRole("link", { name: "Older", exact: true }));
    const last = await sentences(page);
    assert.deepEqual([last.length, /^Created by key/.test(last.at(-1))], [6, true]);
    assert.equal(await page.getByRole("link", { name: "Older", exact: true }).count(), 0);
    await submit(page, page.getByRole("link", { name: "Newer", exact: true }));
    assert.deepEqual(await sentences(page), first);
    await submit(page, page.getByRole("link", { name: "Search in 106 entries" }));
    assert.equal(await page.locator("#entries .deeds > li").count(), 30);
    await assertNoComplaints(page);
  });
});

test("the history of a group says who came and who left, and how many were in it then", options, async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const people = await organization.createUsers(61);
  const [eva, ben, ...others] = people.map(({ id }) => id);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const push = async (ids) => {
    const body = { displayName: group.displayName, members: ids.map((value) => ({ value })) };
    assertStatus(await okta.put(`/Groups/${group.id}`, body), 200);
  };
  await push([ben, ...others]);
  await push([eva, ...others]);
  await push([eva, ben, ...others]);
  assertStatus(await okta.patch(`/Users/${ben}`, operation.active(false)), 200);
  const page = await signedIn(browser, worker);
  await visit(page, organization, `groups/${group.id}`);
  const pushed = (await sentences(page)).slice(0, 4).map((line) => line.replace(/ by key \S+: /, ": "));
  assert.match(pushed.pop(), /^Members added: \+ \S+, \+ \S+, \+ 58 others \(60 members\)$/);
  assert.deepEqual(pushed, [
    "Members removed: − person1@okta.local (60 members)",
    "Members added: + person1@okta.local (61 members)",
    "Members changed: + person0@okta.local, − person1@okta.local (60 members)",
  ]);
  assert.match(await page.locator("dl.facts").innerText(), /Members\s+60/);
  await assertAccessible(page);
  await assertNoComplaints(page);
});

test("a change has a page of its own, with a way to undo it", options, async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");
  assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "log");
  const newest = page.locator("#entries .deeds > li").first();
  const undo = await newest.getByRole("link", { name: "Undo…" }).getAttribute("href");
  await submit(page, newest.getByRole("link", { name: "Details" }));
  const story = new URL(page.url()).pathname.split("/").at(-1);
  assert.equal(await page.locator("h1").innerText(), `Change ${story}`);
  assert.equal(undo, `/console/organizations/${organization.id}/undo?story=${story}`);
  const text = await page.locator("main").innerText();
  assert.match(text, /Deactivated ada@okta\.local person by key scim-/);
  assert.match(text, /PATCH \/scim\/Users\/\S+ was answered with 200/);
  await assertAccessible(page);
  const missing = await page.goto(`/console/organizations/${organization.id}/events/99999`);
  assert.equal(missing.status(), 404);
});
