// Deliveries of webhooks to a real receiver, which verifies each message with the library of Standard Webhooks.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { addWebhook, assertInOrder, startReceiver } from "../helpers/receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { WEBHOOK_TARGETS: "any" } });

const read = (organization, { id }) => organization.admin.get(organization.path(`/webhooks/${id}`));
const attempts = async (organization, { id }) =>
  (await organization.admin.get(organization.path(`/webhooks/${id}/attempts?count=200`))).attempts;
const call = (organization, { id }, name, body = {}) =>
  organization.admin.call("POST", organization.path(`/webhooks/${id}/${name}`), body, 200);

/** The events of an organization behind a sequence number. */
const eventsAfter = (organization, seq) =>
  worker.sql(
    "SELECT seq, type, subject_id FROM events WHERE org_id = ?1 AND seq > ?2 ORDER BY seq",
    organization.id,
    seq,
  );

/** As if the next attempts at failed events were due now. */
const letTimePass = (organization) =>
  worker.sql("UPDATE webhook_failures SET next_at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1", organization.id);

/** Sweeps until the webhook has delivered all, letting time pass before each. */
async function deliverAll(organization, webhook) {
  for (let sweep = 0; sweep < 100; sweep++) {
    await letTimePass(organization);
    await worker.sweep();
    const { waiting, failed_subjects, replay } = await read(organization, webhook);
    if (waiting === 0 && failed_subjects === 0 && replay === null) return;
  }
  assert.fail("there is something left after 100 sweeps");
}

const rename = (organization, user, name) =>
  organization.okta.patch(`/Users/${user.id}`, { op: "replace", value: { displayName: name } });

describe("a webhook", () => {
  test("gets each event within seconds, signed as Standard Webhooks says", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    const webhook = await addWebhook(organization, receiver);
    const user = await organization.createUser("ann@okta.local");
    assertStatus(await organization.okta.patch(`/Users/${user.id}`, operation.active(false)), 200);
    const events = await eventsAfter(organization, webhook.position);
    await eventually(async () =>
      assert.deepEqual(
        receiver.taken(),
        events.map(({ seq }) => seq),
      ),
    );
    assertInOrder(receiver.messages);
    const [created] = receiver.messages;
    assert.equal(created.type, "person.created");
    assert.equal(created.id, `evt_${organization.id}_${created.seq}`);
    const { type, timestamp, data } = created.body;
    assert.deepEqual(
      [type, timestamp, data.type, data.organization],
      ["person.created", data.at, type, organization.id],
    );
    assert.deepEqual(
      [data.subject.type, data.subject.id, data.subject.user_name],
      ["person", user.id, "ann@okta.local"],
    );
    assert.deepEqual([data.cause.source, data.cause.actor], ["scim", organization.key.hint]);
    assert.match(created.headers["content-type"], /^application\/json/);
    const deactivated = receiver.messages.find(({ type }) => type === "person.deactivated").body.data;
    assert.deepEqual(
      deactivated.access.map(({ person, is_lost }) => [person.id, is_lost]),
      [[user.id, true]],
      "what it means for rights",
    );
    // The log is written once the deliveries of a run are over.
    await eventually(async () => {
      const log = await attempts(organization, webhook);
      assert.deepEqual(
        log.map(({ event, attempt, status, answer }) => [event, attempt, status, answer]),
        events.map(({ seq }) => [seq, 1, 200, "ok"]).reverse(),
      );
    });
  });

  test("gets changes of the console, and of bulk requests, too", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    await addWebhook(organization, receiver);
    await organization.addMember("bea@okta.local");
    await eventually(async () =>
      assert.deepEqual(
        receiver.messages.map(({ type }) => type),
        ["person.created"],
      ),
    );
    const bulk = {
      method: "POST",
      path: "/Users",
      bulkId: "a",
      data: { userName: "cy@okta.local", schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"] },
    };
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    assertStatus(await organization.okta.post("/Bulk", { schemas, Operations: [bulk] }), 200);
    await eventually(async () => assert.equal(receiver.messages.length, 2));
  });

  test("gets only the types that were chosen", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    const webhook = await addWebhook(organization, receiver, { types: ["access.lost"] });
    const user = await organization.createUser("dan@okta.local");
    assertStatus(await rename(organization, user, "Dan"), 200);
    assertStatus(await organization.okta.patch(`/Users/${user.id}`, operation.active(false)), 200);
    await eventually(async () =>
      assert.deepEqual(
        receiver.messages.map(({ type }) => type),
        ["person.deactivated"],
      ),
    );
    await eventually(async () => assert.equal((await read(organization, webhook)).waiting, 0));
  });

  test("keeps the order of each subject for a receiver that fails half the time", async () => {
    const organization = await createOrganization(worker);
    let random = 7;
    const tries = new Map();
    const receiver = await startReceiver({
      answer({ id }) {
        random = (random * 48271) % 2147483647;
        tries.set(id, (tries.get(id) ?? 0) + 1);
        return random < 2147483647 / 2 && tries.get(id) < 7 ? 500 : 200;
      },
    });
    const webhook = await addWebhook(organization, receiver);
    const people = await organization.createUsers(8);
    for (const name of ["A", "B", "C"]) await Promise.all(people.map((user) => rename(organization, user, name)));
    const events = await eventsAfter(organization, webhook.position);
    assert.equal(events.length, 32);
    await deliverAll(organization, webhook);
    const taken = receiver.messages.filter(({ status }) => status === 200);
    assert.deepEqual(new Set(taken.map(({ seq }) => seq)), new Set(events.map(({ seq }) => seq)));
    assertInOrder(firstOfEach(taken));
    assert.ok(receiver.messages.length > taken.length, "none failed");
    for (const { id, seq } of receiver.messages) assert.equal(id, `evt_${organization.id}_${seq}`);
  });

  test("holds back the later events of a subject, and no others", async () => {
    const organization = await createOrganization(worker);
    const [eve, fay] = await organization.createUsers(2, { stem: "held" });
    const receiver = await startReceiver({ answer: ({ subject }) => (subject === eve.id ? 503 : 200) });
    const webhook = await addWebhook(organization, receiver);
    for (const name of ["A", "B"])
      for (const user of [eve, fay]) assertStatus(await rename(organization, user, name), 200);
    await eventually(async () => {
      const { waiting, failed_subjects } = await read(organization, webhook);
      assert.deepEqual([waiting, failed_subjects, receiver.taken().length], [0, 1, 2]);
    });
    const rows = await worker.sql("SELECT * FROM webhook_failures WHERE org_id = ?1", organization.id);
    assert.deepEqual(
      rows.map(({ subject_id }) => subject_id),
      [eve.id],
    );
    receiver.answer = () => 200;
    await deliverAll(organization, webhook);
    const ofEve = receiver.messages.filter(({ subject, status }) => subject === eve.id && status === 200);
    assert.equal(ofEve.length, 2);
    assertInOrder(ofEve);
  });
});

