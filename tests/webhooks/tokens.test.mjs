// Security event tokens that are pushed (RFC 8935): a receiver that knows only the RFCs verifies each with jose.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { addSetReceiver, startSetReceiver } from "../helpers/set-receiver.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ vars: { WEBHOOK_TARGETS: "any" } });
const URN = "urn:ietf:params:scim:event:";

const inWords = ({ events, sub_id }) => `${Object.keys(events)[0].replace(URN, "")} ${sub_id.uri}`;
const path = (organization, { id }, rest = "") => organization.path(`/webhooks/${id}${rest}`);
const read = (organization, webhook) => organization.admin.get(path(organization, webhook));
const attempts = async (organization, webhook) =>
  (await organization.admin.get(path(organization, webhook, "/attempts?count=200"))).attempts;
const sendTest = (organization, webhook) =>
  organization.admin.call("POST", path(organization, webhook, "/test"), {}, 200);

/** Sweeps until all is delivered, letting time pass before each. */
async function deliverAll(organization, webhook) {
  for (let sweep = 0; sweep < 60; sweep++) {
    await worker.sql(
      "UPDATE webhook_failures SET next_at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1",
      organization.id,
    );
    await worker.sweep();
    const { waiting, failed_subjects, replay } = await read(organization, webhook);
    if (waiting === 0 && failed_subjects === 0 && replay === null) return;
  }
  assert.fail("there is something left after 60 sweeps");
}

test("a receiver gets the tokens that a poll has, each in a request of its own", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const product = await createProduct(organization, { scopes: ["events"] });
  const poll = () => product.call("POST", "/product/v1/sets/poll", { returnImmediately: true });
  await poll();
  const receiver = await startSetReceiver(worker);
  const webhook = await addSetReceiver(organization, receiver, {
    authorization: "Bearer receiver-secret-4711",
    audience: "https://receiver.example/audience",
  });
  assert.deepEqual(
    [webhook.secret, webhook.format, webhook.audience, webhook.issuer, webhook.has_authorization],
    [null, "security-event-tokens", "https://receiver.example/audience", worker.url, true],
  );
  const user = await organization.createUser("set@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([user.id])), 204);
  await organization.admin.patch(organization.path(""), { name: "About no person and no group" });
  assertStatus(await organization.okta.patch(`/Users/${user.id}`, operation.active(false)), 200);

  const { sets } = await poll();
  await eventually(async () => assert.equal(receiver.tokens.length, Object.keys(sets).length));
  for (const { error, header, headers, payload } of receiver.tokens) {
    assert.equal(error, undefined);
    assert.deepEqual([header.typ, header.alg], ["secevent+jwt", "ES256"]);
    assert.equal(headers["content-type"], "application/secevent+jwt");
    assert.equal(headers.accept, "application/json");
    assert.equal(headers.authorization, "Bearer receiver-secret-4711");
    assert.equal(headers["webhook-signature"], undefined);
    assert.equal(payload.aud, "https://receiver.example/audience");
  }
  const polled = Object.entries(sets).map(([jti, token]) => {
    const { iat, aud, ...claims } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    assert.equal(claims.jti, jti);
    return claims;
  });
  const pushed = receiver.taken().map(({ iat, aud, ...claims }) => claims);
  const byId = (one, other) => one.jti.localeCompare(other.jti, "en");
  assert.deepEqual(pushed.toSorted(byId), polled.toSorted(byId), "same identifiers, same claims");
  const ofUser = receiver.taken().filter(({ sub_id }) => sub_id.uri === `/Users/${user.id}`);
  assert.deepEqual(ofUser.map(inWords), [`prov:create:notice /Users/${user.id}`, `prov:deactivate /Users/${user.id}`]);
  await eventually(async () => assert.equal((await read(organization, webhook)).waiting, 0));
  const log = await attempts(organization, webhook);
  assert.ok(log.every(({ status, error }) => status === 202 && error === null));
});

