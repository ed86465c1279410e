// Okta's catalog apps: PUT for the profile, PATCH without a path to activate and deactivate.

import { operation } from "../../../tests/helpers/bodies.mjs";
import { UNKNOWN } from "../endpoint.mjs";
import { OKTA, rfc7643, rfc7644 } from "../rules.mjs";

export const oktaCatalog = {
  part: "okta-oin",
  client: "Okta, catalog app",
  steps: {
    deactivate: ["deactivates by a PATCH without a path", deactivate],
    reactivate: ["reactivates by a PATCH without a path", reactivate],
    profile: ["changes single attributes by PATCH", profile],
    password: ["takes a password, and does not show it", password],
    atomic: ["does all operations of a PATCH, or none", atomic],
    "unknown-user": ["answers 404 to a PATCH of an unknown person", unknownUser],
  },
};

async function deactivate(play) {
  const { id } = await play.stage.person("oin");
  await setActive(play, id, false, OKTA.deactivation);
}

async function reactivate(play) {
  const { id } = await play.stage.inactivePerson("oin");
  await setActive(play, id, true, OKTA.reactivation);
}

async function setActive(play, id, active, rule) {
  play.answers(rule, await play.okta.patch(`/Users/${id}`, operation.active(active)), [200, 204]);
  const read = await play.read(play.okta, `/Users/${id}`);
  play.must(rule, `GET shows the person with active ${active}.`, read.active === active, read.active);
}

async function profile(play) {
  const { id } = await play.stage.person("oin");
  const title = { op: "add", path: "title", value: "Conductor" };
  const name = { op: "replace", path: "name.givenName", value: "Renamed" };
  play.answers(rfc7644("3.5.2"), await play.okta.patch(`/Users/${id}`, title, name), [200, 204]);
  const changed = await play.read(play.okta, `/Users/${id}`);
  play.must(rfc7644("3.5.2.1"), "add sets the attribute.", changed.title === "Conductor", changed.title);
  play.must(
    rfc7644("3.5.2.3"),
    "replace changes the sub-attribute.",
    changed.name?.givenName === "Renamed",
    changed.name,
  );
  const text = "replace leaves the other sub-attributes.";
  play.must(rfc7644("3.5.2.3"), text, changed.name?.familyName === "Rehearsal", changed.name);
  play.answers(rfc7644("3.5.2"), await play.okta.patch(`/Users/${id}`, { op: "remove", path: "title" }), [200, 204]);
  const { title: left } = await play.read(play.okta, `/Users/${id}`);
  play.must(rfc7644("3.5.2.2"), "remove clears the attribute.", left === undefined || left === null, left);
}

/** "Sync Password": servers without passwords have to ignore it. */
async function password(play) {
  const { id } = await play.stage.person("oin");
  const answer = await play.okta.patch(`/Users/${id}`, { op: "replace", value: { password: play.stage.password } });
  const isTaken = answer.status === 200 || answer.status === 204;
  const said = answer.body?.detail ?? answer.status;
  play.should(OKTA.password, "A PATCH of the password is answered 200 or 204.", isTaken, said);
  const isShown = [answer.text, (await play.okta.get(`/Users/${id}`)).text].some((text) =>
    text.includes(play.stage.password),
  );
  play.must(rfc7643("4.1.1"), "No answer has the password.", !isShown, "it is there");
}

async function atomic(play) {
  const { id } = await play.stage.person("oin");
  const before = await play.read(play.okta, `/Users/${id}`);
  const good = { op: "replace", path: "displayName", value: `Half done ${before.displayName}` };
  const answer = await play.okta.patch(`/Users/${id}`, good, { op: "conduct", path: "displayName", value: "x" });
  play.error(rfc7644("3.5.2"), answer, 400);
  const { displayName } = await play.read(play.okta, `/Users/${id}`);
  const text = "After an operation that fails, the person is as before.";
  play.must(rfc7644("3.5.2"), text, displayName === before.displayName, displayName);
}

async function unknownUser(play) {
  play.error(rfc7644("3.5.2"), await play.okta.patch(`/Users/${UNKNOWN}`, operation.active(false)), 404);
}