/** Messages without those that have come before. */
function firstOfEach(messages) {
  const seen = new Set();
  return messages.filter(({ id }) => !seen.has(id) && seen.add(id));
}

describe("a receiver", () => {
  test("that is dead costs few rows and stalls no other", async () => {
    const organization = await createOrganization(worker);
    const dead = await startReceiver();
    await dead.close();
    const alive = await startReceiver();
    const [webhook] = [await addWebhook(organization, dead), await addWebhook(organization, alive)];
    await organization.createUsers(40, { stem: "many" });
    await eventually(async () => assert.ok(alive.taken().length >= 40));
    await eventually(async () => assert.equal((await read(organization, webhook)).status, "failing"));
    const [{ rows }] = await worker.sql(
      "SELECT count(*) AS rows FROM webhook_failures WHERE org_id = ?1",
      organization.id,
    );
    assert.ok(rows >= 10 && rows <= 16, `${rows} rows`);
    await letTimePass(organization);
    const before = (await attempts(organization, webhook)).length;
    await worker.sweep();
    await eventually(async () =>
      assert.equal((await attempts(organization, webhook)).length, before + 1, "it is probed"),
    );
  });

  test("that is slow stalls no other", async () => {
    const organization = await createOrganization(worker);
    const slow = await startReceiver({ answer: () => ({ status: 200, delay: 4_000 }) });
    const fast = await startReceiver();
    await addWebhook(organization, slow);
    await addWebhook(organization, fast);
    await organization.createUser("first@okta.local");
    // It is recognized as slow by its first answer. Then the sweep delivers to it.
    await eventually(async () => {
      const [{ slow }] = await worker.sql(
        "SELECT count(*) AS slow FROM webhooks WHERE org_id = ?1 AND slow_until > ''",
        organization.id,
      );
      assert.equal(slow, 1);
    });
    for (let i = 0; i < 3; i++) {
      const began = Date.now();
      await organization.createUser(`slow${i}@okta.local`);
      await eventually(async () => assert.equal(fast.taken().length, i + 2));
      assert.ok(Date.now() - began < 3_000, "within seconds");
    }
    assert.ok(slow.messages.length < 4);
    await worker.sweep();
    await eventually(async () => assert.ok(slow.messages.length >= 5, "all, and the event of the other webhook"));
  });

  test("that answers too late, redirects, or says much is treated alike", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver();
    const webhook = await addWebhook(organization, receiver);
    const test = () => call(organization, webhook, "test");
    receiver.answer = () => ({ status: 302, headers: { Location: `${receiver.url}/elsewhere` } });
    const redirected = await test();
    assert.deepEqual([redirected.status, receiver.messages.length], [0, 1]);
    assert.match(redirected.answer, /redirects are not followed/);
    receiver.answer = () => ({ status: 400, body: "x".repeat(1_000_000) });
    const long = await test();
    assert.equal(long.status, 400);
    assert.match(long.answer, /^x{4}…$/, "what looks like a secret is cut");
    receiver.answer = () => ({ status: 400, body: "No such thing. ".repeat(100_000) });
    assert.equal((await test()).answer.length, 500);
    receiver.answer = () => ({ status: 200, delay: 11_000 });
    const late = await test();
    assert.equal(late.status, 0);
    assert.match(late.answer, /no answer within 10 seconds/);
    receiver.answer = () => ({});
    assert.equal((await test()).status, 0);
    assert.equal((await read(organization, webhook)).status, "active", "tests change nothing");
  });

  test("that takes nothing has the webhook disabled after eight attempts, with a banner and an alert", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver({ answer: () => 500 });
    const webhook = await addWebhook(organization, receiver);
    const user = await organization.createUser("gus@okta.local");
    const delays = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await eventually(async () => assert.ok(receiver.messages.length >= attempt));
      await eventually(async () => assert.equal((await attempts(organization, webhook)).length, attempt));
      const [row] = await worker.sql(
        "SELECT attempts, next_at FROM webhook_failures WHERE org_id = ?1",
        organization.id,
      );
      assert.equal(row.attempts, attempt);
      const [{ at }] = await attempts(organization, webhook);
      delays.push(Math.round((Date.parse(row.next_at) - Date.parse(at)) / 1000));
      if (attempt === 8) break;
      await letTimePass(organization);
      await worker.sweep();
    }
    assert.deepEqual(delays.slice(0, 7), [5, 300, 1800, 7200, 18_000, 36_000, 36_000]);
    const disabled = await read(organization, webhook);
    assert.deepEqual([disabled.status, disabled.disabled_because], ["disabled", "failures"]);
    const { failed_webhooks } = await organization.admin.get(organization.path());
    assert.equal(failed_webhooks, 1);
    const { findings } = await organization.admin.get(organization.path("/health"));
    assert.deepEqual(
      findings.map(({ kind, number }) => [kind, number]),
      [["webhooks_disabled", 1]],
    );
    const [{ data, source, actor }] = await worker.sql(
      "SELECT data, source, actor FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1",
      organization.id,
    );
    assert.deepEqual([source, actor], ["job", "webhooks"]);
    assert.deepEqual(JSON.parse(data).settings.disabled, { before: false, after: true });

    assertStatus(await rename(organization, user, "Gus"), 200);
    await worker.sweep();
    assert.equal(receiver.messages.length, 8, "nothing is delivered");
    receiver.answer = () => 200;
    await organization.admin.patch(organization.path(`/webhooks/${webhook.id}`), { disabled: false });
    await deliverAll(organization, webhook);
    const all = await eventsAfter(organization, webhook.position);
    assert.deepEqual(new Set(receiver.taken()), new Set(all.map(({ seq }) => seq)), "it gets what came meanwhile");
    assert.equal((await organization.admin.get(organization.path())).failed_webhooks, 0);
  });

  test("that is gone (410) has the webhook disabled at once", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startReceiver({ answer: () => 410 });
    const webhook = await addWebhook(organization, receiver);
    await organization.createUser("hal@okta.local");
    await eventually(async () => {
      const { status, disabled_because } = await read(organization, webhook);
      assert.deepEqual([status, disabled_because], ["disabled", "gone"]);
    });
  });
});

