// Four receivers of all events of an organization: one that is good, one that fails half of its requests, one that is
// slow, and one that is dead. What they got is compared with the events of the directory.
import assert from "node:assert/strict";
import { send } from "./http.mjs";
import { addWebhook, startReceiver } from "./receiver.mjs";

/** The attempts at an event of which the failing receiver fails at most: one more disables the webhook. */
const MOST_FAILURES = 6;
/** The share of the answers of the slow receiver that take long, and how long, in milliseconds. */
const [SLOW_SHARE, SLOW] = [0.03, 2_200];
/** How long deliveries may get no further, in milliseconds. */
const STUCK = 60_000;

/** Starts the receivers and adds their webhooks to an organization. */
export async function startConsumers(organization) {
  const failures = new Map();
  const fails = ({ id }) => {
    const before = failures.get(id) ?? 0;
    if (before >= MOST_FAILURES || Math.random() < 0.5) return false;
    failures.set(id, before + 1);
    return true;
  };
  const answers = {
    good: () => 200,
    failing: (message) => (fails(message) ? 503 : 200),
    slow: () => ({ status: 200, delay: Math.random() < SLOW_SHARE ? SLOW : 0 }),
    dead: () => ({}),
  };
  const consumers = {};
  for (const [name, answer] of Object.entries(answers)) {
    const receiver = await startReceiver({ answer });
    consumers[name] = { name, receiver, webhook: await addWebhook(organization, receiver, { description: name }) };
  }
  return consumers;
}

/**
 * Sweeps until a webhook has nothing to deliver. `pass` lets the time pass until the next attempts at failed events are
 * due.
 */
export async function deliverAll(organization, consumers, { sweep, pass }) {
  const names = consumers.map(({ name }) => name);
  let [before, end] = ["", 0];
  for (;;) {
    await pass();
    await sweep();
    const { webhooks } = await organization.admin.get(organization.path("/webhooks"));
    const late = webhooks
      .filter(({ description }) => names.includes(description))
      .filter(({ waiting, failed_subjects, status }) => status !== "disabled" && waiting + failed_subjects > 0);
    if (late.length === 0) return;
    const left = JSON.stringify(late);
    if (left !== before) [before, end] = [left, Date.now() + STUCK];
    assert.ok(Date.now() < end, `nothing is delivered any more: ${left}`);
  }
}

/**
 * Asserts that a receiver took each event of a list at least once, none before the earlier ones of the same subject,
 * and no others. `events` are `{ seq, subject_id }` of the events behind the webhook's position. Resolves with how many
 * messages were doubles.
 */
export function assertComplete(organization, { name, receiver, webhook }, events) {
  const expected = events.filter(({ seq }) => seq > webhook.position);
  const taken = receiver.messages.filter(({ status }) => status === 200);
  const numbers = new Set(taken.map(({ seq }) => seq));
  const missing = expected.filter(({ seq }) => !numbers.has(seq));
  assert.deepEqual(missing, [], `${name}: lost`);
  assert.equal(numbers.size, expected.length, `${name}: more events than the directory has`);
  const subjects = Map.groupBy(expected, ({ subject_id }) => subject_id);
  const answered = new Map(); // when the receiver first answered that it took the event
  for (const { seq, answered: at } of taken) {
    answered.set(seq, Math.min(answered.get(seq) ?? Number.POSITIVE_INFINITY, at ?? Number.POSITIVE_INFINITY));
  }
  for (const { id, seq, subject, arrived, verified } of receiver.messages) {
    assert.equal(id, `evt_${organization.id}_${seq}`, name);
    assert.deepEqual(verified, [true], `${name}: ${id} is not signed`);
    const early = subjects.get(subject).find((earlier) => earlier.seq < seq && !(answered.get(earlier.seq) < arrived));
    assert.equal(early, undefined, `${name}: ${seq} of ${subject} came before ${early?.seq} was taken`);
  }
  return taken.length - numbers.size;
}

/** Asserts that a webhook was disabled after eight attempts at an event, and that the console says so. */
export async function assertDisabled(organization, { webhook }) {
  const path = organization.path(`/webhooks/${webhook.id}`);
  const { status, disabled_because } = await organization.admin.get(path);
  assert.deepEqual([status, disabled_because], ["disabled", "failures"]);
  const { attempts } = await organization.admin.get(`${path}/attempts?count=200`);
  assert.equal(Math.max(...attempts.map(({ attempt }) => attempt)), 8);
  assert.equal((await organization.admin.get(organization.path())).failed_webhooks, 1);
  const { findings } = await organization.admin.get(organization.path("/health"));
  assert.ok(findings.some(({ kind, number }) => kind === "webhooks_disabled" && number === 1));
  const headers = { Authorization: `Bearer ${organization.admin.token}` };
  const page = await send("GET", organization.admin.base.replace("/api", organization.path("/members")), { headers });
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /A webhook is disabled\. .*Test and enable it/s);
}
