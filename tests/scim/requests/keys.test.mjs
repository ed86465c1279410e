// Keys: how they are accepted, refused, replaced and stored.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertStatus, eventually } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { costInLog, dumpDatabase, dumpKv, logText } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
/** A Worker of its own database, whose keys are well made but unknown to the other. */
const elsewhere = useWorker();

const first = "/Users?startIndex=1&count=2";

/** Waits until a key has expired. The lifetimes here leave a slow machine time to use the key before. */
const expiry = ({ expires_at }) => sleep(Date.parse(expires_at) - Date.now() + 50);

/** A call with an Authorization header of any shape. */
const call = ({ okta }, Authorization) => okta.send("GET", first, undefined, { Authorization });

describe("a key", () => {
  test("has a prefix, a public id, a secret and a checksum, and is shown once", async () => {
    const organization = await createOrganization(worker);
    const answer = await organization.admin.send("POST", organization.path("/keys"), {});
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers["cache-control"], "no-store");
    const { key, id, hint, status, expires_at, deactivated_at, last_used_at } = answer.body;
    assert.match(key, /^scim-[A-Z2-7]{69}$/);
    assert.equal(hint, `${key.slice(0, 9)}…`);
    assert.deepEqual([status, expires_at, deactivated_at, last_used_at], ["active", null, null, null]);
    const listed = await organization.admin.send("GET", organization.path("/keys"));
    assert.deepEqual(listed.body.keys.map((each) => each.id).sort(), [organization.key.id, id].sort());
    assert.ok(!listed.text.includes(key.slice(15)), "the list shows a secret");
    assert.ok(listed.body.keys.every((each) => !("key" in each)));
  });

  test("differs from every other key", async () => {
    const organization = await createOrganization(worker);
    const keys = [organization.key.key];
    for (let i = 0; i < 19; i++) keys.push((await organization.addKey()).key);
    for (const part of [(key) => key.slice(5, 15), (key) => key.slice(15, 67)]) {
      assert.equal(new Set(keys.map(part)).size, keys.length);
    }
  });

  test("is accepted in every way an admin pastes it", async () => {
    const organization = await createOrganization(worker);
    const { key } = organization.key;
    for (const header of [
      `Bearer ${key}`,
      `bearer ${key}`,
      `BEARER ${key}`,
      `Bearer Bearer ${key}`,
      key,
      `Bearer  ${key} `,
    ]) {
      assertStatus(await call(organization, header), 200);
    }
  });

  test("is refused without touching storage when it is no key at all", async () => {
    const organization = await createOrganization(worker);
    const { key } = organization.key;
    const other = (character) => (character === "A" ? "B" : "A");
    const damaged = [5, 20, 40, 66, 67, 73].map((at) => key.slice(0, at) + other(key[at]) + key.slice(at + 1));
    const foreign = (await organization.addKey()).key;
    const mixed = key.slice(0, 15) + foreign.slice(15);
    const malformed = [
      ...damaged,
      mixed,
      key.slice(0, -1),
      `${key}A`,
      key.toLowerCase(),
      "scim-",
      `scim-${"A".repeat(69)}`,
    ];
    await worker.flushLogs();
    for (const wrong of malformed) {
      const { answer, cost } = await costInLog(worker, () => call(organization, `Bearer ${wrong}`));
      assertError(answer, 401, { scimType: undefined });
      assert.deepEqual([wrong, cost.round_trips, cost.rows_read], [wrong, 0, 0]);
      assert.ok(!answer.text.includes(wrong.slice(15) || "\0"), "the refusal repeats the key");
    }
  });

  test("is refused with the reason", async () => {
    const organization = await createOrganization(worker);
    const { key } = organization.key;
    const dead = await organization.addKey();
    await organization.deactivateKey(dead.id);
    const reasons = new Map();
    for (const [name, header] of Object.entries({
      missing: undefined,
      prefix: `Bearer ${key.slice(5)}`,
      truncated: `Bearer ${key.slice(0, 40)}`,
      unknown: `Bearer ${(await createOrganization(elsewhere)).key.key}`,
      deactivated: `Bearer ${dead.key}`,
    })) {
      const scim = organization.okta.with({ key: null });
      const answer = await scim.send("GET", first, undefined, header ? { Authorization: header } : {});
      assertError(answer, 401, { scimType: undefined });
      assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer\b/, "RFC 9110 section 11.6.1");
      reasons.set(answer.body.detail, name);
    }
    assert.equal(reasons.size, 5, `the same words for two faults: ${[...reasons.keys()].join(" | ")}`);
    const detailOf = Object.fromEntries([...reasons].map(([detail, name]) => [name, detail]));
    assert.match(detailOf.missing, /Authorization/);
    assert.match(detailOf.prefix, /scim-/);
    assert.match(detailOf.deactivated, /deactivated/i);
  });

  test("is let in only with the hash that is stored", async () => {
    const organization = await createOrganization(worker);
    const other = await organization.addKey();
    const okta = organization.okta.with({ key: other.key });
    assertStatus(await okta.get(first), 200);
    const hash = createHash("sha256").update(`${other.key}?`).digest("hex");
    await worker.sql("UPDATE auth_keys SET hash = ?1 WHERE id = ?2", hash, other.id);
    assertError(await okta.get(first), 401);
    assertError(await okta.post("/Users", oktaUser(person("late@okta.local"))), 401);
    assert.equal((await organization.okta.importAll("/Users")).length, 1);
  });

  test("expires", async () => {
    const organization = await createOrganization(worker);
    const brief = await organization.addKey({ expires_in_seconds: 2 });
    const okta = organization.okta.with({ key: brief.key });
    assertStatus(await okta.get(first), 200);
    await expiry(brief);
    assertError(await okta.get(first), 401, { detail: /expired/i });
    assertError(await okta.post("/Users", oktaUser(person("late@okta.local"))), 401, { detail: /expired/i });
    const { keys } = await organization.admin.get(organization.path("/keys"));
    assert.equal(keys.find(({ id }) => id === brief.id).status, "expired");
    assert.equal((await organization.okta.importAll("/Users")).length, 1);
  });

  test("shows when it was last used", async () => {
    const organization = await createOrganization(worker);
    const lastUsed = async () => (await organization.admin.get(organization.path("/keys"))).keys[0].last_used_at;
    assert.equal(await lastUsed(), null);
    assertStatus(await organization.okta.get(first), 200);
    // Written after the answer, so it may take a moment.
    const used = await eventually(async () => {
      const used = await lastUsed();
      assert.match(used ?? "", /^\d{4}-\d\d-\d\dT.*Z$/);
      return used;
    });
    assertStatus(await organization.okta.get(first), 200);
    await sleep(100);
    assert.equal(await lastUsed(), used, "written at most every five minutes");
  });
});

