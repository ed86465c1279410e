// What an administrator looks at when provisioning runs, and when it does not: the log, the imports, the settings.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, assertRefused, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });
const entries = (page) => page.locator("#entries .deeds > li");

/** Loads the page until it has so many entries: some are written after the answer. */
async function reloadUntil(page, count) {
  for (let tries = 0; (await entries(page).count()) !== count; tries++) {
    assert.ok(tries < 50, `${await entries(page).count()} entries, not ${count}`);
    await page.reload();
  }
}

describe("the provisioning log", () => {
  test("shows a failed push with what was said, and what to do", options, async () => {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const refusal = await organization.okta.post("/Users", oktaUser(person("eve@evil.example")));
    assertError(refusal, 400);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log");
    await reloadUntil(page, 3);
    const failed = entries(page).first();
    const reason = refusal.body.detail.slice(0, refusal.body.detail.indexOf(". Assign") + 1);
    const short = await failed.innerText();
    assert.match(short, /Refused to create eve@evil\.example by key scim-/);
    assert.ok(short.includes(`: ${reason}`), short);
    assert.match(await failed.locator(".advice").innerText(), /Add the mail domain in Settings/);
    for (const hidden of ["POST", "/scim/Users", "400", refusal.body.detail]) assert.ok(!short.includes(hidden), short);
    await failed.getByText("More").click();
    assert.match(await failed.innerText(), /POST \/scim\/Users was answered with 400/);
    assert.ok((await failed.innerText()).includes(`The answer: ${refusal.body.detail}`));
    const body = await failed.locator("pre").innerText();
    assert.equal(JSON.parse(body).userName, "eve@evil.example");
    assert.doesNotMatch(body, /1mz050nq/); // the password
    await assertNoComplaints(page);
  });

  test("advises by the code of a refusal", options, async () => {
    const organization = await createOrganization(worker, {
      settings: { mail_domains: ["okta.local"] },
      projects: { Demo: [] },
    });
    const { okta, admin } = organization;
    const ada = await organization.createUser("ada@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Member");
    const team = oktaGroup("Statsig-Demo-Night-Member", []);
    assertStatus(await okta.post("/Groups", team), 201);
    const rename = (attribute, value) => ({ op: "replace", value: { [attribute]: value } });
    const refusals = [
      [() => okta.post("/Users", oktaUser(person("eve@evil.example"))), "domain_not_allowed", "Add the mail domain"],
      [
        () => okta.patch(`/Users/${ada.id}`, rename("userName", "eve@okta.local")),
        "email_not_managed",
        "Let mail be managed",
      ],
      [
        () => okta.patch(`/Users/${ada.id}`, rename("statsigOrgRole", "Owner")),
        "second_owner",
        "Ownership is transferred",
      ],
      [() => okta.post("/Groups", oktaGroup("Engineering", [])), "not_a_project_group", "Create the project here"],
      [() => okta.post("/Groups", oktaGroup("Statsig-No-Member", [])), "project_unknown", "Create the project here"],
      [() => okta.delete(`/Groups/${group.id}`), "project_deletion", "Unlink the pushed group"],
      [() => okta.patch(`/Groups/${group.id}`, rename("displayName", "Other")), "group_rename_not_allowed", "untick"],
      [() => okta.get("/Users/gone"), "user_not_found", "unassign and assign"],
      [() => okta.get("/Groups/gone"), "group_not_found", "The group is gone"],
      [() => okta.post("/Users", oktaUser(person("ada@okta.local"))), "user_name_taken", "It is here already"],
      [() => okta.post("/Groups", team), "group_name_taken", "It is here already"],
      [() => okta.get("/Users?filter=nonsense"), "invalid_filter", null],
    ];
    for (const [send] of refusals) assert.ok((await send()).status >= 400);
    let failures;
    await eventually(async () => {
      failures = (await admin.get(organization.path("/log?status=failed"))).entries;
      assert.equal(failures.length, refusals.length);
    });
    const codes = refusals.map(([, code]) => code);
    assert.deepEqual(failures.map(({ code }) => code).sort(), codes.toSorted());
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log");
    for (const [, code, words] of refusals) {
      const { id } = failures.find((failure) => failure.code === code);
      const advice = page.locator(`li[data-id="${id}"] .advice`);
      if (words === null) assert.equal(await advice.count(), 0, code);
      else assert.ok((await advice.innerText()).includes(words), code);
    }
    await worker.sql("UPDATE log SET code = NULL WHERE org_id = ?1", organization.id);
    await visit(page, organization, "log");
    assert.equal(await page.locator(".advice").count(), 0, "entries of before the migration have no advice");
  });

  test("is filtered by deed, outcome, cause, person, name and day", options, async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const ada = await organization.createUser("ada@okta.local");
    await organization.createUser("bob@okta.local");
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    assertError(await okta.get("/Users/nobody"), 404);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log");
    await reloadUntil(page, 6);
    const filtered = async (fields) => {
      await visit(page, organization, "log");
      for (const [label, value] of Object.entries(fields)) {
        const field = page.getByLabel(label, { exact: true });
        await ((await field.evaluate(({ tagName }) => tagName)) === "SELECT"
          ? field.selectOption(value)
          : field.fill(value));
      }
      await submit(page, button(page, "Filter"));
      for (const [label, value] of Object.entries(fields)) {
        assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), value);
      }
      return entries(page).count();
    };
    const today = new Date().toISOString().slice(0, 10);
    assert.equal(await filtered({ Outcome: "refused" }), 1);
    assert.equal(await filtered({ Outcome: "done", By: "scim" }), 3);
    await page.getByRole("status").filter({ hasText: "3 entries" }).waitFor();
    assert.equal(await filtered({ By: "console" }), 2);
    assert.equal(await filtered({ "Name contains": "ADA@okta" }), 2);
    assert.equal(await filtered({ "What was done": "deactivated" }), 1);
    assert.match(await entries(page).innerText(), /Deactivated ada@okta\.local person by key scim-/);
    assert.equal(await filtered({ "Key or administrator": organization.key.hint }), 4);
    await visit(page, organization, `log?person=${ada.id}&outcome=done`);
    assert.equal(await entries(page).count(), 2);
    await submit(page, button(page, "Filter"));
    assert.equal(await entries(page).count(), 2, "what a link has set stays set");
    await submit(page, page.getByRole("link", { name: "Show all" }));
    assert.equal(await filtered({ "First day (UTC)": today }), 6);
    const key = organization.key.hint;
    await filtered({ "What was done": "deactivated", "Key or administrator": key, "First day (UTC)": today });
    const undo = new URL(await page.getByRole("link", { name: "Undo these…" }).evaluate(({ href }) => href));
    assert.equal(undo.pathname, `/console/organizations/${organization.id}/undo`);
    assert.deepEqual(Object.fromEntries(undo.searchParams), {
      actor: key,
      since: `${today}T00:00:00.000Z`,
      types: "person.deactivated",
    });
    assert.equal(await filtered({ "First day (UTC)": today, "Last day (UTC)": today }), 6);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    assert.equal(await filtered({ "Last day (UTC)": yesterday }), 0);
    await page.getByText("No entry matches").waitFor();
    await submit(page, page.getByRole("link", { name: "Back to the newest" }));
    assert.equal(await entries(page).count(), 6);
    await assertNoComplaints(page);
  });

  test("goes on by itself while it is followed, with every entry once", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log?source=scim");
    assert.equal(await entries(page).count(), 0);
    await button(page, "Follow").click();
    await organization.createUser("ada@okta.local");
    await entries(page).first().waitFor();
    assert.match(await entries(page).first().innerText(), /ada@okta\.local/);
    assert.equal(await page.locator("main > .empty").count(), 0);
    await organization.createUsers(60); // more than a page has
    await entries(page).nth(60).waitFor();
    const ids = await entries(page).evaluateAll((rows) => rows.map((row) => row.dataset.id));
    assert.equal(new Set(ids).size, 61);
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => other - one),
    );
    await button(page, "Stop following").click();
    assert.equal(await button(page, "Follow").getAttribute("aria-pressed"), "false");
    await assertNoComplaints(page);
  });

  test("says so when the session has ended while it is followed", options, async () => {
    const organization = await createOrganization(worker);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log");
    await page.context().clearCookies();
    await button(page, "Follow").click();
    await page.getByText("You are signed out").waitFor();
    assert.ok(await button(page, "Follow").isVisible());
    await assertOnlyRefusals(page, 401);
  });

  test("has older entries behind the newest", options, async () => {
    const organization = await createOrganization(worker);
    await organization.createUsers(60);
    const page = await signedIn(browser, worker);
    await visit(page, organization, "log?source=scim");
    const first = await entries(page).evaluateAll((rows) => rows.map((row) => row.dataset.id));
    await submit(page, page.getByRole("link", { name: "Older entries" }));
    const second = await entries(page).evaluateAll((rows) => rows.map((row) => row.dataset.id));
    assert.deepEqual([first.length, second.length, new Set([...first, ...second]).size], [30, 30, 60]);
    assert.equal(await button(page, "Follow").count(), 0);
    await page.getByRole("status").filter({ hasText: "60 entries" }).waitFor();
    await submit(page, page.getByRole("link", { name: "Newer entries" }));
    assert.deepEqual(await entries(page).evaluateAll((rows) => rows.map((row) => row.dataset.id)), first);
    await assertNoComplaints(page);
  });
});

