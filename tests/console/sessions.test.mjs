// Sessions of the console: how long they last, what ends them, and what the admin token must be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const TOKEN = "t".repeat(32);
const worker = useWorker({ adminToken: TOKEN });
const twin = useWorker({ adminToken: TOKEN });
const short = useWorker({ adminToken: "t".repeat(31) });
const blank = useWorker({ adminToken: ` ${"t".repeat(31)}\n` });

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const post = (path, fields, headers = {}) =>
  send("POST", worker.url + path, {
    headers: { ...FORM, Origin: worker.url, ...headers },
    body: new URLSearchParams(fields).toString(),
  });
const cookieOf = (answer) => [answer.headers["set-cookie"]].flat()[0];

async function signIn() {
  const answer = await post("/console/sign-in", { token: TOKEN });
  assert.equal(answer.status, 303, answer.text);
  return cookieOf(answer).split(";")[0];
}

const list = (Cookie, { url } = worker) => send("GET", `${url}/console/api/organizations`, { headers: { Cookie } });
const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

describe("a session", () => {
  test("goes on as long as it is used, and ends two hours after its last use", async () => {
    const cookie = await signIn();
    await worker.sql("UPDATE console_sessions SET used_at = ?1", minutesAgo(119));
    const answer = assertStatus(await list(cookie), 200) && (await list(cookie));
    assert.match(cookieOf(answer), /^console_session=[\w-]{43}; .*Max-Age=7200;/);
    await worker.sql("UPDATE console_sessions SET used_at = ?1 WHERE used_at < ?1", minutesAgo(100));
    assertStatus(await list(cookie), 200);
    await worker.sql("UPDATE console_sessions SET used_at = ?1", minutesAgo(121));
    assertProblem(await list(cookie), 401);
  });

  test("ends twelve hours after it began, however much it is used", async () => {
    const cookie = await signIn();
    await worker.sql("UPDATE console_sessions SET began_at = ?1", minutesAgo(12 * 60 - 1));
    const answer = await list(cookie);
    assertStatus(answer, 200);
    const [, seconds] = /Max-Age=(\d+)/.exec(cookieOf(answer));
    assert.ok(Number(seconds) <= 60, cookieOf(answer));
    await worker.sql("UPDATE console_sessions SET began_at = ?1", minutesAgo(12 * 60 + 1));
    assertProblem(await list(cookie), 401);
  });

  test("is over when it is signed out, also for a client that kept the cookie", async () => {
    const [cookie, other] = [await signIn(), await signIn()];
    const answer = await post("/console/sign-out", {}, { Cookie: cookie });
    assert.match(cookieOf(answer), /^console_session=; .*Max-Age=0/);
    assertProblem(await list(cookie), 401);
    assertStatus(await list(other), 200);
  });

  test("is over when all sessions are ended, by a call or by the button", async () => {
    const cookies = [await signIn(), await signIn()];
    const { ended } = await new AdminApi(worker).call("DELETE", "/sessions", undefined, 200);
    assert.ok(ended >= 2);
    for (const cookie of cookies) assertProblem(await list(cookie), 401);

    const [here, elsewhere] = [await signIn(), await signIn()];
    const pressed = await post("/console/organizations", { action: "end-sessions" }, { Cookie: here });
    assert.equal(pressed.status, 303, pressed.text);
    for (const cookie of [here, elsewhere]) assertProblem(await list(cookie), 401);
  });

  test("is invalid in another deployment with the same token, and at another origin", async () => {
    const cookie = await signIn();
    assertProblem(await list(cookie, twin), 401);
    // The database of the one in the hands of the other.
    const [row] = await worker.sql("SELECT * FROM console_sessions ORDER BY began_at DESC LIMIT 1");
    await twin.sql("INSERT INTO console_sessions VALUES (?1, ?2, ?3)", row.id, row.began_at, row.used_at);
    assertProblem(await list(cookie, twin), 401);
    assertStatus(await list(cookie), 200);
  });

  test("does not reveal the token: two of the same moment differ, and the database has neither", async () => {
    const cookies = await Promise.all([signIn(), signIn()]);
    const values = cookies.map((cookie) => cookie.slice("console_session=".length));
    assert.notEqual(values[0], values[1]);
    const rows = JSON.stringify(await worker.sql("SELECT * FROM console_sessions"));
    for (const value of [...values, TOKEN]) assert.ok(!rows.includes(value));
  });

  test("that has ended is deleted by the hourly maintenance", async () => {
    await signIn();
    await worker.sql("UPDATE console_sessions SET used_at = ?1", minutesAgo(121));
    const alive = await signIn();
    await worker.scheduled();
    assert.equal((await worker.sql("SELECT count(*) AS n FROM console_sessions"))[0].n, 1);
    assertStatus(await list(alive), 200);
  });
});

