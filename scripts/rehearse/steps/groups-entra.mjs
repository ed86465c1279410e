// Microsoft Entra ID: groups are matched without their members, and changed by capitalized operations.

import { resourcesOf } from "../play.mjs";
import { ENTRA, rfc7644 } from "../rules.mjs";
import { hasMembers, memberIds } from "../stage.mjs";

export const groupsByEntra = {
  part: "groups-entra",
  client: "Microsoft Entra ID",
  steps: {
    lookup: ["finds the group without reading its members", lookUp],
    add: ["adds a member", add],
    remove: ["removes the members in an array, and no others", remove],
    probe: ["tells whether a person is a member", probe],
  },
};

async function lookUp(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  const parameters = { excludedAttributes: "members", filter: `displayName eq "${displayName}"` };
  const answer = await play.entra.list("/Groups", parameters);
  play.finds(ENTRA.groups, "The look-up finds the group, and no other.", answer, [id]);
  const shown = memberIds(resourcesOf(answer.body)[0]);
  play.should(rfc7644("3.9"), "members is left out, as excludedAttributes says.", shown.length === 0, shown);
  const single = await play.read(play.entra, `/Groups/${id}?excludedAttributes=members`);
  play.should(
    rfc7644("3.9"),
    "A single group leaves members out too.",
    memberIds(single).length === 0,
    memberIds(single),
  );
}

async function change(play, id, operation, wanted, text) {
  play.answers(ENTRA.groups, await play.entra.patch(`/Groups/${id}`, operation), [200, 204]);
  const group = await play.read(play.entra, `/Groups/${id}`);
  play.must(ENTRA.groups, text, hasMembers(group, wanted), memberIds(group));
}

async function add(play) {
  const [ada, plus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const operation = { op: "Add", path: "members", value: [{ $ref: null, value: plus.id }] };
  await change(play, id, operation, [ada.id, plus.id], "The group has its member and the new one.");
}

async function remove(play) {
  const [ada, plus, linus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id, plus.id, linus.id]);
  const operation = { op: "Remove", path: "members", value: [{ $ref: null, value: plus.id }] };
  await change(play, id, operation, [ada.id, linus.id], "The group has the other members.");
}

async function probe(play) {
  const [ada, plus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  for (const [person, ids] of [
    [ada, [id]],
    [plus, []],
  ]) {
    const answer = await play.entra.list("/Groups", { filter: `id eq "${id}" and members eq "${person.id}"` });
    const found = resourcesOf(answer.body ?? {}).map((group) => group.id);
    const isRight = answer.status === 200 && found.join() === ids.join();
    const what = ids.length > 0 ? "found by a member of it" : "not found by a person who is no member";
    play.should(ENTRA.groups, `The group is ${what}.`, isRight, answer.body?.detail ?? found);
  }
}
