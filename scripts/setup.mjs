// npm run setup: everything that building, running and testing needs. The other commands do this by themselves.
import { linters } from "./lib/linters.mjs";
import { conformancePython } from "./lib/python.mjs";
import { main } from "./lib/run.mjs";
import { node22, toolchain } from "./lib/toolchain.mjs";

await main(async () => {
  const { native } = await toolchain();
  await linters(native);
  node22();
  await conformancePython();
  console.log("Everything is in place.");
});
