/* What the product's side costs: [round trips, rows read, rows written] as D1 bills them. product.test.mjs asserts it,
   and keeps the table in docs/guides/product.md true. */

/** How many people the directory has beside its Owner, and the custom roles of its project. */
export const PEOPLE = 1_000;
export const ROLES = Array.from({ length: 47 }, (_, i) => `Role ${i}`);

export const CALLS = {
  "page of the feed, without events": [1, 17, 0],
  "page of the feed, 100 events": [1, 805, 0],
  "page of the feed, 1,000 events": [1, 8905, 0],
  "snapshot of 1,001 people": [4, 8729, 0],
  "a person with their access, 50 roles": [1, 209, 0],
  "people of a project, 100": [1, 317, 0],
  "check, a person with 1 role": [1, 6, 0],
  "check, a person with 50 roles": [1, 6, 0],
  "checkAll, 10 questions": [1, 34, 0],
  "search of subjects in 3 groups": [4, 125, 0],
  "search of resources": [1, 106, 0],
  "search of actions": [1, 6, 0],
  acknowledgement: [2, 19, 2],
  "acknowledgement, once more": [2, 19, 0],
  "poll of security events, none": [1, 11, 0],
  "poll of security events, 100": [1, 410, 0],
};

export const DELIVERIES = {
  "a change of a name, no webhook": [2, 12, 5],
  "a change of a name, 1 webhook": [2, 12, 5],
  "its delivery": [3, 36, 3],
  "a change of a name, 3 webhooks": [2, 12, 5],
  "its deliveries": [7, 107, 9],
  "a sweep that delivers an event to 3 webhooks": [7, 111, 9],
  "a minute without work, 4 webhooks": [1, 9, 0],
};
