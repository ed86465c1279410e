// What the suite's results mean, given the deviations that are documented.

const WELL = new Set(["SUCCESS", "COMPLIANT", "ACCEPTABLE"]);

/**
 * A check fails if it was skipped, too, and so does a documented deviation that did not occur.
 * @param results lines of run.py
 * @param types the types of resources that must have been checked
 * @returns {{passed: number, documented: number, failures: string[]}}
 */
export function judge(results, { types, deviations }) {
  const expected = deviations.flatMap(({ checks, ...rest }) => checks.map((check) => ({ check, ...rest })));
  const occurred = new Set();
  const failures = types.filter((type) => !results.some((result) => result.type === type)).map(unchecked);
  let passed = 0;
  let documented = 0;
  for (const result of results) {
    const deviation = expected.find((each) => describes(each, result));
    if (WELL.has(result.status)) passed += 1;
    else if (deviation) {
      occurred.add(deviation);
      documented += 1;
    } else failures.push(`${title(result)}: ${result.status} ${result.reason}`);
  }
  failures.push(...expected.filter((each) => !occurred.has(each)).map(stale));
  return { passed, documented, failures };
}

const describes = (deviation, result) => title(deviation) === title(result) && deviation.says.test(result.reason);

const title = ({ type, check, attribute }) => [type, check, attribute].filter(Boolean).join(" ");

const stale = (deviation) => `${title(deviation)}: documented as a deviation, which did not occur`;

const unchecked = (type) => `${type}: no check of this type of resource was run`;
