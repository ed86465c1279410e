// Okta's custom apps, from the App Integration Wizard: every write is a PUT of the whole person.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { UNKNOWN } from "../endpoint.mjs";
import { ENTRA, OKTA, rfc7643, rfc7644 } from "../rules.mjs";

export const oktaCustom = {
  part: "okta-put",
  client: "Okta, custom app",
  steps: {
    create: ["creates a person, and shows all of it", create],
    "duplicate-case": ["refuses the same name in another case", duplicateCase],
    lookup: ["finds the person before linking", lookUp],
    profile: ["stores a changed profile", pushProfile],
    repeat: ["changes nothing by the same profile again", repeat],
    clears: ["clears what a PUT no longer has", clears],
    "foreign-attributes": ["ignores attributes that cannot be written or are unknown", foreignAttributes],
    deactivate: ["deactivates by PUT, and keeps the person", deactivate],
    "lookup-inactive": ["finds a deactivated person", lookUpInactive],
    reactivate: ["restores the person under the same id", reactivate],
    "user-name": ["takes a changed userName", changeUserName],
    "unknown-user": ["answers 404 to a PUT of an unknown person", unknownUser],
  },
};

async function create(play) {
  const body = play.stage.oktaBody("put");
  await play.okta.find("/Users", `userName eq "${body.userName}"`);
  const answer = await play.okta.post("/Users", body);
  const made = play.answers(rfc7644("3.3"), answer, 201);
  play.stage.adopt("put", answer);
  play.must(
    OKTA.create,
    "The answer has the id of the person.",
    typeof made.id === "string" && made.id !== "",
    made.id,
  );
  play.must(rfc7644("3.3"), "userName comes back as it was sent.", made.userName === body.userName, made.userName);
  play.must(
    rfc7643("3.1"),
    "externalId comes back as it was sent.",
    made.externalId === body.externalId,
    made.externalId,
  );
  play.must(OKTA.create, "The person is active.", made.active === true, made.active);
  play.must(rfc7643("3.1"), "meta.resourceType is User.", made.meta?.resourceType === "User", made.meta);
  play.must(rfc7643("4.1.1"), "No answer has a password.", !("password" in made), "password is there");
  const { location } = answer.headers;
  play.must(rfc7644("3.3"), "The answer has a Location header.", location !== undefined, location);
  const isSame = location === undefined || location === made.meta?.location;
  play.should(rfc7644("3.3"), "meta.location is the Location header.", isSame, made.meta?.location);
  if (location !== undefined) {
    play.must(
      rfc7644("3.3"),
      "Location ends with the path of the person.",
      location.endsWith(`/Users/${made.id}`),
      location,
    );
  }
  const read = await play.read(play.okta, `/Users/${made.id}`);
  for (const name of ["id", "userName", "externalId", "active"]) {
    play.must(rfc7644("3.4.1"), `GET shows the same ${name}.`, read[name] === made[name], read[name]);
  }
  play.must(rfc7643("4.1.1"), "GET does not show a password.", !("password" in read), "password is there");
}

async function duplicateCase(play) {
  const { userName } = await play.stage.person("put");
  const body = play.stage.oktaBody("put", { userName: userName.toUpperCase(), externalId: undefined });
  play.error(rfc7643("4.1.1"), await play.okta.post("/Users", body), 409);
}

async function lookUp(play) {
  const { id, userName } = await play.stage.person("put");
  const answer = await play.okta.find("/Users", `userName eq "${userName}"`);
  play.finds(OKTA.create, "The look-up finds the person, and no other.", answer, [id]);
}

/** Okta merges its values into the body that it has read: id, meta and the old name.formatted go back. */
async function pushProfile(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  const formatted = known.name?.formatted ?? "Put Rehearsal";
  const name = { ...known.name, givenName: "Renamed", familyName: "Rehearsal", formatted };
  const body = { ...known, name, displayName: "Renamed Rehearsal", locale: "en-US", groups: [] };
  const pushed = play.answers(OKTA.profile, await play.okta.put(`/Users/${id}`, body), 200);
  play.must(rfc7644("3.5.1"), "The answer is the person.", pushed?.id === id, pushed?.id);
  const read = await play.read(play.okta, `/Users/${id}`);
  const isRenamed = read.name?.givenName === "Renamed";
  play.must(OKTA.profile, "name.givenName is the new one, whatever name.formatted says.", isRenamed, read.name);
  play.must(OKTA.profile, "displayName is the new one.", read.displayName === "Renamed Rehearsal", read.displayName);
  play.must(OKTA.profile, "userName stays.", read.userName === known.userName, read.userName);
}

