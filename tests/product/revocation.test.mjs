// Revocation that can be proven: how long after a deactivation each product acknowledged it, and the alert when one
// does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

const newest = async (product) => (await product.get("/product/v1/events?limit=1000")).cursor;
const acknowledge = async (product) =>
  product.call("POST", "/product/v1/acknowledgements", { cursor: await newest(product) });
const deactivate = async (organization, { id }) =>
  assertStatus(await organization.okta.patch(`/Users/${id}`, operation.active(false)), 200);
const consumersOf = async (organization) => (await organization.admin.get(organization.path("/consumers"))).consumers;
const revocationsOf = async (organization, { id }) =>
  (await organization.admin.get(organization.path(`/members/${id}/revocations`))).revocations;

/** Lets the event of a person's deactivation have been at that time before now. */
const earlier = (organization, { id }, seconds) =>
  worker.sql(
    `UPDATE events SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ?3 || ' seconds')
     WHERE org_id = ?1 AND subject_id = ?2 AND type = 'person.deactivated'`,
    organization.id,
    id,
    String(seconds),
  );

/** Lets the newest acknowledgement of a product be so many seconds after the event of a person's deactivation. */
const acknowledgedAfter = (organization, { id }, product, seconds) =>
  worker.sql(
    `UPDATE acknowledgements SET at = (
       SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.at, '+' || ?4 || ' seconds') FROM events e
       WHERE e.org_id = ?1 AND e.subject_id = ?2 AND e.type = 'person.deactivated')
     WHERE org_id = ?1 AND consumer = ?3 AND seq = (
       SELECT max(seq) FROM acknowledgements WHERE org_id = ?1 AND consumer = ?3)`,
    organization.id,
    id,
    product.key.id,
    String(seconds),
  );

describe("the time from a deactivation to its acknowledgement", () => {
  test("is on the page of the person, also once they are deleted", async () => {
    const organization = await createOrganization(worker);
    const checkout = await createProduct(organization, { name: "Checkout" });
    const billing = await createProduct(organization, { name: "Billing" });
    const [ada, bob] = await organization.createUsers(2);
    await acknowledge(checkout);
    await acknowledge(billing);
    const pageOf = async ({ id }) => {
      const answer = await fetch(`${worker.url}/console/organizations/${organization.id}/members/${id}`, {
        headers: { Authorization: `Bearer ${worker.adminToken}` },
      });
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("server-timing"), /round_trips;desc="?1\b/, "one batch");
      const html = await answer.text();
      assert.ok(html.length < 100_000);
      return html;
    };
    assert.doesNotMatch(await pageOf(ada), /When products knew/);
    await deactivate(organization, ada);
    await acknowledge(checkout);
    await acknowledgedAfter(organization, ada, checkout, 2.5);
    const html = await pageOf(ada);
    assert.match(html, /When products knew that access was lost/);
    assert.match(html, /Checkout: after 2\.5.s/);
    assert.match(html, /Billing: <strong>not yet<\/strong>, waiting since /);
    assert.doesNotMatch(await pageOf(bob), /When products knew/, "of that person alone");
    assertStatus(await organization.okta.delete(`/Users/${ada.id}`), 204);
    assert.match(await pageOf(ada), /Checkout: after 2\.5.s/);
  });

  test("is told for each person and product", async () => {
    const organization = await createOrganization(worker);
    const [checkout, billing] = [
      await createProduct(organization, { name: "Checkout" }),
      await createProduct(organization, { name: "Billing" }),
    ];
    const [ada, bob] = await organization.createUsers(2);
    await acknowledge(checkout);
    await acknowledge(billing);
    await deactivate(organization, ada);
    await acknowledge(checkout);
    await acknowledgedAfter(organization, ada, checkout, 2.5);
    const [revocation, ...others] = await revocationsOf(organization, ada);
    assert.deepEqual(others, []);
    assert.equal(revocation.type, "person.deactivated");
    assert.deepEqual(revocation.acknowledged, [
      { consumer: billing.key.id, name: "Billing", millis: null },
      { consumer: checkout.key.id, name: "Checkout", millis: 2_500 },
    ]);
    assert.deepEqual(await revocationsOf(organization, bob), []);
    const answer = await organization.admin.send("GET", organization.path(`/members/${ada.id}/revocations`));
    assert.equal(serverTiming(answer).round_trips, 1);
  });

  test("is summed up in percentiles, of what was acknowledged", async () => {
    const organization = await createOrganization(worker);
    await organization.configure({ brake_percent: 0 });
    const product = await createProduct(organization);
    const people = await organization.createUsers(20);
    await acknowledge(product);
    for (const [i, person] of people.entries()) {
      await deactivate(organization, person);
      await acknowledge(product);
      await acknowledgedAfter(organization, person, product, i + 1);
    }
    await organization.createUsers(1, { stem: "late" });
    const [consumer] = await consumersOf(organization);
    const { measured, p50_millis, p99_millis, behind, waiting, waiting_since, in_use, is_late } = consumer;
    assert.deepEqual([measured, p50_millis, p99_millis, behind], [20, 10_000, 20_000, 1]);
    assert.deepEqual([waiting, waiting_since, in_use, is_late], [0, null, true, false]);
    const answer = await organization.admin.send("GET", organization.path("/consumers"));
    const { round_trips, rows_read } = serverTiming(answer);
    assert.equal(round_trips, 1);
    assert.ok(rows_read <= 600, `${rows_read} rows`);
  });
});

