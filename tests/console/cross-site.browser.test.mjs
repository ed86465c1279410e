// Which pages can make the console act: its own, in their own session; and the console redirects to no other site.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { useBrowser } from "../helpers/browser.mjs";
import { assertOnlyRefusals, signedIn, signIn, submit, visit } from "../helpers/console.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();

const FORM = "application/x-www-form-urlencoded";

/** Sends a form to the console with these headers. */
function post(path, fields, headers = {}) {
  const body = new URLSearchParams(fields).toString();
  return send("POST", worker.url + path, { headers: { "Content-Type": FORM, ...headers }, body });
}

/** The cookie of a new session, with its attributes. */
async function session(next = "/console") {
  const answer = await post("/console/sign-in", { token: worker.adminToken, next }, { Origin: worker.url });
  assert.equal(answer.status, 303, answer.text);
  const [cookie, ...attributes] = answer.headers["set-cookie"][0].split("; ");
  return { cookie, attributes, location: answer.headers.location };
}

describe("a form", () => {
  const foreign = {
    "that another site sends": { Origin: "https://evil.example" },
    "that says that another site sends it": { "Sec-Fetch-Site": "cross-site" },
    "of a neighbour": { "Sec-Fetch-Site": "same-site" },
    "that another site sends in our name": { "Sec-Fetch-Site": "cross-site", Origin: "OURS" },
    "of no page, as a sandboxed frame sends it": { Origin: "null" },
    "that does not say where it comes from": {},
  };
  for (const [whose, headers] of Object.entries(foreign)) {
    test(`${whose} changes nothing`, async () => {
      const organization = await createOrganization(worker);
      const { cookie } = await session();
      const named = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value === "OURS" ? worker.url : value]),
      );
      const sent = { ...named, Cookie: cookie };
      const keys = await organization.admin.get(organization.path("/keys"));
      const fields = { action: "regenerate", key: organization.key.id, latest: organization.key.id };
      const answer = await post(`/console/organizations/${organization.id}/keys`, fields, sent);
      assert.equal(answer.status, 403, answer.text);
      assert.deepEqual(await organization.admin.get(organization.path("/keys")), keys);
      assert.equal((await post("/console/sign-out", {}, sent)).status, 403);
      assert.equal((await post("/console/sign-in", { token: worker.adminToken }, sent)).status, 403);
      // Nor does a call of the API that has nothing but the cookie.
      const call = await send("POST", `${worker.url}/console/api/organizations/${organization.id}/keys`, {
        headers: { ...sent, "Content-Type": "text/plain" },
        body: "{}",
      });
      assert.equal(call.status, 403, call.text);
      assert.deepEqual(await organization.admin.get(organization.path("/keys")), keys);
    });
  }

  test("of ours, in a session, is carried out", async () => {
    const organization = await createOrganization(worker);
    const { cookie } = await session();
    const headers = { Cookie: cookie, "Sec-Fetch-Site": "same-origin" };
    const { id } = organization.key;
    const fields = { action: "regenerate", key: id, latest: id, has_leaked: "no" };
    assert.equal((await post(`/console/organizations/${organization.id}/keys`, fields, headers)).status, 200);
    assert.equal((await organization.admin.get(organization.path("/keys"))).keys.length, 2);
  });

  describe("on a page of another origin", { skip: browser.missing }, () => {
    let elsewhere;
    let html;
    before(async () => {
      elsewhere = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(html));
      await once(elsewhere.listen(0, "127.0.0.1"), "listening");
    });
    after(() => elsewhere?.close());

    test("does not get through, and a link there leads to where it says", async () => {
      const organization = await createOrganization(worker);
      const address = `${worker.url}/console/organizations/${organization.id}/keys`;
      html = `<!doctype html><form method="post" action="${address}"><input name="action" value="generate">
        <button>Win a prize</button></form><a href="${address}">Keys</a>`;
      const page = await signedIn(browser, worker);
      // To the browser a page of the same site, since cookies do not tell ports apart: it sends the cookie along.
      const { port } = elsewhere.address();
      await page.goto(`http://127.0.0.1:${port}/`);
      const response = await submit(page, page.getByRole("button"));
      assert.match((await response.request().allHeaders()).cookie ?? "", /console_session=/);
      assert.equal(response.status(), 403);
      assert.match(await page.getByRole("alert").innerText(), /not sent by a page of this console/);
      assert.equal((await organization.admin.get(organization.path("/keys"))).keys.length, 1);
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.getByRole("link").click();
      await page.getByRole("heading", { name: "Access management" }).waitFor();
    });

    test("cannot frame the console, nor read it", async () => {
      const organization = await createOrganization(worker);
      html = `<!doctype html><iframe src="${worker.url}/console/organizations/${organization.id}/keys"></iframe>`;
      const page = await signedIn(browser, worker);
      await page.goto(`http://127.0.0.1:${elsewhere.address().port}/`);
      const [, frame] = page.frames();
      await frame.waitForLoadState();
      assert.match(frame.url(), /^chrome-error:/);
      const read = await page.evaluate(
        (url) =>
          fetch(url, { credentials: "include" }).then(
            () => "read",
            () => "refused",
          ),
        `${worker.url}/console/organizations`,
      );
      assert.equal(read, "refused");
    });
  });
});

