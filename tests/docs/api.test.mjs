// docs/api.md is what the OpenAPI document says. UPDATE=1 writes it.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { renderApi } from "../../scripts/lib/api-doc.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { read } from "../helpers/markdown.mjs";

const api = JSON.parse(read("src/assets/openapi.json"));

test("docs/api.md is rendered from openapi.json", () => {
  const rendered = renderApi(api);
  if (process.env.UPDATE) writeFileSync(join(root, "docs/api.md"), rendered);
  assert.ok(read("docs/api.md") === rendered, "docs/api.md differs: run UPDATE=1 npm test -- tests/docs/api.test.mjs");
});

test("docs/api.md has each call and each type", () => {
  const text = read("docs/api.md");
  const calls = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== "parameters")
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.ok(calls.length > 40);
  for (const call of calls) assert.ok(text.includes(`\n### \`${call}\`\n`), call);
  for (const name of Object.keys(api.components.schemas)) assert.ok(text.includes(`\n### ${name}\n`), name);
  assert.ok(!text.includes("undefined") && !text.includes("[object Object]"));
});