describe("the alert", () => {
  const health = (organization) => organization.admin.get(organization.path("/health"));
  const alertOf = async (organization) =>
    (await health(organization)).findings.find(({ kind }) => kind === "revocation_not_acknowledged");

  test("comes after five minutes, and goes with the acknowledgement", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { name: "Checkout" });
    const [ada] = await organization.createUsers(1);
    await acknowledge(product);
    await deactivate(organization, ada);
    await earlier(organization, ada, 290);
    assert.equal(await alertOf(organization), undefined);
    assert.equal((await health(organization)).late_products, 0);
    await earlier(organization, ada, 310);
    const alert = await alertOf(organization);
    assert.deepEqual([alert.number, alert.id, alert.name], [1, product.key.id, "Checkout"]);
    assert.ok(Math.abs(Date.now() - Date.parse(alert.at) - 310_000) < 60_000);
    assert.equal((await health(organization)).late_products, 1);
    const [late] = await consumersOf(organization);
    assert.deepEqual([late.is_late, late.waiting], [true, 1]);
    await worker.sql("UPDATE events SET at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1", organization.id);
    await acknowledge(product);
    assert.equal(await alertOf(organization), undefined);
    assert.equal((await health(organization)).late_products, 0);
  });

  test("is set for each organization, and not for a product without a key", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    const [ada] = await organization.createUsers(1);
    await acknowledge(product);
    await deactivate(organization, ada);
    await earlier(organization, ada, 400);
    assert.notEqual(await alertOf(organization), undefined);
    for (const [minutes, isOn] of [
      [10, false],
      [6, true],
      [0, false],
      [1, true],
    ]) {
      const changed = await organization.admin.patch(organization.path(), { revocation_minutes: minutes });
      assert.equal(changed.revocation_minutes, minutes);
      assert.equal((await alertOf(organization)) !== undefined, isOn, `${minutes} minutes`);
      assert.equal((await consumersOf(organization))[0].is_late, isOn);
    }
    assertProblem(await organization.admin.send("PATCH", organization.path(), { revocation_minutes: 1441 }), 400);
    const path = organization.path(`/product-keys/${product.key.id}`);
    await organization.admin.call("DELETE", path, undefined, 200);
    assert.equal(await alertOf(organization), undefined);
    assert.equal((await consumersOf(organization))[0].in_use, false);
  });
});