describe("a regenerated key", () => {
  const regenerate = (organization, body) =>
    organization.admin.create(organization.path(`/keys/${organization.key.id}/regenerate`), body);

  test("replaces the old one at once", async () => {
    const organization = await createOrganization(worker);
    const renewed = await regenerate(organization);
    assert.notEqual(renewed.key, organization.key.key);
    assertError(await organization.okta.get(first), 401, { detail: /deactivated/i });
    assertStatus(await organization.okta.with({ key: renewed.key }).get(first), 200);
    const { keys } = await organization.admin.get(organization.path("/keys"));
    const statusOf = Object.fromEntries(keys.map(({ id, status }) => [id, status]));
    assert.deepEqual(statusOf, { [organization.key.id]: "deactivated", [renewed.id]: "active" });
  });

  test("overlaps with the old one for as long as asked", async () => {
    const organization = await createOrganization(worker);
    const renewed = await regenerate(organization, { overlap_seconds: 2 });
    const both = [organization.okta, organization.okta.with({ key: renewed.key })];
    for (const scim of both) assertStatus(await scim.get(first), 200);
    const { keys } = await organization.admin.get(organization.path("/keys"));
    await expiry(keys.find(({ id }) => id === organization.key.id));
    assertError(await both[0].get(first), 401, { detail: /expired/i });
    assertStatus(await both[1].get(first), 200);
  });

  test("never lets the old one live longer than it would have", async () => {
    const organization = await createOrganization(worker);
    const brief = await organization.addKey({ expires_in_seconds: 2 });
    await organization.admin.create(organization.path(`/keys/${brief.id}/regenerate`), { overlap_seconds: 3600 });
    await expiry(brief);
    assertError(await organization.okta.with({ key: brief.key }).get(first), 401, { detail: /expired/i });
  });

  test("does not come of a dead one's return", async () => {
    const organization = await createOrganization(worker);
    const { id } = organization.key;
    await organization.deactivateKey(id);
    await regenerate(organization, { overlap_seconds: 3600 }).catch(() => {});
    assertError(await organization.okta.get(first), 401, { detail: /deactivated/i });
  });
});

