// npm run deploy that ends when a step is carried out, and is repeated.

import { test } from "node:test";
import { useDeployment } from "../helpers/deployment.mjs";
import { assertDeployed, deployUntil, STEPS } from "../helpers/interruption.mjs";

const deployment = useDeployment();

test("a first deployment goes on after each step whose answer was lost", async () => {
  for (const pattern of STEPS) await deployUntil(deployment, pattern, "after", "SIGKILL");
  await assertDeployed(deployment);
});
