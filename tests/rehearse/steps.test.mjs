// The steps of npm run rehearse: a server without a fault passes, and each step finds a fault.

import assert from "node:assert/strict";
import { test } from "node:test";
import { steps } from "../../scripts/rehearse/steps/index.mjs";
import { complaints, stepsThat } from "../helpers/rehearse.mjs";
import { rehearsalWith, TEAMS } from "./server/describe-faults.mjs";
import * as faults from "./server/faults.mjs";

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

test("each step requires something, and names a rule for it", async () => {
  const { steps: played } = await rehearsalWith(undefined);
  for (const { name, verdict, findings } of played) {
    if (verdict === "skipped") continue;
    assert.ok(findings.length > 0, name);
    for (const { rule, text } of findings)
      assert.ok(/^(RFC \d+ section|Okta|Microsoft)/.test(rule) && text.endsWith("."), `${name}: ${rule}: ${text}`);
  }
});