test("an import is shown with how far it is", options, async () => {
  const organization = await createOrganization(worker);
  await populate(worker.sql, organization.id, { users: 29 });
  const page = await signedIn(browser, worker);
  await visit(page, organization, "imports");
  await page.getByText("No import of several pages lately").waitFor();
  for (const startIndex of [1, 11]) {
    assertStatus(await organization.okta.list("/Users", { startIndex, count: 10 }), 200);
  }
  await page.reload();
  const row = page.locator("#under-way tbody tr");
  assert.match(await row.innerText(), /Users\s+reading\s+2 of 3 \(10 rows each\)\s+30/);
  assert.deepEqual(await row.locator("progress").evaluate(({ value, max }) => [value, max]), [2, 3]);
  assertStatus(await organization.okta.list("/Users", { startIndex: 21, count: 10 }), 200);
  await page.reload();
  assert.match(await row.innerText(), /finished\s+3 of 3/);
  await assertNoComplaints(page);
});

test("settings are saved and shown, and what cannot be saved is not lost", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "settings");
  const field = (label) => page.getByLabel(label);
  const save = () => submit(page, button(page, "Save"));
  await page.getByLabel("Name", { exact: true }).fill("Acme");
  await field("Mail domains").fill("acme.example\nnonsense@");
  await field("User names and mail may be changed").check();
  await field("expires after so many days").fill("30");
  await assertRefused(page, await save(), 400, /nonsense@/);
  assert.equal(await field("Mail domains").inputValue(), "acme.example\nnonsense@");
  assert.ok(await field("User names and mail may be changed").isChecked());
  await field("Mail domains").fill("acme.example, okta.local");
  await save();
  await assertDone(page, /saved/);
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Acme");
  assert.equal(await field("Mail domains").inputValue(), "acme.example\nokta.local");
  const stored = await organization.admin.get(organization.path());
  assert.deepEqual([stored.email_management, stored.plain_groups, stored.key_lifetime_days], [true, false, 30]);
  await field("User names and mail may be changed").uncheck();
  await field("expires after so many days").fill("");
  await save();
  const again = await organization.admin.get(organization.path());
  assert.deepEqual([again.email_management, again.key_lifetime_days ?? null], [false, null]);
  await assertOnlyRefusals(page, 400);
});
