// How npm run deploy tests the address of a deployment.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { addressOf, smokeTest } from "../../scripts/deploy/smoke.mjs";
import { migrations } from "../../scripts/lib/migrations.mjs";
import { useWorker } from "../helpers/worker.mjs";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const AT_ONCE = { patience: 0, withErrors: 0, pause: 1 };

const good = useWorker();
const outdated = useWorker({ initialSchema: migrations()[0].sql });
const tokenless = useWorker({ adminToken: null });

/** The address of a server that answers like `listener`. */
async function serve(listener) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

const refused = (address, pattern) =>
  assert.rejects(smokeTest(address, version, AT_ONCE), ({ message }) => {
    assert.match(message, pattern);
    return true;
  });

describe("the test of an address", () => {
  test("is content with a Worker that works", () => smokeTest(good.url, version, AT_ONCE));

  test("passes on what the Worker says of its database", () =>
    refused(
      outdated.url,
      /The Worker is deployed, and GET .*\/healthz is answered with 503: .*d1 migrations apply DB/,
    ));

  test("finds that there is no admin token", () => refused(tokenless.url, /GET .*\/console is answered with 503/));

  test("waits for an address that Cloudflare does not know yet, or that answers with the version before", async () => {
    let requests = 0;
    const strangers = [
      (response) => response.writeHead(404).end("There is nothing here yet"),
      (response) => response.destroy(),
      (response) => response.writeHead(200, { "scim-edge-version": "0.0.1" }).end("{}"),
    ];
    const status = { "/console": 401 };
    const address = await serve(({ url }, response) => {
      const stranger = strangers[requests++];
      if (stranger) return stranger(response);
      response.writeHead(status[url] ?? 200, { "scim-edge-version": version }).end("{}");
    });
    await smokeTest(address, version, { pause: 1 });
    assert.equal(requests, strangers.length + 4);
  });

  test("gives up at some time, and says what came", async () => {
    const nothing = await serve((_request, response) => response.writeHead(404).end("There is nothing here yet"));
    await refused(nothing, /does not answer at its address yet\. GET .*: 404\. .*Run the same command again/);
    const old = await serve((_request, response) =>
      response.writeHead(200, { "scim-edge-version": "0.0.1" }).end("{}"),
    );
    await refused(old, new RegExp(`200, by version 0\\.0\\.1 instead of ${version.replaceAll(".", "\\.")}\\. `));
  });

  test("knows the sign-in of Cloudflare Access", async () => {
    const location = "https://acme.cloudflareaccess.com/cdn-cgi/access/login";
    const address = await serve(({ url }, response) => {
      if (url === "/console") return response.writeHead(302, { location }).end();
      response.writeHead(200, { "scim-edge-version": version }).end("{}");
    });
    await smokeTest(address, version, AT_ONCE);
  });
});

describe("the address of a deployment", () => {
  for (const [targets, address] of [
    [["https://scim-edge.acme.workers.dev", "schedule: 23 * * * *"], "https://scim-edge.acme.workers.dev"],
    [["https://scim-edge.acme.workers.dev", "scim.acme.com (custom domain)"], "https://scim.acme.com"],
    [["scim.acme.com/* (zone name: acme.com)", "schedule: 23 * * * *"], "https://scim.acme.com"],
    [["schedule: 23 * * * *"], undefined],
    [["*.acme.com/scim*"], undefined],
  ]) {
    test(`is ${address} for ${targets.join(", ")}`, () => assert.equal(addressOf(targets), address));
  }
});
