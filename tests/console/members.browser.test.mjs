// Members in a browser, and what the identity provider sees of the changes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, memberIds } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });
const rows = (page) => page.locator("tbody tr").allInnerTexts();

describe("a member", () => {
  test("who is removed is inactive in the next import, in no group, and can be brought back", options, async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "members");
    await page.getByRole("link", { name: "ada@okta.local" }).click();
    await page.getByRole("link", { name: "Demo · Member" }).first().waitFor();
    await submit(page, page.getByRole("link", { name: "Remove…" }));
    await page.getByRole("heading", { name: "Remove ada@okta.local?" }).waitFor();
    await page.getByText("and these groups: Statsig-Demo-Member.").waitFor();
    await submit(page, page.getByRole("link", { name: "Cancel" }));
    assert.equal((await organization.user(id)).active, true);
    await submit(page, page.getByRole("link", { name: "Remove…" }));
    await submit(page, button(page, "Remove"));
    await assertDone(page, /removed/);

    const imported = (await okta.importAll("/Users")).find((user) => user.id === id);
    assert.deepEqual([imported.active, imported.groups ?? []], [false, []]);
    assert.deepEqual(memberIds(await organization.group(group.id)), []);
    assert.match(
      await page.locator(".deeds > li").first().innerText(),
      /Deactivated by admin token: left Demo · Member/,
    );

    await submit(page, button(page, "Activate again"));
    await assertDone(page, /in the organization/);
    assert.equal((await organization.user(id)).active, true);
    assert.ok(await page.getByRole("link", { name: "Remove…" }).isVisible());
    await assertNoComplaints(page);
  });

  test("comes back with the role and those groups that are left ticked", options, async () => {
    const organization = await createOrganization(worker, { projects: { Demo: ["Engineer"] } });
    const { okta } = organization;
    const { id } = await organization.createUser("ada@okta.local", { statsigOrgRole: "Admin" });
    for (const name of ["Statsig-Demo-Member", "Statsig-Demo-Engineer"]) {
      const group = await organization.groupNamed(name);
      assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([id])), 204);
    }
    assertStatus(await okta.patch(`/Users/${id}`, operation.active(false)), 200);
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    await submit(page, page.getByRole("link", { name: "Bring back with role and groups" }));
    for (const name of ["Admin", "Statsig-Demo-Engineer", "Statsig-Demo-Member"]) {
      assert.ok(await page.getByLabel(name, { exact: true }).isChecked(), name);
    }
    await page.getByLabel("Statsig-Demo-Engineer").uncheck();
    await submit(page, button(page, "Bring back"));
    await assertDone(page, /The person is back/);
    const back = await organization.user(id);
    assert.deepEqual(
      [back.active, back.statsigOrgRole, back.groups.map(({ display }) => display)],
      [true, "Admin", ["Statsig-Demo-Member"]],
    );
    await assertNoComplaints(page);
  });

  test("gets other names, and the page says what added them", options, async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local");
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    assert.match(await page.locator("dl.facts").innerText(), /Created[\s\S]*by key /);
    await page.getByText("sets the names back").waitFor();
    await page.getByLabel("First name").fill(" Augusta ");
    await page.getByLabel("Display name").fill("");
    await submit(page, button(page, "Save names"));
    await assertDone(page, /names are saved/);
    const { name, displayName } = await organization.user(id);
    assert.deepEqual([name.givenName, displayName], ["Augusta", undefined]);
    await page.getByLabel("Last name").fill("x".repeat(70_000));
    const refused = await submit(page, button(page, "Save names"));
    assert.equal(refused.status(), 400);
    assert.equal((await page.getByLabel("Last name").inputValue()).length, 70_000);
    const { id: owner } = await organization.owner();
    await visit(page, organization, `members/${owner}`);
    assert.match(await page.locator("dl.facts").innerText(), /Created[\s\S]*by admin token/);
    await assertOnlyRefusals(page, 400);
  });

  test("gets another organization role", options, async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local");
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${id}`);
    await page.getByLabel("New role").selectOption("Admin");
    await submit(page, button(page, "Save"));
    await assertDone(page, /role is changed/);
    assert.equal((await organization.user(id)).statsigOrgRole, "Admin");
    assert.equal(await page.getByLabel("New role").inputValue(), "Admin");
    await assertNoComplaints(page);
  });

  test("becomes the Owner once the name is typed, and the Owner cannot be removed", options, async () => {
    const organization = await createOrganization(worker);
    const owner = await organization.owner();
    const { id } = await organization.createUser("ada@okta.local");
    const page = await signedIn(browser, worker);
    await visit(page, organization, `members/${owner.id}`);
    for (const name of ["Save", "Transfer"]) assert.equal(await button(page, name).count(), 0, name);
    assert.equal(await page.getByRole("link", { name: "Remove…" }).count(), 0);
    assert.match(await page.locator("main").innerText(), /Owner cannot be changed or removed/);

    await visit(page, organization, `members/${id}`);
    await page.getByLabel(/to confirm/).fill("owner@okta.local");
    const refused = await submit(page, button(page, "Transfer"));
    await assertRefused(page, refused, 400, /type "ada@okta\.local"/);
    assert.equal((await organization.owner()).statsigOrgRole, "Owner");
    await page.getByLabel(/to confirm/).fill("ada@okta.local");
    await submit(page, button(page, "Transfer"));
    await assertDone(page, /ownership is transferred/);
    assert.equal((await organization.user(id)).statsigOrgRole, "Owner");
    assert.equal((await organization.owner()).statsigOrgRole, "Admin");
    assert.equal(await page.getByRole("link", { name: "Remove…" }).count(), 0);
    await assertOnlyRefusals(page, 400);
  });

  test("is added by hand, also from outside the email domains, and what was typed is not lost", options, async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const page = await signedIn(browser, worker);
    await visit(page, organization, "members");
    const add = async (userName) => {
      if (!(await page.getByLabel("User name", { exact: true }).isVisible())) {
        await page.getByText("Add a member").click();
      }
      await page.getByLabel("User name", { exact: true }).fill(userName);
      await page.getByLabel("First name").fill("Connie");
      await page.getByLabel("Last name").fill("Tractor");
      return submit(page, button(page, "Add"));
    };
    await assertRefused(page, await add("OWNER@okta.local"), 409, /exists already/);
    assert.equal(await page.getByLabel("User name", { exact: true }).inputValue(), "OWNER@okta.local");
    assert.equal(await page.getByLabel("Last name").inputValue(), "Tractor");
    assert.equal((await add("connie@elsewhere.example")).status(), 200);
    await assertDone(page, /in the organization/);
    const [connie] = (await rows(page)).filter((text) => text.includes("connie@"));
    assert.match(connie, /Connie Tractor[\s\S]*not seen by SCIM/);
    const imported = await organization.okta.importAll("/Users");
    assert.deepEqual(
      imported.map(({ userName }) => userName),
      ["owner@okta.local"],
    );
    await page.getByRole("link", { name: "connie@elsewhere.example" }).click();
    await page.getByText("SCIM does not see this person").waitFor();
    await submit(page, page.getByRole("link", { name: "Remove…" }));
    await page.getByText("The person is deleted, since SCIM does not see them.").waitFor();
    await submit(page, button(page, "Remove"));
    await assertDone(page, /deleted/);
    assert.equal((await rows(page)).length, 1);
    await assertOnlyRefusals(page, 409);
  });
});

test("many members are paged, searched by a part of a text, and filtered", options, async () => {
  const organization = await createOrganization(worker);
  const { people } = await populate(worker.sql, organization.id, { users: 120 });
  assertStatus(await organization.okta.patch(`/Users/${people[7]}`, operation.active(false)), 200);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "members");
  await page.getByText("121 members.").waitFor();
  const shown = () => page.locator("tbody a").allInnerTexts();
  const turn = (name) => submit(page, page.getByRole("link", { name }));
  const pages = [];
  for (let number = 0; number < 3; number++) {
    pages.push(await shown());
    if (number < 2) await turn("Next page");
  }
  assert.equal(await page.getByRole("link", { name: "Next page" }).count(), 0);
  const names = pages.flat();
  assert.equal(new Set(names).size, 121);
  assert.deepEqual(names, names.toSorted());
  await turn("Previous page");
  assert.deepEqual(await shown(), pages[1]);
  await turn("First page");
  assert.deepEqual(await shown(), pages[0]);
  assert.equal(await page.getByRole("link", { name: "Previous page" }).count(), 0);

  const search = page.getByLabel("Search", { exact: true });
  await search.fill("WNER@OKTA");
  await page.getByLabel("On a page").selectOption("25");
  await page.getByLabel("Sort by").selectOption("changed");
  await submit(page, button(page, "Search"));
  assert.equal((await rows(page)).length, 1);
  assert.deepEqual([await search.inputValue(), await page.getByLabel("On a page").inputValue()], ["WNER@OKTA", "25"]);
  assert.equal(await page.getByLabel("Sort by").inputValue(), "changed");
  await search.fill("nobody");
  await submit(page, button(page, "Search"));
  await page.getByText("No member matches.").waitFor();
  await turn("Show all");
  await page.getByText("More filters").click();
  await page.getByLabel("Status").selectOption("inactive");
  await submit(page, button(page, "Search"));
  assert.equal((await rows(page)).length, 1);
  assert.match((await rows(page))[0], /inactive/);
  assert.equal(await page.getByLabel("Status").inputValue(), "inactive");
  await page.getByLabel("Status").selectOption("");
  await page.getByLabel("Mail domain").fill("okta.local");
  await page.getByLabel("Identity provider").selectOption("never_sent");
  await page.getByLabel("It has sent nothing since").fill("2026-01-01");
  await submit(page, button(page, "Search"));
  assert.deepEqual(await shown(), ["owner@okta.local"]);
  await page.getByLabel("Group", { exact: true }).fill("Statsig-Unknown");
  await submit(page, button(page, "Search"));
  await page.getByText("There is no group with this name or id.").waitFor();
  await assertNoComplaints(page);
});
