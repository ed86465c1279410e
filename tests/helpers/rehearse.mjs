// A rehearsal within a test, and its report.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rehearse } from "../../scripts/rehearse/rehearsal.mjs";

/**
 * Plays the steps against the server.
 * @param options those of rehearse, of which `base` and `key` are needed
 * @returns the report, with `lists`: the names of the lists of leftovers on disk
 */
export async function rehearsalOf(options, how) {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-"));
  try {
    const report = await rehearse({ timeout: 20, mailDomain: "example.com", folder, ...options }, how);
    return { ...report, lists: await readdir(folder) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The names of the steps with this verdict. */
export const stepsThat = (verdict, { steps }) =>
  steps.filter((step) => step.verdict === verdict).map(({ name }) => name);

/** What the steps found unmet, and why they ended, for a test that fails. */
export function complaints({ steps }) {
  return steps
    .filter(({ verdict }) => verdict === "failed" || verdict === "warned")
    .map(({ name, verdict, reason, findings, exchanges }) => {
      const unmet = findings.filter(({ isMet }) => !isMet);
      const lines = unmet.map(({ level, text, got, exchange }) => {
        const { method, url, status, body } = exchanges[exchange] ?? {};
        return `  ${level}: ${text} got: ${got}\n    ${method} ${url} ${status} ${JSON.stringify(body)?.slice(0, 200)}`;
      });
      return [`${name} ${verdict} ${reason ?? ""}`, ...lines].join("\n");
    })
    .join("\n");
}
