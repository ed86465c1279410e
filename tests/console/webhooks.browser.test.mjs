// Webhooks in a browser: added with the secret shown once, tested, disabled, replayed, rotated and deleted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../helpers/assert.mjs";
import { assertAccessible, useBrowser } from "../helpers/browser.mjs";
import { assertDone, assertOnlyRefusals, signedIn, submit, visit } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { startReceiver } from "../helpers/receiver.mjs";
import { startSetReceiver } from "../helpers/set-receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { WEBHOOK_TARGETS: "any" } });
const browser = useBrowser();
const options = { skip: browser.missing };

const button = (page, name) => page.getByRole("button", { name, exact: true });
const open = (page, summary) => page.locator("details.maker > summary", { hasText: summary }).click();
const webhooks = (organization) => organization.admin.get(organization.path("/webhooks")).then((list) => list.webhooks);

test("a webhook is added, tested, disabled, enabled, replayed, rotated and deleted", options, async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const page = await signedIn(browser, worker);
  await visit(page, organization, "webhooks");
  await page.getByText("There are no webhooks.").waitFor();
  await assertAccessible(page);
  await open(page, "Add a webhook");
  await page.getByLabel("Address or queue").fill("ftp://wrong.example");
  await page.getByLabel("Types of events").fill("person.created, access.lost");
  await submit(page, button(page, "Add"));
  await page.locator(".notice.bad", { hasText: "cannot deliver to this address" }).waitFor();
  assert.equal(await page.getByLabel("Types of events").inputValue(), "person.created, access.lost");
  await page.getByLabel("Address or queue").fill(`${receiver.url}/hook`);
  await submit(page, button(page, "Add"));
  const secret = await page.locator("#new-secret").innerText();
  receiver.secrets.push(secret);
  await assertAccessible(page);

  const [{ id, types }] = await webhooks(organization);
  assert.deepEqual(types, ["person.created", "access.lost"]);
  await visit(page, organization, `webhooks/${id}`);
  assert.equal(await page.locator("#new-secret").count(), 0, "the secret is shown once");
  await submit(page, button(page, "Send a test message"));
  await assertDone(page, /took the test message/);
  assert.deepEqual(receiver.messages[0].verified, [true]);
  await page.locator("main tbody tr", { hasText: "test message" }).waitFor();
  receiver.answer = () => 500;
  await submit(page, button(page, "Send a test message"));
  await assertDone(page, /did not take the test message/);
  receiver.answer = () => 200;

  await submit(page, button(page, "Disable"));
  await assertDone(page, /disabled/);
  assert.equal((await webhooks(organization))[0].status, "disabled");
  await submit(page, button(page, "Enable"));
  await assertDone(page, /enabled/);

  await organization.createUser("ann@okta.local");
  await eventually(async () => assert.equal(receiver.messages.filter(({ seq }) => seq).length, 1));
  const { seq } = receiver.messages.at(-1);
  await visit(page, organization, `webhooks/${id}`);
  await page.locator("main tbody tr", { hasText: "person.created" }).waitFor();
  await open(page, "Deliver events once more");
  await page.getByLabel("From event").fill(String(seq));
  await page.getByLabel("To event").fill(String(seq));
  await submit(page, button(page, "Deliver once more"));
  await assertDone(page, /once more/);
  await worker.sweep();
  await eventually(async () => assert.equal(receiver.messages.filter((each) => each.seq === seq).length, 2));

  await open(page, "Make another secret");
  await page
    .locator("main form", { has: button(page, "Make another secret") })
    .locator("button")
    .click();
  await page.locator("#new-secret").waitFor();
  assert.notEqual(await page.locator("#new-secret").innerText(), secret);

  await visit(page, organization, `webhooks/${id}`);
  await open(page, "Delete");
  await page.getByLabel("Type delete to confirm").fill("delete");
  await submit(page, button(page, "Delete the webhook"));
  await assertDone(page, /deleted/);
  assert.deepEqual(await webhooks(organization), []);
  await assertOnlyRefusals(page, 400);
});

test("a webhook that failures have disabled has a banner on each page, and an alert", options, async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver({ answer: () => 410 });
  await organization.admin.create(organization.path("/webhooks"), { address: receiver.url });
  await organization.createUser("bob@okta.local");
  await eventually(async () => assert.equal((await webhooks(organization))[0].status, "disabled"));
  const page = await signedIn(browser, worker);
  for (const name of ["members", "log", "health"]) {
    await visit(page, organization, name);
    await page.getByRole("region", { name: "Webhooks" }).getByText("A webhook is disabled.").waitFor();
    await page.locator("p.health", { hasText: "webhook disabled" }).waitFor();
  }
  await page.getByRole("heading", { name: "A webhook is disabled" }).waitFor();
  await assertAccessible(page);
});

test("a receiver of security event tokens is added and changed, and its header is not shown", options, async () => {
  const organization = await createOrganization(worker);
  const receiver = await startSetReceiver(worker);
  const page = await signedIn(browser, worker);
  await visit(page, organization, "webhooks");
  await open(page, "Add a webhook");
  await page.getByLabel("Address or queue").fill(receiver.url);
  await page.getByLabel("Messages").selectOption({ label: "Security event tokens, pushed to the address (RFC 8935)" });
  await page.getByText("For security event tokens").click();
  await page.getByLabel("Authorization header that the receiver wants").fill("Bearer of-the-browser-4711");
  await page.getByLabel("Audience").fill("https://receiver.example/");
  await submit(page, button(page, "Add"));
  assert.equal(await page.locator("#new-secret").count(), 0);
  assert.equal(await page.getByText("The secret was in the first answer").count(), 0, "there is no secret");
  await assertAccessible(page);

  const [{ id }] = await webhooks(organization);
  await visit(page, organization, `webhooks/${id}`);
  await page.getByText(`${worker.url}/.well-known/jwks.json`).waitFor();
  assert.ok(!(await page.content()).includes("of-the-browser"));
  await submit(page, button(page, "Send a test message"));
  await assertDone(page, /took the test message/);
  assert.equal(receiver.tokens[0].headers.authorization, "Bearer of-the-browser-4711");
  assert.equal(receiver.tokens[0].payload.aud, "https://receiver.example/");
  receiver.answer = () => ({ status: 400, body: { err: "invalid_key", description: "unknown kid" } });
  await submit(page, button(page, "Send a test message"));
  await page.locator("main tbody tr", { hasText: "invalid_key" }).first().waitFor();

  await open(page, "Settings");
  await page.getByLabel("Audience").fill("");
  await page.getByLabel("Send no Authorization header any more").check();
  await submit(page, button(page, "Save"));
  const [changed] = await webhooks(organization);
  assert.deepEqual([changed.audience, changed.has_authorization], [receiver.url, false]);
});
