// Setup links: who holds one sees and changes the set-up of one organization, without an account, and nothing else.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertError, assertStatus, eventually, serverTiming } from "../helpers/assert.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { pagesOf } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
let organization;
let other;
let about;

before(async () => {
  await worker.started;
  organization = await createOrganization(worker, { settings: { name: "Customer" }, projects: { Demo: ["Cook"] } });
  other = await createOrganization(worker, { settings: { name: "Another" }, projects: { Secret: [] } });
  const [{ id: user }] = await organization.createUsers(2);
  about = { user, group: (await organization.groupNamed("Statsig-Demo-Cook")).id };
});

const make = (body = {}, of = organization) => of.admin.create(of.path("/setup-links"), body);
const textOf = ({ url }) => new URL(url).searchParams.get("link");

async function load(path, { cookie, form, method = form ? "POST" : "GET", origin = worker.url, headers = {} } = {}) {
  const all = { ...headers, ...(cookie ? { Cookie: cookie } : {}), ...(form ? { Origin: origin } : {}) };
  const body = form && new URLSearchParams(form);
  const answer = await fetch(worker.url + path, { method, headers: all, body, redirect: "manual" });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

/** Opens a link as a browser does. Resolves with the cookie of its session. */
async function opened(link) {
  const { status, headers, html } = await load(`/console/setup?link=${textOf(link)}`);
  assert.equal(status, 200, html);
  assert.match(headers.get("set-cookie"), /^setup_link=.*HttpOnly; SameSite=Strict$/);
  assert.match(html, /url=\/console\/setup"/);
  return headers.get("set-cookie").split(";")[0];
}

const page = (cookie, form) => load("/console/setup", { cookie, form });

describe("a setup link", () => {
  test("is made by operators for seven days, listed without its address, and shows the set-up", async () => {
    const link = await make();
    const days = (Date.parse(link.expires_at) - Date.parse(link.created_at)) / (24 * 60 * 60 * 1000);
    assert.deepEqual([link.status, link.uses, Math.round(days)], ["active", 0, 7]);
    const cookie = await opened(link);
    const { status, html } = await page(cookie);
    assert.equal(status, 200);
    for (const told of ["Set up Customer", `${worker.url}/scim`, "Statsig-Demo-Cook", "userName", "Opened a setup"]) {
      assert.ok(html.includes(told), told);
    }
    assert.ok(!html.includes("okta.local"), "it names no person");
    const { links } = await organization.admin.get(organization.path("/setup-links"));
    const [{ uses, last_used_at: at }] = links.filter(({ id }) => id === link.id);
    assert.ok(uses === 1 && at !== null);
    assert.ok(!JSON.stringify(links).includes(textOf(link).split(".")[2]));
    const { entries } = await organization.admin.get(organization.path("/log?source=console"));
    const mine = entries.filter(({ actor }) => actor === `setup link ${link.id.slice(0, 8)}…`);
    assert.deepEqual(
      mine.map(({ detail }) => detail),
      ["Opened a setup link."],
    );
    await worker.flushLogs();
    const secret = textOf(link).split(".")[2];
    assert.ok(!worker.logs().some((line) => line.includes(secret)), "the Worker's log does not have it");
    assert.ok(!JSON.stringify(entries).includes(secret), "nor does the organization's");
    const rows = await worker.sql("SELECT * FROM setup_links WHERE id = ?1", link.id);
    assert.ok(!JSON.stringify(rows).includes(secret), "nor does the database");
  });

  test("makes keys that work, says when the identity provider was heard, and deactivates them", async () => {
    const customer = await createOrganization(worker);
    await customer.deactivateKey(customer.key.id);
    const cookie = await opened(await make({ expires_in_days: 1 }, customer));
    const { html } = await page(cookie, { action: "generate", name: "Okta" });
    const [key] = /scim-[A-Z0-9]{69,}/.exec(html) ?? [];
    assert.ok(key, html);
    assert.match((await page(cookie)).html, /not heard yet/);
    const okta = new ScimClient(new URL("/scim", worker.url).href, key);
    assertStatus(await okta.get("/Users"), 200);
    const after = await page(cookie);
    assert.match(after.html, /was last heard/);
    assert.ok(!after.html.includes(key), "it is shown once");
    const id = key.slice(5, 15);
    assert.equal((await page(cookie, { action: "deactivate", key: id })).status, 200);
    assertError(await okta.get("/Users"), 401);
  });

  test("has its making, its uses and its revocation in the feed and the history", async () => {
    const customer = await createOrganization(worker);
    const link = await make({}, customer);
    await opened(link);
    await customer.admin.call("DELETE", customer.path(`/setup-links/${link.id}`), undefined, 200);
    await customer.admin.call("DELETE", customer.path(`/setup-links/${link.id}`), undefined, 200);
    const product = await createProduct(customer, { scopes: ["setup-links", "events"] });
    const { status, body: second } = await product.send("POST", "/product/v1/setup-links", {});
    assert.equal(status, 201);
    const types = "setup_link.created,setup_link.opened,setup_link.revoked";
    const { events } = await product.get(`/product/v1/events?types=${types}`);
    assert.deepEqual(
      events.map(({ type, subject, cause }) => [type, subject.type, subject.id, subject.name, cause.actor]),
      [
        ["setup_link.created", "setup_link", link.id, `setup link ${link.id.slice(0, 8)}…`, "admin token"],
        [
          "setup_link.opened",
          "setup_link",
          link.id,
          `setup link ${link.id.slice(0, 8)}…`,
          `setup link ${link.id.slice(0, 8)}…`,
        ],
        ["setup_link.revoked", "setup_link", link.id, `setup link ${link.id.slice(0, 8)}…`, "admin token"],
        ["setup_link.created", "setup_link", second.id, `setup link ${second.id.slice(0, 8)}…`, product.key.hint],
      ],
    );
    assert.ok(
      events.every(({ cause }) => cause.log_id !== null),
      "each has its entry in the log",
    );
    assert.equal(events[0].data.expires_at, link.expires_at);
    assert.ok(!JSON.stringify(events).includes(textOf(link).split(".")[2]));
    const html = await (
      await fetch(`${worker.url}/console/organizations/${customer.id}/log`, {
        headers: { Authorization: `Bearer ${worker.adminToken}` },
      })
    ).text();
    assert.match(html, /Revoked/);
  });

  test("shows what the identity provider was answered last, at once, without names of people", async () => {
    const customer = await createOrganization(worker);
    const cookie = await opened(await make({}, customer));
    const part = async () => (await load("/console/setup?part=connection", { cookie })).html;
    assert.match(await part(), /not heard yet/);
    const shown = (...patterns) =>
      eventually(async () => {
        const html = await part();
        for (const pattern of patterns) assert.match(html, pattern);
        for (const secret of ["okta.local", customer.key.key]) assert.ok(!html.includes(secret), secret);
      });
    assertStatus(await customer.okta.get('/Users?filter=userName eq "ann@okta.local"'), 200);
    await shown(/GET \/scim\/Users</, /succeeded/, /200/, /was last heard/);
    const [user] = await customer.createUsers(1);
    await shown(/POST \/scim\/Users</, /201/);
    assertStatus(await customer.okta.get(`/Users/${user.id}`), 200);
    await shown(/GET \/scim\/Users\/:id</);
    const taken = { userName: user.userName, schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"] };
    assertError(await customer.okta.post("/Users", taken), 409);
    await shown(/POST \/scim\/Users</, /failed/, /409: /);
    assertError(await customer.okta.get("/Users/ann@okta.local"), 404);
    await shown(/GET \/scim\/Users\/:id</, /404: /);
    const whole = (await page(cookie)).html;
    assert.match(whole, /404: /, "the page itself has it, without script");
    assert.equal((await load("/console/setup?part=connection")).status, 401);
  });

  test("costs requests nothing while the page is closed", async () => {
    const customer = await createOrganization(worker);
    assertStatus(await customer.okta.get("/Users"), 200);
    const cost = async () => serverTiming(await customer.okta.get("/Users"));
    const before = await cost();
    await opened(await make({}, customer)).then(page);
    const after = await cost();
    assert.deepEqual(
      [after.rows_read, after.rows_written, after.round_trips],
      [before.rows_read, before.rows_written, before.round_trips],
      "nor while it is looked at, before the answer",
    );
    await eventually(async () => {
      const [{ kept }] = await worker.sql(
        "SELECT count(*) AS kept FROM auth_keys WHERE org_id = ?1 AND last_answer IS NOT NULL",
        customer.id,
      );
      assert.equal(kept, 1);
    });
    await worker.sql("UPDATE organizations SET watched_until = '' WHERE id = ?1", customer.id);
    const stored = () => worker.sql("SELECT last_answer FROM auth_keys WHERE org_id = ?1", customer.id);
    const known = await stored();
    await cost();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(await stored(), known, "the page is closed");
  });

  test("makes no more keys than the limit", async () => {
    const customer = await createOrganization(worker);
    const cookie = await opened(await make({}, customer));
    for (let number = 1; number < 20; number++) {
      assert.equal((await page(cookie, { action: "generate" })).status, 200);
    }
    const refused = await page(cookie, { action: "generate" });
    assert.equal(refused.status, 409);
    assert.match(refused.html, /role="alert"[^<]*>[^<]*at most 20/);
  });

  test("opens no other page and no call, and is no session of the console", async () => {
    const link = await make();
    const cookie = await opened(link);
    const value = cookie.split("=")[1];
    const cookies = [cookie, `console_session=${value}`, `__Host-console_session=${value}`];
    const pages = [...pagesOf(organization, about), ...pagesOf(other, about), "/console"];
    for (const address of pages) {
      for (const session of cookies) {
        const { html, status } = await load(address, { cookie: session });
        assert.match(html, /Admin token/, `${address}: ${status}`);
        assert.ok(!html.includes("okta.local"), address);
      }
    }
    const calls = [
      ["GET", "/organizations"],
      ...[organization, other].flatMap((each) => [
        ["GET", each.path()],
        ["GET", each.path("/members")],
        ["GET", each.path("/keys")],
        ["POST", each.path("/keys")],
        ["GET", each.path("/log")],
        ["GET", each.path("/export/people")],
        ["POST", each.path("/members")],
        ["DELETE", each.path(`/members/${about.user}`)],
        ["POST", each.path("/setup-links")],
        ["DELETE", each.path(`/setup-links/${link.id}`)],
        ["PATCH", each.path()],
      ]),
    ];
    for (const [method, path] of calls) {
      for (const headers of [{ Cookie: cookie }, { Authorization: `Bearer ${value}` }]) {
        const { status } = await load(`/console/api${path}`, { method, headers: { ...headers, Origin: worker.url } });
        assert.equal(status, 401, `${method} ${path}`);
      }
    }
    const scim = new ScimClient(new URL("/scim", worker.url).href, value);
    assertError(await scim.get("/Users"), 401);
  });

  test("is refused when it is expired, revoked, altered, or of a deleted organization", async () => {
    const link = await make();
    const cookie = await opened(link);
    const [org, id, secret] = textOf(link).split(".");
    const refused = async (text, why) => {
      for (const { status, html } of [
        await load(`/console/setup?link=${text}`),
        await page(`setup_link=${text}`),
        await page(`setup_link=${text}`, { action: "generate" }),
      ]) {
        assert.equal(status, 401, why);
        assert.match(html, /This setup link is not good/, why);
      }
    };
    const flipped = secret.replace(/^./, (first) => (first === "A" ? "B" : "A"));
    const second = textOf(await make({}, other)).split(".");
    await refused(`${other.id}.${id}.${secret}`, "another organization");
    await refused(`${org}.${second[1]}.${secret}`, "another link");
    await refused(`${other.id}.${second[1]}.${secret}`, "another link's id and organization");
    await refused(`${org}.${id}.${flipped}`, "altered");
    await refused(`${org}.${id}.`, "cut off");
    await refused("x", "malformed");
    assert.equal((await page(cookie)).status, 200, "the right one is good still");

    const past = new Date(Date.now() - 1000).toISOString();
    await worker.sql("UPDATE setup_links SET expires_at = ?2 WHERE id = ?1", id, past);
    await refused(textOf(link), "expired");
    const revoked = await make();
    await opened(revoked);
    await organization.admin.call("DELETE", organization.path(`/setup-links/${revoked.id}`), undefined, 200);
    await refused(textOf(revoked), "revoked");
    const gone = await createOrganization(worker, { settings: { name: "Gone" } });
    const orphan = await make({}, gone);
    await gone.admin.call("DELETE", `${gone.path()}?confirm_name=Gone`, undefined, 200);
    await refused(textOf(orphan), "of a deleted organization");
    const { status } = await load("/console/setup");
    assert.equal(status, 401, "no link at all");
  });

  test("changes nothing for a page of another origin, and has no key of another organization", async () => {
    const cookie = await opened(await make());
    const form = { action: "generate" };
    const before = (await organization.admin.get(organization.path("/keys"))).keys.length;
    for (const origin of ["https://evil.example", "null"]) {
      const { status } = await load("/console/setup", { cookie, form, origin });
      assert.equal(status, 403, origin);
    }
    assert.equal((await organization.admin.get(organization.path("/keys"))).keys.length, before);
    const foreign = await page(cookie, { action: "deactivate", key: other.key.id });
    assert.ok(foreign.status >= 400);
    assertStatus(await other.okta.get("/Users"), 200);
  });

  test("is not made by a wrong body, nor beyond the limit", async () => {
    for (const body of [{ expires_in_days: 0 }, { expires_in_days: 31 }, { days: 7 }]) {
      assertProblem(await organization.admin.send("POST", organization.path("/setup-links"), body), 400);
    }
    const few = await createOrganization(worker);
    for (let number = 0; number < 20; number++) await make({}, few);
    const tooMany = await few.admin.send("POST", few.path("/setup-links"), {});
    assertProblem(tooMany, 409, /at most 20 good setup links/);
    const missing = await few.admin.send("DELETE", few.path(`/setup-links/${crypto.randomUUID()}`));
    assertProblem(missing, 404, /no such setup link/);
  });
});
