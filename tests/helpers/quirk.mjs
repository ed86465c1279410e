// Tests of what docs/idp-quirks.md describes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const text = readFileSync(new URL("../../docs/idp-quirks.md", import.meta.url), "utf8");
const anchors = new Set(
  [...text.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replaceAll(" ", "-")),
);

/** Declares the test of one quirk, whose heading in docs/idp-quirks.md has this anchor. */
export function quirk(anchor, name, work) {
  assert.ok(anchors.has(anchor), `docs/idp-quirks.md has no heading with the anchor ${anchor}`);
  test(`${name} (docs/idp-quirks.md#${anchor})`, work);
}
