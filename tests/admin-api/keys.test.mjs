// SCIM keys: their names, what is known of their use, and the ways to stop them. tests/scim/requests/keys.test.mjs has
// what requests with them are answered.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const FIRST = "/Users?startIndex=1&count=2";
const keysOf = async (organization) => (await organization.admin.get(organization.path("/keys"))).keys;
const keyOf = async (organization, id) => (await keysOf(organization)).find((key) => key.id === id);
const eventsOf = (organization, type) =>
  worker.sql("SELECT data FROM events WHERE org_id = ?1 AND type = ?2 ORDER BY seq", organization.id, type);

describe("the name of a key", () => {
  test("is chosen with the key, changed and taken again, each once in the history", async () => {
    const organization = await createOrganization(worker);
    const { admin } = organization;
    assert.equal((await keyOf(organization, organization.key.id)).name, null);
    const named = await organization.addKey({ name: "Okta, production" });
    assert.equal(named.name, "Okta, production");
    assert.equal((await keyOf(organization, named.id)).name, "Okta, production");

    const rename = (name) => admin.patch(organization.path(`/keys/${named.id}`), { name });
    assert.equal((await rename("Okta")).name, "Okta");
    assert.equal((await rename("Okta")).name, "Okta");
    assert.equal((await rename("")).name, null);
    const events = (await eventsOf(organization, "key.renamed")).map(({ data }) => JSON.parse(data).name);
    assert.deepEqual(events, [
      { before: "Okta, production", after: "Okta" },
      { before: "Okta", after: null },
    ]);
    const created = (await eventsOf(organization, "key.created")).map(({ data }) => JSON.parse(data).name);
    assert.deepEqual(created, [null, "Okta, production"]);
    const log = await worker.sql(
      "SELECT detail FROM log WHERE org_id = ?1 AND method = 'PATCH' ORDER BY id",
      organization.id,
    );
    assert.deepEqual(
      log.map(({ detail }) => detail),
      [`Named the key ${named.hint} "Okta".`, `Took the name of the key ${named.hint}.`],
    );
  });

  test("goes on to the key that replaces it, unless another is chosen", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.addKey({ name: "Entra" });
    const regenerate = (key, body) => organization.admin.create(organization.path(`/keys/${key}/regenerate`), body);
    const second = await regenerate(id, {});
    assert.equal(second.name, "Entra");
    assert.equal((await regenerate(second.id, { name: "Entra 2" })).name, "Entra 2");
  });

  test("is a name: not blank, too long or with invisible characters", async () => {
    const organization = await createOrganization(worker);
    for (const [name, code] of [
      [" Okta", "name_not_trimmed"],
      ["x".repeat(201), "name_too_long"],
      ["a\u0000b", "invisible_character"],
    ]) {
      for (const answer of [
        await organization.admin.send("POST", organization.path("/keys"), { name }),
        await organization.admin.send("PATCH", organization.path(`/keys/${organization.key.id}`), { name }),
      ]) {
        assertProblem(answer, 400);
        assert.equal(answer.body.code, code);
      }
    }
    assert.equal((await keysOf(organization)).length, 1);
    const missing = await organization.admin.send("PATCH", organization.path("/keys/AAAAAAAAAA"), { name: "x" });
    assertProblem(missing, 404);
    assert.equal(missing.body.code, "key_not_found");
  });
});

describe("the use of a key", () => {
  test("says where the last request came from, and how many there were and failed today", async () => {
    const organization = await createOrganization(worker);
    const { id, key } = organization.key;
    const cf = { country: "DE", asOrganization: "Okta, Inc.", asn: 64_500 };
    const headers = { Authorization: `Bearer ${key}`, "CF-Connecting-IP": "192.0.2.7" };
    const answer = await worker.fetch(`${worker.url}/scim${FIRST}`, { headers, cf });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    const user = await organization.createUser("ada@okta.local");
    assertStatus(await organization.okta.get(`/Users/${user.id}`), 200);
    assertError(await organization.okta.post("/Users", oktaUser(person("ada@okta.local"))), 409);
    assertError(await organization.okta.get("/Users/nobody"), 404);

    const shown = await eventually(async () => {
      const shown = await keyOf(organization, id);
      assert.equal(shown.failures_today, 2);
      return shown;
    });
    assert.equal(shown.requests_today, 5);
    assert.deepEqual([shown.last_used_country, shown.last_used_network], ["DE", "Okta, Inc."]);
    assert.ok(Date.now() - Date.parse(shown.last_used_at) < 60_000);

    // It is written a while after the answer, once, and has no address.
    const [row] = await eventually(async () => {
      const rows = await worker.sql("SELECT * FROM auth_keys WHERE id = ?1", id);
      assert.notEqual(rows[0].last_used_at, null);
      return rows;
    });
    assert.deepEqual([row.requests, row.last_used_at], [5, shown.last_used_at]);
    assert.deepEqual([row.last_used_country, row.last_used_network], ["DE", "Okta, Inc."]);
    assert.ok(!JSON.stringify(row).includes("192.0.2"));
    assert.equal((await keyOf(organization, id)).requests_today, 5, "what is written is not counted twice");

    // Of another day, nothing counts.
    await worker.sql("UPDATE auth_keys SET counted_on = '2026-01-01' WHERE id = ?1", id);
    assert.equal((await keyOf(organization, id)).requests_today, 2, "the failures of the log");
    await worker.sql("UPDATE log SET id = '2026' || substr(id, 5) WHERE org_id = ?1", organization.id);
    await worker.sql("UPDATE log SET id = '2025' || substr(id, 5) WHERE org_id = ?1", organization.id);
    const { requests_today, failures_today } = await keyOf(organization, id);
    assert.deepEqual([requests_today, failures_today], [0, 0]);
  });

  test("is each key's own", async () => {
    const organization = await createOrganization(worker);
    const other = await organization.addKey({});
    assertError(await organization.okta.with({ key: other.key }).get("/Users/nobody"), 404);
    await eventually(async () => assert.equal((await keyOf(organization, other.id)).failures_today, 1));
    const own = await keyOf(organization, organization.key.id);
    assert.deepEqual([own.requests_today, own.failures_today, own.last_used_at], [0, 0, null]);
  });
});

