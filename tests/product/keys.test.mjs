// Product keys: what they may do, how they are replaced, and that they end at once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { storedEvents } from "../helpers/events.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { ALL_SCOPES, createProduct, ProductClient } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const limited = useWorker({ vars: { PRODUCT_KEY_REQUESTS_PER_MINUTE: "5", FAILED_SIGN_INS_PER_MINUTE: "3" } });
const ABOUT = "/product/v1";

describe("a product key", () => {
  test("says what it may do, in one round trip and few rows", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Checkout", scopes: ["events", "read", "events"] });
    assert.match(product.key.key, /^scimp-[A-Z2-7]{8}[A-Z0-9]{2}[A-Z2-7]{59}$/);
    assert.deepEqual(product.key.scopes, ["events", "read"]);
    assert.equal(product.key.hint, `scimp-${product.key.id.slice(0, 4)}…`);
    const answer = await product.send("GET", ABOUT);
    assert.equal(answer.status, 200, answer.text);
    const { organization: own, consumer, scopes, name, expires_at, events, snapshot } = answer.body;
    assert.equal(own.id, organization.id);
    assert.deepEqual([consumer, name, scopes, expires_at], [product.key.id, "Checkout", ["events", "read"], null]);
    assert.deepEqual(
      [events.url, snapshot.url],
      ["events", "snapshot"].map((end) => `${worker.url}/product/v1/${end}`),
    );
    const { round_trips, rows_read, rows_written } = serverTiming(answer);
    assert.equal(round_trips, 1);
    assert.ok(rows_read <= 6, `${rows_read} rows`);
    assert.equal(rows_written, 0);
  });

  test("is renamed, with an event and an entry in the log, and so is its consumer", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Checkout" });
    const { cursor } = await product.get("/product/v1/events?limit=1000");
    await product.call("POST", "/product/v1/acknowledgements", { cursor });
    const path = organization.path(`/product-keys/${product.key.id}`);
    const renamed = await organization.admin.patch(path, { name: "Billing" });
    assert.deepEqual([renamed.name, renamed.consumer], ["Billing", product.key.id]);
    assert.equal((await product.get(ABOUT)).name, "Billing");
    const [consumer] = (await organization.admin.get(organization.path("/consumers"))).consumers;
    assert.equal(consumer.name, "Billing");
    await organization.admin.patch(path, { name: "Billing" });
    const { events } = await product.get("/product/v1/events?types=product_key.renamed");
    assert.deepEqual(
      events.map(({ subject, data }) => [subject.type, subject.id, data.name]),
      [["product_key", product.key.id, { before: "Checkout", after: "Billing" }]],
    );
    const { entries } = await organization.admin.get(organization.path("/log?source=console&count=5"));
    const details = entries.map(({ detail }) => detail);
    assert.ok(details.includes(`Named the product key ${product.key.hint} "Billing".`), details.join("; "));
    for (const name of ["", "x".repeat(201)]) {
      assertProblem(await organization.admin.send("PATCH", path, { name }), 400);
    }
    const other = await createOrganization(worker);
    const foreign = await other.admin.send("PATCH", other.path(`/product-keys/${product.key.id}`), { name: "Mine" });
    assertProblem(foreign, 404);
    assert.equal((await product.get(ABOUT)).name, "Billing");
  });

  test("opens neither SCIM nor the console, and no other key opens this side", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    assertError(await organization.okta.with({ key: product.key.key }).get("/Users"), 401);
    const console = await organization.admin.send("GET", "/organizations", undefined, {
      Authorization: `Bearer ${product.key.key}`,
    });
    assertProblem(console, 401);
    for (const [key, code] of [
      [organization.key.key, "authorization_not_a_key"],
      [worker.adminToken, "authorization_not_a_key"],
      [product.key.key.slice(0, -1), "key_length"],
      [product.key.key.replace(/.$/, (last) => (last === "A" ? "B" : "A")), "key_mistyped"],
    ]) {
      const answer = await new ProductClient(worker, { key }).refused(401, code, "GET", ABOUT);
      assert.equal(answer.headers["www-authenticate"], 'Bearer realm="product"');
      assert.equal(answer.headers["server-timing"], undefined, "what a refusal costs tells nothing");
      assert.ok(!answer.text.includes(key));
    }
    await new ProductClient(worker).refused(401, "authorization_missing", "GET", ABOUT);
  });

  test("of another organization finds nothing of this one", async () => {
    const [one, other] = [await createOrganization(worker), await createOrganization(worker)];
    const product = await createProduct(other);
    assert.equal((await product.get(ABOUT)).organization.id, other.id);
    const answer = await one.admin.send("DELETE", one.path(`/product-keys/${product.key.id}`));
    assertProblem(answer, 404);
    assert.equal(answer.body.code, "key_not_found");
    assert.equal((await product.get(ABOUT)).organization.id, other.id);
  });

  test("is refused from the answer to its deactivation on, a thousand times at once", async () => {
    const organization = await createOrganization(worker);
    for (let round = 0; round < 10; round++) {
      const product = await createProduct(organization);
      await product.get(ABOUT);
      const deactivated = await organization.admin.call(
        "DELETE",
        organization.path(`/product-keys/${product.key.id}`),
        undefined,
        200,
      );
      assert.equal(deactivated.status, "deactivated");
      const answers = await Promise.all(Array.from({ length: 100 }, () => product.send("GET", ABOUT)));
      assert.ok(answers.every(({ status, body }) => status === 401 && body.code === "key_deactivated"));
    }
  });

  test("ends with its time, and with its organization until that is restored", async () => {
    const organization = await createOrganization(worker);
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const product = await createProduct(organization, { expires_at });
    assert.equal(product.key.expires_at, expires_at);
    await worker.sql("UPDATE product_keys SET expires_at = '2026-01-01T00:00:00.000Z' WHERE id = ?1", product.key.id);
    await product.refused(401, "key_expired", "GET", ABOUT);
    const other = await createProduct(organization);
    const { name } = await organization.admin.get(organization.path());
    const confirmed = `${organization.path()}?confirm_name=${encodeURIComponent(name)}`;
    await organization.admin.call("DELETE", confirmed, undefined, 200);
    await other.refused(401, "key_deactivated", "GET", ABOUT);
    await organization.admin.call("POST", organization.path("/restore"), {}, 200);
    assert.equal((await other.get(ABOUT)).organization.id, organization.id);
  });

  test("is replaced with an overlap, and its consumer goes on", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Billing", scopes: ["events"] });
    const rotate = (id, body) => organization.admin.create(organization.path(`/product-keys/${id}/rotate`), body);
    const second = await rotate(product.key.id, { overlap_hours: 2 });
    assert.deepEqual(
      [second.consumer, second.name, second.scopes, second.expires_at],
      [product.key.id, "Billing", ["events"], null],
    );
    for (const key of [product.key, second]) {
      assert.equal((await new ProductClient(worker, key).get(ABOUT)).consumer, product.key.id);
    }
    const { keys } = await organization.admin.get(organization.path("/product-keys"));
    const old = keys.find(({ id }) => id === product.key.id);
    assert.ok(Math.abs(Date.parse(old.expires_at) - Date.now() - 7_200_000) < 60_000, old.expires_at);
    const third = await rotate(second.id, { overlap_hours: 0 });
    assert.equal(third.consumer, product.key.id);
    await new ProductClient(worker, second).refused(401, "key_deactivated", "GET", ABOUT);
    const again = await organization.admin.send("POST", organization.path(`/product-keys/${second.id}/rotate`), {});
    assertProblem(again, 404, /no longer good/);
  });

  test("has events and entries in the log, none of which has its text", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Audit" });
    const path = organization.path(`/product-keys/${product.key.id}`);
    const second = await organization.admin.create(`${path}/rotate`, {});
    await organization.admin.call("DELETE", organization.path(`/product-keys/${second.id}`), undefined, 200);
    const repeated = await organization.admin.call(
      "DELETE",
      organization.path(`/product-keys/${second.id}`),
      undefined,
      200,
    );
    assert.equal(repeated.status, "deactivated");
    const events = (await storedEvents(worker, organization.id)).filter(({ type }) => type.startsWith("product_key."));
    assert.deepEqual(
      events.map(({ type, subject_id, subject_type }) => [type, subject_id, subject_type]),
      [
        ["product_key.created", product.key.id, "product_key"],
        ["product_key.expiry_changed", product.key.id, "product_key"],
        ["product_key.created", second.id, "product_key"],
        ["product_key.deactivated", second.id, "product_key"],
      ],
    );
    const dump = JSON.stringify([
      await worker.sql("SELECT * FROM events WHERE org_id = ?1", organization.id),
      await worker.sql("SELECT * FROM log WHERE org_id = ?1", organization.id),
      await worker.sql("SELECT * FROM product_keys"),
    ]);
    for (const { key } of [product.key, second]) assert.ok(!dump.includes(key.slice(20)));
    const deeds = await organization.admin.get(organization.path("/events"));
    assert.ok(deeds.deeds.some(({ request }) => request?.detail?.startsWith("Deactivated the product key scimp-")));
  });

  test("is one of twenty good ones at most, also at the same time", async () => {
    const organization = await createOrganization(worker);
    const body = { name: "Many", scopes: ["read"] };
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => organization.admin.send("POST", organization.path("/product-keys"), body)),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 20);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      assertProblem(answer, 409);
      assert.equal(answer.body.code, "key_limit_reached");
    }
  });

  test("is made of a name, scopes and a time that make sense", async () => {
    const organization = await createOrganization(worker);
    for (const body of [
      { name: " x", scopes: ["read"] },
      { name: "x", scopes: [] },
      { name: "x", scopes: ["write"] },
      { name: "x" },
      { name: "x", scopes: ["read"], expires_at: "2020-01-01T00:00:00Z" },
      { name: "x", scopes: ["read"], expires_at: "soon" },
    ]) {
      assertProblem(await organization.admin.send("POST", organization.path("/product-keys"), body), 400);
    }
    assert.deepEqual((await organization.admin.get(organization.path("/product-keys"))).keys, []);
  });

  test("is in the answer to a repeated call with the same Idempotency-Key, once", async () => {
    const organization = await createOrganization(worker);
    const headers = { "Idempotency-Key": "a-call-that-nobody-else-makes-0001" };
    const post = () =>
      organization.admin.send(
        "POST",
        organization.path("/product-keys"),
        { name: "Once", scopes: ALL_SCOPES },
        headers,
      );
    const [first, second] = [await post(), await post()];
    assert.equal(first.status, 201);
    assert.deepEqual(second.body, first.body);
    assert.equal((await organization.admin.get(organization.path("/product-keys"))).keys.length, 1);
  });

  test("has the time of its last use, written after the answer", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    assert.equal(product.key.last_used_at, null);
    await product.get(ABOUT);
    await eventually(async () => {
      const { keys } = await organization.admin.get(organization.path("/product-keys"));
      assert.ok(Date.now() - Date.parse(keys[0].last_used_at) < 60_000);
    });
  });

  test("is limited by itself, and guesses by their address", async () => {
    const organization = await createOrganization(limited);
    const [one, other] = [await createProduct(organization), await createProduct(organization)];
    const statuses = [];
    for (let i = 0; i < 7; i++) statuses.push((await one.send("GET", ABOUT)).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
    const { headers } = await one.refused(429, "request_rate_limited", "GET", ABOUT);
    assert.match(headers["retry-after"], /^[1-9]\d*$/);
    await other.get(ABOUT);
    const address = { "CF-Connecting-IP": "192.0.2.77" };
    const guess = new ProductClient(limited, { key: "scimp-nonsense" });
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await guess.send("GET", ABOUT, undefined, address));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 401, 429, 429],
    );
    assert.match(answers[4].headers["retry-after"], /^[1-9]\d*$/);
  });
});

test("unknown addresses of this side are 404, other methods 405, as problems", async () => {
  const organization = await createOrganization(worker);
  const product = await createProduct(organization);
  await product.refused(404, "not_found", "GET", "/product/v2");
  await product.refused(404, "not_found", "GET", "/.well-known/security.txt");
  const { headers } = await product.refused(405, "method_not_allowed", "POST", ABOUT, {});
  assert.equal(headers.allow, "GET, HEAD");
  assertStatus(await organization.okta.get("/ServiceProviderConfig"), 200);
});
