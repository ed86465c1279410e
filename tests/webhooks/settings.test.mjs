// The settings of webhooks: calls of the admin API, addresses that are refused, and what logs and events have of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const ADDRESS = "https://product.acme.example/webhooks";

const add = (organization, settings = {}) =>
  organization.admin.create(organization.path("/webhooks"), { address: ADDRESS, ...settings });
const list = async (organization) => (await organization.admin.get(organization.path("/webhooks"))).webhooks;

test("webhooks are added, listed, changed, disabled, enabled and deleted", async () => {
  const organization = await createOrganization(worker);
  const { secret, ...webhook } = await add(organization, { types: ["person.created"], description: "The product" });
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/);
  assert.deepEqual(await list(organization), [webhook]);
  assert.deepEqual([webhook.status, webhook.waiting, webhook.failed_subjects], ["active", 0, 0]);
  const path = organization.path(`/webhooks/${webhook.id}`);
  const changed = await organization.admin.patch(path, { types: [], address: `${ADDRESS}/2` });
  assert.deepEqual([changed.types, changed.address, changed.description], [[], `${ADDRESS}/2`, "The product"]);
  const disabled = await organization.admin.patch(path, { disabled: true });
  assert.deepEqual([disabled.status, disabled.disabled_because], ["disabled", "administrator"]);
  assert.equal((await organization.admin.get(organization.path())).failed_webhooks, 0);
  assert.equal((await organization.admin.patch(path, { disabled: false })).status, "active");
  await organization.admin.call("DELETE", path, undefined, 200);
  assert.deepEqual(await list(organization), []);
  assertProblem(await organization.admin.send("GET", path), 404);
});

test("events and the log have what was done, and no secret", async () => {
  const organization = await createOrganization(worker);
  const webhook = await add(organization);
  const path = organization.path(`/webhooks/${webhook.id}`);
  const rotated = await organization.admin.call("POST", `${path}/rotate`, {}, 200);
  await organization.admin.patch(path, { disabled: true });
  await organization.admin.call("DELETE", path, undefined, 200);
  const events = await worker.sql(
    "SELECT type, subject_id, data FROM events WHERE org_id = ?1 AND type = 'webhook.changed' ORDER BY seq",
    organization.id,
  );
  const settings = events.map(({ data }) => JSON.parse(data).settings);
  assert.deepEqual(settings[0], { target: { before: null, after: ADDRESS } });
  assert.deepEqual(Object.keys(settings[1]), ["previous_secret_until"]);
  assert.deepEqual(settings[2], { disabled: { before: false, after: true } });
  assert.deepEqual(settings[3].target, { before: ADDRESS, after: null });
  assert.ok(events.every(({ subject_id }) => subject_id === webhook.id));
  const { entries } = await organization.admin.get(organization.path("/log?count=5"));
  assert.deepEqual(
    entries.slice(0, 4).map(({ method, detail }) => [method, detail.split(" ").slice(0, 3).join(" ")]),
    [
      ["DELETE", "Deleted the webhook"],
      ["PATCH", "Disabled the webhook"],
      ["POST", "Made another secret"],
      ["POST", "Added a webhook"],
    ],
  );
  await worker.flushLogs();
  const kept = JSON.stringify([events, entries, worker.logs()]);
  for (const { secret } of [webhook, rotated]) assert.ok(!kept.includes(secret.slice(6)));
  const deeds = await organization.admin.get(organization.path("/events?count=5"));
  assert.ok(deeds.deeds.some(({ events }) => events.some(({ event }) => event.type === "webhook.changed")));
});

test("a repeated call has the same secret, and adds nothing twice", async () => {
  const organization = await createOrganization(worker);
  const send = () =>
    organization.admin.send(
      "POST",
      organization.path("/webhooks"),
      { address: ADDRESS },
      { "Idempotency-Key": "k1-abcdefghijklmnop-0123456789" },
    );
  const [first, second] = [await send(), await send()];
  assert.deepEqual([first.status, second.status], [201, 201]);
  assert.deepEqual(second.body, first.body);
  assert.equal((await list(organization)).length, 1);
});

describe("an address is refused", () => {
  for (const address of [
    "http://product.acme.example/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00::1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://8.8.8.8/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://①②⑦.⓪.⓪.①/",
    "https://intranet/",
    "https://user:secret@product.acme.example/",
    "ftp://product.acme.example/",
    "javascript:alert(1)",
    "product.acme.example",
    "",
    `https://product.acme.example/${"x".repeat(2_000)}`,
  ]) {
    test(address.slice(0, 60) || "empty", async () => {
      const organization = await createOrganization(worker);
      const answer = await organization.admin.send("POST", organization.path("/webhooks"), { address });
      assertProblem(answer, 400);
      assert.equal(answer.body.code, "invalid_webhook");
      const webhook = await add(organization);
      const path = organization.path(`/webhooks/${webhook.id}`);
      assertProblem(await organization.admin.send("PATCH", path, { address }), 400);
    });
  }
});

test("other settings that cannot be are refused", async () => {
  const organization = await createOrganization(worker);
  const send = (body) => organization.admin.send("POST", organization.path("/webhooks"), body);
  assertProblem(await send({}), 400, /either an address or a queue/);
  assertProblem(await send({ address: ADDRESS, queue: "Q" }), 400, /either an address or a queue/);
  assertProblem(await send({ queue: "NOT_THERE" }), 400, /no queue with the binding/);
  for (const queue of ["DB", "KV", "WEBHOOKS", "ADMIN_TOKEN", "__proto__"])
    assertProblem(await send({ queue }), 400, /no queue with the binding/);
  assertProblem(await send({ address: ADDRESS, types: ["person.exploded"] }), 400, /person\.exploded/);
  assertProblem(await send({ address: ADDRESS, description: "x".repeat(201) }), 400, /description/);
  for (let i = 0; i < 10; i++) await add(organization);
  assertProblem(await send({ address: ADDRESS }), 409, /10 webhooks/);
});

test("another organization's webhook is not found", async () => {
  const [own, other] = [await createOrganization(worker), await createOrganization(worker)];
  const { id } = await add(own);
  for (const [method, rest, body] of [
    ["GET", ""],
    ["PATCH", "", { disabled: true }],
    ["DELETE", ""],
    ["POST", "/rotate", {}],
    ["POST", "/test", {}],
    ["POST", "/replay", { from: 1 }],
    ["GET", "/attempts"],
  ])
    assertProblem(await other.admin.send(method, other.path(`/webhooks/${id}${rest}`), body), 404);
  assert.equal((await list(own))[0].status, "active");
});

test("an organization without webhooks costs nothing more", async () => {
  const [plain, other] = [await createOrganization(worker), await createOrganization(worker)];
  await add(other, { types: ["undo.started"] });
  const cost = async (organization) => {
    const answer = await organization.okta.post("/Users", {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      userName: "cost@okta.local",
    });
    const timing = answer.headers["server-timing"];
    return ["rows_read", "rows_written", "round_trips"].map(
      (name) => new RegExp(`${name};desc="?(\\d+)`).exec(timing)?.[1],
    );
  };
  const [without, withWebhook] = [await cost(plain), await cost(other)];
  assert.ok(without.every(Boolean), "the cost is told");
  assert.deepEqual(without, withWebhook, "nor does the request itself cost more with one");
});
