// npm run release: another version. CONTRIBUTING.md says what it does and what commits say for it.
import { parseArgs } from "node:util";
import { writeArtefact } from "./lib/artefact.mjs";
import { build } from "./lib/build.mjs";
import { release } from "./lib/release.mjs";
import { main, Problem } from "./lib/run.mjs";

const USAGE = `npm run release -- [--dry-run] major|minor|patch|VERSION

  Puts the version into Cargo.toml, package.json, their lock files and the client, writes its section of CHANGELOG.md
  from what is under "Unreleased" and the notes of the commits, compiles the Worker into deploy/, commits all that, and
  tags it.

  --dry-run  print the version and the section, and change nothing`;

await main(async () => {
  const { bump, help, "dry-run": dryRun } = readOptions();
  if (help) return console.log(USAGE);
  await release({
    bump,
    dryRun,
    async makeArtefact() {
      await build();
      writeArtefact();
    },
  });
});

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
      allowPositionals: true,
    });
    if (!values.help && positionals.length !== 1) throw new Error("Say major, minor, patch, or a version.");
    return { ...values, bump: positionals[0] };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}
