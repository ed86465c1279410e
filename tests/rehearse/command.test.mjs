// The command line of npm run rehearse: keys, exit statuses, reports, errors of the connection.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, describe, test } from "node:test";
import { askHidden } from "../../scripts/lib/ask.mjs";
import { openWorkers, workerOf } from "../../scripts/lib/local-worker.mjs";
import { steps } from "../../scripts/rehearse/steps/index.mjs";
import { useCommand } from "./server/command.mjs";
import { KEY, startScimServer } from "./server/server.mjs";

describe("npm run rehearse", () => {
  const { rehearse, folder } = useCommand();
  const servers = [];
  const start = async (options) => {
    servers.push(await startScimServer(options));
    return servers.at(-1).base;
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  /** A server that answers everything so. */
  async function plainServer(answer) {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push({
      close() {
        server.closeAllConnections();
        server.close();
      },
    });
    return `http://127.0.0.1:${server.address().port}/scim`;
  }

  test("ends with 0 where no step fails, and writes reports", async () => {
    const base = await start();
    const files = { json: join(folder.path, "report.json"), junit: join(folder.path, "report.xml") };
    const run = await rehearse([base, "--json", files.json, "--junit", files.junit]);
    assert.equal(run.code, 0, run.text);
    assert.match(run.stdout, /^ {2}passed {3}create +creates a person, and shows all of it +\d+ requests?, \d+ ms$/m);
    assert.match(run.stdout, /^\d+ passed, 0 with warnings, 0 failed, 2 skipped; \d+ requests in [\d.]+ s$/m);
    assert.match(run.stdout, /All that was made is removed\./);
    const report = JSON.parse(readFileSync(files.json, "utf8"));
    assert.equal(report.steps.length, steps.length);
    assert.deepEqual(report.counts, { passed: steps.length - 2, warned: 0, failed: 0, skipped: 2 });
    const created = report.steps.find(({ name }) => name === "okta-put.create");
    const post = created.exchanges.find(({ method }) => method === "POST");
    assert.deepEqual([post.status, post.requestBody.password, post.requestHeaders.Authorization], [201, "***", "***"]);
    assert.deepEqual(created.findings.slice(0, 1), [
      { level: "must", isMet: true, rule: "RFC 7644 section 3.3", text: "POST is answered 201.", exchange: 1 },
    ]);
    const xml = readFileSync(files.junit, "utf8");
    assert.equal([...xml.matchAll(/<testcase /g)].length, steps.length);
    assertBalanced(xml);
    for (const text of [run.text, JSON.stringify(report), xml]) assertNoSecret(text);
  });

  test("ends with 1 where a step fails, and shows request, answer and rule", async () => {
    const base = await start({ fault: "created-is-200" });
    const junit = join(folder.path, "failed.xml");
    const run = await rehearse([base, "--only", "okta-put.create", "--junit", junit]);
    assert.equal(run.code, 1, run.text);
    assert.match(
      run.stdout,
      /FAILED {3}create .*\n +must: POST is answered 201\. \[RFC 7644 section 3\.3\]\n +got: 200\n/,
    );
    assert.match(run.stdout, /\n +> POST http:\S+\/scim\/Users\n +> \{"schemas":\[.*\n +< 200 \{"schemas":\[/);
    const xml = readFileSync(junit, "utf8");
    assert.match(
      xml,
      /<failure message="POST is answered 201\." type="must">must: POST is answered 201\.\nrule: RFC 7644/,
    );
    assertBalanced(xml);
    for (const text of [run.text, xml]) assertNoSecret(text);
  });

  test("ends with 0 where there are warnings only", async () => {
    const run = await rehearse([await start({ fault: "unquoted-refused" }), "--only", "entra.lookup-unquoted"]);
    assert.equal(run.code, 0, run.text);
    assert.match(run.stdout, /WARNING {2}lookup-unquoted .*\n +should: A value without quotes/);
  });

  test("shows every request and rule with --verbose", async () => {
    const run = await rehearse([await start(), "--only", "okta-put.lookup", "--verbose"]);
    assert.match(run.stdout, /> GET .*\n +< 200 .*\n +holds: GET is answered 200\. \[Okta, assignment of a person\]/);
    assertNoSecret(run.text);
  });

  test("lists its steps, and explains itself", async () => {
    const list = await rehearse(["--list"]);
    assert.equal(list.code, 0);
    for (const { name, title } of steps) assert.ok(list.stdout.includes(name) && list.stdout.includes(title), name);
    const help = await rehearse(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^npm run rehearse -- <base URL>/);
  });

  test("refuses a key among the arguments, and does not repeat it", async () => {
    const key = "scim-4f9dk2kf94kfk2lsdkf94kfksl2";
    const base = "https://scim.example/scim";
    for (const args of [[base, key], [key], [base, `--key=${key}`], [base, "--token", key], [base, "--project", key]]) {
      const { code, text } = await rehearse(args);
      assert.equal(code, 2, text);
      assert.match(text, /A key is never an argument/);
      assert.ok(!text.includes(key), text);
    }
    const inside = await rehearse([`https://user:${key}@scim.example/scim`]);
    assert.match(inside.text, /must have no user name, password, query or fragment/);
    assert.ok(inside.code === 2 && !inside.text.includes(key), inside.text);
  });

  test("says which argument is wrong", async () => {
    for (const [args, expected] of [
      [[], /The base URL is missing/],
      [["scim.example/scim"], /has to begin with https:/],
      [["https://a.example", "https://b.example"], /one base URL/],
      [["https://a.example", "--only", "okta"], /There is no step or part okta\. The parts are connection, /],
      [["https://a.example", "--colour"], /--colour is no option/],
      [["https://a.example", "--json"], /--json needs a value/],
      [["https://a.example", "--timeout", "0"], /--timeout is a number of seconds from 1 to 600/],
      [[await start(), "--json", "/no/such/folder/x"], /\/no\/such\/folder\/x cannot be written \(ENOENT\)/],
    ]) {
      const { code, text } = await rehearse(args);
      assert.equal(code, 2, text);
      assert.match(text, expected);
    }
  });

  test("asks for the key without showing it, where there is a terminal", async () => {
    const [input, shown] = [new PassThrough(), new PassThrough()];
    const asked = askHidden("SCIM key: ", () => undefined, { input, shown });
    input.write("the-typed-key\n");
    assert.equal(await asked, "the-typed-key");
    assert.equal(shown.read().toString(), "SCIM key: \n");
    const none = await rehearse([await start()], { SCIM_KEY: undefined });
    assert.equal(none.code, 2);
    assert.match(none.text, /There is no key: set the environment variable SCIM_KEY/);
    const pasted = await rehearse([await start(), "--only", "connection.accept"], { SCIM_KEY: `Bearer ${KEY}\n` });
    assert.equal(pasted.code, 0, pasted.text);
    const broken = await rehearse([await start()], { SCIM_KEY: "two words" });
    assert.match(broken.text, /has spaces or characters/);
  });

  test("says why it cannot begin", async () => {
    const send = (status, type, body, headers = {}) =>
      plainServer((_, response) => response.writeHead(status, { "content-type": type, ...headers }).end(body));
    const page = "<!doctype html><title>Sign in</title>";
    for (const [base, expected] of [
      ["http://127.0.0.1:9/scim", /127\.0\.0\.1:9: No server listens there.*\(ECONNREFUSED\)/],
      ["http://no-such-host.invalid/scim", /(There is no host of this name|could not be looked up)/],
      [(await start()).replace("http:", "https:"), /is it http:\/\/ instead of https:\/\/\?/],
      [(await start()).replace("/scim", "/wrong"), /answers 404, .*Is this the SCIM base URL\?/s, "wrong"],
      [await send(200, "text/html", page), /answers 200 with a page \(text\/html\), and not with SCIM/],
      [await send(404, "text/html", page), /answers 404 with a page/],
      [await send(200, "text/plain", "pong"), /answers 200 without JSON \(text\/plain\)/],
      [
        await send(301, "text/plain", "", { location: "https://other.example/" }),
        /redirects to https:\/\/other\.example\//,
      ],
      [await send(500, "application/json", '{"detail":"Out of order."}'), /cannot list people: 500, "Out of order\."/],
      [await send(401, "text/plain", `no ${KEY}`), /refuses the key: 401, "no \*\*\*"/],
      [await plainServer((request) => request.socket.destroy()), /closed the connection without an answer/],
    ]) {
      const { code, text } = await rehearse([base, "--timeout", "5"]);
      assert.equal(code, 2, text);
      assert.match(text, expected);
      assertNoSecret(text);
    }
    const silent = await rehearse([await plainServer(() => {}), "--timeout", "1"]);
    assert.equal(silent.code, 2);
    assert.match(silent.text, /did not answer within 1 s/);
    const wrongKey = await rehearse([await start()], { SCIM_KEY: "another-key" });
    assert.equal(wrongKey.code, 2);
    assert.match(wrongKey.text, /The server refuses the key: 401, "The key is wrong\."/);
  });

  test("says what is wrong with a certificate", async () => {
    const contents = "export default { fetch: () => new Response('{}') }";
    const workers = [workerOf("any", { modules: { "any.js": { type: "esm", contents } }, env: {} })];
    const worker = await openWorkers({ workers, folder: folder.path, https: true });
    try {
      const { code, text } = await rehearse([`${worker.url}/scim`]);
      assert.equal(code, 2);
      assert.match(text, /signed its certificate itself.*NODE_EXTRA_CA_CERTS/);
    } finally {
      await worker.close();
    }
  });
});

function assertNoSecret(text) {
  for (const secret of [KEY, encodeURIComponent(KEY), Buffer.from(KEY).toString("base64"), "Secret-"]) {
    assert.ok(!text.includes(secret), `${secret} is in the report`);
  }
}

/** Every element that begins ends, in the right order. */
function assertBalanced(xml) {
  const open = [];
  for (const [, slash, name, empty] of xml.matchAll(/<(\/?)([\w-]+)[^<>]*?(\/?)>/g)) {
    if (slash) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(xml.replaceAll(/<[^<>]*>/g, ""), /[<>]|&(?!(amp|lt|gt|quot);)/);
}
