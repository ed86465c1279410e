// npm run deploy that ends before a step is carried out, and is repeated.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Refusal } from "../helpers/account-routes.mjs";
import { useDeployment } from "../helpers/deployment.mjs";
import { ARGS, assertDeployed, deployUntil, STEPS } from "../helpers/interruption.mjs";

const deployment = useDeployment();

describe("a first deployment", () => {
  test("goes on after a step that was not carried out", async () => {
    for (const pattern of [STEPS[0], STEPS[2], STEPS[3], STEPS[4], STEPS[7], STEPS[8]])
      await deployUntil(deployment, pattern, "before", "SIGKILL");
    await assertDeployed(deployment);
  });

  test("says what is done when the Worker is refused, and goes on later", async () => {
    await deployment.newAccount();
    const { account } = deployment;
    account.before = ({ method, path }) => {
      if (method === "PUT" && path.endsWith("/scripts/scim-edge"))
        throw new Refusal(400, 10027, "The script is too large");
    };
    const { status, output } = await deployment.deploy(ARGS);
    assert.equal(status, 1);
    assert.match(
      output,
      /The script is too large.*could not deploy the Worker, .*The migrations are applied; .*again/s,
    );
    assert.deepEqual([...account.workers.keys()], []);
    account.before = () => {};
    await assertDeployed(deployment);
  });

  test("ends at Ctrl-C without a stack, and goes on later", async () => {
    await deployment.newAccount();
    const { status, output } = await deployUntil(deployment, STEPS[2], "after", "SIGINT");
    assert.equal(status, 130, output);
    assert.doesNotMatch(output, /^ +at /m);
    await assertDeployed(deployment);
  });
});
