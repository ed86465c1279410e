// The whole life of an Okta app, step by step, whichever way the app writes.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { assertError, assertStatus, memberIds } from "./assert.mjs";
import { oktaUser, person } from "./bodies.mjs";
import { createOrganization } from "./organization.mjs";
import { SCHEMA } from "./schema.mjs";
import { useWorker } from "./worker.mjs";

const CROWD = 230;
const ENGINEERS = "Statsig-Web-Shop EU-Engineer";
const TEAM = "Statsig-Web-Shop EU-Night Shift-Member";

/**
 * Declares the steps as tests that build on each other.
 * @param App CustomApp or CatalogApp
 * @returns what a test file needs for steps of its own
 */
export function describeOktaLife(title, App) {
  const worker = useWorker();
  const ada = person("Ada.Lovelace@okta.local", "Ada", "Lovelace");
  const life = {};

  describe(title, () => {
    let organization;
    let app;
    /** Ada as the server knows her, and as she was just before she left. */
    let user;
    let crowd;
    let team;

    before(async () => {
      organization = await createOrganization(worker, {
        projects: { Demo: [], "Web-Shop EU": ["Engineer"] },
        settings: { brake_percent: 0 }, // a whole group is emptied
      });
      app = new App(organization.okta);
      Object.assign(life, { organization, app });
    });

    it("tests the connection", () => app.testConnection());

    it("does not find the person before the first assignment", async () => {
      assert.equal(await app.findUser(ada.userName), undefined);
    });

    it("creates a person", async () => {
      user = await app.assign(ada);
      const { password, groups, ...sent } = oktaUser(ada);
      assert.deepEqual(pick(user, Object.keys(sent)), {
        ...sent,
        name: { ...sent.name, ...pick(user.name, ["formatted"]) },
      });
      assert.deepEqual(user.schemas, [SCHEMA.user]);
      assert.equal(user.statsigOrgRole, "Member");
      assert.equal(user.meta.resourceType, "User");
      assert.equal(user.meta.location, `${organization.okta.base}/Users/${user.id}`);
      assert.ok(!("password" in user));
      assert.deepEqual(await organization.user(user.id), user);
    });

    it("links a person who was added in the console", async () => {
      const { id } = await organization.addMember("console@okta.local", { given_name: "Old", family_name: "Name" });
      const linked = await app.assign(person("console@okta.local", "New", "Name"));
      assert.equal(linked.id, id);
      assert.equal(linked.name.givenName, "New");
    });

    it("imports all pages of people", async () => {
      crowd = await organization.createUsers(CROWD);
      const { users } = await app.importEverything();
      const everyone = CROWD + 3; // Ada, the one from the console, and the Owner
      assert.deepEqual(
        users.map((page) => [page.totalResults, page.startIndex, page.itemsPerPage]),
        [
          [everyone, 1, 100],
          [everyone, 101, 100],
          [everyone, 201, everyone - 200],
        ],
      );
      const ids = users.flatMap((page) => page.Resources.map(({ id }) => id));
      assert.equal(new Set(ids).size, everyone, "someone is listed twice");
      for (const { id } of [user, ...crowd]) assert.ok(ids.includes(id), `${id} is missing from the import`);
    });

    it("imports the groups of every project and role, also the empty ones", async () => {
      const { groups } = await app.importEverything();
      assert.deepEqual(
        groups.flatMap((page) => page.Resources.map(({ displayName }) => displayName)).sort(),
        ["Demo-Admin", "Demo-Member", "Demo-Read-Only"]
          .concat(["Web-Shop EU-Admin", "Web-Shop EU-Engineer", "Web-Shop EU-Member", "Web-Shop EU-Read-Only"])
          .map((name) => `Statsig-${name}`),
      );
    });

    it("pushes a changed profile", async () => {
      const married = person(ada.userName, "Ada", "King");
      const pushed = await app.pushProfile(user.id, married);
      assert.deepEqual([pushed.name.givenName, pushed.name.familyName], ["Ada", "King"]);
      assert.equal(pushed.displayName, "Ada King");
      user = await organization.user(user.id);
      assert.deepEqual(pushed, user);
    });

    it("makes her an organization admin", async () => {
      const pushed = await app.pushProfile(user.id, person(ada.userName, "Ada", "King"), { statsigOrgRole: "Admin" });
      assert.equal(pushed.statsigOrgRole, "Admin");
      user = await organization.user(user.id);
      assert.equal(user.statsigOrgRole, "Admin");
    });

    it("links a group to a project role and pushes its members", async () => {
      const known = await organization.groupNamed(ENGINEERS);
      const ids = [user.id, crowd[0].id, crowd[1].id];
      const linked = await app.pushGroup(ENGINEERS, ids);
      assert.equal(linked.id, known.id);
      const group = await organization.group(linked.id);
      assert.deepEqual(memberIds(group), [...ids].sort());
      assert.equal(group.displayName, ENGINEERS);
    });

    it("adds and removes members of the linked group", async () => {
      const { id } = await organization.groupNamed(ENGINEERS);
      await app.changeMembers(id, ENGINEERS, { add: [crowd[2].id, crowd[3].id], remove: [crowd[0].id] });
      const expected = [user.id, crowd[1].id, crowd[2].id, crowd[3].id].sort();
      assert.deepEqual(memberIds(await organization.group(id)), expected);
    });

    it("pushes many members, then none, then the first ones again", async () => {
      const everyone = crowd.map(({ id }) => id);
      for (const ids of [everyone, [], [user.id]]) {
        const { id } = await app.pushGroup(ENGINEERS, ids);
        assert.deepEqual(memberIds(await organization.group(id)), [...ids].sort());
      }
    });

    it("creates a team with both its groups", async () => {
      team = await app.pushGroup(TEAM, [user.id, crowd[4].id]);
      assert.deepEqual(memberIds(await organization.group(team.id)), [user.id, crowd[4].id].sort());
      const admins = await organization.groupNamed(TEAM.replace("-Member", "-Admin"));
      assert.deepEqual(memberIds(await organization.group(admins.id)), []);
      await app.pushGroup(admins.displayName, [crowd[5].id]);
      assert.deepEqual(memberIds(await organization.group(admins.id)), [crowd[5].id]);
    });

    it("deletes the team, and not its people", async () => {
      const admins = await organization.groupNamed(TEAM.replace("-Member", "-Admin"));
      await app.deleteGroup(team.id);
      for (const { id } of [team, admins]) assertError(await organization.okta.get(`/Groups/${id}`), 404);
      assert.equal(await app.findGroup(TEAM), undefined);
      assert.deepEqual((await organization.user(crowd[4].id)).active, true);
    });

    it("cannot delete a project", async () => {
      const { id } = await organization.groupNamed(ENGINEERS);
      const answer = await organization.unchangedBy(() => organization.okta.delete(`/Groups/${id}`));
      assertError(answer, 400, { detail: /Project deletion is not supported via SCIM/ });
    });

    it("deactivates: the person stays, without memberships or org role", async () => {
      await app.deactivate(user.id);
      const left = await organization.user(user.id);
      assert.equal(left.active, false);
      assert.equal(left.statsigOrgRole, "Member");
      const group = await organization.groupNamed(ENGINEERS);
      assert.deepEqual(memberIds(await organization.group(group.id)), []);
      assert.equal((await app.findUser(ada.userName)).active, false);
    });

    it("restores the person under the same id, with the same attributes", async () => {
      const restored = await app.assign(person(ada.userName, "Ada", "King"));
      const timeless = ({ meta, statsigOrgRole, ...attributes }) => attributes;
      assert.deepEqual(timeless(restored), timeless(user));
      assert.equal(restored.active, true);
      assert.equal(restored.statsigOrgRole, "Member", "a role does not come back by itself");
      assert.equal(restored.meta.created, user.meta.created);
    });

    it("goes on with the regenerated key, and the old one is refused", async () => {
      const renewed = await organization.admin.create(organization.path(`/keys/${organization.key.id}/regenerate`));
      assertError(await organization.okta.list("/Users", { startIndex: 1, count: 2 }), 401, { detail: /deactivated/i });
      const scim = organization.okta.with({ key: renewed.key });
      assertStatus(await scim.list("/Users", { startIndex: 1, count: 2 }), 200);
      await new App(scim).testConnection();
    });
  });

  return life;
}

function pick(object, names) {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}
