// npm run build: the Worker in build/, with all tools that the build needs. `wrangler deploy` runs it too.
import { build } from "./lib/build.mjs";
import { main } from "./lib/run.mjs";
import { toolchain } from "./lib/toolchain.mjs";

await main(async () => build(await toolchain()));
