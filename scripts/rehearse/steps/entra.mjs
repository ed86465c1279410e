// Microsoft Entra ID: its spellings of SCIM, and its life of a person. A tenant URL with the flag aadOptscim062020 gets
// other spellings than one without.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { UNKNOWN } from "../endpoint.mjs";
import { resourcesOf } from "../play.mjs";
import { ENTRA, rfc7643, rfc7644 } from "../rules.mjs";

const FLAG = "aadOptscim062020";

export const entra = {
  part: "entra",
  client: "Microsoft Entra ID",
  steps: {
    connection: ["answers Test Connection", testConnection],
    create: ["creates a person with nulls and the enterprise extension", create],
    "lookup-external-id": ["finds a person by externalId", lookUpExternalId],
    "lookup-mail": ["finds a person by the work address", lookUpMail],
    "lookup-unquoted": ["takes a filter value without quotes", lookUpUnquoted],
    "probe-id": ["takes two comparisons joined by and", probe],
    profile: ["changes attributes with capitalized operations", profile],
    "new-element": ["adds an element that a path with a filter names", newElement],
    "dotted-keys": ["reads keys with a dot as paths", dottedKeys],
    manager: ["sets the manager", manager],
    disable: ["takes the text False for a boolean", disable],
    restore: ["takes the text True for a boolean", restore],
    delete: ["deletes a person for good", remove],
  },
};

async function testConnection(play) {
  for (const query of [`userName eq "${UNKNOWN}"`, `externalId eq "${UNKNOWN}"`]) {
    for (const flag of ["", `${FLAG}&`]) {
      const answer = await play.entra.get(`/Users?${flag}filter=${encodeURIComponent(query)}`);
      play.finds(ENTRA.connector, "A look-up of an unknown id finds no person.", answer, []);
    }
  }
}

async function create(play) {
  const nothing = { addresses: null, title: null, phoneNumbers: null };
  const body = play.stage.entraBody("entra", { ...nothing, [SCHEMA.enterprise]: { department: "Rehearsals" } });
  const answer = await play.entra.post("/Users", body);
  const made = play.answers(ENTRA.create, answer, 201);
  play.stage.adopt("entra", answer);
  play.must(
    ENTRA.create,
    "externalId comes back as it was sent.",
    made.externalId === body.externalId,
    made.externalId,
  );
  play.must(ENTRA.create, "The person is active.", made.active === true, made.active);
  const department = made[SCHEMA.enterprise]?.department;
  play.should(ENTRA.create, "The department is stored.", department === "Rehearsals", department);
}

const lookUp = (play, filter) => play.entra.get(`/Users?filter=${encodeURIComponent(filter)}`);

async function lookUpExternalId(play) {
  const { id, externalId } = await play.stage.person("entra");
  if (externalId === undefined) play.skip("the server does not keep externalId");
  const answer = await lookUp(play, `externalId eq "${externalId}"`);
  play.finds(ENTRA.lookup, "The look-up by externalId finds the person, and no other.", answer, [id]);
}

async function lookUpMail(play) {
  const { id, userName } = await play.stage.person("entra");
  const answer = await lookUp(play, `emails[type eq "work"].value eq "${userName}"`);
  if (answer.status === 400) {
    play.should(ENTRA.lookup, "A filter by the work address is understood.", false, answer.body?.detail ?? answer.text);
    return;
  }
  play.finds(ENTRA.lookup, "The look-up by the work address finds the person, and no other.", answer, [id]);
}

async function lookUpUnquoted(play) {
  const { id, externalId } = await play.stage.person("entra");
  if (externalId === undefined) play.skip("the server does not keep externalId");
  const answer = await lookUp(play, `externalId eq ${externalId}`);
  const found = resourcesOf(answer.body ?? {}).map((user) => user.id);
  const isFound = answer.status === 200 && found.length === 1 && found[0] === id;
  play.should(
    ENTRA.lookup,
    "A value without quotes, as in Microsoft's example, is understood.",
    isFound,
    answer.status,
  );
}

async function probe(play) {
  const { id, userName } = await play.stage.person("entra");
  const answer = await lookUp(play, `id eq "${id}" and userName eq "${userName}"`);
  play.finds(rfc7644("3.4.2.2"), "Two comparisons joined by and find the person, and no other.", answer, [id]);
  const neither = await lookUp(play, `id eq "${id}" and userName eq "x${userName}"`);
  play.finds(rfc7644("3.4.2.2"), "If one of the two does not hold, no person is found.", neither, []);
}

