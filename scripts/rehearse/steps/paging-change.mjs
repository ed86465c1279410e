// Okta's import while people come, go and change between two of its pages.

import { OKTA } from "../rules.mjs";
import { idsOf, pageSizeFor, readPages } from "./paging.mjs";

export const pagingUnderChange = {
  part: "paging-change",
  client: "Okta, import",
  steps: {
    profile: ["misses no person while another one changes", profileChanges],
    addition: ["misses no person while another one is added", personAdded],
    removal: ["misses no person while another one is deleted", personDeleted],
  },
};

/**
 * Reads all pages, and makes a change after a page that has shown the first of the people and not the last. `change`
 * gets those who were shown and those who were not, in the order of the list.
 * @returns the ids of everybody shown before and meanwhile
 */
async function readWhile(play, people, change) {
  const before = idsOf(await readPages(play, 100));
  const ordered = [...people].sort((a, b) => before.indexOf(a.id) - before.indexOf(b.id));
  let isChanged = false;
  const between = async (pages) => {
    const shown = idsOf(pages);
    const seen = ordered.filter(({ id }) => shown.includes(id));
    if (isChanged || seen.length === 0 || seen.length === ordered.length) return;
    isChanged = true;
    await change(
      seen,
      ordered.filter(({ id }) => !shown.includes(id)),
    );
  };
  const after = idsOf(await readPages(play, pageSizeFor(before, ordered), between));
  if (!isChanged) play.skip("the list could not be divided between the throw-away people");
  return { before, after };
}

/** Requires that everybody who was there all the time was shown. */
function missesNobody(play, level, { before, after }, gone) {
  const missed = before.filter((id) => !after.includes(id) && id !== gone);
  const text = "Each person who was there all the time is shown; Okta would unassign those who are not.";
  play[level](OKTA.imports, text, missed.length === 0, `missed: ${missed.slice(0, 5).join(", ")}`);
}

async function profileChanges(play) {
  const people = await play.stage.cast();
  const write = async (id) => {
    const known = await play.read(play.okta, `/Users/${id}`);
    play.answers(OKTA.imports, await play.okta.put(`/Users/${id}`, { ...known, title: `Changed ${Date.now()}` }), 200);
  };
  const read = await readWhile(play, people, async (shown, others) => {
    await write(shown[0].id);
    await write(others.at(-1).id);
  });
  missesNobody(play, "must", read);
}

async function personAdded(play) {
  const people = await play.stage.cast();
  const read = await readWhile(play, people, () => play.stage.person("late"));
  missesNobody(play, "must", read);
}

/** RFC 7644 section 3.4.2.4 lets pages shift; an import then misses a person. */
async function personDeleted(play) {
  const people = await play.stage.cast();
  let gone;
  const read = await readWhile(play, people, async (shown) => {
    gone = shown[0].id;
    const { status } = await play.okta.delete(`/Users/${gone}`);
    if (status >= 300) play.skip(`the server does not delete people (${status})`);
  });
  missesNobody(play, "should", read, gone);
}
