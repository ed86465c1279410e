/* What an operation costs as D1 bills it: exact, on any machine. A number that has become smaller is a reason to be glad
   and to write it down here; one that has become larger is a defect until somebody says why. */
import { OPERATIONS } from "./operations.mjs";

/** The number of people that these are for. */
export const QUICK_SIZE = 300;

/** Round trips, rows read, rows written. */
const EXPECTED = {
  create: [1, 12, 12],
  get: [1, 13, 0],
  "look up by userName": [1, 14, 0],
  // One row more for each that is listed: whether it was there when the reading began.
  "list 100 at the end": [1, 1_311, 0],
  "PATCH active": [2, 8, 5],
  "PATCH one member": [2, 21, 6],
  // One row more: the group's version, which all pieces of its members must have.
  "PUT all members, one changed": [2, 1_843, 8],
  // A snapshot for each reading, how far it has come, and the rows that it lists beside those that are shown.
  "import everybody": [3, 4_715, 3],
};

/**
 * Does every operation twice, and compares what the second time cost. @returns the lines of a report, and whether all
 * is well
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
    const told = `${operation.name}: ${cost[0]} round trips, ${cost[1]} rows read, ${cost[2]} written`;
    lines.push(same ? `  ${told}` : `  FAILED ${told}; ${right ? `expected ${expected.join(", ")}` : "wrong answer"}`);
  }
  return { lines, failed };
}

function total(answers, name) {
  const count = ({ headers }) => Number(new RegExp(`${name};desc="(\\d+)"`).exec(headers["server-timing"])?.[1]);
  return answers.reduce((sum, answer) => sum + count(answer), 0);
}
