// Requests that take much memory, twenty at once: all requests of an isolate share it, and it never shrinks.

import assert from "node:assert/strict";
import { request } from "node:http";
import { before, describe, test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { memoryOf, memoryProbe } from "../helpers/memory.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const MOST = 64 * 1024 * 1024; // bytes
const AT_ONCE = 20;

const filled = (bytes, unit, { before = "", after = "" } = {}) =>
  before + unit.repeat(Math.floor((bytes - before.length - after.length) / unit.length)) + after;
const KIB = 1024;
const MIB = 1024 * KIB;
const members = (bytes) =>
  filled(bytes, '{"value":"00000000-0000-4000-8000-000000000000"},', {
    before: `{"schemas":["${SCHEMA.group}"],"displayName":"Crew","members":[`,
    after: '{"value":"x"}]}',
  });
const operations = (bytes, value) =>
  filled(bytes, `{"op":"add","path":"title","value":${value}},`, {
    before: `{"schemas":["${SCHEMA.patch}"],"Operations":[`,
    after: '{"op":"remove","path":"title"}]}',
  });

/** Each kind of request: method, path, body. */
const KINDS = {
  "a search for 349,000 names": [
    "POST",
    "/scim/.search",
    filled(MIB, "id,", { before: '{"attributes":"', after: 'id"}' }),
  ],
  "a search for names in an array": [
    "POST",
    "/scim/Users/.search",
    filled(MIB, '"id",', { before: '{"excludedAttributes":[', after: '"id"]}' }),
  ],
  "a small search of many small values": [
    "POST",
    "/scim/.search",
    filled(64 * KIB, '{"":0},', { before: '{"x":[', after: "0]}" }),
  ],
  "a search of many small values": [
    "POST",
    "/scim/.search",
    filled(MIB, '{"":0},', { before: '{"x":[', after: "0]}" }),
  ],
  "a group of 1.7 MiB": ["POST", "/scim/Groups", members(1.7 * MIB)],
  "a group of 128 KiB": ["PUT", "/scim/Groups/x", members(128 * KIB)],
  "a group of 10 MiB": ["PUT", "/scim/Groups/x", members(10 * MIB)],
  "a group of 1.7 MiB of small objects": [
    "PATCH",
    "/scim/Groups/x",
    filled(1.7 * MIB, '{"":0},', { before: '{"x":[', after: "0]}" }),
  ],
  "a group of 128 KiB of small objects": [
    "PATCH",
    "/scim/Groups/x",
    filled(128 * KIB, '{"":0},', { before: '{"x":[', after: "0]}" }),
  ],
  "a group of 10 MiB of small arrays": [
    "PATCH",
    "/scim/Groups/x",
    filled(10 * MIB, "[0],", { before: '{"x":[', after: "0]}" }),
  ],
  "JSON as deep as it goes": [
    "POST",
    "/scim/Users",
    filled(MIB, `${"[".repeat(100)}${"]".repeat(100)},`, { before: '{"x":[', after: "0]}" }),
  ],
  "JSON that is deeper": ["POST", "/scim/Users", "[".repeat(64 * KIB)],
  "a person of many small values": [
    "PUT",
    "/scim/Users/x",
    filled(64 * KIB, "0,", { before: '{"userName":"a","x":[', after: "0]}" }),
  ],
  "operations on a person": ["PATCH", "/scim/Users/x", operations(64 * KIB, "1")],
  "operations on a person, 1 MiB": ["PATCH", "/scim/Users/x", operations(MIB, `"${"x".repeat(200)}"`)],
  "a long filter": [
    "GET",
    `/scim/Users?filter=${encodeURIComponent(filled(8000, 'title co "x" or ', { after: "title pr" }))}`,
  ],
  "a long address": ["GET", `/scim/Users?x=${"x".repeat(60 * KIB)}`],
  "an address of many parameters": ["GET", `/scim/Users?${"a&".repeat(30 * KIB)}`],
  "a long path": ["GET", `/scim/Users/${"x".repeat(60 * KIB)}`],
  "a bulk request of 1 MiB": [
    "POST",
    "/scim/Bulk",
    filled(MIB, '{"method":"DELETE","path":"/Users/x","data":[[0],[0],[0]]},', {
      before: '{"Operations":[',
      after: '{"method":"DELETE","path":"/Users/x"}]}',
    }),
  ],
  "a bulk request with one large body": [
    "POST",
    "/scim/Bulk",
    filled(MIB, "[0],", { before: '{"Operations":[{"method":"PUT","path":"/Users/x","data":[', after: "0]}]}" }),
  ],
  "a call of the admin API": [
    "POST",
    "/console/api/organizations",
    filled(MIB, "[0],", { before: '{"x":[', after: "0]}" }),
  ],
  "a form of the console": [
    "POST",
    "/console/sign-in",
    filled(MIB, "token=&", { after: "next=" }),
    { "Sec-Fetch-Site": "same-origin" },
  ],
};

/** Sends a request and resolves with the status of its answer, whatever becomes of the rest of it. */
function status(url, method, key, body, { headers = {}, chunked = false } = {}) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      agent: false,
      headers: {
        Authorization: `Bearer ${key}`,
        "Content-Type": "application/json",
        ...(body === undefined || chunked ? {} : { "Content-Length": Buffer.byteLength(body) }),
        ...headers,
      },
    });
    outgoing.on("response", (incoming) => {
      incoming.resume();
      incoming.on("end", () => resolve(incoming.statusCode));
      incoming.on("error", () => resolve(incoming.statusCode));
    });
    // A body that is refused unread breaks off.
    outgoing.on("error", (error) => (["EPIPE", "ECONNRESET"].includes(error.code) ? resolve(0) : reject(error)));
    outgoing.end(body);
  });
}

