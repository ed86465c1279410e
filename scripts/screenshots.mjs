// npm run screenshots: docs/screenshots, the console's pages as the built Worker shows them.
//   npm run screenshots -- okta-   only the pictures whose names begin so
import { join } from "node:path";
import { build } from "./lib/build.mjs";
import { chromium, NO_CHROMIUM } from "./lib/chromium.mjs";
import { node22 } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { main, Problem, run } from "./lib/run.mjs";

await main(async () => {
  process.chdir(root);
  await build();
  const browser = await chromium();
  if (!browser) throw new Problem(`Screenshots cannot be made: ${NO_CHROMIUM}.`);
  return run(node22(), [join(root, "scripts/lib/photograph.mjs"), browser, ...process.argv.slice(2)]);
});
