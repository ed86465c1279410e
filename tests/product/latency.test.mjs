// How long it takes from the answer to an identity provider until a product knows. The figures are reported; a product
// that learns of a lost right later than within seconds fails the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScimEdge } from "../../clients/typescript/src/index.ts";
import { eventually } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { addWebhook, startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const CHANGES = 60;
const WRITERS = 16;
const SLOWEST = 5_000;
const worker = useWorker({ vars: { WEBHOOK_TARGETS: "any" } });

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * Deactivates and activates people, by as many clients at once as there are writers. Resolves with when each event was
 * answered, by its subject and type.
 */
async function changes(organization, writers) {
  await organization.admin.call("PATCH", organization.path(""), { brake_percent: 0 }, 200);
  const people = await organization.createUsers(CHANGES / 2);
  const answered = new Map();
  for (const active of [false, true]) {
    const left = [...people];
    const writer = async () => {
      for (let person = left.pop(); person !== undefined; person = left.pop()) {
        assert.equal((await organization.okta.patch(`/Users/${person.id}`, operation.active(active))).status, 200);
        answered.set(`${person.id} ${active ? "person.restored" : "person.deactivated"}`, performance.now());
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
  }
  return answered;
}

function report(context, what, answered, known) {
  const took = [...answered].map(([change, at]) => Math.max(0, known.get(change) - at)).sort((one, two) => one - two);
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(percentile(took, share)));
  context.diagnostic(`${what}: p50 ${p50} ms, p99 ${p99} ms after the SCIM answer, of ${took.length} changes`);
  assert.ok(p99 < SLOWEST, `${what}: p99 is ${p99} ms`);
}

for (const writers of [1, WRITERS])
  test(`a webhook tells within seconds, with ${writers} at once that write`, async (context) => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    await addWebhook(organization, receiver);
    const known = new Map();
    const seen = setInterval(() => {
      for (const { body } of receiver.messages) {
        const { data } = typeof body === "string" ? JSON.parse(body) : body;
        const change = `${data.subject.id} ${data.type}`;
        if (!known.has(change)) known.set(change, performance.now());
      }
    }, 5);
    try {
      const answered = await changes(organization, writers);
      await eventually(() => assert.ok([...answered.keys()].every((change) => known.has(change))));
      report(context, `webhook, ${writers} at once`, answered, known);
    } finally {
      clearInterval(seen);
    }
  });

for (const writers of [1, WRITERS])
  test(`a feed that is waited for tells within seconds, with ${writers} at once that write`, async (context) => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const directory = new ScimEdge({ url: worker.url, key: product.key.key });
    const { cursor } = await directory.events({ limit: 1000 });
    const known = new Map();
    const events = directory.follow(cursor);
    const reading = (async () => {
      for await (const { subject, type } of events) {
        known.set(`${subject.id} ${type}`, performance.now());
        if ([...known.keys()].filter((change) => /deactivated|restored/.test(change)).length === CHANGES) return;
      }
    })();
    const [answered] = await Promise.all([changes(organization, writers), reading]);
    report(context, `feed, ${writers} at once`, answered, known);
  });
