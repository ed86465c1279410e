// A panic is logged with its message and stack, and the next request gets a new instance of WebAssembly.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { send } from "../../helpers/http.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const contents = readFileSync(new URL("../../fixtures/panicking-runtime.js", import.meta.url), "utf8");
const worker = useWorker({ modules: { "panicking-runtime.js": { type: "esm", contents } } });

test("a panic is logged with message and stack, and the next request is answered", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");

  const headers = { Authorization: `Bearer ${organization.key.key}`, "X-Panic": "yes" };
  const panicking = await send("GET", `${worker.url}/scim/Users`, { headers });
  assert.equal(panicking.status, 500);

  const panics = worker.logs().filter((line) => line.startsWith("panicked at "));
  assert.equal(panics.length, 1);
  const [message, stack] = panics[0].split("\nStack:\n");
  assert.match(message, /worker-\S+\/src\/delay\.rs:\d+:\d+:\n.*this runtime has no timers/s);
  // The Worker's functions have no names in a release.
  assert.ok(stack.match(/wasm-function\[\d+\]/g).length > 5, stack);
  assert.ok(
    worker.logs().some((line) => line.startsWith("Critical Error: Rust panic: ")),
    "the hook of the worker crate has run as well",
  );

  assert.equal((await organization.okta.get(`/Users/${id}`)).status, 200);
  assert.ok(worker.logs().includes("Reinitializing Wasm application"));
});
