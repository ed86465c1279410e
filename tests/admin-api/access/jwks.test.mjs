// The console behind Cloudflare Access: when the team's keys are fetched, and what happens if they cannot be fetched.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { behindAccess, call, keyPair } from "../../helpers/access.mjs";
import { AdminApi, assertProblem } from "../../helpers/admin.mjs";
import { assertStatus } from "../../helpers/assert.mjs";

const [first, second, third, stranger] = ["first", "second", "third", "stranger"].map(keyPair);
const { team, worker } = await behindAccess(first, second);
const [hanging, stalling, recovering, exchanging] = [
  await behindAccess(first),
  await behindAccess(first),
  await behindAccess(first),
  await behindAccess(first, second),
];

async function accepted(assertion, at = worker) {
  assertStatus(await call(at, assertion), 200);
}

async function refused(assertion, status, detail, at = worker) {
  assertProblem(await call(at, assertion), status, detail);
}

/** A Worker that has no keys yet, and a team that was not asked for them. */
async function afresh() {
  team.answer = team.serveKeys;
  team.keys = [first, second];
  await worker.restart();
  team.requests.length = 0;
}

// Those that wait need not wait for each other, nor the others for them.
describe("the keys of a team", { concurrency: true }, () => {
  describe("without waiting", { concurrency: false }, () => {
    describe("keys", () => {
      beforeEach(afresh);

      test("are fetched once", async () => {
        for (let times = 0; times < 3; times++) await accepted(team.token());
        await accepted(team.token({}, second));
        assert.deepEqual(team.requests, ["/cdn-cgi/access/certs"]);
      });

      test("are fetched once also if many come at once", async () => {
        team.answer = async (...exchange) => {
          await sleep(300);
          team.serveKeys(...exchange);
        };
        await Promise.all(Array.from({ length: 10 }, () => accepted(team.token())));
        assert.equal(team.requests.length, 1);
      });

      test("that are unknown lead to one fetch a minute, however many come", async () => {
        await accepted(team.token());
        await refused(team.token({}, third), 401, /unknown key/);
        await refused(team.token({}, keyPair("x".repeat(2000))), 401, /unknown key/);
        await Promise.all(Array.from({ length: 10 }, () => refused(team.token({}, stranger), 401, /unknown key/)));
        assert.equal(team.requests.length, 1);
      });

      test("are found beside unusable ones, and may omit alg and use", async () => {
        const { kty, n, e } = first.jwk;
        const jwks = [null, { kid: "first", kty: "EC" }, { kid: "first", kty, n, e, key_ops: ["sign"] }];
        team.keys = jwks.map((jwk) => ({ jwk }));
        await accepted(team.token({}, first));
      });
    });

    describe("keys that cannot be fetched", () => {
      beforeEach(afresh);

      const { n: _, ...withoutModulus } = first.jwk;
      const useless = [
        { ...first.jwk, use: "enc" },
        { ...first.jwk, alg: "RS512" },
        { ...first.jwk, kty: "EC" },
        { ...first.jwk, kid: undefined },
        { ...first.jwk, n: "!" },
        withoutModulus,
        null,
        7,
        [],
      ];
      const document = JSON.stringify({ keys: [first.jwk] });
      const failures = {
        "an error": [(_, response) => response.writeHead(500).end(document), /answers 500/],
        "a redirect": [
          ({ url }, response) =>
            url === "/keys" ? response.end(document) : response.writeHead(302, { Location: "/keys" }).end(),
          /answers 302/,
        ],
        "a connection that closes": [({ socket }) => socket.destroy(), /does not answer/],
        "an answer that breaks off": [
          ({ socket }, response) => {
            response.writeHead(200, { "Content-Length": 5000 });
            response.write('{"keys": [');
            setTimeout(() => socket.destroy(), 100);
          },
          /breaks off/,
        ],
        "an empty answer": [(_, response) => response.end(), /no JSON/],
        "a page": [(_, response) => response.end("<html>"), /no JSON/],
        "no keys": [(_, response) => response.end('{"keys": []}'), /no keys/],
        "no list of keys": [(_, response) => response.end('[{"keys": {"kid": "first"}}]'), /no keys/],
        "keys for something else": [(_, response) => response.end(JSON.stringify({ keys: useless })), /no keys/],
        "too long an answer": [
          (_, response) => response.end(JSON.stringify({ pad: "x".repeat(64 * 1024), keys: [first.jwk] })),
          /too long/,
        ],
      };
      for (const [name, [answer, detail]] of Object.entries(failures)) {
        test(`are answered with 503: ${name}`, async () => {
          team.answer = answer;
          await refused(team.token(), 503, detail);
          await refused(team.token(), 503, detail);
          assert.equal(team.requests.length, 1);
        });
      }

      test("do not matter to the admin token", async () => {
        team.answer = (_, response) => response.writeHead(503).end();
        assertStatus(await new AdminApi(worker).send("GET", "/organizations"), 200);
      });
    });
  });

  // With a team and a Worker each.
  describe("over time, keys", { concurrency: true }, () => {
    for (const [name, at, answer] of [
      ["an answer", hanging, () => {}],
      ["its end", stalling, (_, response) => response.writeHead(200).write('{"keys": [')],
    ]) {
      test(`are waited for a few seconds: ${name}`, async () => {
        at.team.answer = answer;
        const began = performance.now();
        await refused(at.team.token(), 503, /does not answer|breaks off/, at.worker);
        assert.ok(performance.now() - began < 9_000);
      });
    }

    test("that could not be fetched are fetched again after five seconds", async () => {
      const { team, worker } = recovering;
      team.answer = (_, response) => response.writeHead(503).end();
      await refused(team.token(), 503, /answers 503/, worker);
      team.answer = team.serveKeys;
      await sleep(5_200);
      await accepted(team.token(), worker);
      assert.equal(team.requests.length, 2);
    });

    test("that are new are found a minute after the last look at the latest", async () => {
      const { team, worker } = exchanging;
      await accepted(team.token(), worker);
      team.keys = [third, first];
      await refused(team.token({}, third), 401, /unknown key/, worker);
      await sleep(60_200);
      await accepted(team.token({}, first), worker);
      assert.equal(team.requests.length, 1);
      await Promise.all(Array.from({ length: 5 }, () => accepted(team.token({}, third), worker)));
      assert.equal(team.requests.length, 2);
      await accepted(team.token({}, first), worker);
      await refused(team.token({}, second), 401, /unknown key/, worker);
      await refused(team.token({}, stranger), 401, /unknown key/, worker);
      assert.equal(team.requests.length, 2);
    });
  });
});
