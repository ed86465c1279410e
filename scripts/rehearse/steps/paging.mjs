// Okta's import: every page of people, then every page of groups. Okta takes the app away from people who are on none.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { resourcesOf } from "../play.mjs";
import { OKTA, rfc7644, rfc9865 } from "../rules.mjs";

const RULE = rfc7644("3.4.2.4");

/** The most people of an organization whose pages are read. */
const MOST = 5_000;

export const paging = {
  part: "paging",
  client: "Okta, import",
  steps: {
    import: ["shows every person once, in full pages", importAll],
    order: ["has the same order for every page size", order],
    "out-of-range": ["answers pages out of range", outOfRange],
    filtered: ["pages a filtered list", filtered],
    nameless: ["shows names for a person without any", nameless],
    groups: ["shows the group among all groups", importGroups],
    cursor: ["pages by cursor, if it says so", byCursor],
  },
};

/** After so many small pages the rest is read in large ones. */
const SMALL_PAGES = 50;

/**
 * Reads the pages of all people as Okta does, until startIndex exceeds totalResults.
 * @param between called after each page with the pages so far
 * @returns the pages' bodies
 */
export async function readPages(play, count, between = async () => {}) {
  const pages = [];
  for (let startIndex = 1, total = 1; startIndex <= total; ) {
    const size = pages.length < SMALL_PAGES ? count : 100;
    const body = play.answers(RULE, await play.okta.list("/Users", { startIndex, count: size }), 200);
    total = body.totalResults;
    if (total > MOST) play.skip(`there are more than ${MOST} people`);
    startIndex += size;
    pages.push(body);
    await between(pages);
  }
  return pages;
}

export const idsOf = (pages) => pages.flatMap((body) => resourcesOf(body).map(({ id }) => id));

async function importAll(play) {
  const cast = await play.stage.cast();
  const pages = [];
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += 100) {
    const answer = await play.okta.list("/Users", { startIndex, count: 100 });
    const resources = play.list(answer);
    const { body } = answer;
    total = body.totalResults;
    if (total > MOST) play.skip(`there are more than ${MOST} people`);
    const rest = Math.min(100, total - startIndex + 1);
    play.must(
      OKTA.imports,
      "A page that is not the last is full, since Okta goes on by count.",
      resources.length === rest,
      resources.length,
    );
    if ("startIndex" in body)
      play.must(RULE, "startIndex is the one asked for.", body.startIndex === startIndex, body.startIndex);
    pages.push(body);
  }
  const ids = idsOf(pages);
  play.must(OKTA.imports, "No person is shown twice.", new Set(ids).size === ids.length, `${ids.length} shown`);
  play.must(
    rfc7644("3.4.2"),
    "totalResults is the number of people.",
    pages[0].totalResults === ids.length,
    `${pages[0].totalResults}, ${ids.length} shown`,
  );
  for (const { id, userName } of cast)
    play.must(OKTA.imports, "Each throw-away person is shown.", ids.includes(id), userName);
}

async function order(play) {
  const cast = await play.stage.cast();
  const whole = idsOf(await readPages(play, 100));
  const count = pageSizeFor(whole, cast);
  const pages = await readPages(play, count);
  play.must(
    RULE,
    "Smaller pages show the same people in the same order.",
    idsOf(pages).join() === whole.join(),
    `count=${count}`,
  );
  const second = pages[1];
  if (second && "startIndex" in second) {
    play.must(
      RULE,
      "The second page begins where the first one ends.",
      second.startIndex === count + 1,
      second.startIndex,
    );
  }
}

/** The largest page size that has a boundary between the first and the last of these people, where there are many. */
export function pageSizeFor(ids, people) {
  const positions = people.map(({ id }) => ids.indexOf(id) + 1).sort((a, b) => a - b);
  const boundary = Math.max(1, positions[Math.floor((positions.length - 1) / 2)]);
  return Math.ceil(boundary / Math.ceil(boundary / 100));
}