async function profile(play) {
  const { id } = await play.stage.person("entra");
  const employeeNumber = `${SCHEMA.enterprise}:employeeNumber`;
  for (const [change, valueIn] of [
    [{ op: "Add", path: "displayName", value: "Changed Rehearsal" }, (user) => user.displayName],
    [{ op: "Replace", path: "name.familyName", value: "Changed" }, (user) => user.name?.familyName],
    [{ op: "Replace", path: "title", value: "Prompter" }, (user) => user.title],
    [{ op: "Add", path: employeeNumber, value: "1815" }, (user) => user[SCHEMA.enterprise]?.employeeNumber],
  ]) {
    const answer = await play.entra.patch(`/Users/${id}`, change);
    const text = `${change.op} of ${change.path} is answered 200 or 204.`;
    const said = answer.body?.detail ?? answer.status;
    if (!play.must(ENTRA.profile, text, [200, 204].includes(answer.status), said)) continue;
    const value = valueIn(await play.read(play.entra, `/Users/${id}`));
    play.must(ENTRA.profile, `${change.path} has the new value.`, value === change.value, value);
  }
}

async function newElement(play) {
  const { id } = await play.stage.person("entra");
  const change = { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "+44 7700 900000" };
  play.answers(ENTRA.profile, await play.entra.patch(`/Users/${id}`, change), [200, 204]);
  const { phoneNumbers } = await play.read(play.entra, `/Users/${id}`);
  const text = "The number is there, with its type.";
  const isThere = phoneNumbers?.some?.(({ type, value }) => type === "mobile" && /900000/.test(value));
  play.must(ENTRA.profile, text, isThere === true, phoneNumbers);
}

async function dottedKeys(play) {
  const { id } = await play.stage.person("entra");
  const value = { displayName: "Dotted Rehearsal", "name.givenName": "Dotted" };
  const body = { schemas: [SCHEMA.patch], Operations: [{ op: "replace", value }] };
  play.answers(ENTRA.profile, await play.entra.send("PATCH", `/Users/${id}?${FLAG}`, body), [200, 204]);
  const read = await play.read(play.entra, `/Users/${id}`);
  play.must(ENTRA.profile, "displayName has the new value.", read.displayName === "Dotted Rehearsal", read.displayName);
  play.must(ENTRA.profile, "name.givenName has the new value.", read.name?.givenName === "Dotted", read.name);
}

async function manager(play) {
  const { id } = await play.stage.person("entra");
  const [boss] = await play.stage.cast();
  const change = { op: "Add", path: `${SCHEMA.enterprise}:manager`, value: [{ $ref: null, value: boss.id }] };
  const answer = await play.entra.patch(`/Users/${id}`, change);
  const isTaken = [200, 204].includes(answer.status);
  if (!play.should(ENTRA.profile, "A manager in an array is taken.", isTaken, answer.body?.detail ?? answer.status))
    return;
  const read = await play.read(play.entra, `/Users/${id}`);
  const value = read[SCHEMA.enterprise]?.manager?.value;
  play.should(ENTRA.profile, "The manager is stored.", value === boss.id, read[SCHEMA.enterprise]);
}

async function disable(play) {
  const { id } = await play.stage.person("entra");
  await setActive(play, id, "False", false, ENTRA.disable);
}

async function restore(play) {
  const { id } = await play.stage.inactivePerson("entra");
  await setActive(play, id, "True", true, ENTRA.disable);
}

async function setActive(play, id, value, active, rule) {
  play.answers(rule, await play.entra.patch(`/Users/${id}`, { op: "Replace", path: "active", value }), [200, 204]);
  const read = await play.read(play.entra, `/Users/${id}`);
  play.must(rule, `active is the boolean ${active}.`, read.active === active, read.active);
}

async function remove(play) {
  const { id, userName } = await play.stage.person("entra");
  play.answers(rfc7644("3.6"), await play.entra.delete(`/Users/${id}`), 204);
  play.error(rfc7644("3.6"), await play.entra.get(`/Users/${id}`), 404);
  const answer = await lookUp(play, `userName eq "${userName}"`);
  play.finds(rfc7644("3.6"), "The look-up does not find the person any more.", answer, []);
  const again = await play.entra.post("/Users", play.stage.entraBody("entra"));
  const made = play.answers(rfc7644("3.6"), again, 201);
  play.stage.adopt("entra", again);
  play.must(rfc7643("3.1"), "A new person of the name has another id.", made.id !== id, made.id);
}
