// The steps of npm run rehearse: a server without a fault passes, and each step finds a fault.

import assert from "node:assert/strict";
import { test } from "node:test";
import { steps } from "../../scripts/rehearse/steps/index.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { complaints, rehearsalOf, stepsThat } from "../helpers/rehearse.mjs";
import { rehearsalWith, TEAMS } from "./server/describe-faults.mjs";
import * as faults from "./server/faults.mjs";
import { startScimServer } from "./server/server.mjs";

test("a server without a fault passes without a warning", async () => {
  const report = await rehearsalWith(undefined);
  assert.deepEqual(stepsThat("failed", report).concat(stepsThat("warned", report)), [], complaints(report));
  assert.deepEqual(stepsThat("skipped", report), TEAMS);
  assert.deepEqual([report.left, report.lists], [[], []]);
});

test("each step finds one of the seeded faults", () => {
  const found = Object.values(faults)
    .flatMap((each) => Object.values(each))
    .flatMap(({ failed = [], warned = [] }) => [...failed, ...warned]);
  const idle = steps.map(({ name }) => name).filter((name) => !found.includes(name));
  assert.deepEqual(idle, TEAMS);
});

test("the steps about teams fail where groups are nothing but groups", async () => {
  const server = await startScimServer();
  try {
    for (const role of ["Admin", "Member", "Read-Only"]) {
      server.directory.create("Groups", oktaGroup(`Statsig-Demo-${role}`));
    }
    const options = { base: server.base, key: server.key, only: TEAMS };
    assert.deepEqual(stepsThat("skipped", await rehearsalOf(options)), TEAMS);
    for (const told of [{ teams: true }, { project: "Demo" }]) {
      assert.deepEqual(stepsThat("failed", await rehearsalOf({ ...options, ...told })), TEAMS);
    }
    assert.deepEqual(stepsThat("skipped", await rehearsalOf({ ...options, project: "Other" })), TEAMS);
  } finally {
    await server.close();
  }
});

test("each step requires something, and names a rule for it", async () => {
  const { steps: played } = await rehearsalWith(undefined);
  for (const { name, verdict, findings } of played) {
    if (verdict === "skipped") continue;
    assert.ok(findings.length > 0, name);
    for (const { rule, text } of findings)
      assert.ok(/^(RFC \d+ section|Okta|Microsoft)/.test(rule) && text.endsWith("."), `${name}: ${rule}: ${text}`);
  }
});
