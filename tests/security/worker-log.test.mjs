// The Worker's log: one JSON object a request, without secrets and personal data.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { requestsLogged, withoutTable } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PROJECTS = "/console/api/organizations/:id/projects";
const bearer = () => ({ Authorization: `Bearer ${worker.adminToken}` });

/** What `action` makes the Worker log. */
async function logged(action) {
  await worker.flushLogs();
  const before = worker.logs().length;
  const result = await action();
  await worker.flushLogs();
  return { result, lines: worker.logs().slice(before) };
}

/** The one request that `action` makes, as the log has it. */
async function request(action) {
  const { result, requests } = await requestsLogged(worker, action);
  assert.equal(requests.length, 1);
  return { result, request: requests[0] };
}

test("a request is one JSON object: what was asked, the outcome, the cost, whose key, which organization", async () => {
  const organization = await createOrganization(worker);
  const { okta, key } = organization;
  const { result, lines } = await logged(() => okta.post("/Users", oktaUser(person("ada@okta.local"))));
  assertStatus(result, 201);
  const { round_trips, rows_read, rows_written } = serverTiming(result);
  assert.equal(lines.length, 1);
  const { request_id, duration_ms, ...rest } = JSON.parse(lines[0]);
  assert.match(request_id, /^[0-9a-f]{16}$/);
  assert.ok(Number.isInteger(duration_ms) && duration_ms >= 0);
  assert.deepEqual(rest, {
    ...{ method: "POST", route: "/scim/Users", status: 201 },
    ...{ d1_round_trips: round_trips, d1_rows_read: rows_read, d1_rows_written: rows_written },
    ...{ organization: organization.id, key: key.hint },
  });
});

test("its id is that of Cloudflare, and is in the provisioning log, in problems, in texts of failures", async () => {
  const organization = await createOrganization(worker);
  const { okta, admin } = organization;
  const path = (rest) => organization.path(rest);
  const ray = "8f1c2d3e4f5a6b7c-FRA";
  const headers = { "cf-ray": ray };
  const made = await request(() => okta.send("POST", "/Users", oktaUser(person("ray@okta.local")), headers));
  assertStatus(made.result, 201);
  assert.equal(made.request.request_id, ray);
  const entries = async () => (await admin.get(path("/log"))).entries;
  assert.equal((await entries())[0].request_id, ray);
  const bulk = { schemas: [SCHEMA.bulk], Operations: [{ method: "DELETE", path: "/Users/nobody" }] };
  assertStatus(await okta.send("POST", "/Bulk", bulk, headers), 200);
  await eventually(async () => assert.equal((await entries())[0].path, "/Users/nobody"));
  assert.equal((await entries())[0].request_id, ray, "operations have the id of their request");
  const problem = await request(() => admin.send("POST", path("/projects"), { nonsense: 1 }));
  assert.equal(problem.result.status, 400);
  assert.equal(problem.result.body.request_id, problem.request.request_id);
  assert.deepEqual([problem.request.organization, problem.request.route], [organization.id, PROJECTS]);
  const [failed, page] = await withoutTable(worker, "users", async () => [
    await request(() => okta.send("GET", "/Users", undefined, headers)),
    await fetch(new URL(`/console${path("/members")}`, worker.url), { headers: { ...bearer(), ...headers } }),
  ]);
  assertError(failed.result, 503, { detail: new RegExp(`migrations apply.* \\(Request ${ray}\\)$`) });
  assert.equal(page.status, 503);
  assert.match(await page.text(), new RegExp(`Request <code>${ray}</code>`));
  // What a client makes up is not taken over.
  for (const forged of ['","status":"200', "x", "x".repeat(50)]) {
    const { request: line } = await request(() => okta.send("GET", "/Users", undefined, { "cf-ray": forged }));
    assert.match(line.request_id, /^[0-9a-f]{16}$/);
  }
});

test("a failure says why, in words that quote nothing of the request", async () => {
  const { okta, admin } = await createOrganization(worker);
  await okta.post("/Users", oktaUser(person("ada@okta.local")));
  for (const [action, error, code] of [
    [() => okta.get("/Users/nobody"), "not found", "user_not_found"],
    [() => okta.post("/Users", oktaUser(person("ADA@okta.local"))), "uniqueness", "user_name_taken"],
    [
      () => okta.post("/Users", oktaUser(person("bob@okta.local"), { statsigOrgRole: "hush" })),
      "invalidValue",
      "org_role_unknown",
    ],
    [() => okta.find("/Users", "hush"), "invalidFilter", "invalid_filter"],
    [() => admin.send("GET", "/organizations/nowhere"), "not found", undefined],
    [() => admin.send("POST", "/organizations", { hush: 1 }), "bad request", undefined],
  ]) {
    const { request: line } = await request(action);
    assert.deepEqual([line.error, line.code], [error, code]);
  }
  // The reason why a key is refused contains nothing of the request, and is logged nowhere else.
  const { result, request: line } = await request(() => okta.with({ key: "nonsense" }).get("/Users"));
  assert.equal(line.error, result.body.detail);
});

test("the address of a client is there where keys and tokens are guessed, and only its network", async () => {
  const { okta } = await createOrganization(worker);
  for (const [address, client] of [
    ["203.0.113.77", "203.0.113.0/24"],
    ["2001:db8:77:1::9", "2001:db8:77::/48"],
    ["hush", undefined],
  ]) {
    const headers = { "cf-connecting-ip": address };
    const { lines } = await logged(async () => {
      await okta.send("GET", "/Users", undefined, headers);
      await okta.with({ key: "nonsense" }).send("GET", "/Users", undefined, headers);
    });
    const [good, refused] = lines.map((line) => JSON.parse(line));
    assert.deepEqual([good.client, refused.client], [undefined, client]);
    for (const line of lines) assert.ok(!line.includes(address), line);
  }
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
  assert.ok(!lines[1].includes(key.key.slice(10)), lines[1]);
  assert.equal(JSON.parse(lines[1]).route, `/scim/Users/${key.hint}`);
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
  for (const line of lines) {
    assert.doesNotMatch(line, /[\n\r\u2028]/);
    assert.ok(JSON.parse(line).status >= 400, line);
  }
});
