// The page of a group in a browser: members are searched, added and removed there, and on the page of a person.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertAccessible, assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };
const GROUP = "Statsig-Demo-Member";

const button = (page, name) => page.getByRole("button", { name, exact: true });
const link = (page, name) => page.getByRole("link", { name, exact: true });

async function furnished() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { id: group } = await organization.groupNamed(GROUP);
  const people = [];
  for (const name of ["ada", "bob", "zoë"]) people.push(await organization.createUser(`${name}@okta.local`));
  return { organization, group, people, page: await signedIn(browser, worker) };
}

test("a person is added to a group by user name or id, and removed once that is confirmed", options, async () => {
  const { organization, group, people, page } = await furnished();
  const [ada, bob] = people;
  await visit(page, organization, `groups/${group}`);
  await page.getByText("Add a person").click();
  await page.getByLabel("User name or id").fill("ADA@okta.local");
  await submit(page, button(page, "Add to this group"));
  await assertDone(page, /member of the group now/);
  await page.getByText("Add a person").click();
  await page.getByLabel("User name or id").fill(bob.id);
  await submit(page, button(page, "Add to this group"));
  assert.deepEqual(memberIds(await organization.group(group)).sort(), [ada.id, bob.id].sort());
  await assertAccessible(page);

  await link(page, "Remove ada@okta.local").click();
  await page.getByRole("heading", { name: "Remove ada@okta.local from this group?" }).waitFor();
  await assertAccessible(page);
  await link(page, "Keep the membership").click();
  assert.equal(memberIds(await organization.group(group)).length, 2);
  await link(page, "Remove ada@okta.local").click();
  await submit(page, button(page, "Remove from the group"));
  await assertDone(page, /ada@okta\.local · Statsig-Demo-Member: .*removed from the group, and stays/);
  assert.equal(await link(page, "Undo").first().isVisible(), true);
  assert.equal(new URL(page.url()).pathname.endsWith(`/groups/${group}`), true);
  assert.deepEqual(memberIds(await organization.group(group)), [bob.id]);
  await assertNoComplaints(page);
});

test("what was typed stays when a person is not found", options, async () => {
  const { organization, group, page } = await furnished();
  await visit(page, organization, `groups/${group}`);
  await page.getByText("Add a person").click();
  await page.getByLabel("User name or id").fill("nobody@okta.local");
  const refused = await submit(page, button(page, "Add to this group"));
  await assertRefused(page, refused, 404, /no such person/);
  assert.equal(await page.getByLabel("User name or id").inputValue(), "nobody@okta.local");
  await assertOnlyRefusals(page, 404);
});

test("a person is added and removed on their own page, and one is back there", options, async () => {
  const { organization, group, people, page } = await furnished();
  const [ada] = people;
  await visit(page, organization, `members/${ada.id}`);
  await page.getByText("Add to a group").click();
  await page.getByLabel("Group", { exact: true }).fill("statsig-demo-MEMBER");
  await submit(page, button(page, "Add"));
  await assertDone(page, /member of the group now/);
  assert.deepEqual(memberIds(await organization.group(group)), [ada.id]);
  await page.getByRole("link", { name: `Remove from ${GROUP}` }).click();
  await submit(page, button(page, "Remove from the group"));
  await assertDone(page, /removed from the group/);
  assert.equal(new URL(page.url()).pathname.endsWith(`/members/${ada.id}`), true);
  assert.deepEqual(memberIds(await organization.group(group)), []);
  await assertNoComplaints(page);
});

test("members are found by a part of their names, and a pushed group says so", options, async () => {
  const { organization, group, people, page } = await furnished();
  assertStatus(
    await organization.okta.patch(`/Groups/${group}`, operation.addMembers(people.map(({ id }) => id))),
    204,
  );
  await visit(page, organization, `groups/${group}`);
  await page.getByLabel("Name or user name").fill("OË@");
  await submit(page, button(page, "Search"));
  assert.deepEqual(await page.locator("tbody tr td:first-child").allInnerTexts(), ["zoë@okta.local"]);
  await link(page, "All members").click();
  await link(page, "Remove zoë@okta.local").click();
  await page
    .getByText(/pushes this group: with its next push/)
    .first()
    .waitFor();
  await assertNoComplaints(page);
});