for (const stranger of [true, false]) {
  describe(stranger ? "with a made-up key" : "with a good key", () => {
    const worker = useWorker({ modules: memoryProbe() });
    let organization;

    before(async () => {
      organization = await createOrganization(worker, { settings: { plain_groups: true } });
    });

    for (const [name, [method, path, body, headers]] of Object.entries(KINDS)) {
      for (const chunked of body === undefined ? [false] : [false, true]) {
        test(`${name}${chunked ? ", of unknown length" : ""}, ${AT_ONCE} times at once`, async () => {
          const key = () => {
            if (path.startsWith("/console")) return stranger ? "wrong" : worker.adminToken;
            return stranger ? forgedKey() : organization.key.key;
          };
          const statuses = await Promise.all(
            Array.from({ length: AT_ONCE }, () => status(worker.url + path, method, key(), body, { headers, chunked })),
          );
          const bytes = await memoryOf(worker);
          assert.ok(bytes > 1_000_000 && bytes < MOST, `${(bytes / MIB).toFixed(1)} MiB after ${statuses}`);
          for (const status of statuses) assert.ok(status === 0 || (status >= 200 && status < 500), String(statuses));
          if (stranger)
            assert.ok(
              statuses.every((status) => status >= 400 || status === 0),
              String(statuses),
            );
        });
      }
    }

    test("other requests are served meanwhile", async () => {
      assertStatus(await organization.okta.get("/Users?count=1"), 200);
    });
  });
}

describe("large bodies with a good key", () => {
  const worker = useWorker({ modules: memoryProbe() });

  test("are read two at a time, and a third is answered with 429 and Retry-After", async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { key } = organization.key;
    const body = members(3 * MIB);
    const [path, length] = ["/scim/Groups/x", Buffer.byteLength(body)];
    // Two bodies that do not end. One that meets two others is refused itself, and is sent again.
    const slow = new Set();
    let isOver = false;
    const hold = () => {
      const headers = { Authorization: `Bearer ${key}`, "Content-Length": length };
      const outgoing = request(worker.url + path, { method: "PUT", agent: false, headers });
      slow.add(outgoing);
      outgoing.on("error", () => {});
      outgoing.on("response", () => outgoing.destroy());
      outgoing.on("close", () => {
        slow.delete(outgoing);
        if (!isOver) hold();
      });
      outgoing.write(body.slice(0, 200_000));
    };
    for (let i = 0; i < 2; i += 1) hold();
    const deadline = Date.now() + 60_000;
    for (;;) {
      const third = await organization.okta.send("PUT", "/Groups/x", body);
      if (third.status === 429) {
        assert.match(third.headers["retry-after"], /^\d+$/);
        break;
      }
      assert.ok([400, 404].includes(third.status) && Date.now() < deadline, `still ${third.status}`);
    }
    isOver = true;
    assertStatus(await organization.okta.get("/Users?count=1"), 200);
    for (const outgoing of slow) outgoing.destroy();
  });
});
