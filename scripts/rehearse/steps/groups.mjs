// The one group of the rehearsal: how it is made, looked up and deleted, whichever client does so.

import { oktaGroup } from "../../../tests/helpers/bodies.mjs";
import { OKTA, rfc7643, rfc7644 } from "../rules.mjs";
import { memberIds } from "../stage.mjs";

export const groups = {
  part: "groups",
  client: "Okta",
  steps: {
    create: ["creates a group", create],
    lookup: ["finds the group by its name", lookUp],
    "user-groups": ["shows the group with its members", userGroups],
    "unknown-member": ["says which member does not exist", unknownMember],
    "deleted-member": ["drops a deleted person from the group", deletedMember],
    delete: ["deletes the group, and not its people", remove],
  },
};

async function create(play) {
  const { stage } = play;
  // Where only roles of teams are groups, as in scim-edge, any other name is refused.
  const known = await stage.group([]);
  if (stage.groupsAreTeams) play.skip(`groups have to be named as those of a team, such as ${known.displayName}`);
  const name = await stage.groupName("Created");
  play.finds(OKTA.groups, "A look-up before the creation finds no group.", await findGroup(play, name), []);
  const answer = await play.okta.post("/Groups", oktaGroup(name));
  const made = play.answers(rfc7644("3.3"), answer, 201);
  play.must(OKTA.groups, "The answer has the id of the group.", typeof made.id === "string" && made.id !== "", made.id);
  play.must(rfc7644("3.3"), "displayName comes back as it was sent.", made.displayName === name, made.displayName);
  const { location } = answer.headers;
  play.must(rfc7644("3.3"), "The answer has a Location header.", location !== undefined, location);
  play.must(rfc7643("3.1"), "meta.resourceType is Group.", made.meta?.resourceType === "Group", made.meta);
  const again = await play.okta.post("/Groups", oktaGroup(name));
  play.should(
    "Microsoft Entra ID, groups",
    "A second group of the name is refused with 409.",
    again.status === 409,
    again.status,
  );
  await play.okta.delete(`/Groups/${made.id}`);
}

const findGroup = (play, name) => play.okta.find("/Groups", `displayName eq "${name}"`);

async function lookUp(play) {
  const { id, displayName } = await play.stage.group([]);
  const answer = await findGroup(play, displayName);
  play.finds(OKTA.groups, "The look-up by displayName finds the group, and no other.", answer, [id]);
}

async function userGroups(play) {
  const [ada, plus] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const groupsOf = async (person) => (await play.read(play.okta, `/Users/${person.id}`)).groups ?? [];
  const ofAda = (await groupsOf(ada)).map(({ value }) => value);
  play.should(rfc7643("4.1.2"), "groups of a member has the group.", ofAda.includes(id), ofAda);
  const ofPlus = (await groupsOf(plus)).map(({ value }) => value);
  play.must(rfc7643("4.1.2"), "groups of another person does not have it.", !ofPlus.includes(id), ofPlus);
}

async function unknownMember(play) {
  const [ada] = await play.stage.cast();
  const { id } = await play.stage.group([ada.id]);
  const stale = "0c1d7e52-0000-4000-8000-00000000dead";
  const answer = await play.okta.patch(`/Groups/${id}`, { op: "add", path: "members", value: [{ value: stale }] });
  const isRefused = answer.status >= 400 && answer.status < 500;
  play.must(
    rfc7644("3.12"),
    "The server does not fail because of an unknown member.",
    answer.status < 500,
    answer.status,
  );
  if (isRefused) {
    const detail = answer.body?.detail ?? "";
    play.should(OKTA.groups, "The detail of the refusal names the id.", detail.includes(stale), detail);
  }
  const members = memberIds(await play.read(play.okta, `/Groups/${id}`));
  play.must(rfc7644("3.5.2"), "The other member stays.", members.includes(ada.id), members);
}

async function deletedMember(play) {
  const [ada] = await play.stage.cast();
  const leaver = await play.stage.person("leaver");
  const { id } = await play.stage.group([ada.id, leaver.id]);
  const { status } = await play.okta.delete(`/Users/${leaver.id}`);
  if (status >= 300) play.skip(`the server does not delete people (${status})`);
  const members = memberIds(await play.read(play.okta, `/Groups/${id}`));
  play.should(
    rfc7643("4.2"),
    "The group does not have the deleted person any more.",
    !members.includes(leaver.id),
    members,
  );
  play.must(rfc7643("4.2"), "The other member stays.", members.includes(ada.id), members);
}

/** The next step that needs a group makes another one of this name. */
async function remove(play) {
  const [ada] = await play.stage.cast();
  const { id, displayName } = await play.stage.group([ada.id]);
  play.answers(rfc7644("3.6"), await play.okta.delete(`/Groups/${id}`), 204);
  play.error(rfc7644("3.6"), await play.okta.get(`/Groups/${id}`), 404);
  play.finds(rfc7644("3.6"), "The look-up does not find the group any more.", await findGroup(play, displayName), []);
  const { active } = await play.read(play.okta, `/Users/${ada.id}`);
  play.must(OKTA.groups, "The people of the group stay.", active !== false, active);
}
