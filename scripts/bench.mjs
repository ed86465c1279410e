/* npm run bench: scim-edge beside the alternatives, on the same people, one after the other in short turns. With
   --quick only the counts that D1 bills are compared with the expected ones, which are the same on every machine. With
   --profile it prints what the Worker and the floor spend their time on, with --checks how fast checks of permissions
   are, and when they are refused. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, NAMED } from "./lib/build.mjs";
import { node22 } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { scimPython } from "./lib/python.mjs";
import { logged, main, Problem, run, step } from "./lib/run.mjs";

const USAGE = `npm run bench -- [--quick | --checks | --profile get,create] [--people N] [--rounds N]

  --quick      assert what D1 bills for each operation, and measure no time
  --checks     send 500 checks of permissions a second, and then more until they are refused
  --profile L  print where the time of these operations goes; beginnings of names, separated by commas
  --people N   how many people there are, and are members of a group (10000)
  --rounds N   how often each contestant's turn comes (8)`;

await main(async () => {
  process.chdir(root);
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  await build();
  if (options.profile !== undefined) {
    const { profile, people } = options;
    return run(node22(), [join(root, "bench/profile.mjs"), JSON.stringify({ profile, people, wasm: NAMED })]);
  }
  if (options.checks) {
    return run(node22(), [join(root, "bench/checks.mjs"), JSON.stringify({ people: options.people })]);
  }
  const python = options.quick ? undefined : await peers();
  return run(node22(), [join(root, "bench/run.mjs"), JSON.stringify({ ...options, python })]);
});

/** Installs the programs that scim-edge is compared with. */
async function peers() {
  const folder = join(root, "bench");
  const installed = join(folder, "node_modules/.package-lock.json"); // npm writes it last
  const lock = join(folder, "package-lock.json");
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    await step("Installing what to compare with", () => logged("bench-npm-ci", "npm", args, { cwd: folder }));
  }
  return scimPython();
}

function readOptions() {
  try {
    const string = { type: "string" };
    const { values } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        checks: { type: "boolean", default: false },
        profile: { type: "string" },
        people: { ...string, default: "10000" },
        rounds: { ...string, default: "8" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const [people, rounds] = [Number(values.people), Number(values.rounds)];
    if (!(people >= 200 && people <= 40_000)) throw new Error(`--people ${values.people}: 200 to 40000 are possible.`);
    if (!(rounds >= 1)) throw new Error(`--rounds ${values.rounds} is no number of rounds.`);
    return { ...values, people, rounds };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}
