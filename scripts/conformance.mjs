/* The part of `npm test` that needs Node 22: scim2-tester, an independent suite of RFC 7643 and 7644, against the built
   Worker in workerd. Its argument is a Python that has the suite; with --write it renews docs/conformance.md first. */
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { configurations } from "../tests/conformance/deviations.mjs";
import { documentIsCurrent, writeDocument } from "../tests/conformance/document.mjs";
import { judge } from "../tests/conformance/judge.mjs";
import { createOrganization } from "../tests/helpers/organization.mjs";
import { startWorker } from "../tests/helpers/worker.mjs";
import { root } from "./lib/paths.mjs";
import { main, run, step } from "./lib/run.mjs";

const logs = join(root, "target/logs");

await main(async () => {
  const { values, positionals } = parseArgs({ options: { write: { type: "boolean" } }, allowPositionals: true });
  const [python] = positionals;
  if (values.write) writeDocument();
  const total = { passed: 0, failed: 0, documented: 0 };
  checkDocument(total);
  mkdirSync(logs, { recursive: true });
  const worker = await startWorker();
  try {
    for (const [index, configuration] of configurations.entries()) {
      const log = join(logs, `conformance-${index + 1}.jsonl`);
      const results = await step(configuration.name, () => suite(python, worker, configuration, log));
      add(total, results.length, judge(results, configuration));
    }
  } finally {
    await worker.close();
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed; ${total.documented} deviate as documented`);
  return total.failed > 0 ? 1 : 0;
});

/** The suite's results for an organization of its own, which are kept in `log`. */
async function suite(python, worker, { settings, projects, types, groupName }, log) {
  const { key } = await createOrganization(worker, { settings, projects });
  const options = [...types.flatMap((type) => ["--type", type]), ...(groupName ? ["--group-name", groupName] : [])];
  const args = ["-I", join(root, "tests/conformance/run.py"), `${worker.url}/scim`, key.key, ...options];
  const output = openSync(log, "w");
  const code = await run(python, args, { stdio: ["ignore", output, "inherit"] });
  closeSync(output);
  const lines = readFileSync(log, "utf8").split("\n").filter(Boolean);
  const results = lines.map((line) => JSON.parse(line));
  if (code !== 0) results.push({ status: "CRITICAL", check: "scim2-tester", reason: `ended with code ${code}` });
  return results;
}

function checkDocument(total) {
  if (documentIsCurrent()) {
    total.passed += 1;
    return;
  }
  total.failed += 1;
  console.log("FAILED: docs/conformance.md does not list what tests/conformance/deviations.mjs does.");
  console.log("Renew it with: npm test -- --only=conformance --write");
}

function add(total, count, { passed, documented, failures }) {
  total.passed += passed;
  total.failed += failures.length;
  total.documented += documented;
  console.log(`  ${count} checks: ${passed} passed; ${failures.length} failed; ${documented} deviate as documented`);
  for (const failure of failures) console.log(`  FAILED: ${failure.replaceAll("\n", " ")}`);
}
