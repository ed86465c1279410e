// Okta's SPEC test, with its headers: the suite that an app passes before it is published. Its steps have even numbers.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { oktaSpecTest as step } from "../rules.mjs";

/** Milliseconds that the suite allows for a list of groups. */
const GROUPS_WITHIN = 600;

export const oktaSpecTest = {
  part: "okta-spec",
  client: "Okta's SPEC test",
  steps: {
    users: ["lists people with all that an import needs", listPeople],
    "no-match": ["does not find a name that is not there", noMatch],
    "unknown-user": ["answers 404 for an unknown person", unknownUser],
    create: ["creates a person and echoes what was sent", create],
    duplicate: ["refuses the same person again", duplicate],
    "lookup-case": ["finds the person in upper case", lookUpCase],
    groups: ["lists groups quickly", listGroups],
    "wrong-key": ["refuses a wrong key with a SCIM error", wrongKey],
  },
};

/** In mixed case, which answers have to keep. */
function newcomer({ stage }) {
  const { userName, givenName, familyName } = stage.profile("spec");
  const name = userName.replace("rehearsal", "Rehearsal").replace("spec", "Spec");
  return {
    schemas: [SCHEMA.user],
    userName: name,
    name: { givenName, familyName },
    emails: [{ primary: true, value: name, type: "work" }],
    displayName: `${givenName} ${familyName}`,
    active: true,
  };
}

const lookUp = (client, name) => client.get(`/Users?filter=userName%20eq%20%22${encodeURIComponent(name)}%22`);

async function listPeople(play) {
  await play.stage.cast();
  const answer = await play.specTest.get("/Users?count=1&startIndex=1");
  const [first] = play.resources(step(0), answer);
  if (!play.must(step(0), "The list has a person.", first !== undefined, answer.body.Resources)) return;
  const email = first.emails?.[0]?.value;
  const needed = { id: first.id, userName: first.userName, "emails[0].value": email };
  const names = { "name.givenName": first.name?.givenName, "name.familyName": first.name?.familyName };
  for (const [name, value] of Object.entries({ ...needed, ...names })) {
    play.must(step(0), `The first person has ${name}.`, typeof value === "string" && value !== "", value);
  }
  play.must(step(0), "The first person has active.", typeof first.active === "boolean", first.active);
  const { id } = await play.read(play.specTest, `/Users/${first.id}`);
  play.must(step(2), "GET of the first person shows the same id.", id === first.id, id);
}

async function noMatch(play) {
  const answer = await lookUp(play.specTest, `nobody-${play.stage.profile("absent").userName}`);
  play.resources(step(4), answer);
  play.must(
    step(4),
    "A look-up without a match has totalResults 0.",
    answer.body.totalResults === 0,
    answer.body.totalResults,
  );
}

async function unknownUser(play) {
  for (const [number, id] of [
    [6, "010101001010101011001010101011"],
    [22, "00919288221112222"],
  ]) {
    play.error(step(number), await play.specTest.get(`/Users/${id}`), 404);
  }
}

async function create(play) {
  const body = newcomer(play);
  const answer = await play.specTest.post("/Users", body);
  const made = play.answers(step(10), answer, 201);
  play.stage.adopt("spec", answer);
  play.must(step(10), "The person is active.", made.active === true, made.active);
  play.must(
    step(10),
    "userName comes back as it was sent, letter by letter.",
    made.userName === body.userName,
    made.userName,
  );
  for (const name of ["givenName", "familyName"]) {
    play.must(step(10), `name.${name} comes back as it was sent.`, made.name?.[name] === body.name[name], made.name);
  }
  play.must(step(10), "schemas names the core User schema.", made.schemas?.includes?.(SCHEMA.user), made.schemas);
  const read = await play.read(play.specTest, `/Users/${made.id}`);
  play.must(step(12), "GET shows the same person.", read.id === made.id && read.userName === made.userName, read);
}

async function duplicate(play) {
  const body = newcomer(play);
  await play.stage.person("spec", body);
  const answer = await play.specTest.post("/Users", body);
  play.error(step(14), answer, 409, { scimType: "uniqueness" });
}

async function lookUpCase(play) {
  const { id, userName } = await play.stage.person("spec", newcomer(play));
  const answer = await lookUp(play.specTest, userName.toUpperCase());
  play.finds(step(16), "The look-up in upper case finds the person.", answer, [id]);
}

async function listGroups(play) {
  const times = [];
  while (times.length < 3 && !(Math.min(...times) < GROUPS_WITHIN)) {
    const started = performance.now();
    const answer = await play.specTest.get("/Groups");
    times.push(Math.round(performance.now() - started));
    const body = play.answers(step(18), answer, 200);
    const isList = body.totalResults === 0 || Array.isArray(body.Resources);
    play.must(step(18), "The answer has totalResults 0 or Resources.", isList, body.Resources);
  }
  const best = Math.min(...times);
  play.should(step(18), `Groups are listed within ${GROUPS_WITHIN} ms.`, best < GROUPS_WITHIN, `${best} ms`);
}

async function wrongKey(play) {
  play.error(step(20), await play.specTest.get("/Groups", { authorization: "non-token" }), 401);
}
