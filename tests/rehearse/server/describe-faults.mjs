import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { complaints, rehearsalOf, stepsThat } from "../../helpers/rehearse.mjs";
import { startScimServer } from "./server.mjs";

/** What a server in memory has no use for: scim-edge's teams. */
export const TEAMS = ["teams.life", "teams.project"];

/** Faults by which deleted people stay. */
const NEVER_DELETED = ["people-stay", "delete-deactivates"];

/** Plays all steps against a server with this fault, or none. The report has `remaining`, what is still there. */
export async function rehearsalWith(fault) {
  const server = await startScimServer({ fault });
  try {
    const report = await rehearsalOf({ base: server.base, key: server.key });
    return { ...report, remaining: [...server.directory.all("Users"), ...server.directory.all("Groups")] };
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
        if (!NEVER_DELETED.includes(fault)) assert.deepEqual(report.remaining, [], "something is left behind");
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