describe("keys are stopped", () => {
  test("all at once, so that none goes on", async () => {
    const organization = await createOrganization(worker);
    const brief = await organization.addKey({ expires_in_seconds: 1, name: "brief" });
    const second = await organization.addKey({ name: "Entra" });
    await eventually(async () => assert.equal((await keyOf(organization, brief.id)).status, "expired"));
    const stop = () => organization.admin.call("POST", organization.path("/keys/deactivate"), {}, 200);
    const { deactivated } = await stop();
    assert.deepEqual(
      deactivated.map(({ id, name }) => [id, name]).sort(),
      [
        [organization.key.id, null],
        [second.id, "Entra"],
      ].sort(),
    );
    for (const { key } of [organization.key, second]) {
      assertError(await organization.okta.with({ key }).get(FIRST), 401, { detail: /has been deactivated/ });
    }
    assert.equal((await keysOf(organization)).filter(({ status }) => status === "active").length, 0);
    assert.equal((await eventsOf(organization, "key.deactivated")).length, 2);
    const before = await worker.sql("SELECT count(*) AS n FROM log WHERE org_id = ?1", organization.id);
    assert.deepEqual(await stop(), { deactivated: [] });
    assert.deepEqual(await worker.sql("SELECT count(*) AS n FROM log WHERE org_id = ?1", organization.id), before);
    for (const { id } of deactivated) assert.ok(await worker.kv.get(`revoked:${id}`));
  });

  test("by one that replaces a leaked one, at once", async () => {
    const organization = await createOrganization(worker);
    const path = organization.path(`/keys/${organization.key.id}/regenerate`);
    const refused = await organization.admin.send("POST", path, { has_leaked: true, overlap_seconds: 3600 });
    assertProblem(refused, 400, /stops at once/);
    assert.equal((await keysOf(organization)).length, 1);
    const replacing = await organization.admin.create(path, { has_leaked: true });
    assertError(await organization.okta.get(FIRST), 401);
    assertStatus(await organization.okta.with({ key: replacing.key }).get(FIRST), 200);
    const [{ detail }] = await worker.sql(
      "SELECT detail FROM log WHERE org_id = ?1 AND path LIKE '%/regenerate' AND status = 201",
      organization.id,
    );
    assert.match(detail, /replaces scim-\w{4}… at once, because that has leaked\.$/);
  });

  test("twenty are good at most, and the refusal has a code", async () => {
    const organization = await createOrganization(worker);
    for (let count = 1; count < 20; count++) await organization.addKey({});
    const refused = await organization.admin.send("POST", organization.path("/keys"), {});
    assertProblem(refused, 409, /at most 20 good keys/);
    assert.equal(refused.body.code, "key_limit_reached");
    // One that leaves the old one good is one too many, one that stops it is not.
    const path = organization.path(`/keys/${organization.key.id}/regenerate`);
    const beside = await organization.admin.send("POST", path, { overlap_seconds: 60 });
    assert.deepEqual([beside.status, beside.body.code], [409, "key_limit_reached"]);
    await organization.admin.create(path, {});
  });
});

test("of many keys, the newest and those that were not deactivated are listed", async () => {
  const organization = await createOrganization(worker);
  const add = (from) =>
    worker.sql(
      `WITH n(i) AS (SELECT ?2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 + 299)
       INSERT INTO auth_keys (id, org_id, hash, created_at, created_by, deactivated_at)
       SELECT
         'KEYAA' || char(65 + i / 676, 65 + i / 26 % 26, 65 + i % 26) || 'AA',
         ?1, '', '2030-01-01T00:00:00.000Z', 'admin token', '2030-01-01T00:00:00.000Z' FROM n`,
      organization.id,
      from,
    );
  const list = async () => {
    const answer = await organization.admin.send("GET", organization.path("/keys"));
    const { keys } = assertStatus(answer, 200);
    assert.equal(keys.length, 101);
    assert.equal(keys.at(-1).id, organization.key.id);
    return serverTiming(answer).rows_read;
  };
  await add(0);
  const rows = [await list()];
  await add(300);
  rows.push(await list());
  assert.ok(Math.max(...rows) < 700, `${rows} rows read, however many keys there were`);
});
