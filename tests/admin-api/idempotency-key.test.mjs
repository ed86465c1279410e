// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a POST that is repeated after a lost answer is made
// once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { dumpDatabase } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ databases: 2 });
const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
/** Lets all calls so far be that old, in both databases. */
const age = (minutes) =>
  Promise.all(
    [0, 1].map((number) => worker.sqlIn(number, "UPDATE idempotent_calls SET began_at = ?1", minutesAgo(minutes))),
  );
const keyed = (key = randomUUID()) => ({ "Idempotency-Key": key });

test("every POST is carried out once by a key, and answered the same for a day", async () => {
  const organization = await createOrganization(worker);
  const { admin, path } = { admin: organization.admin, path: (rest) => organization.path(rest) };
  const project = await organization.addProject("Old");
  const calls = [
    ["/organizations", { name: "Twice", owner: { user_name: "owner@okta.local" }, database: 1 }],
    ["/organizations", { name: "Twice", owner: { user_name: "owner@okta.local" } }],
    [path("/keys"), { expires_in_seconds: 3600 }],
    [path(`/keys/${organization.key.id}/regenerate`), { overlap_seconds: 60 }],
    [path(`/keys/${organization.key.id}/deactivate`), {}],
    [path("/projects"), { name: "New" }],
    [path(`/projects/${project.id}/roles`), { name: "Analyst" }],
    [path(`/projects/${project.id}/teams`), { name: "Night" }],
    [path(`/projects/${project.id}/archive`), {}],
    [path(`/projects/${project.id}/restore`), {}],
    [path("/members"), { user_name: "max@okta.local" }],
  ];
  for (const [place, body] of calls) {
    const headers = keyed();
    const first = await admin.send("POST", place, body, headers);
    assert.ok(first.status < 300, first.text);
    const before = (await admin.get("/organizations")).organizations.length;
    const entries = async () => (await worker.sql("SELECT count(*) AS n FROM log"))[0].n;
    const logged = await entries();
    const second = await admin.send("POST", place, body, headers);
    assert.deepEqual([second.status, second.body], [first.status, first.body], place);
    await age(23 * 60);
    const later = await admin.send("POST", place, body, headers);
    assert.equal(later.status, first.status, later.text);
    assert.equal(await entries(), logged, place);
    assert.equal((await admin.get("/organizations")).organizations.length, before);
    assertProblem(await admin.send("POST", place, { ...body, name: "Other" }, headers), 422, /another request/);
  }
});

test("a new SCIM key is shown once more within a minute, and never stored as it is", async () => {
  const organization = await createOrganization(worker);
  const place = organization.path("/keys");
  const headers = keyed("k");
  const first = assertStatus(await organization.admin.send("POST", place, {}, headers), 201);
  const rows = await Promise.all([0, 1].map((number) => worker.sqlIn(number, "SELECT * FROM idempotent_calls")));
  const stored = (await dumpDatabase(worker)) + JSON.stringify(rows);
  assert.ok(!stored.includes(first.key.slice(20, 60)), "the key is stored");
  const again = assertStatus(await organization.admin.send("POST", place, {}, headers), 201);
  assert.deepEqual(again, first);
  await age(2);
  const late = assertStatus(await organization.admin.send("POST", place, {}, headers), 201);
  assert.deepEqual([late.id, late.key], [first.id, undefined]);
  assert.match(late.note, /regenerate/);
  // What is too old is thrown away with the next call.
  await organization.admin.send("POST", place, {}, keyed());
  const secrets = "SELECT count(*) AS n FROM idempotent_calls WHERE secret IS NOT NULL";
  const counts = await Promise.all([0, 1].map(async (number) => (await worker.sqlIn(number, secrets))[0].n));
  assert.ok(counts.includes(1) && counts.every((n) => n <= 1), String(counts));
  await age(25 * 60);
  const fresh = assertStatus(await organization.admin.send("POST", place, {}, headers), 201);
  assert.notEqual(fresh.id, first.id);
});

test("of many at once with one key, one is carried out and the others are told so or answered the same", async () => {
  const organization = await createOrganization(worker);
  const headers = keyed();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => organization.admin.send("POST", organization.path("/keys"), {}, headers)),
  );
  const made = answers.filter(({ status }) => status === 201);
  assert.ok(made.length >= 1);
  assert.equal(new Set(made.map(({ body }) => body.id)).size, 1);
  for (const answer of answers) if (answer.status !== 201) assertProblem(answer, 409, /Idempotency-Key/);
  const { keys } = await organization.admin.get(organization.path("/keys"));
  assert.equal(keys.length, 2);
});

test("a call that was refused may be made again with the same key, also with another body", async () => {
  const organization = await createOrganization(worker);
  const headers = keyed();
  const place = organization.path("/projects");
  assertProblem(await organization.admin.send("POST", place, { name: "" }, headers), 400);
  assertStatus(await organization.admin.send("POST", place, { name: "Demo" }, headers), 201);
});

test("a key is one of HTTP's strings, and another request is another", async () => {
  const organization = await createOrganization(worker);
  const post = (path, headers) => organization.admin.send("POST", organization.path(path), { name: "Demo" }, headers);
  for (const bad of ["a b", '""', "x".repeat(256)])
    assertProblem(await post("/projects", keyed(bad)), 400, /Idempotency/);
  const first = assertStatus(await post("/projects", keyed('"quoted"')), 201);
  assert.deepEqual(assertStatus(await post("/projects", keyed("quoted")), 201), first);
  assertProblem(await post(`/projects/${first.id}/roles`, keyed("quoted")), 422);
});

test("a form that is sent a second time makes nothing twice, and shows the new key again", async () => {
  const organization = await createOrganization(worker);
  const headers = { Authorization: `Bearer ${worker.adminToken}`, Origin: worker.url };
  const address = `${worker.url}/console${organization.path("/keys")}`;
  const page = await send("GET", address, { headers });
  const forms = page.text.split("<form").filter((form) => /method="post"/.test(form) && !/sign-out/.test(form));
  assert.ok(forms.length >= 2);
  for (const form of forms) assert.match(form, /name="idempotency_key" value="[0-9a-f-]{36}"/);
  const [form] = forms.filter((each) => each.includes('value="regenerate"'));
  const field = (name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(form)[1];
  const names = ["key", "latest", "idempotency_key"];
  const fields = new URLSearchParams([
    ...names.map((name) => [name, field(name)]),
    ["action", "regenerate"],
    ["has_leaked", "no"],
  ]).toString();
  const sent = () =>
    send("POST", address, {
      headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
      body: fields,
    });
  const keyOn = ({ text }) => /id="new-key">(scim-\w+)/.exec(text)?.[1];
  const [first, second] = [await sent(), await sent()];
  assert.ok(keyOn(first));
  assert.equal(keyOn(second), keyOn(first));
  await age(2);
  const late = await sent();
  assert.equal(keyOn(late), undefined);
  assert.match(late.text, /regenerate the key/);
  const { keys } = await organization.admin.get(organization.path("/keys"));
  assert.equal(keys.length, 2);
});
