// docs/guides/rehearse.md names the steps, parts and options that there are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { USAGE } from "../../scripts/rehearse/options.mjs";
import { steps } from "../../scripts/rehearse/steps/index.mjs";
import { read } from "../helpers/markdown.mjs";

const guide = read("docs/guides/rehearse.md");

test("the guide has a row for each part, in their order", () => {
  const rows = [...guide.matchAll(/^\| `([a-z][\w-]*)` \| /gm)].map(([, part]) => part);
  assert.deepEqual(rows, [...new Set(steps.map(({ part }) => part))]);
});

test("the guide has a row for each option", () => {
  const options = [...USAGE.matchAll(/^ {2}(--[\w-]+(?: [A-Z]+)?) /gm)].map(([, option]) => option);
  assert.ok(options.length > 8);
  for (const option of options.filter((each) => each !== "--help")) assert.ok(guide.includes(`\`${option}\``), option);
});

test("the lines of output that the guide shows are of steps that there are", () => {
  const lines = [
    ...guide.matchAll(/^ {2}(?:passed {2}|FAILED {2}|WARNING ) ([\w-]+) +(.*?) {2,}\d+ requests?, \d+ ms$/gm),
  ];
  assert.equal(lines.length, 8);
  for (const [, name, title] of lines) {
    assert.ok(
      steps.some((step) => step.name === `${step.part}.${name}` && step.title === title),
      name,
    );
  }
});
