// The build of `wrangler deploy` and `wrangler dev`: puts a Worker that fits the sources into build/. It is compiled
// only if deploy/build has none. For `wrangler dev` it also brings the local database up to date.
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { wrangler } from "./deploy/wrangler.mjs";
import { BUILD, builtFrom, OUTPUTS } from "./lib/built.mjs";
import { root } from "./lib/paths.mjs";
import { main, step } from "./lib/run.mjs";
import { sourcesHash } from "./lib/sources.mjs";
import { workerFolder } from "./lib/worker-folder.mjs";

await main(async () => {
  process.chdir(root);
  if (builtFrom()?.sources !== sourcesHash()) {
    const folder = await workerFolder();
    mkdirSync(BUILD, { recursive: true });
    if (folder !== BUILD) for (const name of OUTPUTS) cpSync(join(folder, name), join(BUILD, name));
  }
  if (process.env.WRANGLER_COMMAND !== "dev") return;
  await step("Bringing the local database up to date", () => wrangler(["d1", "migrations", "apply", "DB", "--local"]));
});