test("what a receiver answers to a test is kept in the log of attempts", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startSetReceiver(worker);
  const webhook = await addSetReceiver(organization, receiver, { authorization: "Bearer echoed-4711" });
  assert.equal(webhook.audience, receiver.url, "the address, unless the receiver wants another");
  assert.equal((await sendTest(organization, webhook)).status, 202);
  const [{ payload }] = receiver.tokens;
  const verification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
  assert.deepEqual(payload.events, { [verification]: { state: payload.jti } });
  assert.deepEqual(payload.sub_id, { format: "opaque", id: webhook.id });

  for (const err of [
    "invalid_request",
    "invalid_key",
    "invalid_issuer",
    "invalid_audience",
    "authentication_failed",
    "access_denied",
  ]) {
    receiver.answer = () => ({ status: 400, body: { err, description: "Bearer echoed-4711 is not known here" } });
    const attempt = await sendTest(organization, webhook);
    assert.deepEqual([attempt.status, attempt.error], [400, err]);
    assert.match(attempt.answer, /is not known here/);
    assert.ok(!attempt.answer.includes("echoed-4711"), "what it repeats of the header is not kept");
  }
  receiver.answer = () => ({ status: 400, body: { err: "out_of_paper", description: "" } });
  assert.deepEqual([(await sendTest(organization, webhook)).error], [null]);
  receiver.answer = () => 401;
  assert.deepEqual([(await sendTest(organization, webhook)).status], [401]);
  receiver.answer = () => 200;
  const other = await sendTest(organization, webhook);
  assert.equal(other.status, 0);
  assert.match(other.answer, /only 202/);
  receiver.answer = () => ({ status: 202, delay: 11_000 });
  assert.match((await sendTest(organization, webhook)).answer, /no answer within 10 seconds/);
  assert.equal((await read(organization, webhook)).status, "active", "tests change nothing");
});

describe("a receiver of tokens", () => {
  test("that fails half the time gets all of them, in order for each subject", async () => {
    const organization = await createOrganization(worker);
    let random = 11;
    const tries = new Map();
    const receiver = await startSetReceiver(worker, {
      answer({ payload: { jti } }) {
        random = (random * 48271) % 2147483647;
        tries.set(jti, (tries.get(jti) ?? 0) + 1);
        const fails = random < 2147483647 / 2 && tries.get(jti) < 7;
        return fails ? { status: 400, body: { err: "invalid_request", description: "half" } } : 202;
      },
    });
    const webhook = await addSetReceiver(organization, receiver);
    const people = await organization.createUsers(6, { stem: "half" });
    for (const active of [false, true])
      await Promise.all(people.map(({ id }) => organization.okta.patch(`/Users/${id}`, operation.active(active))));
    await deliverAll(organization, webhook);
    const ofEach = Map.groupBy(receiver.taken(), ({ sub_id }) => sub_id.uri);
    assert.equal(ofEach.size, 6);
    for (const [uri, tokens] of ofEach) {
      const all = [...new Map(tokens.map((token) => [token.jti, token])).values()];
      assert.deepEqual(all.map(inWords), [
        `prov:create:notice ${uri}`,
        `prov:deactivate ${uri}`,
        `prov:activate ${uri}`,
      ]);
    }
    assert.ok(receiver.tokens.length > 18, "none failed");
  });

  test("goes on within an event of many tokens, and none that it took comes again", async () => {
    const organization = await createOrganization(worker);
    const people = await organization.createUsers(60, { stem: "many" });
    const receiver = await startSetReceiver(worker);
    const failing = people[7].id;
    let failures = 2;
    receiver.answer = ({ payload }) => (payload.sub_id.uri.endsWith(failing) && failures-- > 0 ? 503 : 202);
    const webhook = await addSetReceiver(organization, receiver);
    // One event hides all of them from SCIM.
    await organization.admin.patch(organization.path(""), {
      mail_domains: ["elsewhere.example"],
      confirm_people: 61,
    });
    const hidden = await worker.sql(
      "SELECT seq FROM events WHERE org_id = ?1 AND type = 'person.hidden'",
      organization.id,
    );
    assert.equal(hidden.length, 1);
    await deliverAll(organization, webhook);
    const taken = receiver.taken().filter((token) => inWords(token).startsWith("feed:remove"));
    const identifiers = taken.map(({ jti }) => jti);
    assert.equal(identifiers.length, new Set(identifiers).size, "doubles");
    const places = identifiers.map((jti) => Number(jti.split("_").at(-1)));
    assert.deepEqual(
      places,
      places.toSorted((one, other) => one - other),
      "in their order",
    );
    for (const { id } of people)
      assert.ok(
        taken.some(({ sub_id }) => sub_id.uri === `/Users/${id}`),
        id,
      );
    const log = await attempts(organization, webhook);
    const failed = log.filter(({ status }) => status === 503);
    assert.deepEqual(
      failed.map(({ attempt }) => attempt),
      [2, 1],
    );
  });

  test("that is slow stalls no other", async () => {
    const organization = await createOrganization(worker);
    const slow = await startSetReceiver(worker, { answer: () => ({ status: 202, delay: 3_000 }) });
    const fast = await startSetReceiver(worker);
    await addSetReceiver(organization, slow);
    await addSetReceiver(organization, fast);
    for (let i = 0; i < 3; i++) {
      await organization.createUser(`slow${i}@okta.local`);
      await eventually(async () => assert.equal(fast.taken().length, i + 1));
    }
    assert.ok(slow.tokens.length < 3);
  });

  test("that refuses a token for good is disabled after eight attempts, and goes on where it was", async () => {
    const organization = await createOrganization(worker);
    const receiver = await startSetReceiver(worker, {
      answer: () => ({ status: 400, body: { err: "invalid_audience", description: "not for us" } }),
    });
    const webhook = await addSetReceiver(organization, receiver);
    const { id } = await organization.createUser("refused@okta.local");
    for (let attempt = 1; attempt <= 8; attempt++) {
      await eventually(async () => assert.equal((await attempts(organization, webhook)).length, attempt));
      await worker.sql(
        "UPDATE webhook_failures SET next_at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1",
        organization.id,
      );
      if (attempt < 8) await worker.sweep();
    }
    const disabled = await read(organization, webhook);
    assert.deepEqual([disabled.status, disabled.disabled_because], ["disabled", "failures"]);
    receiver.answer = ({ payload }) => (payload.aud === "right" ? 202 : 400);
    await organization.admin.patch(path(organization, webhook), { audience: "right", disabled: false });
    await deliverAll(organization, webhook);
    assert.deepEqual(receiver.taken().map(inWords), [`prov:create:notice /Users/${id}`]);
    // One event, or a range, is delivered once more with the same identifier.
    const [{ jti }] = receiver.taken();
    const seq = Number(jti.split("_").at(-2));
    await organization.admin.call("POST", path(organization, webhook, "/replay"), { from: seq, to: seq }, 200);
    await deliverAll(organization, webhook);
    assert.deepEqual(
      receiver.taken().map((token) => token.jti),
      [jti, jti],
    );
  });
});

