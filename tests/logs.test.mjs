// The log: one readable line a request, and nothing in it that should not leave the request.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStatus, serverTiming } from "./lib/assert.mjs";
import { oktaUser, person } from "./lib/bodies.mjs";
import { createOrganization } from "./lib/organization.mjs";
import { useWorker } from "./lib/worker.mjs";

const worker = useWorker();

/** What `action` makes the Worker log. */
async function logged(action) {
  await sleep(100); // the log comes by another pipe than the answers
  const before = worker.logs().length;
  const result = await action();
  await sleep(100);
  return { result, lines: worker.logs().slice(before) };
}

test("a request is one line: what was asked, the outcome, the cost, and whose key", async () => {
  const { okta, key } = await createOrganization(worker);
  const { result, lines } = await logged(() => okta.post("/Users", oktaUser(person("ada@okta.local"))));
  assertStatus(result, 201);
  const { round_trips, rows_read, rows_written } = serverTiming(result);
  const cost = `D1: ${round_trips} round trip${round_trips === 1 ? "" : "s"}, ${rows_read} rows read, ${rows_written} written`;
  assert.equal(lines.length, 1);
  assert.equal(lines[0].replace(/ \d+ ms/, " # ms"), `POST /scim/Users 201 # ms, ${cost}, key ${key.hint}`);
});

test("a failure says why", async () => {
  const organization = await createOrganization(worker);
  const { result, lines } = await logged(() => organization.okta.get("/Users/nobody"));
  assert.equal(lines.length, 1);
  assert.ok(lines[0].endsWith(`: ${result.body.detail}`), lines[0]);
  const admin = await logged(() => organization.admin.send("GET", "/organizations/nowhere"));
  assert.equal(admin.lines.length, 1);
  assert.ok(admin.lines[0].endsWith(`: ${admin.result.body.detail}`), admin.lines[0]);
});

test("query values, bodies, keys and tokens are not in it", async () => {
  const organization = await createOrganization(worker);
  const { okta, key } = organization;
  const { lines } = await logged(async () => {
    const secret = { displayName: "hush-1", password: "hush-2", title: "hush-3", unknown: "hush-4" };
    const { id } = assertStatus(await okta.post("/Users", oktaUser(person("ada@okta.local"), secret)), 201);
    await okta.find("/Users", 'userName eq "hush-5@okta.local"');
    await okta.find("/Users", 'userName eq "hush-6@okta.local');
    await okta.get(`/Users/${id}?hush-7=hush-8`);
    await okta.send("PATCH", `/Users/${id}`, '{"hush-9": "');
    await okta.with({ key: `${key.key}hush-10` }).get("/Users");
    await organization.admin.send("GET", "/organizations", undefined, { Authorization: "Bearer hush-11" });
  });
  const text = lines.join("\n");
  assert.ok(lines.length >= 7);
  assert.doesNotMatch(text, /hush/);
  for (const secret of [key.key.slice(15), worker.adminToken]) assert.ok(!text.includes(secret));
});

test("of mail addresses only the domain is in it, and of a key that strayed into a path only the hint", async () => {
  const organization = await createOrganization(worker);
  const { okta, key } = organization;
  await organization.createUser("ada@okta.local");
  const { lines } = await logged(async () => {
    assertStatus(await okta.post("/Users", oktaUser(person("ADA@okta.local"))), 409);
    await okta.get(`/Users/${key.key}`);
    await okta.get("/Users/ada%40okta.local");
    await okta.find("/Users", "ada@okta.local");
  });
  assert.equal(lines.length, 4);
  for (const line of lines) assert.doesNotMatch(line, /ada(@|%40)/i);
  assert.match(lines[0], /"…@okta\.local" is already taken/);
  assert.ok(!lines[1].includes(key.key.slice(10)) && lines[1].includes(`/Users/${key.hint}`), lines[1]);
});

test("nobody can forge a line", async () => {
  const { okta } = await createOrganization(worker);
  const forged = "%0AGET%20/scim/Users%20200%201%20ms";
  const { lines } = await logged(async () => {
    await okta.get(`/Users/x${forged}`);
    await okta.get(`/Foo${forged}`);
    await okta.post("/Users", oktaUser(person("a@okta.local"), { statsigOrgRole: "x\nGET /scim/Users 200 1 ms" }));
  });
  assert.equal(lines.length, 3);
  for (const line of lines) assert.doesNotMatch(line, /[\n\r\u2028]/);
});