describe("revocation", () => {
  test("holds by the database alone, and by KV alone", async () => {
    const organization = await createOrganization(worker);
    const [revoked, live] = [await organization.addKey(), await organization.addKey()];
    const names = async () => (await worker.kv.list()).keys.map(({ name }) => name);
    const before = await names();
    await organization.deactivateKey(revoked.id);
    const [revocation, ...others] = (await names()).filter((name) => !before.includes(name));
    assert.ok(revocation?.includes(revoked.id), `revocation ${revocation} does not name key ${revoked.id}`);
    assert.deepEqual(others, []);

    const value = await worker.kv.get(revocation);
    await worker.kv.delete(revocation);
    assertError(await organization.okta.with({ key: revoked.key }).get(first), 401, { detail: /deactivated/i });

    const scim = organization.okta.with({ key: live.key });
    await worker.kv.put(revocation.replace(revoked.id, live.id), value);
    assertError(await scim.get(first), 401, { detail: /deactivated/i });
    const write = await scim.post("/Users", oktaUser(person("late@okta.local")));
    assertError(write, 401, { detail: /deactivated/i });
    assert.equal((await organization.okta.importAll("/Users")).length, 1);
  });

  test("in the console holds at once, also where D1 lags and KV was just asked", async () => {
    const organization = await createOrganization(worker);
    const used = await organization.addKey();
    const scim = organization.okta.with({ key: used.key });
    assertStatus(await scim.get(first), 200);
    await organization.deactivateKey(used.id);
    await worker.sql("UPDATE auth_keys SET deactivated_at = NULL WHERE id = ?1", used.id);
    await worker.kv.delete(`revoked:${used.id}`);
    assertError(await scim.get(first), 401, { detail: /deactivated/i });
  });

  test("in KV alone holds for a key in use within half a minute", async () => {
    const organization = await createOrganization(worker);
    const used = await organization.addKey();
    const scim = organization.okta.with({ key: used.key });
    assertStatus(await scim.get(first), 200);
    await worker.kv.put(`revoked:${used.id}`, "now");
    await sleep(30_000);
    assertError(await scim.get(first), 401, { detail: /deactivated/i });
  });

  test("of one key leaves the organization's others alone", async () => {
    const organization = await createOrganization(worker);
    const other = await organization.addKey();
    const dead = await organization.deactivateKey(organization.key.id);
    assert.equal(dead.status, "deactivated");
    assert.ok(dead.deactivated_at);
    assertStatus(await organization.okta.with({ key: other.key }).get(first), 200);
  });

  test("cannot be done from another organization", async () => {
    const organization = await createOrganization(worker);
    const stranger = await createOrganization(worker);
    for (const action of ["deactivate", "regenerate"]) {
      const path = stranger.path(`/keys/${organization.key.id}/${action}`);
      assertProblem(await stranger.admin.send("POST", path, {}), 404);
    }
    assertStatus(await organization.okta.get(first), 200);
  });
});

test("only a hash of a key is stored, and nothing of it is logged", async () => {
  const organization = await createOrganization(worker);
  const { key } = await organization.admin.create(organization.path(`/keys/${organization.key.id}/regenerate`), {
    overlap_seconds: 60,
  });
  assertStatus(await organization.okta.with({ key }).get(first), 200);
  assertError(await call(organization, `Bearer ${key.slice(0, -1)}`), 401);
  const places = { database: await dumpDatabase(worker), kv: await dumpKv(worker), logs: await logText(worker) };
  assert.ok(places.database.includes(createHash("sha256").update(key).digest("hex")), "the SHA-256 is there");
  for (const [place, content] of Object.entries(places)) {
    for (const whole of [key, organization.key.key]) {
      const secret = whole.slice(15, 67);
      for (const form of [
        secret,
        secret.slice(0, 16),
        Buffer.from(whole).toString("base64"),
        Buffer.from(whole).toString("hex"),
      ]) {
        assert.ok(!content.includes(form), `${place} holds ${form}`);
      }
    }
  }
  assert.match(places.logs, new RegExp(`"key":"scim-${key.slice(5, 9)}…"`), "the log names the key by its hint");
});
