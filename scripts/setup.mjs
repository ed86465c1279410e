// npm run setup: everything that building, running and testing needs. The other commands do this by themselves.
import { chromium, NO_CHROMIUM } from "./lib/chromium.mjs";
import { installLinters } from "./lib/lint.mjs";
import { node22 } from "./lib/npm.mjs";
import { scimPython } from "./lib/python.mjs";
import { main } from "./lib/run.mjs";
import { toolchain } from "./lib/toolchain.mjs";

await main(async () => {
  const { native } = await toolchain();
  await installLinters(native);
  node22();
  await scimPython();
  if (!(await chromium())) console.log(`The tests in a browser will be skipped: ${NO_CHROMIUM}.`);
  console.log("Everything is in place.");
});