test("after a rotation messages have a signature by each secret until the old one ends", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  const rotated = await call(organization, webhook, "rotate", { overlap_seconds: 3600 });
  assert.match(rotated.secret, /^whsec_/);
  assert.notEqual(rotated.secret, webhook.secret);
  receiver.secrets.push(rotated.secret);
  await call(organization, webhook, "test");
  assert.deepEqual(receiver.messages.at(-1).verified, [true, true]);
  assert.equal(receiver.messages.at(-1).headers["webhook-signature"].split(" ").length, 2);
  await worker.sql("UPDATE webhooks SET previous_until = '2026-01-01T00:00:00.000Z' WHERE id = ?1", webhook.id);
  await call(organization, webhook, "test");
  assert.deepEqual(receiver.messages.at(-1).verified, [false, true]);
  assert.equal((await read(organization, webhook)).previous_secret_until, null);
});

test("one event, or a range, is delivered once more", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  await organization.createUsers(12, { stem: "again" });
  await eventually(async () => assert.equal((await read(organization, webhook)).waiting, 0));
  const all = [...receiver.messages];
  const [first, , third] = all.map(({ seq }) => seq).sort((a, b) => a - b);
  await call(organization, webhook, "replay", { from: third, to: third });
  await deliverAll(organization, webhook);
  assert.deepEqual(
    receiver.messages.slice(all.length).map(({ id }) => id),
    [`evt_${organization.id}_${third}`],
  );
  await call(organization, webhook, "replay", { from: first });
  await deliverAll(organization, webhook);
  const again = receiver.messages.slice(all.length + 1).map(({ seq }) => seq);
  for (const { seq } of all) assert.ok(again.includes(seq), `${seq} is missing`);
});

