// What npm run deploy asks in a terminal.

import assert from "node:assert/strict";
import { test } from "node:test";
import { useDeployment } from "../helpers/deployment.mjs";

const deployment = useDeployment();

test("account, jurisdiction and admin token are asked for; a new token is shown once and works", async () => {
  const { account } = deployment;
  account.accounts = [{ id: "f".repeat(32), name: "Other" }, ...account.accounts];
  const { status, output } = await deployment.inTerminal(
    [],
    [
      ["Deploy to which one?", "9"],
      ["Type a number from 1 to 2.", "2"],
      ["Jurisdiction:", "mars"],
      ["Type one of none, eu, us.", "us"],
      ["Admin token", "too short"],
      ["needs at least 32", ""],
    ],
  );
  assert.equal(status, 0, output);
  assert.deepEqual(account.unknown, []);
  assert.equal(account.databases[0].jurisdiction, "us");

  const shown = output.match(/^ {2}([0-9a-f]{64})\r?$/gm);
  assert.equal(shown?.length, 1, output);
  assert.ok(!output.includes("too short\r\n  "), "what is typed as a secret is not shown");
  const headers = { authorization: `Bearer ${shown[0].trim()}` };
  assert.equal((await account.fetch("scim-edge", "/console/api/organizations", { headers })).status, 200);

  const again = await deployment.inTerminal([], [["Deploy to which one?", "2"]]);
  assert.equal(again.status, 0, again.output);
  assert.doesNotMatch(again.output, /Jurisdiction:|Admin token/);
});

// Accepting it is not tested: wrangler would open a browser on the machine of the tests.
test("a login is offered, and can be declined", async () => {
  const env = { CLOUDFLARE_API_TOKEN: undefined };
  const { status, output } = await deployment.inTerminal([], [["Log in now", "no"]], env);
  assert.equal(status, 1);
  assert.match(output, /not logged in to Cloudflare\. Run npx wrangler login/);
});
