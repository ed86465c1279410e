// At which addresses the console is, by which scheme, and what its answers say to browsers.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PUBLIC = "https://console.example";
const headers = () => ({ Authorization: `Bearer ${worker.adminToken}` });

/** Sends a path as it is: a URL would be tidied up first. */
function raw(path, method = "GET") {
  const { hostname, port } = new URL(worker.url);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers: headers() }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    outgoing.on("error", reject).end();
  });
}

test("the console answers at one spelling of its addresses", async () => {
  const { id } = await createOrganization(worker);
  const keys = `/organizations/${id}/keys`;
  for (const path of ["/console/organizations", `/console/api${keys}`, `/console${keys}`, "/console/sign-in"]) {
    assert.equal(await raw(path), 200, path);
  }
  for (const path of [
    `//console${keys}`,
    `///console${keys}`,
    `/%63onsole${keys}`,
    `/consol%65${keys}`,
    `/Console${keys}`,
    `/CONSOLE/api${keys}`,
    `/console%2fapi${keys}`,
    `/console%2Fapi${keys}`,
    `/console/%61pi${keys}`,
    `/console//api${keys}`,
    `/console/api//organizations/${id}/keys`,
    `/console/api/organizations/${id}//keys`,
    `/console/api/organizations/${id}/%6beys`,
    `/console%5capi${keys}`,
    `/console;x/api${keys}`,
    `/x/..%2fconsole/api${keys}`,
    `/console/assets%2fconsole.css`,
    "//console/sign-in",
    "//console/assets/console.css",
  ]) {
    assert.equal(await raw(path), 404, path);
    assert.equal(await raw(path, "POST"), 404, path);
  }
});

test("base URLs of SCIM may end in a slash", async () => {
  const { okta } = await createOrganization(worker);
  assertStatus(await okta.get("//Users"), 200);
  assertStatus(await okta.get("/Users/"), 200);
});

test("the console is served by https only, but on this machine", async () => {
  const paths = ["/console", "/console/sign-in", "/console/api/organizations", "/console/assets/console.css"];
  for (const path of paths) {
    for (const host of ["console.example", "127.0.0.1.example", "192.168.1.7:8787", "localhost.example"]) {
      const answer = await worker.fetch(`http://${host}${path}`, { headers: headers() });
      assert.equal(answer.status, 403, `${host}${path}`);
      assert.match((await answer.json()).detail, /https only: use https:\/\//);
      assert.equal(answer.headers.get("set-cookie"), null);
    }
    for (const origin of [PUBLIC, "http://localhost:8787", "http://127.0.0.1:8080", "http://[::1]:8080"]) {
      const answer = await worker.fetch(origin + path, { headers: headers() });
      assert.ok([200, 303].includes(answer.status), `${origin}${path} -> ${answer.status}`);
      await answer.text();
    }
  }
  const form = { "Content-Type": "application/x-www-form-urlencoded", Origin: "http://console.example" };
  const body = `token=${worker.adminToken}`;
  const signIn = await worker.fetch("http://console.example/console/sign-in", { method: "POST", headers: form, body });
  assert.equal(signIn.status, 403);
});

test("a session by https is bound to its host", async () => {
  const form = { "Content-Type": "application/x-www-form-urlencoded", Origin: PUBLIC };
  const body = `token=${worker.adminToken}`;
  const signIn = await worker.fetch(`${PUBLIC}/console/sign-in`, { method: "POST", headers: form, body });
  assert.equal(signIn.status, 303);
  const [cookie, ...attributes] = signIn.headers.get("set-cookie").split("; ");
  assert.match(cookie, /^__Host-console_session=[\w-]{43}$/);
  assert.deepEqual(attributes.sort(), ["HttpOnly", "Max-Age=7200", "Path=/", "SameSite=Strict", "Secure"]);
  const at = async (origin) =>
    (await worker.fetch(`${origin}/console/api/organizations`, { headers: { Cookie: cookie } })).status;
  assert.equal(await at(PUBLIC), 200);
  assert.equal(await at("https://other.example"), 401);
});

test("every answer of the console has the headers that restrict what browsers do with it", async () => {
  const { id } = await createOrganization(worker);
  const all = [
    ["/console", 303],
    ["/console/organizations", 200],
    [`/console/organizations/${id}/keys`, 200],
    [`/console/organizations/${id}/nothing`, 404],
    ["/console/nothing", 404],
    ["//console", 404],
    ["/console/sign-in", 200],
    ["/console/assets/console.css", 200],
    ["/console/assets/nothing", 404],
    ["/console/api/openapi.json", 200],
    ["/console/api/organizations", 200],
    ["/console/api/organizations/nowhere", 404],
    ["/console/api/nothing", 404],
    ["/console/api/organizations", 401, { headers: { Authorization: "Bearer x" } }],
    ["/console/organizations", 401, { headers: {} }],
    ["/console/api/organizations", 400, { method: "POST", body: "{" }],
    ["/console/api/organizations", 405, { method: "DELETE" }],
    ["/console/organizations", 405, { method: "DELETE" }],
    ["/console/organizations", 403, { method: "POST" }],
    ["/scim/Users", 401, { headers: {} }],
    ["/nothing", 404],
  ];
  for (const [path, status, init] of all) {
    const answer = await worker.fetch(PUBLIC + path, { headers: headers(), ...init });
    await answer.text();
    const what = `${init?.method ?? "GET"} ${path}`;
    if (path !== "/console") assert.equal(answer.status, status, what);
    const header = (name) => answer.headers.get(name) ?? "";
    assert.match(header("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/, what);
    assert.doesNotMatch(header("content-security-policy"), /unsafe|\*/, what);
    assert.equal(header("cross-origin-resource-policy"), "same-origin", what);
    assert.equal(header("x-content-type-options"), "nosniff", what);
    assert.match(header("strict-transport-security"), /^max-age=\d{8}/, what);
    const isKept = path.includes("/assets/console");
    assert.match(header("cache-control"), isKept ? /immutable/ : /no-store/, what);
  }
  const local = await worker.fetch("http://localhost/console/sign-in");
  assert.equal(local.headers.get("strict-transport-security"), null);
  await local.text();
});

test("each address of the console says which methods it has", async () => {
  const { id } = await createOrganization(worker);
  const all = [
    ["/console", "PUT", "GET, HEAD, POST"],
    ["/console/organizations", "DELETE", "GET, HEAD, POST"],
    [`/console/organizations/${id}`, "POST", "GET, HEAD"],
    [`/console/organizations/${id}/keys`, "PATCH", "GET, HEAD, POST"],
    [`/console/organizations/${id}/log`, "POST", "GET, HEAD"],
    ["/console/sign-in", "OPTIONS", "GET, HEAD, POST"],
    ["/console/sign-out", "GET", "POST"],
    ["/console/sign-out", "HEAD", "POST"],
    ["/console/assets/console.css", "POST", "GET, HEAD"],
    ["/console/nothing", "PUT", null],
  ];
  for (const [path, method, allow] of all) {
    const answer = await worker.fetch(PUBLIC + path, { method, headers: { ...headers(), Origin: PUBLIC } });
    await answer.text();
    const what = `${method} ${path}`;
    assert.equal(answer.status, allow ? 405 : 404, what);
    assert.equal(answer.headers.get("allow"), allow, what);
  }
  for (const path of ["/console/organizations", `/console/organizations/${id}/log`, "/console/assets/console.css"]) {
    const answer = await worker.fetch(PUBLIC + path, { method: "HEAD", headers: headers() });
    assert.deepEqual([answer.status, await answer.text()], [200, ""], path);
  }
});
