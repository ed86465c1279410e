// Each command in a document runs here, or is compared with what it calls, or is in EXPLAINED with the reason why it
// cannot run in a test.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../scripts/lib/paths.mjs";
import { commandsOf, documents } from "../helpers/commands.mjs";
import { read } from "../helpers/markdown.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { openShell } from "../helpers/shell.mjs";
import { useWorker } from "../helpers/worker.mjs";

/** Commands that do not run here, and why. */
const EXPLAINED = [
  [/^curl .*api\.cloudflare\.com/, "calls Cloudflare's own API, with an account"],
  [/^curl -sD - -o \/dev\/null …$/, "has no address: it is about the options"],
  [/^npx wrangler dev$/, "tests/deploy/wrangler.test.mjs serves with it"],
  [/^curl "localhost:8787\/cdn-cgi\/handler\/scheduled/, "tests/deploy/wrangler.test.mjs sends it"],
  [/^npx wrangler .* --temporary$/, "tests/deploy/wrangler.test.mjs runs it"],
  [/^npx wrangler check startup$/, "npm test measures the start in the job cost"],
  [/wrangler d1 execute DB --remote --file docs\/upgrade\.sql$/, "tests/storage/upgrade.test.mjs applies the file"],
  [/^python tests\/conformance\/run\.py /, "the job conformance runs it"],
  [/^(?:sqlite3|ls -l) \.scim-edge\//, "measures the local data of this checkout"],
  [/^npm install --save-dev /, "tests/library/testing.test.mjs links the package"],
  [
    /^npx wrangler d1 \w+ product-worker\b/,
    "is about the example's own database, which tests/product makes from its schema",
  ],
  [/^git push --follow-tags$/, "publishes a release"],
  [/^cp \.dev\.vars\.example /, "tests/deploy/wrangler.test.mjs copies it"],
];

/** Documents whose commands run one after another in a test of their own. */
const PROCEDURES = ["docs/guides/move-organization.md"]; // tests/docs/move-organization.test.mjs

const found = documents().map((file) => ({ file, ...commandsOf(file) }));

test("lines of code are commands, or known not to be", () => {
  assert.deepEqual(
    found.flatMap(({ unknown }) => unknown),
    [],
  );
});

const places = new Map();
for (const { commands } of found.filter(({ file }) => !PROCEDURES.includes(file))) {
  for (const { text, place } of commands) places.set(text, [...(places.get(text) ?? []), place]);
}
const all = [...places.keys()].filter((text) => !EXPLAINED.some(([pattern]) => pattern.test(text)));
const take = (pattern) => all.filter((text) => pattern.test(text));
const kinds = {
  wrangler: take(/^(?:npx )?wrangler |\| npx wrangler /),
  curl: take(/^curl /),
  npm: take(/^(?:[A-Z_]+=\S+ )*npm /),
  cargo: take(/^(?:UPDATE=1 )?cargo /),
  node: take(/^node --test /),
  script: take(/^node scripts\//),
  shell: take(/^(?:openssl [^|]*|node -p .*)$/),
};

test("each command is of a known kind, and each explanation is needed", () => {
  const known = Object.values(kinds).flat();
  const unknown = all.filter((text) => !known.includes(text)).map((text) => `${places.get(text)[0]}: ${text}`);
  assert.deepEqual(unknown, [], "write a runner for it, or explain in EXPLAINED why it cannot run");
  for (const [pattern] of EXPLAINED)
    assert.ok(
      [...places.keys()].some((text) => pattern.test(text)),
      String(pattern),
    );
  assert.ok(kinds.wrangler.length > 15 && kinds.curl.length > 3 && kinds.npm.length > 30);
});

/** The order in which commands on a local database find what they need. */
const STAGES = [/migrations apply/, /execute .*--command/, /export/, /^node scripts\/views-first/, /execute .*--file/];
const stage = (text) => STAGES.findIndex((pattern) => pattern.test(text));

describe("on a local database", () => {
  const shell = openShell();
  after(() => shell.remove());
  const commands = [...kinds.wrangler, ...kinds.script].filter((text) => stage(text) >= 0);
  for (const text of commands.sort((one, other) => stage(one) - stage(other))) {
    test(text, async () => {
      if (stage(text) === STAGES.length - 1) shell.forget();
      await shell.run(text);
      if (text.includes(" export "))
        assert.match(readFileSync(shell.path(text.split(" ").at(-1)), "utf8"), /CREATE TABLE/);
    });
  }
});

describe("with an account: the command and its flags exist", { concurrency: 2 }, () => {
  const shell = openShell();
  after(() => shell.remove());
  for (const text of kinds.wrangler.filter((text) => stage(text) < 0)) test(text, () => shell.run(text));
});

describe("curl", () => {
  const worker = useWorker();
  const shell = openShell();
  after(() => shell.remove());
  let organization;
  let project;
  before(async () => {
    await worker.started;
    organization = await createOrganization(worker, { projects: { Demo: [] } });
    [project] = await worker.sql("SELECT id FROM projects WHERE org_id = ?", organization.id);
  });

  for (const text of kinds.curl) {
    test(text, async () => {
      const api = `${worker.url}/console/api`;
      const filled = text
        .replace(/https:\/\/(?:scim-edge\.)?<[^>]+>(?:\.workers\.dev)?|http:\/\/127\.0\.0\.1:8787/g, worker.url)
        .replaceAll("<ADMIN_TOKEN>", worker.adminToken)
        .replaceAll("<SCIM key>", organization.key.key)
        .replaceAll("<id>", organization.id)
        .replaceAll("<project>", project.id)
        .replaceAll("<its name>", "Demo")
        .replaceAll("<the new name>", "statsigOrgRole")
        .replace("curl ", "curl --silent --show-error --fail-with-body ");
      assert.ok(!/<\w[^>]*>/.test(filled), `a placeholder is left: ${filled}`);
      const { stdout } = await shell.run(filled, { api, auth: `Authorization: Bearer ${worker.adminToken}` });
      assert.ok(JSON.parse(stdout));
    });
  }
});

/** The text of all scripts, in which the flags of npm's scripts are read. */
const sources = readdirSync(join(root, "scripts"), { recursive: true })
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => read(`scripts/${name}`))
  .concat(read("bench/run.mjs"))
  .join("\n");

/** What a script of package.json that is not run here has: its name, and the flags. */
function checkScript(text, folder) {
  const [, name, rest = ""] = /npm (?:run )?([\w:-]+)(?: -- (.*))?$/.exec(text) ?? [];
  if (["ci", "install"].includes(name)) return;
  const { scripts } = JSON.parse(read(join(folder, "package.json")));
  assert.ok(name in scripts, `${folder || "."}/package.json has no script ${name}`);
  for (const [, flag] of rest.matchAll(/--([\w-]+)/g)) {
    assert.match(sources, new RegExp(`(?:["']?\\b${flag}\\b["']?: [\\w{]|"--${flag})`), `no script reads --${flag}`);
  }
}

/** A choice of tests: jobs, or files that exist. */
function checkTests(text) {
  const lists = [...read("scripts/test.mjs").matchAll(/const (?:MORE_)?JOBS = (\[.*\])/g)];
  const jobs = lists.flatMap(([, list]) => JSON.parse(list));
  for (const [, only] of text.matchAll(/--only=(\S+)/g)) {
    for (const job of only.split(",")) assert.ok(jobs.includes(job), job);
  }
  for (const [file] of text.matchAll(/tests\/\S+/g)) {
    if (!file.includes("<")) assert.ok(existsSync(join(root, file)), file);
  }
  for (const [, name] of text.matchAll(/([A-Z_]+)=/g)) {
    const [file] = /tests\/\S+/.exec(text);
    assert.ok(read(file).includes(`env.${name}`), `${file} does not read ${name}`);
  }
}

test("npm: scripts, flags, jobs and files exist", () => {
  for (const text of kinds.npm) {
    const folders = new Set(places.get(text).map((place) => (dirname(place) === "deploy" ? "deploy" : "")));
    if (/npm test/.test(text)) checkTests(text);
    else for (const folder of folders) checkScript(text, folder);
  }
});

test("cargo: unit tests of that name exist, which the job unit runs", () => {
  const files = readdirSync(join(root, "src"), { recursive: true }).filter((name) => name.endsWith(".rs"));
  const names = files.flatMap((file) => [
    file,
    ...[...read(`src/${file}`).matchAll(/fn (\w+)\(/g)].map(([, name]) => name),
  ]);
  for (const text of kinds.cargo) {
    const [, name] = /^(?:UPDATE=1 )?cargo test --lib (\w+)$/.exec(text) ?? [];
    assert.ok(name && names.some((one) => one.includes(name)), text);
  }
});

test("node --test: the files exist", () => {
  for (const text of kinds.node) {
    const [, folder] = /^node --test (tests\/\w+)\/\*\.test\.mjs$/.exec(text) ?? [];
    assert.ok(folder && readdirSync(join(root, folder)).some((name) => name.endsWith(".test.mjs")), text);
  }
});

test("what makes an admin token makes one", async () => {
  const shell = openShell();
  try {
    for (const text of kinds.shell) assert.match((await shell.run(text)).stdout, /^[0-9a-f]{64}\n$/);
  } finally {
    shell.remove();
  }
});
