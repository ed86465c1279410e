// npm run example: scim-edge and a product that lives on it, side by side on this machine.
import { join } from "node:path";
import { node22, npmPackages } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { main, run } from "./lib/run.mjs";
import { workerFolder } from "./lib/worker-folder.mjs";

await main(async () => {
  process.chdir(root);
  // The product is bundled by esbuild, which serving scim-edge alone does not need.
  await npmPackages({ all: true });
  const worker = await workerFolder();
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  return run(node22(), [join(root, "scripts/lib/serve-example.mjs"), worker], { stdio });
});
