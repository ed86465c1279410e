import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { complaints, rehearsalOf, stepsThat } from "../../helpers/rehearse.mjs";
import { startScimServer } from "./server.mjs";

/** What a server in memory has no use for: scim-edge's teams. */
export const TEAMS = ["teams.life", "teams.project"];

/** Plays a whole rehearsal against a server with this fault, or none. */
export async function rehearsalWith(fault) {
  const server = await startScimServer({ fault });
  try {
    return await rehearsalOf({ base: server.base, key: server.key });
  } finally {
    await server.close();
  }
}

/** Declares a test for each fault: exactly the steps that the table names find it. */
export function describeFaults(title, faults) {
  describe(title, { concurrency: 4 }, () => {
    for (const [fault, { what, failed = [], warned = [], skipped = [] }] of Object.entries(faults)) {
      test(`finds a server that ${what}`, async () => {
        const report = await rehearsalWith(fault);
        const found = ["failed", "warned", "skipped"].map((verdict) => stepsThat(verdict, report).sort());
        assert.deepEqual(
          found,
          [failed, warned, [...skipped, ...TEAMS]].map((names) => names.toSorted()),
          complaints(report),
        );
      });
    }
  });
}
