// What a page says was done: once, on the page that it was brought to, and never because a link says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const NOTICE = /class="notice good"/;

const post = (path, fields, Cookie = "") =>
  send("POST", worker.url + path, {
    headers: { ...FORM, Cookie, Origin: worker.url },
    body: new URLSearchParams(fields).toString(),
  });
const get = (path, ...cookies) => send("GET", worker.url + path, { headers: { Cookie: cookies.join("; ") } });
const cookiesOf = (answer) => [answer.headers["set-cookie"]].flat().filter(Boolean);
const named = (answer, name) => cookiesOf(answer).find((cookie) => cookie.startsWith(`${name}=`));

test("what was done is said once, on its own page", async () => {
  const { id, key } = await createOrganization(worker);
  const session = cookiesOf(await post("/console/sign-in", { token: worker.adminToken }))[0].split(";")[0];
  const keys = `/console/organizations/${id}/keys`;
  const settings = `/console/organizations/${id}/settings`;
  const done = await post(keys, { action: "deactivate", key: key.id, confirm: "deactivate" }, session);
  assert.deepEqual([done.status, done.headers.location], [303, keys]);
  const set = named(done, "console_done");
  assert.match(set, /; Path=\/console; Max-Age=60; HttpOnly; SameSite=Strict$/);
  assert.ok(named(done, "console_session"), "the session is extended all the same");
  const cookie = set.split(";")[0];

  const elsewhere = await get(settings, session, cookie);
  assert.equal(elsewhere.status, 200);
  assert.doesNotMatch(elsewhere.text, NOTICE);
  assert.equal(named(elsewhere, "console_done"), undefined, "it stays for its own page");
  const page = await get(keys, session, cookie);
  assert.match(page.text, NOTICE);
  assert.ok(page.text.includes(key.hint), "it names what it was done to");
  assert.match(named(page, "console_done"), /^console_done=; .*Max-Age=0/);
  assert.doesNotMatch((await get(keys, session)).text, NOTICE);
});

test("no address and no made-up cookie says that something was done", async () => {
  const { id } = await createOrganization(worker);
  const session = cookiesOf(await post("/console/sign-in", { token: worker.adminToken }))[0].split(";")[0];
  const keys = `/console/organizations/${id}/keys`;
  for (const query of ["done=key-deactivated", "flash=key-deactivated", "console_done=flash%3Dkey-deactivated"]) {
    const page = await get(`${keys}?${query}`, session);
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.text, NOTICE, query);
  }
  for (const value of [
    `flash=anything&page=${encodeURIComponent(keys)}`,
    "flash=key-deactivated",
    "%",
    "x".repeat(3000),
  ]) {
    const page = await get(keys, session, `console_done=${value}`);
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.text, NOTICE, value);
  }
});
