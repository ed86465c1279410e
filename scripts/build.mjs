// npm run build: the Worker in build/, with all tools that the build needs.
import { parseArgs } from "node:util";
import { writeArtefact } from "./lib/artefact.mjs";
import { build } from "./lib/build.mjs";
import { main, Problem } from "./lib/run.mjs";

const USAGE = `npm run build -- [--artefact]

  --artefact  also renew deploy/build and deploy/migrations, from which npm start and npm run deploy take the Worker`;

await main(async () => {
  const { artefact, help } = readOptions();
  if (help) return console.log(USAGE);
  await build();
  if (!artefact) return;
  writeArtefact();
  console.log("deploy/build and deploy/migrations are renewed: commit them.");
});

function readOptions() {
  try {
    const options = {
      artefact: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    };
    return parseArgs({ options }).values;
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}
