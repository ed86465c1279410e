/* The part of `npm run bench -- --profile` that needs Node 22: what scim-edge and the floor spend their time on, by the
   processor profiles of workerd's inspector. docs/performance.md says how to read it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main, Problem, step } from "../scripts/lib/run.mjs";
import { startWorkers } from "./contestants/workers.mjs";
import { Inspector } from "./lib/inspector.mjs";
import { OPERATIONS } from "./lib/operations.mjs";
import { areaOf, selfTimes } from "./lib/profile.mjs";

const WARM_UP = 300; // requests
const MILLIS = 6_000; // of each profile
const FUNCTIONS = 25; // are listed

const { profile, people: size, wasm } = JSON.parse(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "scim-edge-profile-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

await main(async () => {
  const beginnings = profile.split(",");
  const operations = OPERATIONS.filter(({ name }) => beginnings.some((beginning) => name.startsWith(beginning)));
  if (operations.length === 0)
    throw new Problem(`--profile ${profile}: the operations are ${OPERATIONS.map(({ name }) => name).join(", ")}.`);
  const workers = await step(`Making ${size} people`, () => startWorkers({ folder, size, wasm }));
  const url = await workers.running.inspectorUrl();
  for (const operation of operations) {
    for (const contestant of [workers.edge, workers.floor])
      print(operation, contestant, await record(url, contestant, operation));
  }
  process.exit(0); // servers and sockets would keep us
});

/** Does the operation for a while. Resolves with its profile and how often it was done. */
async function record(url, contestant, operation) {
  const inspector = await Inspector.of(url, contestant.name);
  let i = 0;
  const once = () => contestant.prepare(operation, i++)();
  while (i < (operation.heavy ? 3 : WARM_UP)) await once();
  const before = i;
  await inspector.start();
  const began = performance.now();
  while (performance.now() - began < MILLIS) await once();
  const { times, millis } = selfTimes(await inspector.stop());
  inspector.close();
  return { times, millis, count: i - before };
}

function print({ name }, contestant, { times, millis, count }) {
  const areas = new Map();
  for (const [frame, time] of times) areas.set(areaOf(frame), (areas.get(areaOf(frame)) ?? 0) + time);
  console.log(`\n${name}, ${contestant.name}: ${count} times, ${each(millis, count)} µs of its isolate each`);
  const line = (label, time) =>
    console.log(`${each(time, count).padStart(10)} µs ${((100 * time) / millis).toFixed(1).padStart(5)} %  ${label}`);
  for (const [area, time] of sorted(areas)) line(area, time);
  console.log("  of these, by function:");
  for (const [frame, time] of sorted(times).slice(0, FUNCTIONS)) line(`${frame.name}  (${areaOf(frame)})`, time);
}

function each(millis, count) {
  return ((1000 * millis) / count).toFixed(1);
}

function sorted(times) {
  return [...times].sort(([, one], [, other]) => other - one);
}
