/* What changes cost: [round trips, rows read, rows written] as D1 bills them. `before` is the last version that wrote
   no events, as measured then. `now` is asserted by requests.test.mjs, which also keeps the table in
   docs/performance.md true. The first loss of access within a minute takes a row more. */

/** The size of the large group. */
export const CROWD = 10_000;

export const CHANGES = {
  "a person is created": {
    before: [1, 12, 12],
    // Ten for the person, one for the entry of the log, and two for the event: its frame and its subject. Before there
    // were events, the entry took two, since an index had it by its resource.
    now: [1, 17, 10 + 1 + 2],
  },
  "a name changes": { before: [2, 7, 4], now: [2, 12, 2 + 1 + 2] },
  "a person without groups is deactivated": { before: [2, 8, 5], now: [2, 17, 3 + 1 + 2] },
  "a person in one group is deactivated": { before: [2, 12, 7], now: [2, 31, 3 + 1 + 2 * 2 + 3] },
  // Two rows more keep the person, so that they can come back.
  "a person without groups is deleted": { before: [2, 15, 5], now: [2, 23, 3 + 1 + 2 + 2] },
  "one member joins the large group": { before: [2, 21, 6], now: [2, 30, 4 + 1 + 2] },
  // The person finds the event, too.
  "one member leaves the large group": { before: [2, 22, 5], now: [2, 36, 3 + 1 + 3] },
  // Events of the team, of its two groups, and of the members who leave; the three people find it, too. Four reads look
  // for counted people of the groups and of the project.
  "a team with three members is deleted": { before: [2, 50, 13], now: [2, 105, 11 + 1 + 4 * 2 + 3] },
  // An event for each 500 members, of whom each finds it. (Before: rounded.)
  "9,998 members leave the large group": {
    before: [2, 90_000, 20_000],
    now: [2, 13 * 9_998 + 253, 3 * 9_998 + 2 * 20 + 1 + 1],
  },
};
