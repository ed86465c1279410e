// Compressed bodies: they are refused by every route.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { operation } from "../../helpers/bodies.mjs";
import { newUser } from "../../helpers/every-request.mjs";
import { send } from "../../helpers/http.mjs";
import { createOrganization, useOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const organization = useOrganization(worker, { settings: { email_management: true, plain_groups: true } });

describe("a coded body", () => {
  const CODED = { gzip: gzipSync, "x-gzip": gzipSync, br: (text) => text, "identity, gzip": gzipSync };

  test("is 415 with the coding that is read, whatever the route", async () => {
    const { id } = await newUser(organization);
    const { okta } = organization;
    const body = JSON.stringify({ schemas: [SCHEMA.patch], Operations: [operation.active(true)] });
    for (const [coding, encode] of Object.entries(CODED)) {
      for (const [method, path] of [
        ["POST", "/Users"],
        ["PUT", `/Users/${id}`],
        ["PATCH", `/Users/${id}`],
        ["POST", "/Groups"],
        ["POST", "/Bulk"],
        ["POST", "/Users/.search"],
      ]) {
        const answer = await okta.send(method, path, Buffer.from(encode(body)), { "Content-Encoding": coding });
        assertError(answer, 415, { scimType: undefined, detail: /uncompressed/ });
        assert.equal(answer.headers["accept-encoding"], "identity", `${method} ${path}`);
      }
    }
    const plain = await okta.send("PATCH", `/Users/${id}`, body, { "Content-Encoding": "Identity" });
    assertStatus(plain, 200);
    assertStatus(await okta.send("GET", `/Users/${id}`, undefined, { "Content-Encoding": "gzip" }), 200);
    const unknown = okta.with({ key: "scim-nonsense" });
    assertError(await unknown.send("POST", "/Users", gzipSync(body), { "Content-Encoding": "gzip" }), 401);
  });

  test("is 415 in the console's API, too", async () => {
    const { admin } = await createOrganization(worker);
    const body = gzipSync(JSON.stringify({ name: "Acme", owner: { user_name: "owner@okta.local" } }));
    const answer = await admin.send("POST", "/organizations", body, { "Content-Encoding": "gzip" });
    assert.equal(answer.status, 415, answer.text);
    assert.equal(answer.headers["accept-encoding"], "identity");
    assert.deepEqual([answer.body.status, answer.body.title], [415, "Unsupported Media Type"]);
    const pages = await send("POST", `${new URL(worker.url).origin}/console/sign-in`, {
      headers: { "Content-Encoding": "gzip", Origin: new URL(worker.url).origin },
      body: gzipSync("token=x"),
    });
    assert.equal(pages.status, 415);
  });
});
