// How many requests a client may send: counted by Workers' rate-limit bindings, and by the Worker itself where there
// are none.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { costInLog, dumpDatabase } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const limits = (failures, requests, scans) => ({
  FAILED_SIGN_INS: failures,
  KEY_REQUESTS: requests,
  KEY_SCANS: scans,
});
const bound = (...numbers) => ({
  rateLimits: Object.fromEntries(
    Object.entries(limits(...numbers)).map(([name, limit]) => [name, { limit, period: 60 }]),
  ),
});
const unbound = (...numbers) => ({
  vars: Object.fromEntries(
    Object.entries(limits(...numbers)).map(([name, limit]) => [`${name}_PER_MINUTE`, String(limit)]),
  ),
});

let addresses = 0;
/** An address that no test has used. */
const newAddress = () => ({ "CF-Connecting-IP": `192.0.2.${++addresses}` });

/** Sends one request after the other until one is answered with 429; resolves with that and how many came before. */
async function untilThrottled(most, sendOne) {
  for (let before = 0; before <= most; before++) {
    const answer = await sendOne();
    if (answer.status === 429) {
      assert.match(answer.headers["retry-after"], /^[1-9]\d*$/);
      return { answer, before };
    }
  }
  assert.fail(`none of ${most} requests was answered with 429`);
}

// Each with a Worker of its own: they wait at the same time.
describe("rates", { concurrency: true }, () => {
  for (const [name, options] of [
    ["with rate-limit bindings", bound],
    ["without rate-limit bindings", unbound],
  ]) {
    describe(name, { concurrency: false }, () => {
      const worker = useWorker(options(20, 3_000, 60));
      let organization;

      before(async () => {
        organization = await createOrganization(worker, { projects: { Demo: [] } });
      });

      const scim = (key, headers) => organization.okta.with({ key }).send("GET", "/Users?count=1", undefined, headers);
      const signIn = (token, headers) =>
        send("POST", `${worker.url}/console/sign-in`, {
          headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: worker.url, ...headers },
          body: `token=${token}`,
        });
      const admin = (token, headers) =>
        organization.admin.send("GET", "/organizations", undefined, { Authorization: `Bearer ${token}`, ...headers });

      // A window of the clock may end in the middle, and another begin.
      const few = (count) => assert.ok(count >= 20 && count <= 40, `${count} were let through`);

      test("forged keys get 401 twenty times a minute, and valid ones at the same address have no limit", async () => {
        const address = newAddress();
        const { answer, before } = await untilThrottled(60, () => scim(forgedKey(), address));
        few(before);
        assertError(answer, 429, { detail: /Too many.*address/ });
        for (let i = 0; i < 30; i++) {
          await scim(forgedKey(), address);
          assertStatus(await scim(organization.key.key, address), 200);
        }
        const fresh = await organization.addKey();
        assertStatus(await scim(fresh.key, address), 200);
        assertError(await scim(forgedKey(), newAddress()), 401);
      });

      test("malformed keys count, and requests without any do not", async () => {
        const address = newAddress();
        few((await untilThrottled(60, () => scim("scim-nonsense", address))).before);
        const other = newAddress();
        for (let i = 0; i < 30; i++) assertError(await scim(null, other), 401);
      });

      test("a wrong admin token is refused 20 times a minute, and then not even compared", async () => {
        const address = newAddress();
        const { answer, before } = await untilThrottled(60, () => admin("wrong", address));
        few(before);
        assertProblem(answer, 429, /Too many/);
        assertProblem(await admin(worker.adminToken, address), 429);
        assertStatus(await admin(worker.adminToken, newAddress()), 200);
      });

      test("so is a forged session, also where it signs out", async () => {
        const cookie = () => `console_session=${randomBytes(32).toString("base64url")}`;
        for (const [method, path] of [
          ["GET", "/console/api/organizations"],
          ["POST", "/console/sign-out"],
        ]) {
          const address = newAddress();
          const headers = () => ({ Cookie: cookie(), Origin: worker.url, ...address });
          few((await untilThrottled(120, () => send(method, worker.url + path, { headers: headers() }))).before);
          assertStatus(await admin(worker.adminToken, newAddress()), 200);
        }
      });

      test("so is a wrong sign-in, on a page that says so", async () => {
        const address = newAddress();
        const { answer, before } = await untilThrottled(60, () => signIn("wrong", address));
        few(before);
        assert.match(answer.headers["content-type"], /^text\/html/);
        assert.match(answer.text, /Too many/);
        assert.equal((await signIn(worker.adminToken, address)).status, 429);
        const { status, headers } = await signIn(worker.adminToken, newAddress());
        assert.equal(status, 303);
        // Who is signed in stays so.
        const Cookie = [headers["set-cookie"]].flat()[0].split(";")[0];
        const page = await send("GET", `${worker.url}/console/organizations`, { headers: { Cookie, ...address } });
        assert.equal(page.status, 200);
      });

      test("a network of IPv6 is one address", async () => {
        const { before } = await untilThrottled(60, () =>
          scim(forgedKey(), { "CF-Connecting-IP": `2001:db8:${addresses}:1::${(++addresses).toString(16)}` }),
        ).catch((error) => ({ before: error }));
        assert.ok(before instanceof Error, "these are networks of their own");
        few(
          (
            await untilThrottled(60, () =>
              scim(forgedKey(), { "CF-Connecting-IP": `2001:db8:ffff:1::${(++addresses).toString(16)}` }),
            )
          ).before,
        );
      });

      test("25 requests a second for 20 seconds are answered", async () => {
        const statuses = [];
        const running = [];
        const began = performance.now();
        for (let i = 0; i < 500; i++) {
          const wait = began + i * 40 - performance.now();
          if (wait > 0) await sleep(wait);
          const request =
            i % 5 === 0
              ? organization.okta.post("/Users", oktaUser(person(`burst${i}@okta.local`)))
              : organization.okta.find("/Users", `userName eq "burst${i}@okta.local"`);
          running.push(request.then(({ status }) => statuses.push(status)));
        }
        await Promise.all(running);
        assert.deepEqual([...new Set(statuses)].sort(), [200, 201]);
      });

      test("filters that read all users are answered 60 times a minute, others all the time", async () => {
        const { okta } = await createOrganization(worker);
        const { answer, before } = await untilThrottled(150, () => okta.find("/Users", 'title co "x"'));
        assert.ok(before >= 60 && before <= 125, `${before} were let through`);
        assertError(answer, 429, { detail: /userName/ });
        assertStatus(await okta.find("/Users", 'userName eq "x"'), 200);
        assertStatus(await okta.get("/Users"), 200);
      });
    });

    describe(`${name}, and few requests allowed`, { concurrency: false }, () => {
      const worker = useWorker(options(20, 30, 60));

      test("a key has its number of requests, and another key is not affected", async () => {
        const [one, other] = [await createOrganization(worker), await createOrganization(worker)];
        const { answer, before } = await untilThrottled(100, () => one.okta.get("/Users?count=1"));
        assert.ok(before >= 30 && before <= 61, `${before} were let through`);
        assertError(answer, 429, { detail: /key/ });
        assertStatus(await other.okta.get("/Users?count=1"), 200);
      });
    });
  }
});

