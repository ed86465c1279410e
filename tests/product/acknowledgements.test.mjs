// Acknowledgements: how far each consumer is, and that each is kept for a while.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct, ProductClient } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PATH = "/product/v1/acknowledgements";
const acknowledge = (product, cursor) => product.call("POST", PATH, { cursor });
const newest = async (product) => (await product.get("/product/v1/events?limit=1000")).cursor;

describe("an acknowledgement", () => {
  test("moves forward only, survives the rotation of the key, and costs few rows", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization, { scopes: ["events"] });
    const { newest: _, ...nothing } = await product.get(PATH);
    assert.deepEqual([nothing.consumer, nothing.seq, nothing.at], [product.key.id, null, null]);
    const { cursor: first } = await product.get("/product/v1/events?limit=1");
    const last = await newest(product);
    const answer = await product.send("POST", PATH, { cursor: last });
    const { seq, behind, at } = answer.body;
    assert.equal(behind, 0);
    assert.ok(Date.now() - Date.parse(at) < 60_000);
    const { round_trips, rows_read, rows_written } = serverTiming(answer);
    assert.equal(round_trips, 2);
    assert.ok(rows_read <= 30 && rows_written <= 3, `${rows_read} rows read, ${rows_written} written`);
    const again = await product.send("POST", PATH, { cursor: first });
    assert.equal(again.body.seq, seq, "an older one changes nothing");
    assert.equal(serverTiming(again).rows_written, 0);
    await organization.createUsers(2);
    assert.equal((await product.get(PATH)).behind, 2);
    const path = organization.path(`/product-keys/${product.key.id}/rotate`);
    const rotated = new ProductClient(worker, await organization.admin.create(path, { overlap_hours: 0 }));
    assert.equal((await rotated.get(PATH)).seq, seq);
    assert.equal((await acknowledge(rotated, await newest(rotated))).consumer, product.key.id);
  });

  test("needs a cursor of this organization, and the scope", async () => {
    const [one, other] = [await createOrganization(worker), await createOrganization(worker)];
    const [product, stranger] = [await createProduct(one), await createProduct(other)];
    const cursor = await newest(product);
    await stranger.refused(400, "invalid_cursor", "POST", PATH, { cursor });
    await product.refused(400, "invalid_cursor", "POST", PATH, { cursor: "x" });
    await product.refused(400, "invalid_body", "POST", PATH, {});
    await product.refused(400, "invalid_body", "POST", PATH, { cursor, extra: 1 });
    const reader = await createProduct(one, { scopes: ["read"] });
    await reader.refused(403, "scope_missing", "POST", PATH, { cursor });
    assert.deepEqual(await worker.sql("SELECT * FROM consumers WHERE org_id IN (?1, ?2)", one.id, other.id), []);
    await worker.sql("UPDATE events SET at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1", one.id);
    await product.refused(410, "cursor_expired", "POST", PATH, { cursor });
  });

  test("of a consumer that is quiet is deleted by the maintenance after thirty days, but for the newest", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    for (let i = 0; i < 4; i++) {
      await organization.createUsers(1, { stem: `quiet${i}` });
      await acknowledge(product, await newest(product));
    }
    const kept = () => worker.sql("SELECT seq FROM acknowledgements WHERE org_id = ?1 ORDER BY seq", organization.id);
    const all = await kept();
    assert.equal(all.length, 4);
    const past = "UPDATE acknowledgements SET at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1 AND seq <= ?2";
    await worker.sql(past, organization.id, String(all[1].seq));
    await worker.scheduled();
    assert.deepEqual(await kept(), all.slice(2));
    await worker.sql(past, organization.id, String(all[3].seq));
    await worker.scheduled();
    assert.deepEqual(await kept(), all.slice(3), "how far it is stays known");
    assert.equal((await product.get(PATH)).seq, all[3].seq);
  });

  test("is kept for thirty days, and the newest for good", async () => {
    const organization = await createOrganization(worker);
    const product = await createProduct(organization);
    for (let i = 0; i < 5; i++) {
      await organization.createUsers(1, { stem: `round${i}` });
      await acknowledge(product, await newest(product));
    }
    const kept = () =>
      worker.sql("SELECT seq, at FROM acknowledgements WHERE org_id = ?1 ORDER BY seq", organization.id);
    const before = await kept();
    assert.equal(before.length, 5);
    await worker.sql("UPDATE acknowledgements SET at = '2026-01-01T00:00:00.000Z' WHERE org_id = ?1", organization.id);
    for (const [i, left] of [4, 3, 3, 4].entries()) {
      await organization.createUsers(1, { stem: `late${i}` });
      await acknowledge(product, await newest(product));
      assert.equal((await kept()).length, left, `after ${i}`);
    }
  });
});
