// Filters, as governance products and scripts write them. A filter that is not understood has to be refused: a list of
// everybody would be taken for the answer.

import { rfc7644 } from "../rules.mjs";

const FILTER = rfc7644("3.4.2.2");

export const filters = {
  part: "filters",
  client: "Governance product",
  steps: {
    encoding: ["decodes plus and percent in a query", encoding],
    case: ["reads names and operators in any case", anyCase],
    operators: ["answers each operator rightly, or refuses it", operators],
    logic: ["answers or, not and parentheses rightly, or refuses them", logic],
    invalid: ["refuses a filter that is none", invalid],
    attributes: ["shows only the attributes asked for", attributes],
    excluded: ["leaves out the attributes that are excluded", excluded],
  },
};

async function encoding(play) {
  const [, plus] = await play.stage.cast();
  const name = plus.userName.replace("+", "%2B").replace("@", "%40");
  const answer = await play.okta.get(`/Users?filter=userName+eq+%22${name}%22&startIndex=1&count=100`);
  play.finds(FILTER, "With + for spaces and %2B for a plus, the person is found.", answer, [plus.id]);
}

async function anyCase(play) {
  const [ada] = await play.stage.cast();
  const answer = await play.governance.list("/Users", { filter: `USERNAME Eq "${ada.userName}"` });
  play.finds(FILTER, "Attribute names and operators are read in any case.", answer, [ada.id]);
}

/** Requires the people of the cast that a filter should find, unless the filter is refused as such. */
async function decides(play, filter, ids) {
  const answer = await play.governance.list("/Users", { filter });
  const isRefused = [400, 501].includes(answer.status);
  const text = `${filter} is understood.`;
  if (!play.should(FILTER, text, !isRefused, answer.body?.detail ?? answer.status)) return;
  play.finds(FILTER, `${filter} finds whom it should, and no other.`, answer, ids);
}

async function operators(play) {
  const [ada, plus] = await play.stage.cast();
  const mine = ` and id eq "${ada.id}"`;
  await decides(play, `userName co "${play.stage.stem}-ada"`, [ada.id]);
  await decides(play, `userName sw "${play.stage.stem}-gr"`, [plus.id]);
  await decides(play, `userName pr${mine}`, [ada.id]);
  await decides(play, `userName ne "${ada.userName}"${mine}`, []);
  await decides(play, `active eq true and userName sw "${ada.userName}"`, [ada.id]);
  await decides(play, `meta.lastModified gt "2099-01-01T00:00:00Z" and userName sw "${play.stage.stem}"`, []);
}

async function logic(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const is = ({ userName }) => `userName eq "${userName}"`;
  await decides(play, `${is(ada)} or ${is(linus)}`, [ada.id, linus.id]);
  await decides(play, `(${is(ada)} or ${is(plus)}) and not (${is(ada)})`, [plus.id]);
}

async function invalid(play) {
  await play.stage.cast();
  for (const filter of ['userName like "x"', "userName eq", '(userName eq "x"']) {
    const answer = await play.governance.list("/Users", { filter });
    play.error(FILTER, answer, 400, { scimType: "invalidFilter", scimTypeLevel: "should" });
  }
}

async function attributes(play) {
  const [ada] = await play.stage.cast();
  const [shown] = play.resources(
    rfc7644("3.9"),
    await play.governance.list("/Users", { attributes: "userName", filter: `userName eq "${ada.userName}"` }),
  );
  if (!play.must(rfc7644("3.9"), "The person is found.", shown !== undefined)) return;
  play.must(rfc7644("3.9"), "The attribute asked for is shown.", shown.userName === ada.userName, shown);
  play.must(rfc7644("3.9"), "id is always shown.", shown.id === ada.id, shown);
  const others = ["name", "emails", "displayName", "active"].filter((name) => name in shown);
  play.should(rfc7644("3.9"), "Other attributes are not shown.", others.length === 0, others);
}

async function excluded(play) {
  const [ada] = await play.stage.cast();
  const shown = play.answers(
    rfc7644("3.9"),
    await play.governance.get(`/Users/${ada.id}?excludedAttributes=name,emails`),
    200,
  );
  play.must(rfc7644("3.9"), "What is not excluded is shown.", shown.userName === ada.userName, shown);
  const left = ["name", "emails"].filter((name) => name in shown);
  play.should(rfc7644("3.9"), "What is excluded is not shown.", left.length === 0, left);
}
