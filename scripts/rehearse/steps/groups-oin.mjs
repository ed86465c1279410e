// Okta's catalog apps: groups are changed by PATCH.

import { operation } from "../../../tests/helpers/bodies.mjs";
import { OKTA, rfc7644 } from "../rules.mjs";
import { hasMembers, memberIds } from "../stage.mjs";
import { afterRename } from "./groups-put.mjs";

export const groupsByPatch = {
  part: "groups-oin",
  client: "Okta, catalog app",
  steps: {
    add: ["adds a member to those it has", add],
    remove: ["removes the member that a filter names", remove],
    "remove-again": ["takes the removal of a person who is no member", removeAgain],
    both: ["removes and adds in one request", both],
    replace: ["replaces all members", replace],
    "same-name": ["takes the group's own name again", sameName],
    rename: ["renames the group, and keeps its members", rename],
  },
};

async function patched(play, id, ...operations) {
  play.answers(OKTA.groups, await play.okta.patch(`/Groups/${id}`, ...operations), [200, 204]);
  return play.read(play.okta, `/Groups/${id}`);
}

function expect(play, section, text, group, ids) {
  play.must(rfc7644(section), text, hasMembers(group, ids), memberIds(group));
}

async function add(play) {
  const [ada, plus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const group = await patched(play, id, operation.addMembers([plus.id]));
  expect(play, "3.5.2.1", "The group has its member and the new one.", group, [ada.id, plus.id]);
  const again = await patched(play, id, operation.addMembers([plus.id]));
  const isSame = hasMembers(again, [ada.id, plus.id]);
  play.should(rfc7644("3.5.2.1"), "Added again, the member is there once.", isSame, memberIds(again));
}

async function remove(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id, plus.id, linus.id]);
  const group = await patched(play, id, operation.removeMember(plus.id));
  expect(play, "3.5.2.2", "The group has the other members.", group, [ada.id, linus.id]);
}

async function removeAgain(play) {
  const [ada, plus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const answer = await play.okta.patch(`/Groups/${id}`, operation.removeMember(plus.id));
  const isTaken = [200, 204].includes(answer.status);
  const text = "The removal of a person who is no member succeeds: a request may be repeated.";
  play.should(OKTA.groups, text, isTaken, answer.body?.detail ?? answer.status);
  const group = await play.read(play.okta, `/Groups/${id}`);
  expect(play, "3.5.2.2", "The members are as before.", group, [ada.id]);
}

async function both(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id, plus.id]);
  const group = await patched(play, id, operation.removeMember(ada.id), operation.addMembers([linus.id]));
  expect(play, "3.5.2", "Both operations are carried out.", group, [plus.id, linus.id]);
}

async function replace(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const group = await patched(play, id, operation.replaceMembers([plus.id, linus.id]));
  expect(play, "3.5.2.3", "The group has exactly the members sent.", group, [plus.id, linus.id]);
  expect(play, "3.5.2.3", "An empty array empties it.", await patched(play, id, operation.replaceMembers([])), []);
}

async function sameName(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const group = await patched(play, id, operation.rename(id, displayName));
  const isSame = group.displayName === displayName && hasMembers(group, [ada.id]);
  play.must(OKTA.groups, "The group is as before.", isSame, group);
}

async function rename(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const name = `${displayName} renamed`;
  const answer = await play.okta.patch(`/Groups/${id}`, operation.rename(id, name));
  await afterRename(play, { answer, id, displayName, name, members: [ada.id] });
}
