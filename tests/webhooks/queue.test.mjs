// A queue of a product as the receiver of a webhook, and a deployment without a queue of its own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { workerOf } from "../../scripts/lib/local-worker.mjs";
import { eventually } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { addWebhook, startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const QUEUE = "product-events";
const contents = readFileSync(new URL("../fixtures/queue-consumer.js", import.meta.url), "utf8");
const product = {
  ...workerOf("product", {
    modules: { "queue-consumer.js": { type: "esm", contents } },
    env: {},
    triggers: [{ type: "queue", name: QUEUE, maxBatchTimeout: 0 }],
  }),
  dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] },
};

describe("a queue of the product", () => {
  const worker = useWorker({ queues: { PRODUCT_EVENTS: QUEUE }, others: [product] });
  const got = async () => (await fetch(await worker.directUrl("product"))).json();

  test("gets the events as messages", async () => {
    const organization = await createOrganization(worker);
    const webhook = await organization.admin.create(organization.path("/webhooks"), { queue: "PRODUCT_EVENTS" });
    assert.deepEqual([webhook.address, webhook.queue], [null, "PRODUCT_EVENTS"]);
    const user = await organization.createUser("ann@okta.local");
    const [message] = await eventually(async () => {
      const messages = await got();
      assert.equal(messages.length, 1);
      return messages;
    });
    assert.deepEqual([message.type, message.data.subject.id], ["person.created", user.id]);
    assert.equal(message.data.organization, organization.id);
    const { attempts } = await organization.admin.get(organization.path(`/webhooks/${webhook.id}/attempts`));
    assert.deepEqual(
      attempts.map(({ status, answer }) => [status, answer]),
      [[200, ""]],
    );
  });

  test("that takes no longer part is a failure", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.admin.create(organization.path("/webhooks"), { queue: "PRODUCT_EVENTS" });
    await worker.sql("UPDATE webhooks SET queue = 'GONE' WHERE id = ?1", id);
    const attempt = await organization.admin.call("POST", organization.path(`/webhooks/${id}/test`), {}, 200);
    assert.deepEqual([attempt.status, attempt.answer], [0, "the Worker has no such binding of a queue"]);
  });

  test("gets the name of an event that is too long for it", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.admin.create(organization.path("/webhooks"), { queue: "PRODUCT_EVENTS" });
    await organization.createUser("long@okta.local");
    await eventually(async () =>
      assert.equal((await organization.admin.get(organization.path(`/webhooks/${id}`))).waiting, 0),
    );
    const [{ seq }] = await worker.sql("SELECT max(seq) AS seq FROM events WHERE org_id = ?1", organization.id);
    await worker.sql(
      "UPDATE events SET data = json_object('attributes', json_array(?1)) WHERE org_id = ?2 AND seq = ?3",
      "x".repeat(200_000),
      organization.id,
      seq,
    );
    await organization.admin.call("POST", organization.path(`/webhooks/${id}/replay`), { from: seq, to: seq }, 200);
    await worker.sweep();
    await eventually(async () => {
      const last = (await got()).at(-1);
      assert.deepEqual([last.data.seq, last.data.is_shortened], [seq, true]);
    });
  });
});

describe("without a queue", () => {
  const worker = useWorker({ hasQueue: false, vars: { WEBHOOK_TARGETS: "any" } });

  test("the sweep delivers all, and the list says so", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    await addWebhook(organization, receiver);
    assert.equal((await organization.admin.get(organization.path("/webhooks"))).has_queue, false);
    await organization.createUsers(50);
    await sleep(1_500);
    assert.equal(receiver.messages.length, 0);
    await worker.sweep();
    assert.equal(receiver.messages.length, 40, "as many as an invocation sends");
    await worker.sweep();
    assert.equal(receiver.messages.length, 50);
    await worker.sweep();
    assert.equal(receiver.messages.length, 50);
  });
});