test("a delivery leaves one row in the log, and nothing to do", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  const person = await organization.createUser("kim@okta.local");
  await eventually(async () => assert.equal((await read(organization, webhook)).waiting, 0));
  const rows = async () =>
    (
      await worker.sql(
        `SELECT (SELECT count(*) FROM webhook_attempts WHERE org_id = ?1) AS attempts,
           (SELECT count(*) FROM webhook_failures WHERE org_id = ?1) AS failures`,
        organization.id,
      )
    )[0];
  const before = await rows();
  assertStatus(await rename(organization, person, "Kim"), 200);
  await eventually(async () => assert.deepEqual(await rows(), { attempts: before.attempts + 1, failures: 0 }));
});

test("the log of attempts keeps the newest 500", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  await worker.sql("UPDATE webhooks SET attempts = 499 WHERE id = ?1", webhook.id);
  for (let i = 0; i < 3; i++) await call(organization, webhook, "test");
  await worker.sql("UPDATE webhooks SET attempts = 1001 WHERE id = ?1", webhook.id);
  await call(organization, webhook, "test");
  const log = await attempts(organization, webhook);
  assert.deepEqual(
    log.map(({ number }) => number),
    [1002, 501, 500],
    "501 stands where 1 stood, 1002 where 502 stood",
  );
  await worker.sql(
    "UPDATE webhook_attempts SET at = '2026-01-01T00:00:00.000Z' WHERE number = 501 AND webhook_id = ?1",
    webhook.id,
  );
  await worker.scheduled();
  assert.deepEqual(
    (await attempts(organization, webhook)).map(({ number }) => number),
    [1002, 500],
    "30 days",
  );
});

test("what a lost message missed, the sweep delivers", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  // As if the Worker had ended between the answer and the message: the event is there, and no message.
  await worker.sql("UPDATE organizations SET webhooks = 0 WHERE id = ?1", organization.id);
  await organization.createUser("ida@okta.local");
  await sleep(2_500);
  assert.equal(receiver.messages.length, 0);
  await worker.sweep();
  await eventually(async () => assert.equal(receiver.taken().length, 1));
  assert.equal((await read(organization, webhook)).waiting, 0);
});

test("a run that breaks off is made up for", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startReceiver();
  const webhook = await addWebhook(organization, receiver);
  // A run that has claimed the webhook, and then ended.
  await worker.sql("UPDATE webhooks SET lease = 'gone', leased_until = '9999' WHERE id = ?1", webhook.id);
  await organization.createUser("jon@okta.local");
  await worker.sweep();
  assert.equal(receiver.messages.length, 0, "another run delivers");
  await worker.sql("UPDATE webhooks SET leased_until = '2026-01-01T00:00:00.000Z' WHERE id = ?1", webhook.id);
  await worker.sweep();
  await eventually(async () => assert.equal(receiver.taken().length, 1));
});