async function repeat(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  play.answers(OKTA.profile, await play.okta.put(`/Users/${id}`, known), 200);
  const read = await play.read(play.okta, `/Users/${id}`);
  const timeless = ({ meta, ...attributes }) => JSON.stringify(Object.entries(attributes).sort());
  play.must(rfc7644("3.5.1"), "The person is as before.", timeless(read) === timeless(known), read);
}

async function clears(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  const write = async (body) => {
    play.answers(rfc7644("3.5.1"), await play.okta.put(`/Users/${id}`, body), 200);
    return play.read(play.okta, `/Users/${id}`);
  };
  const full = await write({ ...known, title: "Conductor", nickName: "Baton" });
  if (full.title !== "Conductor" || full.nickName !== "Baton") play.skip("the server does not keep title and nickName");
  const { title: _, nickName: __, ...without } = full;
  const cleared = await write({ ...without, title: null });
  play.must(
    rfc7643("2.5"),
    "A title of null is cleared.",
    cleared.title === undefined || cleared.title === null,
    cleared.title,
  );
  const text = "An attribute that the body does not have is cleared.";
  play.should(rfc7644("3.5.1"), text, cleared.nickName === undefined || cleared.nickName === null, cleared.nickName);
}

async function foreignAttributes(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  const body = { ...known, groups: [], id: UNKNOWN, meta: { ...known.meta, resourceType: "Robot" } };
  play.answers(rfc7644("3.5.1"), await play.okta.put(`/Users/${id}`, body), 200);
  const read = await play.read(play.okta, `/Users/${id}`);
  const isSame = read.id === id && read.meta?.resourceType === "User";
  play.must(rfc7643("3.1"), "id and meta stay, since they are readOnly.", isSame, read);
  const { status } = await play.okta.put(`/Users/${id}`, { ...known, rehearsalColor: "blue" });
  play.should(ENTRA.profile, "An attribute that the server does not know is ignored.", status === 200, status);
}

async function deactivate(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  play.answers(OKTA.deactivation, await play.okta.put(`/Users/${id}`, { ...known, active: false }), 200);
  const read = await play.read(play.okta, `/Users/${id}`);
  play.must(OKTA.deactivation, "GET shows the person with active false.", read.active === false, read.active);
}

async function lookUpInactive(play) {
  const { id, userName } = await play.stage.inactivePerson("put");
  const answer = await play.okta.find("/Users", `userName eq "${userName}"`);
  play.finds(OKTA.reactivation, "The look-up finds the deactivated person.", answer, [id]);
}

async function reactivate(play) {
  const { id } = await play.stage.inactivePerson("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  play.answers(OKTA.reactivation, await play.okta.put(`/Users/${id}`, { ...known, active: true }), 200);
  const read = await play.read(play.okta, `/Users/${id}`);
  play.must(OKTA.reactivation, "The person is active again.", read.active === true, read.active);
  for (const name of ["userName", "externalId"]) {
    play.must(OKTA.reactivation, `${name} is as before.`, read[name] === known[name], read[name]);
  }
}

/** A person whose name has changed. A server may refuse it, and an administrator then sees why. */
async function changeUserName(play) {
  const { id } = await play.stage.person("put");
  const known = await play.read(play.okta, `/Users/${id}`);
  const { userName } = play.stage.profile("put-renamed");
  const body = { ...known, userName, emails: [{ primary: true, value: userName, type: "work" }] };
  const answer = await play.okta.put(`/Users/${id}`, body);
  const isTaken = answer.status === 200;
  const said = answer.body?.detail ?? answer.status;
  play.should(OKTA.profile, "userName can be changed (otherwise Okta must not push it).", isTaken, said);
  if (!isTaken) play.error(rfc7644("3.12"), answer, [400, 403, 409]);
  const read = await play.read(play.okta, `/Users/${id}`);
  const expected = isTaken ? userName : known.userName;
  const text = `userName is ${isTaken ? "the new one" : "as before"}.`;
  play.must(rfc7644("3.5.1"), text, read.userName === expected, read.userName);
  const found = await play.okta.find("/Users", `userName eq "${userName}"`);
  play.finds(
    OKTA.profile,
    `The look-up by the new name finds ${isTaken ? "the" : "no"} person.`,
    found,
    isTaken ? [id] : [],
  );
}

async function unknownUser(play) {
  const body = { ...play.stage.oktaBody("absent"), schemas: [SCHEMA.user], id: UNKNOWN };
  play.error(rfc7644("3.5.1"), await play.okta.put(`/Users/${UNKNOWN}`, body), 404);
}
