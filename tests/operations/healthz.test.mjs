// `/healthz` and `/`: whether the deployment can work, and what to run where it cannot.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertError } from "../helpers/assert.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { requestsLogged } from "../helpers/storage.mjs";
import { startWorker, useWorker } from "../helpers/worker.mjs";

const NEWEST = migrations().length;
const BROWSER = { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const cargo = readFileSync(new URL("../../Cargo.toml", import.meta.url), "utf8");
const [, VERSION] = /^version = "(.*)"$/m.exec(cargo);

/** The status of `/healthz` and its checks, as `{ name: [status, observedValue, output] }`. */
async function health(worker) {
  const { status, body, headers } = await send("GET", `${worker.url}/healthz`);
  assert.equal(headers["content-type"], "application/health+json");
  assert.equal(headers["cache-control"], "no-store");
  const checks = Object.entries(body.checks).map(([name, [{ status, observedValue, output, time }]]) => {
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    return [name, [status, observedValue, output]];
  });
  return { http: status, ...body, checks: Object.fromEntries(checks) };
}

const pass = (value) => ["pass", value, undefined];

describe("a deployment that is complete", () => {
  const worker = useWorker({ databases: 2 });

  test("is told so, with its version and that of its databases, and nothing of its tenants", async () => {
    const { id } = await createOrganization(worker);
    const answer = await health(worker);
    assert.deepEqual(answer, {
      ...{ http: 200, status: "pass", version: VERSION, description: "scim-edge", schema: NEWEST },
      checks: { "DB:schema": pass(NEWEST), "DB_1:schema": pass(NEWEST), "KV:response": pass() },
    });
    assert.ok(!JSON.stringify(answer).includes(id));
  });

  test("is asked in one round trip for each database, and once in five seconds", async () => {
    await worker.restart();
    const { requests } = await requestsLogged(worker, async () => {
      for (let i = 0; i < 3; i++) await health(worker);
      await send("GET", `${worker.url}/`);
    });
    assert.deepEqual(
      requests.map(({ route, d1_round_trips }) => [route, d1_round_trips]),
      [
        ["/healthz", 2],
        ["/healthz", 0],
        ["/healthz", 0],
        ["/", 0],
      ],
    );
    assert.deepEqual([requests[0].d1_rows_read, requests[0].d1_rows_written], [0, 0]);
  });

  test("answers HEAD as GET, and no other method", async () => {
    for (const path of ["/healthz", "/"]) {
      const [get, head] = [await send("GET", worker.url + path), await send("HEAD", worker.url + path)];
      assert.deepEqual([head.status, head.text], [200, ""]);
      assert.equal(head.headers["content-length"], String(Buffer.byteLength(get.text)));
      const post = await send("POST", worker.url + path, { body: "{}" });
      assertError(post, 405);
      assert.equal(post.headers.allow, "GET, HEAD");
    }
  });

  test("leads a browser from / to the console, and tells other clients what is where", async () => {
    const page = await fetch(`${worker.url}/`, { ...BROWSER, redirect: "manual" });
    assert.deepEqual([page.status, page.headers.get("location")], [302, "/console"]);
    const index = await send("GET", `${worker.url}/`);
    assert.equal(index.status, 200);
    assert.deepEqual(index.body, {
      ...{ description: "scim-edge", version: VERSION },
      ...{ scim: `${worker.url}/scim`, console: `${worker.url}/console`, health: `${worker.url}/healthz` },
    });
  });

  test("says its version on each answer, in the console and in the description of the API", async () => {
    for (const path of ["/healthz", "/", "/scim/Users", "/console", "/console/api/organizations", "/nowhere"]) {
      const { headers } = await send("GET", worker.url + path);
      assert.equal(headers["scim-edge-version"], VERSION, path);
    }
    const page = await fetch(`${worker.url}/console/sign-in`, BROWSER);
    assert.match(await page.text(), new RegExp(`<footer>.* scim-edge ${VERSION.replaceAll(".", "\\.")} `));
    const { body } = await send("GET", `${worker.url}/console/api/openapi.json`);
    assert.equal(body.info.version, VERSION);
  });
});

describe("databases of different states", () => {
  const worker = useWorker({ databases: 4 });

  test("are told apart, each with the command for it", async () => {
    await worker.sqlIn(1, "DROP VIEW schema_version; CREATE VIEW schema_version AS SELECT 1 AS version;");
    await worker.sqlIn(2, "DROP VIEW schema_version");
    await worker.sqlIn(3, "DROP VIEW schema_version; CREATE VIEW schema_version AS SELECT 1000 AS version;");
    const { http, status, checks } = await health(worker);
    assert.deepEqual([http, status, checks["DB:schema"]], [503, "fail", pass(NEWEST)]);
    for (const [name, expected, value, output] of [
      ["DB_1", "fail", 1, /up to 1, .*up to \d+: run "npx wrangler d1 migrations apply DB_1 --remote"/],
      ["DB_2", "fail", undefined, /no tables, or .*: run "npx wrangler d1 migrations apply DB_2 --remote"/],
      ["DB_3", "warn", 1000, /deploy the newer version/],
    ]) {
      const [own, observed, words] = checks[`${name}:schema`];
      assert.deepEqual([own, observed], [expected, value], name);
      assert.match(words, output);
    }
    const { text } = await send("GET", `${worker.url}/`, BROWSER);
    assert.match(text, /migrations apply DB_1 .*migrations apply DB_2 /s);
  });

  test("that are newer than the Worker are only a warning", async () => {
    for (const number of [1, 2]) {
      await worker.sqlIn(number, "DROP VIEW IF EXISTS schema_version");
      await worker.sqlIn(number, `CREATE VIEW schema_version AS SELECT ${NEWEST} AS version`);
    }
    await worker.restart();
    const { http, status } = await health(worker);
    assert.deepEqual([http, status], [200, "warn"]);
    assert.equal((await send("GET", `${worker.url}/`)).status, 200);
  });
});

describe("a database without tables", () => {
  const worker = useWorker({ initialSchema: "CREATE TABLE placeholder (x)" });

  test("is named, with the command, on /healthz, /, in the console, its API and over SCIM", async () => {
    const command = /npx wrangler d1 migrations apply DB --remote/;
    const { http, checks } = await health(worker);
    assert.equal(http, 503);
    assert.match(checks["DB:schema"][2], command);
    assertError(await send("GET", `${worker.url}/`), 503, { detail: command });
    const admin = { headers: { Authorization: `Bearer ${worker.adminToken}`, ...BROWSER.headers } };
    for (const [path, options] of [
      ["/", BROWSER],
      ["/console/organizations", admin],
    ]) {
      const page = await send("GET", worker.url + path, options);
      assert.equal(page.status, 503, path);
      assert.match(page.headers["content-type"], /text\/html/);
      assert.match(page.text, command);
    }
    assertProblem(await new AdminApi(worker).send("GET", "/organizations"), 503, command);
    const okta = new ScimClient(`${worker.url}/scim`, forgedKey());
    assertError(await okta.get("/Users"), 503, { detail: command });
  });

  test("works once the migrations are applied", async () => {
    await migrate(await worker.database());
    await worker.restart();
    assert.equal((await health(worker)).http, 200);
    const { okta } = await createOrganization(worker);
    assert.equal((await okta.get("/Users")).status, 200);
  });
});

describe("a deployment that is not complete", () => {
  test("without a good admin token is a warning with the way to make one", async (t) => {
    const worker = await startWorker({ adminToken: "x".repeat(31) });
    t.after(() => worker.close());
    const { http, status, checks } = await health(worker);
    assert.deepEqual([http, status], [200, "warn"]);
    const [own, , words] = checks.ADMIN_TOKEN;
    assert.equal(own, "warn");
    assert.match(words, /shorter than 32 characters.*openssl rand -hex 32.*node -p.*wrangler secret put ADMIN_TOKEN/);
    assert.ok(!words.includes("xxx"), "it does not quote the token");
  });

  test("needs no admin token behind Cloudflare Access", async (t) => {
    const vars = { ACCESS_TEAM: "https://acme.cloudflareaccess.com", ACCESS_AUDIENCE: "aud" };
    const worker = await startWorker({ adminToken: null, vars });
    t.after(() => worker.close());
    assert.equal((await health(worker)).status, "pass");
  });

  test("without static assets is a warning, and serves all but them", async (t) => {
    const worker = await startWorker({ hasAssets: false });
    t.after(() => worker.close());
    const { http, status, checks } = await health(worker);
    assert.deepEqual([http, status], [200, "warn"]);
    assert.match(checks.ASSETS[2], /take over the section \[assets\] of the repository's wrangler\.toml/);
    const { okta } = await createOrganization(worker);
    assert.equal((await okta.get("/Users")).status, 200);
    for (const path of ["/console/assets/console.css", "/console/guides/okta", "/console/api/openapi.json"])
      assert.equal((await send("GET", worker.url + path)).status, 500, path);
    await worker.flushLogs();
    assert.match(worker.logs().join("\n"), /the static asset console\.css cannot be read by the binding ASSETS/);
  });

  test("with a variable that cannot be used says which, everywhere", async (t) => {
    const worker = await startWorker({ vars: { ORG_ROLE_ATTRIBUTE: "userName" } });
    t.after(() => worker.close());
    const why = /not complete: ORG_ROLE_ATTRIBUTE "userName" is an attribute of RFC 7643/;
    const { http, checks } = await health(worker);
    assert.equal(http, 503);
    assert.match(checks.deployment[2], why);
    assertError(await send("GET", `${worker.url}/scim/Users`), 503, { detail: why });
    const page = await send("GET", `${worker.url}/console`, BROWSER);
    assert.equal(page.status, 503);
    assert.match(page.text, /not complete: ORG_ROLE_ATTRIBUTE/);
  });
});
