// npm run seed: a large directory in the local database that `npm start` serves.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runningAt } from "./lib/instance.mjs";
import { node22 } from "./lib/npm.mjs";
import { root } from "./lib/paths.mjs";
import { main, Problem, run } from "./lib/run.mjs";
import { workerFolder } from "./lib/worker-folder.mjs";

const USAGE = `npm run seed -- [--users N] [--groups N] [--members N] [--organization ID]

  --users N           how many people to add (1000 if not said)
  --groups N          how many groups to add (10)
  --members N         how many of these people each group has (100, or all)
  --organization ID   add them to this organization instead of a new one`;

await main(async () => {
  process.chdir(root);
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const running = await runningAt();
  if (running) throw new Problem(`The local data are in use at ${running}: stop that one first, with Ctrl-C.`);
  const worker = await workerFolder();
  return run(node22(), [join(root, "scripts/lib/fill.mjs"), JSON.stringify({ ...options, worker })]);
});

function readOptions() {
  try {
    const string = { type: "string" };
    const { values } = parseArgs({
      options: {
        users: { ...string, default: "1000" },
        groups: { ...string, default: "10" },
        members: string,
        organization: string,
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const users = count("--users", values.users);
    const members = values.members === undefined ? Math.min(100, users) : count("--members", values.members);
    if (members > users) throw new Error(`--members ${members}: there are only ${users} people to choose from.`);
    return { ...values, users, members, groups: count("--groups", values.groups) };
  } catch (error) {
    throw new Problem(`${error.message}\n\n${USAGE}`);
  }
}

function count(name, text) {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new Error(`${name} ${text} is no number of things, or too large a one.`);
}
