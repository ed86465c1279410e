// .github/workflows/deploy.yml: what it runs for each of its choices.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JURISDICTIONS, readOptions } from "../../scripts/deploy/options.mjs";
import { root } from "../../scripts/lib/paths.mjs";

const workflow = readFileSync(join(root, ".github/workflows/deploy.yml"), "utf8");
const choices = [...workflow.matchAll(/options: \[(.*)\]/g)].map(([, list]) => list.split(", "));

/** A variable of the last step, as GitHub evaluates `a && b || c`. */
function variable(name, inputs) {
  const [, expression] = new RegExp(`${name}: (?:>-\\s+)?\\$\\{\\{ (.*) \\}\\}`).exec(workflow);
  const operators = expression.replaceAll(" == ", " === ").replaceAll(" != ", " !== ");
  const format = (text, value) => text.replace("{0}", value);
  return new Function("inputs", "format", `return ${operators}`)(inputs, format);
}

test("each choice is a command line of npm run deploy", () => {
  const [deployments, jurisdictions] = choices;
  assert.deepEqual(deployments, ["staging", "production"]);
  assert.deepEqual(jurisdictions, ["existing", ...JURISDICTIONS]);
  const [, command] = /- run: npm run deploy -- (.*)\n/.exec(workflow);
  for (const deployment of deployments) {
    for (const jurisdiction of jurisdictions) {
      const line = command.replace(/\$(\w+)/g, (_, name) => variable(name, { deployment, jurisdiction }));
      const options = readOptions(line.split(" ").filter((word) => word !== ""));
      assert.equal(options.env, deployment === "staging" ? "staging" : undefined, line);
      assert.equal(options.jurisdiction, jurisdiction === "existing" ? undefined : jurisdiction, line);
    }
  }
});

test("it has the secrets of a GitHub environment, which can ask for approval", () => {
  for (const name of ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "ADMIN_TOKEN"])
    assert.ok(workflow.includes(`${name}: \${{ secrets.${name} }}`), name);
  assert.ok(/^ {4}environment: \$\{\{ inputs\.deployment \}\}$/m.test(workflow));
  const lines = workflow.split("\n").filter((line) => /^ +(- )?run:/.test(line));
  assert.ok(lines.length > 0 && lines.every((line) => !line.includes("${{")), "no input is a part of a script");
});
