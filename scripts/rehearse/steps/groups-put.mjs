// Okta's custom apps: groups are read, and written whole.

import { members, oktaGroup } from "../../../tests/helpers/bodies.mjs";
import { OKTA, rfc7644 } from "../rules.mjs";
import { hasMembers, memberIds } from "../stage.mjs";

export const groupsByPut = {
  part: "groups-put",
  client: "Okta, custom app",
  steps: {
    members: ["sets the members", setMembers],
    "read-modify-write": ["keeps the members that it was read with", readModifyWrite],
    "own-name": ["takes the group's own name again", ownName],
    rename: ["renames the group, and keeps its members", rename],
    empty: ["empties the group", empty],
  },
};

async function put(play, id, body) {
  play.answers(OKTA.groups, await play.okta.put(`/Groups/${id}`, body), [200, 204]);
  return play.read(play.okta, `/Groups/${id}`);
}

async function setMembers(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([linus.id]);
  const wanted = [ada.id, plus.id];
  const read = await put(play, id, { id, ...oktaGroup(displayName, wanted) });
  play.must(rfc7644("3.5.1"), "The group has exactly the members sent.", hasMembers(read, wanted), memberIds(read));
}

async function readModifyWrite(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id, plus.id]);
  const known = await play.read(play.okta, `/Groups/${id}`);
  const wanted = [ada.id, plus.id, linus.id];
  const read = await put(play, id, { ...known, members: [...(known.members ?? []), ...members([linus.id])] });
  play.must(
    OKTA.groups,
    "The group has the members that were read, and the new one.",
    hasMembers(read, wanted),
    memberIds(read),
  );
}

async function ownName(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const read = await put(play, id, { id, ...oktaGroup(displayName, [ada.id]) });
  play.must(
    OKTA.groups,
    "The group is as before.",
    hasMembers(read, [ada.id]) && read.displayName === displayName,
    read,
  );
}

async function rename(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const name = `${displayName} renamed`;
  const answer = await play.okta.put(`/Groups/${id}`, { id, ...oktaGroup(name, [ada.id]) });
  await afterRename(play, { answer, id, displayName, name, members: [ada.id] });
}

/**
 * Judges a rename, which a server may refuse: Okta can be told not to rename. Gives the group its old name back.
 */
export async function afterRename(play, { answer, id, displayName, name, members: wanted }) {
  const isTaken = answer.status === 200 || answer.status === 204;
  const said = answer.body?.detail ?? answer.status;
  play.should(OKTA.groups, "A group can be renamed (otherwise Okta must not rename app groups).", isTaken, said);
  if (!isTaken) play.error(rfc7644("3.12"), answer, [400, 403, 409, 501]);
  const read = await play.read(play.okta, `/Groups/${id}`);
  const expected = isTaken ? name : displayName;
  play.must(
    rfc7644("3.5"),
    `The name of the group is ${isTaken ? "the new one" : "as before"}.`,
    read.displayName === expected,
    read.displayName,
  );
  play.must(OKTA.groups, "The members of the group are as before.", hasMembers(read, wanted), memberIds(read));
  if (isTaken) await play.okta.put(`/Groups/${id}`, { id, ...oktaGroup(displayName, wanted) });
}

async function empty(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const read = await put(play, id, { id, ...oktaGroup(displayName, []) });
  play.must(rfc7644("3.5.1"), "The group has no members.", hasMembers(read, []), memberIds(read));
}
