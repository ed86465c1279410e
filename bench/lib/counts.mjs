/* What an operation costs as D1 bills it: the same on every machine. A smaller number is written down here; a larger
   one is a defect, or has a comment that gives the reason. */
import { OPERATIONS } from "./operations.mjs";

/** The number of people in the directory whose operations cost this. */
export const QUICK_SIZE = 300;

/**
 * Round trips, rows read, rows written. A change writes its event and the event's subject, and no longer the index of
 * its entry in the log; it reads the newest event, whose number and totals it continues.
 */
export const EXPECTED = {
  create: [1, 17, 13],
  get: [1, 13, 0],
  "look up by userName": [1, 14, 0],
  // One row more for each that is listed: whether it was there when the reading began. The last page looks whether the
  // import has an event of its end.
  "list 100 at the end": [1, 1_340, 0],
  "PATCH active": [2, 16, 6],
  "PATCH one member": [2, 29, 7],
  // One row more: the group's version, which all chunks of its members must have.
  "PUT all members, one changed": [2, 1_862, 12],
  // A snapshot for each import, its progress, and the rows that it reads beside those of the page; and
  // the events of its beginning and its end.
  "import all users": [3, 4_814, 7],
};

/**
 * Does each operation twice and compares what the second time cost.
 * @returns `{ lines, failed }`: a report, and the number of operations that cost something else
 */
export async function compareCounts(edge) {
  const lines = [];
  let failed = 0;
  for (const operation of OPERATIONS) {
    await edge.prepare(operation, 0)();
    const answers = await edge.prepare(operation, 1)();
    const right = await edge.isRight(operation, 1, answers);
    const cost = ["round_trips", "rows_read", "rows_written"].map((name) => total(answers, name));
    const expected = EXPECTED[operation.name] ?? [];
    const same = right && cost.join() === expected.join();
    if (!same) failed += 1;
    const costs = `${operation.name}: ${cost[0]} round trips, ${cost[1]} rows read, ${cost[2]} written`;
    lines.push(
      same ? `  ${costs}` : `  FAILED ${costs}; ${right ? `expected ${expected.join(", ")}` : "wrong answer"}`,
    );
  }
  return { lines, failed };
}

function total(answers, name) {
  const count = ({ headers }) => Number(new RegExp(`${name};desc="(\\d+)"`).exec(headers["server-timing"])?.[1]);
  return answers.reduce((sum, answer) => sum + count(answer), 0);
}