describe("a key that was refused", () => {
  const worker = useWorker();
  let organization;

  before(async () => {
    organization = await createOrganization(worker);
    await worker.flushLogs();
  });

  const get = (key) => organization.okta.with({ key }).get("/Users");

  test("is refused again without asking storage, and in the same words", async () => {
    const dead = await organization.addKey();
    await organization.deactivateKey(dead.id);
    const expired = await organization.addKey({ expires_in_seconds: 1 });
    await sleep(1_200);
    for (const key of [forgedKey(), dead.key, expired.key]) {
      const first = await costInLog(worker, () => get(key));
      assert.equal(first.cost.round_trips, 1);
      const rest = await costInLog(worker, () => get(key));
      assert.deepEqual(rest.cost, { round_trips: 0, rows_read: 0, rows_written: 0 });
      assert.equal(assertStatus(rest.answer, 401).detail, assertStatus(first.answer, 401).detail);
    }
  });

  test("writes nothing, however often it comes", async () => {
    const before = await dumpDatabase(worker);
    const key = forgedKey();
    for (let i = 0; i < 2_000; i += 50)
      await Promise.all(Array.from({ length: 50 }, async () => assertError(await get(key), 401)));
    assert.equal(await dumpDatabase(worker), before);
    const lines = worker.logs().filter((line) => line.includes(`"key":"${key.slice(0, 9)}…"`));
    const asked = lines.filter((line) => !line.includes('"d1_round_trips":0,')).length;
    assert.ok(lines.length >= 1_900 && asked <= 50, `${asked} of ${lines.length} asked storage`);
  });

  test("is another key than a good one with the same id", async () => {
    const { key } = organization.key;
    const same = key.slice(0, 15) + forgedKey().slice(15, 67);
    const { createHash } = await import("node:crypto");
    const digest = createHash("sha256").update(same).digest();
    const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const sum = bits
      .match(/.{5}/g)
      .slice(0, 7)
      .map((five) => letters[Number.parseInt(five, 2)])
      .join("");
    const [known, unknown] = [await get(same + sum), await get(forgedKey())];
    // Neither the answer nor its headers tell that there is a key with that id.
    const told = ({ status, headers, body }) => {
      const { date: _, "content-length": __, ...rest } = headers;
      return { status, rest, detail: body.detail.replace(/scim-\w+…/, "") };
    };
    assert.deepEqual(told(known), told(unknown));
    assert.equal(known.headers["server-timing"], undefined);
    assertStatus(await get(key), 200);
    assertStatus(await get(key), 200);
  });

  test("a key works as soon as it has been made", async () => {
    for (let i = 0; i < 20; i++) {
      const { id, key } = await organization.addKey();
      assertStatus(await get(key), 200);
      await organization.deactivateKey(id);
    }
  });
});
