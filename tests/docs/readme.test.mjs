// README.md: its length, and its claims about others and about costs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPECTED } from "../../bench/lib/counts.mjs";
import { read, table } from "../helpers/markdown.mjs";

const readme = read("README.md");

test("has at most 150 lines", () => assert.ok(readme.trimEnd().split("\n").length <= 150));

test("says about other servers what the rehearsal asserts", () => {
  const peers = read("tests/rehearse/peers.test.mjs");
  /** The steps with that verdict about a server. */
  const steps = (server, verdict) => {
    const part = peers.slice(peers.indexOf(`test("${server}`));
    const [, list] = new RegExp(`${verdict}: \\[([^\\]]*)\\]`).exec(part);
    return [...list.matchAll(/"([\w.-]+)"/g)].map(([, step]) => step);
  };
  const verdictOf = (server, step) => {
    if (steps(server, "failed").includes(step)) return "no";
    if (steps(server, "warned").includes(step)) return "warning";
    assert.ok(!steps(server, "skipped").includes(step), `${server} is not asked about ${step}`);
    return "yes";
  };
  const rows = table(readme, "| | scim-edge |").map(([what, ...cells]) => [
    /\(([\w-]+\.[\w-]+)\)$/.exec(what)?.[1],
    ...cells,
  ]);
  const asked = rows.filter(([step]) => step);
  assert.ok(asked.length >= 8);
  for (const [step, own, scimmy, scim2Server] of asked) {
    assert.ok(peers.includes(`"${step}"`), `${step} is nowhere in the verdicts`);
    const verdicts = [own, verdictOf("SCIMMY", step), verdictOf("scim2-server", step)];
    assert.deepEqual([own, scimmy, scim2Server], verdicts, step);
    assert.equal(own, "yes"); // tests/rehearse/worker.test.mjs asserts that no step fails
  }
});

test("has the figures that the benchmark and the costs have", () => {
  const figures = table(readme, "| what | figure |").map(([, figure]) => figure);
  const results = read("bench/RESULTS.md");
  const inShort = results.slice(results.indexOf("## In short"));
  const ofScimmy = (operation) => {
    const row = inShort.split("\n").find((line) => line.startsWith(`| ${operation} `));
    return row.split("|")[4].trim().split(" ")[0];
  };
  const { get, create, "PATCH one member": member } = EXPECTED;
  const costs = [get, create, member];
  const joined = (place) => costs.map((cost) => cost[place]).join("; ");
  assert.deepEqual(figures.slice(0, 4), [
    `${joined(1)} rows read, ${joined(0)} round trips`,
    `${ofScimmy("PATCH one member")} times ours`,
    `${ofScimmy("import all users")} times ours`,
    `${ofScimmy("create")}, ${ofScimmy("get")} times ours`,
  ]);
  assert.match(read("scripts/test.mjs"), /MAX_GZIPPED_SIZE = 1024 \* 1024;/);
  assert.equal(figures[4], "at most 1 MB");
});
