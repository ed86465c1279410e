// Whether there is an order in which requests can have happened, one after another, each between its beginning and its
// end.

/**
 * @param state what was there at first
 * @param history the requests: `began` and `ended`, and either what it `reads` or what the state `becomes` by it
 */
export function explained(state, history) {
  const seen = new Set();
  const follows = (state, left) => {
    if (left.length === 0) return true;
    const known = `${JSON.stringify(state)} ${left.map((event) => history.indexOf(event)).join()}`;
    if (seen.has(known)) return false;
    seen.add(known);
    const end = Math.min(...left.map(({ ended }) => ended));
    return left.some((event) => {
      // Whatever was over before it began comes before it.
      if (event.began > end) return false;
      if (event.reads && JSON.stringify(event.reads) !== JSON.stringify(state)) return false;
      return follows(
        event.becomes ? event.becomes(state) : state,
        left.filter((other) => other !== event),
      );
    });
  };
  return follows(state, history);
}
