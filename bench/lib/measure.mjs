// Short blocks of requests: their latencies, and the processor time of the server.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const TICK = 10; // milliseconds: USER_HZ is 100 on Linux, whatever the kernel's own clock does

/**
 * Runs one operation again and again until `millis` have passed and `least` were done, `width` at a time.
 * @param prepare makes a function that does it once; the time for making it does not count
 * @returns `{ latencies, perSecond, cpu }`: milliseconds each; how many a second; processor seconds per 1,000
 */
export async function block(prepare, { millis, least, width, pid }) {
  const latencies = [];
  const cpuBefore = cpuMillis(pid);
  const start = performance.now();
  let begun = 0;
  let preparing = 0;
  const worker = async () => {
    while (begun < least || performance.now() - start < millis) {
      begun += 1;
      const before = performance.now();
      const perform = prepare();
      const began = performance.now();
      preparing += began - before;
      await perform();
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  const wall = performance.now() - start - preparing;
  const cpu = cpuMillis(pid) - cpuBefore;
  return { latencies, perSecond: (latencies.length / wall) * 1000, cpu, requests: latencies.length };
}

/** Processor time that a process has used, in milliseconds; NaN where the system does not tell. */
function cpuMillis(pid) {
  try {
    // Fields 14 and 15; the second is a name in parentheses that may contain anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK;
  } catch {
    return Number.NaN;
  }
}

/** The process that this one has started and whose program has this name. */
export function childNamed(name) {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, program, rest] = /^\d+ \((.*)\) \S (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
      if (program === name && Number(rest.split(" ")[0]) === process.pid) return Number(pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

export const quantile = (values, share) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};

/** What the numbers were measured on. */
export function machine() {
  const processor = /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
  return `${availableParallelism()} cores of ${processor}, Linux; load before: ${load}`;
}
