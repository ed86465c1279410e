// Values that contain HTML or script, on every page that shows them: they stay text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, operation } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { pagesOf, signedIn, submit, unfold, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const BAD = "alert(1);document.title='owned';fetch('/owned')";
const PAYLOADS = [
  `<img src=x onerror="${BAD}">`,
  `"><script>${BAD}</script>`,
  `' autofocus onfocus='${BAD}' x='`,
  `</textarea></title></pre></code><svg onload="${BAD}">`,
  "{{7*7}}#{7*7}<%= 7*7 %>",
  `javascript:${BAD}//`,
  "<!--<base href=//evil.example>",
];
// Elements and attributes that no page of the console has: nothing loads, runs or embeds, but the one script.
const NEVER =
  "img, iframe, object, embed, svg, base, style, script:not([src^='/console/assets/']), [onerror], [onload], [onfocus]";

/** A page that notes when a script ran, a dialog opened, or something was asked for that no page of ours asks for. */
async function watched(page) {
  const incidents = [];
  page.on("dialog", async (dialog) => {
    incidents.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== worker.url || !pathname.startsWith("/console")) incidents.push(`request: ${request.url()}`);
  });
  return incidents;
}

async function assertHarmless(page, incidents, texts = []) {
  assert.deepEqual(incidents, [], page.url());
  assert.deepEqual(await page.locator(NEVER).evaluateAll((all) => all.map((element) => element.outerHTML)), []);
  const own = (all) =>
    all
      .map((link) => new URL(link.href))
      .filter(({ origin, pathname }) => origin !== location.origin || !/^\/(console|healthz$)/.test(pathname))
      .map(String);
  assert.deepEqual(await page.locator("a").evaluateAll(own), [], page.url());
  assert.doesNotMatch(await page.title(), /^owned/);
  const shown = await page.evaluate(() => document.body.textContent);
  for (const text of texts) assert.ok(shown.includes(text), `${text} is not on ${page.url()}`);
}

for (const payload of PAYLOADS) {
  test(`${payload} is text everywhere`, options, async () => {
    const name = payload.trim();
    const short = name.slice(0, 60).trim();
    const organization = await createOrganization(worker, { settings: { name, plain_groups: true } });
    const { admin, okta } = organization;
    const refused = [];
    const created = async (path, body) => {
      const answer = await admin.send("POST", organization.path(path), body);
      if (answer.status >= 400) refused.push(`${path}: ${answer.body.detail}`);
      return answer.body;
    };
    const project = await created("/projects", { name: short, roles: [`Role ${short}`] });
    const team = await created(`/projects/${project.id}/teams`, { name: `Team ${short}` });
    assert.deepEqual(refused, []);
    const profile = { userName: `u${name}`, givenName: `g${name}`, familyName: `f${name}` };
    const extra = { displayName: `d${name}`, externalId: `e${name}`, nickName: name, profileUrl: name };
    const user = assertStatus(await okta.post("/Users", oktaUser(profile, extra)), 201);
    const [{ id: group }] = (await okta.importAll("/Groups")).filter(({ displayName }) => displayName.includes("Role"));
    // Events with all of these names, and with values before and after.
    const renamed = { nickName: `n${name}`, title: name, displayName: `D${name}` };
    assertStatus(await okta.patch(`/Users/${user.id}`, { op: "replace", value: renamed }), 200);
    assertStatus(await okta.patch(`/Groups/${group}`, operation.addMembers([user.id])), 204);
    const plain = assertStatus(await okta.post("/Groups", { displayName: `P${short}` }), 201);
    assertStatus(await okta.patch(`/Groups/${plain.id}`, operation.rename(plain.id, `Q${short}`)), 204);
    assertStatus(await okta.patch(`/Groups/${plain.id}`, operation.addMembers([user.id])), 204);
    assertStatus(await okta.delete(`/Groups/${plain.id}`), 204);
    assertError(await okta.post("/Groups", { displayName: `Statsig-Nope ${name}-Member` }), 400);
    assertError(await okta.get(`/Users?filter=${encodeURIComponent(`nope${name} eq "${name}"`)}`), 400);
    assertError(await okta.get(`/Users/${encodeURIComponent(name)}`), 404);
    await eventually(async () => {
      const { entries } = await admin.get(organization.path("/log?status=failed"));
      assert.equal(entries.length, 3);
    });

    const page = await signedIn(browser, worker);
    const incidents = await watched(page);
    const about = { user: user.id, group, project: project.id, team: team.id };
    for (const address of pagesOf(organization, about)) {
      await page.goto(address);
      await unfold(page);
      await assertHarmless(page, incidents, [name]);
    }
    await visit(page, organization, "log");
    await assertHarmless(page, incidents, [`u${name}`]);
    await visit(page, organization, `projects/${project.id}`);
    await assertHarmless(page, incidents, [`Role ${short}`, `Team ${short}`]);
    await visit(page, organization, `members/${user.id}`);
    await assertHarmless(page, incidents, [`u${name}`, `g${name} f${name}`, `n${name}`, `D${name}`]);
    await visit(page, organization, `groups/${plain.id}`);
    await assertHarmless(page, incidents, [`Q${short}`, `u${name}`]);

    // What comes back from a form and from the address.
    await visit(page, organization, `log?text=${encodeURIComponent(name)}`);
    assert.equal(await page.getByLabel("Name contains").inputValue(), name);
    await visit(page, organization, `members?search=${encodeURIComponent(name)}&after=${encodeURIComponent(name)}`);
    assert.equal(await page.getByLabel("Search", { exact: true }).inputValue(), name);
    await visit(page, organization, "settings");
    await page.getByLabel("Mail domains").fill(name);
    await submit(page, page.getByRole("button", { name: "Save" }));
    await assertHarmless(page, incidents, [name]);
    await visit(page, organization, "log");
    await page.getByRole("button", { name: "Follow" }).click();
    // Of an address that is none, the log has nothing to show; of a profile it has.
    assertStatus(await okta.post("/Users", oktaUser({ ...profile, userName: `again${name}` })), 201);
    await page.locator("#entries .deeds > li", { hasText: `again${name}` }).waitFor();
    await assertHarmless(page, incidents, [`again${name}`]);
  });
}

test("an unknown address and an unknown parameter are shown as text", options, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  const incidents = await watched(page);
  for (const payload of PAYLOADS.map(encodeURIComponent)) {
    await page.goto(`/console/${payload}`);
    await assertHarmless(page, incidents);
    await page.goto(`/console/organizations/${payload}/keys`);
    await assertHarmless(page, incidents);
    await page.goto(`/console/organizations/${organization.id}/log?${payload}=${payload}`);
    await assertHarmless(page, incidents);
  }
  const stranger = await browser.open({ baseURL: worker.url });
  await stranger.goto(`/console/${encodeURIComponent(PAYLOADS[1])}?next="><script>${BAD}</script>`);
  await assertHarmless(stranger, incidents);
  const fine = await signedIn(browser, worker);
  await visit(fine, organization, "keys");
  await assertNoComplaints(fine);
});
