/* Who is measured when. The machine is noisy, and what is noisy now may be quiet in a minute: the contestants take turns in
   short blocks, and those of one turn are compared with each other. */
import { block, quantile } from "./measure.mjs";

// How long a block lasts, in milliseconds, and how many requests are under way at a time.
const LIGHT = { millis: 250, widths: [1, 16], warmUp: 20 };
const HEAVY = { millis: 1_000, widths: [1], warmUp: 3, mostRounds: 3 };

/** @returns measurements: `{ operation, width, contestant, blocks }`, one block for each round, or `{ …, missing }` */
export async function measure(contestants, operations, rounds, progress) {
  const all = [];
  for (const operation of operations) {
    const told = progress(operation.name);
    const { millis, widths, warmUp, mostRounds = rounds } = operation.heavy ? HEAVY : LIGHT;
    const times = new Map(contestants.map((contestant) => [contestant, 0]));
    const next = (contestant) => {
      const i = times.get(contestant);
      times.set(contestant, i + 1);
      return i;
    };
    let able = [];
    for (const contestant of contestants) {
      const missing = contestant.cannot(operation) ?? (await mistake(contestant, operation, warmUp, next));
      if (missing) all.push({ operation, contestant, missing });
      else able.push(contestant);
    }
    for (const width of widths) {
      const measured = able.map((contestant) => ({ operation, width, contestant, blocks: [] }));
      for (let round = 0; round < Math.min(rounds, mostRounds); round++) {
        // Each begins a round in turn: what runs after a heavy one may find the caches cold.
        for (let k = 0; k < measured.length; k++) {
          const { contestant, blocks } = measured[(k + round) % measured.length];
          const prepare = () => contestant.prepare(operation, next(contestant));
          blocks.push(await block(prepare, { millis, least: width, width, pid: contestant.pid }));
        }
        told.tick();
      }
      all.push(...measured);
      // Whoever takes longer for one than a turn lasts would take minutes for many.
      able = measured
        .filter(({ blocks }) => quantile(latenciesOf(blocks), 0.5) < millis)
        .map((each) => each.contestant);
    }
    told.end();
  }
  return all;
}

const WARM = 2_000; // milliseconds are enough, however few requests that is; but two

/** Warms up, and says what a contestant does wrong, if anything. */
async function mistake(contestant, operation, times, next) {
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

/** How many times as long one takes at p50 as the other, round by round, and how much more of the processor in all. */
export function times({ blocks }, { blocks: others }) {
  const p50 = ({ latencies }) => quantile(latencies, 0.5);
  const cpu = (all) => sum(all, "cpu") / sum(all, "requests");
  return { p50: spread(blocks.map((each, round) => p50(each) / p50(others[round]))), cpu: cpu(blocks) / cpu(others) };
}

const sum = (blocks, name) => blocks.reduce((total, each) => total + each[name], 0);

const spread = (ratios) => ({
  median: quantile(ratios, 0.5),
  least: Math.min(...ratios),
  most: Math.max(...ratios),
});

/** The numbers of a measurement, and its ratio to that of `base`, round by round. */
export function summary({ blocks }, base) {
  const latencies = latenciesOf(blocks);
  const ratios = base?.blocks.map((each, round) => each.perSecond / blocks[round].perSecond);
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    perSecond: quantile(
      blocks.map((each) => each.perSecond),
      0.5,
    ),
    cpu: sum(blocks, "cpu") / sum(blocks, "requests"), // milliseconds for one are seconds for a thousand
    ratio: ratios && spread(ratios),
  };
}