test("the header's value is never shown, in no event and in no log, and can be changed and removed", async () => {
  const organization = await createOrganization(worker);
  const receiver = await startSetReceiver(worker);
  const webhook = await addSetReceiver(organization, receiver, { authorization: "Bearer hidden-first-0815" });
  await organization.admin.patch(path(organization, webhook), { authorization: "Bearer hidden-second-0815" });
  await sendTest(organization, webhook);
  const removed = await organization.admin.patch(path(organization, webhook), { authorization: "" });
  assert.equal(removed.has_authorization, false);
  await sendTest(organization, webhook);
  assert.deepEqual(
    receiver.tokens.map(({ headers }) => headers.authorization),
    ["Bearer hidden-second-0815", undefined],
  );
  const events = await worker.sql("SELECT data FROM events WHERE org_id = ?1", organization.id);
  const log = await worker.sql("SELECT * FROM log WHERE org_id = ?1", organization.id);
  const list = await organization.admin.get(organization.path("/webhooks"));
  await worker.flushLogs();
  assert.ok(!JSON.stringify([webhook, removed, events, log, list, worker.logs()]).includes("hidden-"));
  const changed = events.map(({ data }) => JSON.parse(data).settings ?? {});
  assert.equal(changed.filter((settings) => settings.authorization_changed?.after).length, 2);
});

test("settings that cannot be are refused in words", async () => {
  const organization = await createOrganization(worker);
  const send = (body) => organization.admin.send("POST", organization.path("/webhooks"), body);
  const address = "https://receiver.acme.example/sets";
  const format = "security-event-tokens";
  assertProblem(await send({ queue: "PRODUCT_EVENTS", format }), 400, /pushed to an address/);
  assertProblem(await send({ address, authorization: "Bearer x" }), 400, /for security event tokens/);
  assertProblem(await send({ address, audience: "x" }), 400, /for security event tokens/);
  for (const authorization of ["", "Bearer x\r\nX-Evil: 1", "Bearer ä", "x".repeat(4_001)])
    assertProblem(await send({ address, format, authorization }), 400, /value of a header/);
  assertProblem(await send({ address, format, audience: "a\nb" }), 400, /visible characters/);
  assertProblem(await send({ address, format: "smoke-signals" }), 400, /format/);
  const receiver = await startSetReceiver(worker);
  const webhook = await addSetReceiver(organization, receiver);
  const rotated = await organization.admin.send("POST", path(organization, webhook, "/rotate"), {});
  assertProblem(rotated, 400, /deployment's own keys/);
  const plain = await organization.admin.create(organization.path("/webhooks"), { address: receiver.url });
  assert.match(plain.secret, /^whsec_/);
  assert.deepEqual([plain.format, plain.issuer, plain.audience], ["standard-webhooks", null, null]);
  assertProblem(await organization.admin.send("PATCH", path(organization, plain), { authorization: "x" }), 400);
});
