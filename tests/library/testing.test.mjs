// scim-edge/testing, by its name and through docs/testing.md, as another product uses it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScimEdge } from "scim-edge/testing";
import { root } from "../../scripts/lib/paths.mjs";
import { copyOfCheckout, evaluate, linkPackages, temporaryFolder } from "../helpers/checkout.mjs";

const document = readFileSync(join(root, "docs/testing.md"), "utf8");

/** The folder of a product that has installed scim-edge, as npm packs it. */
function product() {
  const checkout = copyOfCheckout();
  evaluate(checkout, 'import { writeArtefact } from "./scripts/lib/artefact.mjs"; writeArtefact();');
  const folder = temporaryFolder();
  const packages = linkPackages(folder);
  const run = (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: checkout, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  const tarball = run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder);
  run("tar", "-xzf", join(folder, tarball), "-C", packages);
  renameSync(join(packages, "package"), join(packages, "scim-edge"));
  return folder;
}

test("the test in docs/testing.md has ten lines and passes in a product", () => {
  const [, code] = /```js\n(.*?)```/s.exec(document);
  const body = code.slice(code.indexOf("test("));
  assert.equal(body.trimEnd().split("\n").length, 10);
  const folder = product();
  writeFileSync(join(folder, "product.test.mjs"), code);
  // Without the variable that tells a runner that it was started by another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = { cwd: folder, env, encoding: "utf8" };
  const { status, stdout } = spawnSync(process.execPath, ["--test", "product.test.mjs"], options);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass 1\b/);
});

test("it has the demo organization, a key, the admin API and the console", async () => {
  const lines = [];
  const scim = await startScimEdge({ vars: { GROUP_PREFIX: "Acme" }, onLog: (line) => lines.push(line) });
  try {
    const headers = { authorization: `Bearer ${scim.key}` };
    const list = async (type) => (await fetch(`${scim.baseUrl}/${type}`, { headers })).json();
    assert.equal((await list("Users")).totalResults, 5);
    const groups = await list("Groups");
    assert.ok(groups.Resources.some(({ displayName }) => displayName === "Acme-Demo-Engineer"));
    const { id } = await scim.admin(`organizations/${scim.organization}/projects`, { name: "Another" });
    assert.equal(typeof id, "string");
    await assert.rejects(scim.admin("organizations", {}), /answered POST organizations with 400/);
    assert.match(await (await fetch(`${scim.url}/console`)).text(), /Sign in/);
    assert.ok(lines.some((line) => line.includes("/scim/Users")));
  } finally {
    await scim.close();
  }
  await assert.rejects(fetch(scim.url));
});

test("several run at the same time, each with its own data, and leave none behind", async () => {
  const left = () => readdirSync(tmpdir()).filter((name) => /^scim-edge-[A-Za-z0-9]{6}$/.test(name));
  const before = new Set(left());
  const both = await Promise.all([startScimEdge(), startScimEdge()]);
  assert.notEqual(both[0].url, both[1].url);
  const foreign = await fetch(`${both[0].baseUrl}/Users`, { headers: { authorization: `Bearer ${both[1].key}` } });
  assert.equal(foreign.status, 401);
  const mine = left().filter((name) => !before.has(name));
  await Promise.all(both.map((scim) => scim[Symbol.asyncDispose]()));
  assert.deepEqual(
    mine.filter((name) => existsSync(join(tmpdir(), name))),
    [],
  );
});

test("its types have all that it returns, and nothing else", async () => {
  const types = readFileSync(join(root, "testing/index.d.ts"), "utf8");
  const [, members] = /interface ScimEdge \{(.*?)^\}/ms.exec(types);
  const declared = [...members.matchAll(/^ {2}(?:readonly )?(?:\[Symbol\.)?(\w+)/gm)].map(([, name]) => name);
  const scim = await startScimEdge();
  await scim.close();
  const returned = Reflect.ownKeys(scim).map((key) => (typeof key === "symbol" ? "asyncDispose" : key));
  assert.deepEqual(declared.toSorted(), returned.toSorted());
});

test("it says what to do on a Node that is too old for workerd's driver", () => {
  const script =
    'Object.defineProperty(process.versions, "node", { value: "20.11.0" });' +
    'const { startScimEdge } = await import("scim-edge/testing"); await startScimEdge();';
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /scim-edge\/testing needs Node 22 or newer/);
});
