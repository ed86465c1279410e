// clients/typescript against a running Worker, and against webhooks that another implementation signs.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { before, describe, test } from "node:test";
import { Webhook } from "standardwebhooks";
import {
  CursorExpiredError,
  drain,
  NotAllowedError,
  RateLimitedError,
  ScimEdge,
  UnreachableError,
  verifyWebhook,
  WebhookRefusedError,
} from "../../clients/typescript/src/index.ts";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("a webhook", () => {
  const [secret, other] = [1, 2].map(() => `whsec_${randomBytes(24).toString("base64")}`);
  const body = JSON.stringify({ type: "person.created", timestamp: "2026-11-28T00:00:00.000Z", data: { seq: 1 } });
  const signed = (by = secret, at = new Date()) => ({
    headers: {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(by).sign("evt_1", at, body),
    },
    body,
  });
  const refused = (received, secrets = secret) => assert.rejects(verifyWebhook(received, secrets), WebhookRefusedError);

  test("is taken if scim-edge has signed it", async () => {
    assert.equal((await verifyWebhook(signed(), secret)).data.seq, 1);
    assert.equal((await verifyWebhook(signed(), [other, secret])).data.seq, 1);
    const { headers } = signed();
    const request = new Request("https://product.example/webhook", { method: "POST", headers, body });
    assert.equal((await verifyWebhook(request, secret)).type, "person.created");
  });

  test("is taken while one secret replaces the other", async () => {
    const received = signed(other);
    received.headers["webhook-signature"] += ` ${signed().headers["webhook-signature"]}`;
    assert.equal((await verifyWebhook(received, secret)).data.seq, 1);
  });

  test("is refused if it is altered, old, from the future, or not signed", async () => {
    await refused(signed(other));
    await refused({ ...signed(), body: body.replace("1", "2") });
    await refused(signed(secret, new Date(Date.now() - 6 * 60 * 1000)));
    await refused(signed(secret, new Date(Date.now() + 6 * 60 * 1000)));
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      const received = signed();
      delete received.headers[name];
      await refused(received);
    }
    for (const signature of ["v1,", "v1,!", "v2,AAAA", ""]) {
      await refused({ ...signed(), headers: { ...signed().headers, "webhook-signature": signature } });
    }
    await assert.rejects(verifyWebhook(signed(), "whsec_"), TypeError, "a secret that is none is not a wrong webhook");
  });
});

describe("with a Worker", () => {
  const worker = useWorker();
  let organization;
  let key;
  const client = (options) => new ScimEdge({ url: worker.url, key, ...options });

  before(async () => {
    await worker.started;
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    ({
      key: { key },
    } = await createProduct(organization));
  });

  test("feed, snapshot, person, check and acknowledgement", async () => {
    const directory = client();
    const { id } = await organization.createUser("client@okta.local");
    const group = await organization.groupNamed("Statsig-Demo-Admin");
    assert.equal((await organization.okta.patch(`/Groups/${group.id}`, operation.addMembers([id]))).status, 204);
    const { cursor } = await directory.events({ types: ["access.gained"] });
    const { people } = await directory.snapshot();
    const found = [];
    for await (const one of people) found.push(one.person.id);
    assert.ok(found.includes(id));
    assert.equal((await directory.person("client@okta.local")).access[0].role, "Admin");
    assert.equal(await directory.person("nobody@okta.local"), undefined);
    assert.equal((await directory.peopleOf("Demo")).people[0].person.id, id);
    const [subject, resource] = [
      { type: "user", id },
      { type: "project", id: "Demo" },
    ];
    assert.equal(
      (await directory.check({ subject, action: { name: "launch_to_production" }, resource })).decision,
      true,
    );
    const decisions = await directory.checkAll(
      [{ action: { name: "launch_to_production" } }, { action: { name: "no" } }],
      {
        defaults: { subject, resource },
      },
    );
    assert.deepEqual(
      decisions.map(({ decision }) => decision),
      [true, false],
    );
    assert.equal((await directory.acknowledge(cursor)).behind, 0);
  });

  test("an event arrives while one waits for it", async () => {
    const directory = client();
    const { cursor } = await directory.events({ limit: 1000 });
    const following = directory.follow(cursor);
    const next = following.next();
    const { id } = await organization.createUser("followed@okta.local");
    const { value } = await next;
    assert.deepEqual([value.type, value.subject.id], ["person.created", id]);
    await following.return();
  });

  test("a failure has a class of its own", async () => {
    await assert.rejects(client({ key: "scimp-wrong" }).events(), NotAllowedError);
    await assert.rejects(client({ url: "http://127.0.0.1:9" }).events(), UnreachableError);
    await assert.rejects(client().events({ after: "wrong" }), { name: "ScimEdgeError", code: "invalid_cursor" });
    const { events, cursor } = await client().events({ limit: 1 });
    await worker.sql("DELETE FROM events WHERE org_id = ?1 AND seq <= ?2", organization.id, events[0].seq + 1);
    await assert.rejects(client().events({ after: cursor }), CursorExpiredError);
  });
});

test("answers that scim-edge gives seldom", async () => {
  const answers = [
    [429, { "retry-after": "7" }, '{"title":"Too Many Requests","detail":"Slower.","code":"too_many_requests"}'],
    [200, {}, '{"cursor":"c","organization":"o"}\n{"person":{"id":"1"},"access":[]}\n'],
    [502, {}, "<h1>Bad gateway</h1>"],
  ];
  const server = createServer((_, response) => {
    const [status, headers, body] = answers.shift();
    response.writeHead(status, headers).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const directory = new ScimEdge({ url: `http://127.0.0.1:${server.address().port}`, key: "scimp-x" });
    await assert.rejects(directory.events(), (error) => error instanceof RateLimitedError && error.retryAfter === 7);
    const { people } = await directory.snapshot();
    await assert.rejects(async () => {
      for await (const _ of people);
    }, UnreachableError);
    await assert.rejects(directory.events(), { status: 502, message: "<h1>Bad gateway</h1>" });
  } finally {
    server.close();
  }
});

test("of two runs that drain at once, one stores each event", async () => {
  const feed = Array.from({ length: 50 }, (_, seq) => ({ seq: seq + 1 }));
  const read = async (after, limit) => {
    const events = feed.slice(Number(after), Number(after) + limit);
    return { events, cursor: String(Number(after) + events.length), has_more: false };
  };
  let stored = "0";
  const applied = [];
  const cursor = {
    read: async () => stored,
    commit: async (from, to, changes) => {
      await new Promise(setImmediate);
      if (stored !== from) return false;
      stored = to;
      applied.push(...changes);
      return true;
    },
  };
  const options = { cursor, apply: (events) => events.map(({ seq }) => seq), reload: () => assert.fail(), limit: 3 };
  const [one, two] = await Promise.all([drain(read, options), drain(read, options)]);
  assert.equal(one.events + two.events, 50);
  assert.deepEqual(
    applied,
    feed.map(({ seq }) => seq),
  );
});