describe("the admin token", () => {
  test("opens nothing with fewer than 32 characters, and the refusal says how to make one", async () => {
    for (const each of [short, blank]) {
      const token = each.adminToken.trim();
      const advice = /at least|shorter than 32 characters.*openssl rand -hex 32.*wrangler secret put ADMIN_TOKEN/;
      assertProblem(
        await new AdminApi({ url: each.url, adminToken: token }).send("GET", "/organizations"),
        503,
        advice,
      );
      const page = await send("GET", `${each.url}/console`);
      assert.equal(page.status, 503);
      assert.match(page.text, advice);
      const form = { headers: { ...FORM, Origin: each.url }, body: `token=${token}` };
      const signIn = await send("POST", `${each.url}/console/sign-in`, form);
      assert.equal(signIn.status, 503);
      assert.equal(signIn.headers["set-cookie"], undefined);
    }
  });

  test("is compared in full", async () => {
    for (const other of [TOKEN.slice(1), `${TOKEN}t`, TOKEN.toUpperCase(), ""]) {
      assertProblem(
        await new AdminApi({ ...worker, url: worker.url, adminToken: other }).send("GET", "/organizations"),
        401,
      );
    }
    assertStatus(await new AdminApi({ url: worker.url, adminToken: TOKEN }).send("GET", "/organizations"), 200);
  });
});

describe("a form that outlives its session", () => {
  const FIELDS = {
    action: "save",
    name: "Ünïted & <Sons>",
    mail_domains: "acme.example\nnonsense@",
    key_lifetime_days: "7",
  };
  const encoded = new URLSearchParams(FIELDS).toString();
  const hidden = (html, name) => {
    const [, value] = new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html) ?? [];
    return value?.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  };
  const nameOf = async ({ id }) => (await new AdminApi(worker).get(`/organizations/${id}`)).name;

  test("is given back after signing in, filled in, and is not carried out by that", async () => {
    const organization = await createOrganization(worker);
    const before = await nameOf(organization);
    const settings = `/console/organizations/${organization.id}/settings`;
    const cookie = await signIn();
    await worker.sql("UPDATE console_sessions SET used_at = ?1", minutesAgo(121));
    const asked = await post(settings, FIELDS, { Cookie: cookie });
    assert.equal(asked.status, 401);
    assert.match(asked.text, /What you typed is kept/);
    assert.ok(asked.text.includes(`action="${settings}"`));
    assert.equal(hidden(asked.text, "form"), encoded);

    const fields = { action: hidden(asked.text, "action"), form: hidden(asked.text, "form") };
    const wrong = await post(settings, { ...fields, token: "x".repeat(32) });
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /not the admin token/);
    assert.equal(hidden(wrong.text, "form"), encoded, "a wrong token loses nothing");
    assert.equal(wrong.headers["set-cookie"], undefined);

    const given = await post(settings, { ...fields, token: TOKEN });
    assert.equal(given.status, 200);
    assert.match(given.text, /What you typed is here again/);
    assert.match(given.text, /value="Ünïted &amp; &lt;Sons&gt;"/);
    assert.match(given.text, />acme\.example\nnonsense@<\/textarea>/);
    assert.ok(!given.text.includes(TOKEN));
    assert.equal(await nameOf(organization), before, "nothing was done");
    const session = cookieOf(given).split(";")[0];
    assertStatus(await list(session), 200);
    const sent = await post(settings, { ...FIELDS, mail_domains: "" }, { Cookie: session });
    assert.equal(sent.status, 303);
    assert.equal(await nameOf(organization), FIELDS.name);
  });

  test("is given back also if a session has begun meanwhile, and never from another site", async () => {
    const organization = await createOrganization(worker);
    const before = await nameOf(organization);
    const settings = `/console/organizations/${organization.id}/settings`;
    const resuming = { action: "sign-in", form: encoded, token: "" };
    const Cookie = await signIn();
    const given = await post(settings, resuming, { Cookie });
    assert.match(given.text, /What you typed is here again/);
    for (const fields of [resuming, { ...resuming, token: TOKEN }, FIELDS]) {
      const foreign = await post(settings, fields, { Cookie, Origin: "https://evil.example" });
      assert.equal(foreign.status, 403);
      assert.doesNotMatch(foreign.text, /Sons/);
    }
    assert.equal(await nameOf(organization), before);
  });

  test("is not kept if it is large, or of no page", async () => {
    const organization = await createOrganization(worker);
    const settings = `/console/organizations/${organization.id}/settings`;
    const large = await post(settings, { ...FIELDS, name: "x".repeat(40_000) });
    assert.deepEqual([large.status, hidden(large.text, "form")], [401, undefined]);
    const nowhere = await post(`/console/organizations/${organization.id}/nowhere`, FIELDS);
    assert.deepEqual([nowhere.status, hidden(nowhere.text, "form")], [401, undefined]);
    const rows = JSON.stringify(await worker.sql("SELECT * FROM console_sessions"));
    assert.ok(!rows.includes("Sons"), "nothing of it is stored");
  });
});
