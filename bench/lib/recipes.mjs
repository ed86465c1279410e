/* Makes a recipe of the storage calls that the Worker made for two different requests of one kind. By it
   bench/workers/floor.js makes the same calls for any request of that kind. */

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const RANDOM = /^[0-9a-f]{8}$/; // of an entry of the log
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const SNAPSHOT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-[0-9a-f-]{36}$/; // the name of a list's snapshot

/** What is written after the answer: how far a list has been read, who was shown, that the key is in use. */
const AFTER_ANSWER = /^(?:INSERT INTO (?:readings|imports|import_days) |UPDATE auth_keys SET last_used_at )/;
const isAfterAnswer = ({ batch, put }) =>
  batch?.every(({ sql }) => AFTER_ANSWER.test(sql.trim())) ?? put?.startsWith("import:") ?? false;

/** Without the calls after the answer, which may be recorded or not. */
const beforeAnswer = (steps) => steps.filter((step) => !step.every(isAfterAnswer));

const shape = (steps) =>
  JSON.stringify(steps.map((step) => step.map(({ batch, get, put }) => batch?.map(({ sql }) => sql) ?? [get, put])));

/** @param recorded two of `{ values, steps }`: the values of a request, and the storage calls that it led to */
export function recipe(name, recorded) {
  const [one, other] = recorded.map(({ values, steps }) => ({ values, steps: beforeAnswer(steps) }));
  if (shape(one.steps) !== shape(other.steps))
    throw new Error(`Two requests of the kind "${name}" make different storage calls.`);
  const first = one.steps.flat().find(({ batch }) => batch);
  const second = other.steps.flat().find(({ batch }) => batch);
  return one.steps.map((step, s) =>
    step.map(({ batch, found: _, ...what }, w) => {
      if (!batch) return what;
      const foundBefore = step[w] === first ? [] : findings(first.found, second.found);
      const given = Object.keys(one.values).map((of) => ({ source: { of }, was: [one.values[of], other.values[of]] }));
      const known = [...given, ...foundBefore];
      const paramsOf = ({ sql, params }, b) => ({
        sql,
        params: params.map((param, p) => {
          const was = [param, other.steps[s][w].batch[b].params[p]];
          // Both requests may have found the same version, which another request does not.
          const isVersion = new RegExp(`\\bversion = \\?${p + 1}\\b`).test(sql);
          const source = (isVersion && versionAmong(foundBefore, was)) || origin(was, known);
          if (source) return source;
          // The texts of a log entry and of an event have about the same length for all requests of the kind, and
          // nothing depends on them.
          if (/^INSERT INTO (log|new_events) /.test(sql.trim())) return { is: param };
          throw new Error(`"${name}": where parameter ${p + 1}, ${was.join(" or ")}, comes from is not known: ${sql}`);
        }),
      });
      return { batch: batch.map(paramsOf) };
    }),
  );
}

/** The column with the version that the first round trips returned. */
function versionAmong(found, [one, other]) {
  return found.find(({ source, was }) => source.found.column === "version" && was[0] === one && was[1] === other)
    ?.source;
}

/** Where a parameter comes from that had these values in the two requests. */
function origin([one, other], known) {
  if (TIME.test(one)) return { of: "now" };
  if (RANDOM.test(one)) return { of: "random" };
  // The floor reads nothing by the name of a snapshot.
  if (one === other || (SNAPSHOT.test(one) && SNAPSHOT.test(other))) return { is: one };
  const source = known.find(({ was }) => was[0] === one && was[1] === other)?.source;
  return source ?? (UUID.test(one) && UUID.test(other) ? { of: "uuid" } : undefined);
}

/**
 * The columns of the first row of each result of the first round trips, with their values as text, as they are bound.
 */
function findings(first, second) {
  return first.flatMap((row, result) =>
    Object.keys(row).map((column) => ({
      source: { found: { result, column } },
      was: [row, second[result]].map((one) => textOf(one[column])),
    })),
  );
}

const textOf = (value) => (value === null ? null : String(value));
