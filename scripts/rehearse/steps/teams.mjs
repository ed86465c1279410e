// scim-edge's teams: a group named <prefix>-<project>-<team>-Member is a new team.

import { oktaGroup } from "../../../tests/helpers/bodies.mjs";
import { OKTA, rfc7644, TEAMS } from "../rules.mjs";
import { hasMembers, memberIds } from "../stage.mjs";

export const teams = {
  part: "teams",
  client: "Okta",
  steps: {
    life: ["makes a team by its group, fills it, and deletes it", life],
    project: ["refuses a team of a project that does not exist", unknownProject],
  },
};

async function base(play) {
  const found = await play.stage.teamBase();
  if (found === undefined) play.skip("the server is not scim-edge, or has no project (--teams, --project NAME)");
  return found;
}

async function life(play) {
  const name = play.stage.teamName(await base(play), "Team");
  const [ada, plus] = await play.stage.cast();
  const answer = await play.okta.post("/Groups", oktaGroup(name));
  const made = play.answers(TEAMS, answer, 201);
  const find = async (displayName) =>
    play.resources(TEAMS, await play.okta.find("/Groups", `displayName eq "${displayName}"`));
  const [admins] = await find(name.replace(/Member$/, "Admin"));
  play.must(TEAMS, "The team has a group of its admins too.", admins !== undefined, admins);
  play.answers(
    OKTA.groups,
    await play.okta.put(`/Groups/${made.id}`, { id: made.id, ...oktaGroup(name, [ada.id, plus.id]) }),
    200,
  );
  const filled = await play.read(play.okta, `/Groups/${made.id}`);
  play.must(OKTA.groups, "The team has the members sent.", hasMembers(filled, [ada.id, plus.id]), memberIds(filled));
  const renamed = await play.okta.put(`/Groups/${made.id}`, { id: made.id, ...oktaGroup(`${name}x`, [ada.id]) });
  play.error(TEAMS, renamed, 400, { scimType: "mutability" });
  play.answers(rfc7644("3.6"), await play.okta.delete(`/Groups/${made.id}`), 204);
  play.must(TEAMS, "Both groups of the team are gone.", (await find(name)).length === 0, name);
  if (admins) play.error(TEAMS, await play.okta.get(`/Groups/${admins.id}`), 404);
  const { active } = await play.read(play.okta, `/Users/${ada.id}`);
  play.must(OKTA.groups, "The people of the team stay.", active === true, active);
}

async function unknownProject(play) {
  const [prefix] = (await base(play)).split("-");
  const name = `${prefix}-No Such Project ${play.stage.stem}-Nobody-Member`;
  play.error(TEAMS, await play.okta.post("/Groups", oktaGroup(name)), 400);
}