describe("after signing in", () => {
  const AWAY = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "/console\\@evil.example",
    "/consoleevil",
    "/console/../../x",
    "/console/..//evil.example",
    "/console/%2e%2e/%2E%2E/x",
    "/console/.%2e/x",
    "/console/..\\x",
    "/console\t/../x",
    "/console/\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "",
  ];
  test("the console does not redirect to other sites", async () => {
    for (const next of AWAY) {
      const { location } = await session(next);
      const { origin, pathname } = new URL(location, worker.url);
      assert.equal(origin, worker.url, next);
      assert.match(pathname, /^\/console(\/|$)/, next);
    }
    assert.equal((await session("/console/organizations?x=1")).location, "/console/organizations?x=1");
  });

  test("a sign-in leads to the page that was asked for", { skip: browser.missing }, async () => {
    const organization = await createOrganization(worker);
    const page = await browser.open({ baseURL: worker.url });
    const address = `/console/organizations/${organization.id}/log?outcome=refused`;
    assert.equal((await page.goto(address)).status(), 401);
    await signIn(page, worker.adminToken);
    assert.equal(page.url(), worker.url + address);
    await submit(page, page.getByRole("button", { name: "Sign out" }));
    assert.equal((await page.goto(address)).status(), 401);
    await assertOnlyRefusals(page, 401, 401);
  });
});

test("a session is a cookie that scripts and other sites do not have, and that cannot be made up", async () => {
  const { cookie, attributes } = await session();
  assert.deepEqual(attributes.toSorted(), ["HttpOnly", "Max-Age=7200", "Path=/console", "SameSite=Strict"]);
  const status = async (value) =>
    (await send("GET", `${worker.url}/console/organizations`, { headers: { Cookie: value } })).status;
  assert.equal(await status(cookie), 200);
  assert.equal(await status(`other=1; ${cookie}`), 200);
  const [name, value] = [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)];
  const swapped = value.startsWith("A") ? "B" : "A";
  const forged = ["", value.slice(0, -1), `${value}A`, `${swapped}${value.slice(1)}`, "A".repeat(43), `${value}.`];
  for (const other of forged) assert.equal(await status(`${name}=${other}`), 401, other);
  assert.equal(await status(`${name.toUpperCase()}=${value}`), 401);
  // By https, the answer asks browsers to use https only.
  const scim = await send("GET", `${worker.url}/scim/Users`, { headers: { Cookie: cookie } });
  assert.equal(scim.status, 401);
});

test("every page has the headers that restrict what browsers do with it", { skip: browser.missing }, async () => {
  const organization = await createOrganization(worker);
  const page = await signedIn(browser, worker);
  const answers = [
    await page.goto("/console/sign-in"),
    await page.goto("/console/organizations"),
    await visit(page, organization, "keys"),
    await page.goto("/console/nothing"),
    await (await browser.open()).goto(`${worker.url}/console/organizations`),
  ];
  for (const answer of answers) {
    const headers = answer.headers();
    const policy = Object.fromEntries(
      headers["content-security-policy"].split("; ").map((part) => part.split(/ (.*)/, 2)),
    );
    assert.deepEqual(policy, {
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self'",
      "connect-src": "'self'",
      "form-action": "'self'",
      "base-uri": "'none'",
      "frame-ancestors": "'none'",
    });
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "same-origin");
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
  }
  await assertOnlyRefusals(page, 404);
});
