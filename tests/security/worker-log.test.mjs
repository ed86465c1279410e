// The Worker's log: one readable line a request, without secrets and personal data.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** What `action` makes the Worker log. */
async function logged(action) {
  await worker.flushLogs();
  const before = worker.logs().length;
  const result = await action();
  await worker.flushLogs();
  return { result, lines: worker.logs().slice(before) };
}

test("a request is one line: what was asked, the outcome, the cost, and whose key", async () => {
  const { okta, key } = await createOrganization(worker);
  const { result, lines } = await logged(() => okta.post("/Users", oktaUser(person("ada@okta.local"))));
  assertStatus(result, 201);
  const { round_trips, rows_read, rows_written } = serverTiming(result);
  const trips = `${round_trips} round trip${round_trips === 1 ? "" : "s"}`;
  const cost = `D1: ${trips}, ${rows_read} rows read, ${rows_written} written`;
  assert.equal(lines.length, 1);
  assert.equal(lines[0].replace(/ \d+ ms/, " # ms"), `POST /scim/Users 201 # ms, ${cost}, key ${key.hint}`);
});

test("a failure says why, in words that quote nothing of the request", async () => {
  const { okta, admin } = await createOrganization(worker);
  await okta.post("/Users", oktaUser(person("ada@okta.local")));
  for (const [action, expected] of [
    [() => okta.get("/Users/nobody"), "not found"],
    [() => okta.post("/Users", oktaUser(person("ADA@okta.local"))), "uniqueness"],
    [() => okta.post("/Users", oktaUser(person("bob@okta.local"), { statsigOrgRole: "hush" })), "invalidValue"],
    [() => okta.find("/Users", "hush"), "invalidFilter"],
    [() => admin.send("GET", "/organizations/nowhere"), "not found"],
    [() => admin.send("POST", "/organizations", { hush: 1 }), "bad request"],
  ]) {
    const { lines } = await logged(action);
    assert.equal(lines.length, 1);
    assert.ok(lines[0].endsWith(`: ${expected}`), lines[0]);
  }
  // The reason why a key is refused contains nothing of the request, and is logged nowhere else.
  const { result, lines } = await logged(() => okta.with({ key: "nonsense" }).get("/Users"));
  assert.ok(lines[0].endsWith(`: ${result.body.detail}`), lines[0]);
});

test("names of people are not in it, with or without a domain, nor what looks like a key", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const hex = "0123456789abcdef".repeat(2);
  const { lines } = await logged(async () => {
    assertStatus(await okta.post("/Users", oktaUser(person("grace"))), 201);
    assertStatus(await okta.post("/Users", oktaUser(person("grace"))), 409);
    await okta.get("/Users/grace");
    await okta.get(`/Users/${hex}`);
    await okta.patch("/Users/grace", { op: "replace", path: "apiKey", value: "grace" });
    await okta.get("/Users/grace/grace?grace=grace");
    await okta.get("/grace");
    await organization.admin.send("POST", organization.path("/members"), { user_name: "grace" });
    await organization.admin.send("GET", organization.path("/members/grace"));
  });
  assert.equal(lines.length, 9);
  for (const line of lines) assert.ok(!/grace/i.test(line) && !line.includes(hex), line);
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

test("email addresses are not in it, and of a key that strayed into a path only the hint", async () => {
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
  assert.ok(!lines[1].includes(key.key.slice(10)) && lines[1].includes(`/Users/${key.hint}`), lines[1]);
});

test("a client cannot forge a line", async () => {
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
