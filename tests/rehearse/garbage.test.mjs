// npm run rehearse against servers that answer anything but SCIM: each gets verdicts, and none ends the rehearsal.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { countsOf } from "../../scripts/rehearse/rehearsal.mjs";
import { rehearsalOf } from "../helpers/rehearse.mjs";
import { startScimServer } from "./server/server.mjs";

/** What a body becomes. */
const GARBAGE = {
  null: () => "null",
  "an array": () => "[]",
  "an empty object": () => "{}",
  "a number": () => "7",
  "no JSON": () => "<p>Hello</p>",
  "half of it": (text) => text.slice(0, text.length / 2),
  "lists of null": (text) => text.replace(/"Resources":\[/, '"Resources":[null,'),
  "Resources as an object": (text) => text.replace(/"Resources":\[.*\]/, '"Resources":{}'),
  "meta as null": (text) => text.replaceAll(/"meta":\{[^}]*\}/g, '"meta":null'),
  "names as text": (text) => text.replaceAll(/"name":\{[^}]*\}/g, '"name":"Ada"'),
  "emails as an object": (text) => text.replaceAll(/"emails":\[[^\]]*\]/g, '"emails":{}'),
  "members as text": (text) => text.replaceAll(/"members":\[[^\]]*\]/g, '"members":"all"'),
  "schemas as text": (text) => text.replaceAll(/"schemas":\[[^\]]*\]/g, '"schemas":"urn:x"'),
  "ids as numbers": (text) => text.replaceAll(/"id":"[^"]*"/g, '"id":7'),
  "totals as text": (text) => text.replaceAll(/"totalResults":\d+/g, '"totalResults":"many"'),
  "endless totals": (text) => text.replaceAll(/"totalResults":\d+/g, '"totalResults":1e9'),
};

describe("a rehearsal goes on where a server answers", { concurrency: 4 }, () => {
  for (const [what, spoil] of Object.entries(GARBAGE)) {
    test(what, async () => {
      let isFirst = true;
      const server = await startScimServer({
        intercept(_, response) {
          if (isFirst)
            isFirst = false; // otherwise the rehearsal would not begin
          else spoilAnswer(response, spoil);
        },
      });
      try {
        const report = await rehearsalOf({ base: server.base, key: server.key });
        assert.equal(report.givenUp, undefined);
        assert.ok(countsOf(report).failed > 0, JSON.stringify(countsOf(report)));
        const reasons = report.steps.map(({ reason }) => reason ?? "").join();
        assert.doesNotMatch(reasons, /form of SCIM/, "a step does not check what it reads");
      } finally {
        await server.close();
      }
    });
  }
});

function spoilAnswer(response, spoil) {
  const end = response.end.bind(response);
  response.end = (text) => end(text === undefined ? undefined : spoil(text));
}