/** Some clients read until a page is empty. */
async function outOfRange(play) {
  const cast = await play.stage.cast();
  const count = pageSizeFor(idsOf(await readPages(play, 100)), cast);
  const pages = await readPages(play, count);
  const total = pages[0].totalResults;
  for (const [parameters, text, size] of [
    [{ startIndex: pages.length * count + 1, count }, "The page after the last person is empty.", 0],
    [{ startIndex: 1, count: 0 }, "With count=0 only the total is told.", 0],
    [{ startIndex: 0, count: 1 }, "startIndex=0 is read as 1.", 1],
  ]) {
    const answer = await play.okta.list("/Users", parameters);
    const resources = play.resources(RULE, answer);
    play.must(RULE, text, resources.length === size, `${resources.length} people`);
    play.should(RULE, "totalResults stays the true one.", answer.body.totalResults === total, answer.body.totalResults);
  }
}

async function filtered(play) {
  const cast = await play.stage.cast();
  const filter = cast.map(({ userName }) => `userName eq "${userName}"`).join(" or ");
  const first = await play.okta.list("/Users", { filter, startIndex: 1, count: 2 });
  if ([400, 501].includes(first.status)) play.skip("the server does not take or in a filter");
  const second = await play.okta.list("/Users", { filter, startIndex: 3, count: 2 });
  const ids = [first, second].flatMap((answer) => play.resources(RULE, answer).map(({ id }) => id));
  const isComplete = ids.length === cast.length && cast.every(({ id }) => ids.includes(id));
  play.must(RULE, "The pages of a filtered list show each person once.", isComplete, ids);
  const { totalResults } = first.body;
  play.must(
    rfc7644("3.4.2"),
    "totalResults counts all that match the filter.",
    totalResults === cast.length,
    totalResults,
  );
}

async function nameless(play) {
  const { userName } = play.stage.profile("nameless");
  const { id } = await play.stage.person("nameless", { schemas: [SCHEMA.user], userName });
  const { name, emails } = await play.read(play.okta, `/Users/${id}`);
  const isNamed = [name?.givenName, name?.familyName, emails?.[0]?.value].every(
    (text) => typeof text === "string" && text !== "",
  );
  const text = "A person without names has a first name, a last name and an address, which Okta needs for an import.";
  play.should(OKTA.imports, text, isNamed, { name, emails });
}

async function importGroups(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const pages = [];
  for (let startIndex = 1, total = 1; startIndex <= total; startIndex += 100) {
    const answer = await play.okta.list("/Groups", { startIndex, count: 100 });
    play.list(answer);
    total = answer.body.totalResults;
    if (total > MOST) play.skip(`there are more than ${MOST} groups`);
    pages.push(answer.body);
  }
  const found = pages.flatMap(resourcesOf).find((group) => group.id === id);
  play.must(OKTA.imports, "The group is in the list, with its name.", found?.displayName === displayName, found);
}

async function byCursor(play) {
  const config = await play.stage.config();
  if (config.pagination?.cursor !== true) play.skip("ServiceProviderConfig does not declare paging by cursor");
  const cast = await play.stage.cast();
  const { totalResults } = (await play.okta.list("/Users", { startIndex: 1, count: 1 })).body;
  if (totalResults > MOST) play.skip(`there are more than ${MOST} people`);
  const count = Math.min(100, Math.max(2, Math.ceil(totalResults / 4)));
  const ids = [];
  for (let cursor = ""; cursor !== undefined && ids.length <= MOST; ) {
    const answer = await play.governance.list("/Users", { cursor, count });
    const resources = play.resources(rfc9865("2"), answer);
    ids.push(...resources.map(({ id }) => id));
    cursor = answer.body.nextCursor;
  }
  play.must(rfc9865("2"), "No person is shown twice.", new Set(ids).size === ids.length, `${ids.length} shown`);
  for (const { id, userName } of cast)
    play.must(rfc9865("2"), "Each throw-away person is shown.", ids.includes(id), userName);
}
