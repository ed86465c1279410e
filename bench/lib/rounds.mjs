/* The order of measurements. The machine is noisy, and may be quiet a minute later: the contestants take turns in short
   blocks, and the blocks of one round are compared with each other. */
import { block, quantile } from "./measure.mjs";

// How long a block lasts, in milliseconds, and how many requests are under way at a time.
const LIGHT = { millis: 250, widths: [1, 16], warmUp: 20 };
const HEAVY = { millis: 1_000, widths: [1], warmUp: 3, mostRounds: 3 };

/** @returns measurements: `{ operation, width, contestant, blocks }`, one block for each round, or `{ …, missing }` */
export async function measure(contestants, operations, rounds, progress) {
  const all = [];
  for (const operation of operations) {
    const line = progress(operation.name);
    const { millis, widths, warmUp, mostRounds = rounds } = operation.heavy ? HEAVY : LIGHT;
    const times = new Map(contestants.map((contestant) => [contestant, 0]));
    const next = (contestant) => {
      const i = times.get(contestant);
      times.set(contestant, i + 1);
      return i;
    };
    let able = [];
    for (const contestant of contestants) {
      const missing = contestant.cannot(operation) ?? (await firstError(contestant, operation, warmUp, next));
      if (missing) all.push({ operation, contestant, missing });
      else able.push(contestant);
    }
    for (const width of widths) {
      const measured = able.map((contestant) => ({ operation, width, contestant, blocks: [] }));
      for (let round = 0; round < Math.min(rounds, mostRounds); round++) {
        // Each contestant is first in some round: after a heavy one the caches may be cold.
        for (let k = 0; k < measured.length; k++) {
          const { contestant, blocks } = measured[(k + round) % measured.length];
          const prepare = () => contestant.prepare(operation, next(contestant));
          blocks.push(await block(prepare, { millis, least: width, width, pid: contestant.pid }));
        }
        line.tick();
      }
      all.push(...measured);
      // A contestant that takes longer than a turn for one request would take minutes for many.
      able = measured
        .filter(({ blocks }) => quantile(latenciesOf(blocks), 0.5) < millis)
        .map((each) => each.contestant);
    }
    line.end();
  }
  return all;
}

const WARM = 2_000; // milliseconds of warming up are enough, but at least two requests are sent

/** Warms up. @returns the first error, or undefined */
async function firstError(contestant, operation, times, next) {
  const start = performance.now();
  try {
    for (let k = 0; k < times && (k < 2 || performance.now() - start < WARM); k++) {
      const i = next(contestant);
      const answers = await contestant.prepare(operation, i)();
      if (k === 0 && !(await contestant.isRight(operation, i, answers))) return "the answer is wrong";
    }
    return undefined;
  } catch (error) {
    return error.message;
  }
}

const latenciesOf = (blocks) => blocks.flatMap((each) => each.latencies);

/** The ratios of one measurement to another: of p50 round by round, and of processor time in all. */
export function ratios({ blocks }, { blocks: others }) {
  const p50 = ({ latencies }) => quantile(latencies, 0.5);
  const cpu = (all) => sum(all, "cpu") / sum(all, "requests");
  return { p50: spread(blocks.map((each, round) => p50(each) / p50(others[round]))), cpu: cpu(blocks) / cpu(others) };
}

const sum = (blocks, name) => blocks.reduce((total, each) => total + each[name], 0);

const spread = (values) => ({
  median: quantile(values, 0.5),
  least: Math.min(...values),
  most: Math.max(...values),
});

/** The numbers of a measurement, and its ratio to that of `base`, round by round. */
export function summary({ blocks }, base) {
  const latencies = latenciesOf(blocks);
  const perSecond = base?.blocks.map((each, round) => each.perSecond / blocks[round].perSecond);
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    perSecond: quantile(
      blocks.map((each) => each.perSecond),
      0.5,
    ),
    cpu: sum(blocks, "cpu") / sum(blocks, "requests"), // milliseconds for one are seconds for a thousand
    ratio: perSecond && spread(perSecond),
  };
}
