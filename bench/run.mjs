// The part of `npm run bench` that needs Node 22: starts the contestants, lets them take turns, writes RESULTS.md.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts/lib/paths.mjs";
import { main, step } from "../scripts/lib/run.mjs";
import { startBetterAuth } from "./contestants/better-auth.mjs";
import { PROBES } from "./contestants/floor.mjs";
import { startScim2Server } from "./contestants/scim2-server.mjs";
import { scimmyWorker, startScimmy } from "./contestants/scimmy.mjs";
import { startWorkers } from "./contestants/workers.mjs";
import { compareCounts, QUICK_SIZE } from "./lib/counts.mjs";
import { machine, quantile } from "./lib/measure.mjs";
import { OPERATIONS } from "./lib/operations.mjs";
import { comparison, results, tables } from "./lib/report.mjs";
import { measure } from "./lib/rounds.mjs";

const { quick, rounds, people: size, python } = JSON.parse(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "scim-edge-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

await main(async () => {
  const code = quick ? await countOnly() : await compare();
  process.exit(code); // servers and sockets would keep us
});

async function countOnly() {
  const { edge } = await startWorkers({ folder, size: QUICK_SIZE });
  const { lines, failed } = await compareCounts(edge);
  console.log(lines.join("\n"));
  console.log(`${lines.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

async function compare() {
  const before = machine();
  const workers = await step(`Making ${size} people in scim-edge, and recording what it asks of D1`, () =>
    startWorkers({ folder, size, workers: [scimmyWorker()] }),
  );
  const { edge, floor, people } = workers;
  const others = [
    ["SCIMMY", () => startScimmy({ ...workers, size })],
    ["better-auth", () => startBetterAuth({ folder, people, size })],
    ["scim2-server", () => startScim2Server({ python, people, size })],
  ];
  const contestants = [edge, floor];
  for (const [name, start] of others) {
    contestants.push(await step(`Making the same people in ${name}`, start).catch((error) => absent(name, error)));
  }
  const measurements = await measure(contestants, OPERATIONS, rounds, progress);
  const text = results({
    size,
    rounds,
    machine: before,
    probes: await probe(floor),
    comparison: comparison(measurements, contestants),
    tables: tables(measurements, contestants),
  });
  const file = join(root, "bench/RESULTS.md");
  writeFileSync(file, text);
  console.log(`\n${text}\nWritten to bench/RESULTS.md.`);
  for (const contestant of contestants) await contestant.close();
  await workers.running.close();
  return 0;
}

/** A contestant that could not be started, with the reason. */
function absent(name, error) {
  return { name, cannot: () => error.message, close() {} };
}

/** Milliseconds that each probe takes. */
async function probe(floor) {
  const taken = Object.fromEntries(Object.keys(PROBES).map((name) => [name, []]));
  for (let i = 0; i < 300; i++) {
    for (const [name, times] of Object.entries(taken)) {
      const start = performance.now();
      await floor.probe(name);
      if (i >= 20) times.push(performance.now() - start);
    }
  }
  return Object.entries(taken).map(([name, times]) => [name, quantile(times, 0.5)]);
}

function progress(name) {
  process.stdout.write(`${name} `);
  return { tick: () => process.stdout.write("."), end: () => process.stdout.write("\n") };
}
