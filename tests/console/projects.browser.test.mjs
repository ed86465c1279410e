// Projects, roles and teams in a browser, and the groups that the identity provider sees of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const MORE = "Add a team or a role, rename, archive";
const button = (page, name) => page.getByRole("button", { name, exact: true });
const cardOf = (page, name) => page.getByRole("region", { name });

/** What SCIM has of groups: id by name. */
async function groups({ okta }) {
  const all = await okta.importAll("/Groups");
  return Object.fromEntries(all.map(({ displayName, id }) => [displayName, id]));
}

/** An organization with a project Demo, whose page is open. */
async function demo() {
  const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
  const page = await signedIn(browser, worker);
  await visit(page, organization, "projects");
  return { organization, page };
}

/** Fills a form of the project's and sends it. */
async function send(page, project, name, { label, text }) {
  const card = cardOf(page, project);
  await card.getByText(MORE).click();
  const form = card.locator("form", { has: page.getByLabel(label) });
  await form.getByLabel(label).fill(text);
  return submit(page, button(form, name));
}

describe("a project", () => {
  test("is created with roles, each a group", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "projects");
    await page.getByText("There is no project yet").waitFor();
    const create = async (name, roles) => {
      await page.getByLabel("Name", { exact: true }).fill(name);
      await page.getByLabel("Custom roles").fill(roles);
      return submit(page, button(page, "Create"));
    };
    await assertRefused(
      page,
      await create("Web Shop", "Engineer, admin"),
      400,
      /"admin" is named twice, or is built in/,
    );
    assert.equal(await page.getByLabel("Custom roles").inputValue(), "Engineer, admin");
    await create("Web Shop", "Engineer, Data Analyst");
    await assertDone(page, /project is created/);
    const names = ["Admin", "Data Analyst", "Engineer", "Member", "Read-Only"];
    assert.deepEqual(
      Object.keys(await groups(organization)).sort(),
      names.map((name) => `Statsig-Web Shop-${name}`),
    );
    await assertOnlyRefusals(page, 400);
  });

  test("is renamed, and its groups with it, under their ids", options, async () => {
    const { organization, page } = await demo();
    const before = await groups(organization);
    await send(page, "Demo", "Rename", { label: "New name", text: "Shop" });
    await assertDone(page, /renamed/);
    const after = await groups(organization);
    assert.deepEqual(
      after,
      Object.fromEntries(Object.entries(before).map(([name, id]) => [name.replace("Demo", "Shop"), id])),
    );
    await cardOf(page, "Shop").getByText("Statsig-Shop-Engineer").waitFor();
    await assertNoComplaints(page);
  });

  test("disappears from SCIM when it is archived, and comes back empty under the same ids", options, async () => {
    const { organization, page } = await demo();
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    const before = await groups(organization);
    const engineers = before["Statsig-Demo-Engineer"];
    assertStatus(await okta.patch(`/Groups/${engineers}`, operation.addMembers([id])), 204);
    const wrong = await send(page, "Demo", "Archive", { label: "Type Demo to confirm", text: "Dem" });
    await assertRefused(page, wrong, 400, /type "Demo" to confirm/);
    assert.deepEqual(await groups(organization), before);
    // The page first says what it takes.
    const taken = await send(page, "Demo", "Archive", { label: "Type Demo to confirm", text: "Demo" });
    await assertRefused(page, taken, 409, /takes the roles in this project from 1 of 2 people, with 1 memberships/);
    assert.deepEqual(await groups(organization), before);
    await submit(page, button(page, "Archive Demo"));
    await assertDone(page, /archived/);
    assert.deepEqual(await groups(organization), {});
    assert.deepEqual((await organization.user(id)).groups ?? [], []);
    await submit(page, button(cardOf(page, "Demo"), "Restore"));
    await assertDone(page, /is restored/);
    assert.deepEqual(await groups(organization), before);
    assert.deepEqual(memberIds(await organization.group(engineers)), []);
    await assertOnlyRefusals(page, 400, 409);
  });

  test("gets a role, and its name is not taken twice", options, async () => {
    const { organization, page } = await demo();
    const label = "Name of the role";
    await send(page, "Demo", "Add", { label, text: "Reviewer" });
    await assertDone(page, /role is created/);
    assert.ok((await groups(organization))["Statsig-Demo-Reviewer"]);
    await assertRefused(page, await send(page, "Demo", "Add", { label, text: "reviewer" }), 409, /exists already/);
    await assertOnlyRefusals(page, 409);
  });
});

test("a team is found over SCIM, shows who is in it and since when it is pushed, and is deleted", options, async () => {
  const { organization, page } = await demo();
  const { okta } = organization;
  await send(page, "Demo", "Add", { label: "Name of the team", text: "Platform" });
  await assertDone(page, /team is created/);
  const group = await organization.groupNamed("Statsig-Demo-Platform-Member");
  const admins = await organization.groupNamed("Statsig-Demo-Platform-Admin");
  const row = cardOf(page, "Demo").locator("tr", { hasText: "Statsig-Demo-Platform-Member" });
  assert.match(await row.innerText(), /never/);

  const { id } = await organization.createUser("ada@okta.local");
  assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
  await page.reload();
  assert.match(await row.innerText(), /UTC/);
  await submit(page, row.getByRole("link", { name: "Member", exact: true }));
  await page.getByRole("table").getByRole("link", { name: "ada@okta.local" }).waitFor();
  assert.match(await page.locator("dl.facts").innerText(), /Platform/);
  const push = /Members added by key \S+: \+\sada@okta\.local \(1\smember\)/;
  assert.match(await page.locator("#history .deeds > li").first().innerText(), push);
  await submit(page, page.getByRole("link", { name: /^Search in \d/ }));
  assert.match(
    await page.locator("#entries .deeds > li").first().innerText(),
    /Members added Demo · Platform · Member group/,
  );

  await visit(page, organization, "projects");
  await page.getByText("Delete the team Platform").click();
  await page.getByLabel("Type Platform to confirm").fill("platform");
  const taken = await submit(page, button(page, "Delete"));
  await assertRefused(page, taken, 409, /takes the roles in this team from 1 of 2 people/);
  await submit(page, button(page, "Delete the team Platform"));
  await assertDone(page, /team and its groups are deleted/);
  const left = await groups(organization);
  assert.ok(!Object.values(left).includes(group.id) && !Object.values(left).includes(admins.id));
  assert.deepEqual((await organization.user(id)).groups ?? [], []);
  await assertOnlyRefusals(page, 409);
});
