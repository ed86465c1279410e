// Changes in the console that take access from people: what they would take is told before, and above the access
// brake's threshold they are made only with the number of people confirmed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

describe("a change that takes access", () => {
  const worker = useWorker();

  async function furnished(people) {
    const organization = await createOrganization(worker, { settings: { mail_domains: ["okta.local"] } });
    const project = await organization.addProject("Demo");
    const team = await organization.addTeam(project.id, "Night Shift");
    const ids = (await organization.createUsers(people)).map(({ id }) => id);
    for (const name of ["Statsig-Demo-Member", "Statsig-Demo-Night Shift-Member", "Statsig-Demo-Night Shift-Admin"]) {
      const { id } = await organization.groupNamed(name);
      assertStatus(await organization.okta.put(`/Groups/${id}`, oktaGroup(name, ids)), 200);
    }
    return { organization, project: project.id, team: team.id, ids };
  }

  /** Asserts that a change needs the number of people, takes no other, and is made with it. */
  async function assertConfirmed(organization, change, people) {
    const unconfirmed = await change(undefined);
    assertProblem(unconfirmed, 409, new RegExp(`from ${people} people.*"confirm_people": ${people}`));
    assert.equal(unconfirmed.body.people, people);
    for (const wrong of [people - 1, people + 1, 0]) assert.equal((await change(wrong)).body.people, people);
    await organization.unchangedBy(() => change(undefined));
    assert.equal((await change(people)).status, 200);
  }

  test("of many people is confirmed with their number", async () => {
    const { organization, project, team } = await furnished(26);
    const { admin } = organization;
    const path = (rest) => organization.path(rest);
    const query = (confirm_people) => (confirm_people === undefined ? "" : `?confirm_people=${confirm_people}`);
    const body = (confirm_people) => (confirm_people === undefined ? {} : { confirm_people });

    assert.deepEqual(await admin.get(path(`/projects/${project}/teams/${team}/preview`)), {
      people: 26,
      memberships: 52,
      of: 27,
      needs_confirmation: true,
    });
    const deleteTeam = (number) => admin.send("DELETE", path(`/projects/${project}/teams/${team}${query(number)}`));
    await assertConfirmed(organization, deleteTeam, 26);

    assert.deepEqual(await admin.get(path(`/projects/${project}/preview`)), {
      people: 26,
      memberships: 26,
      of: 27,
      needs_confirmation: true,
    });
    const archive = (number) => admin.send("POST", path(`/projects/${project}/archive`), body(number));
    await assertConfirmed(organization, archive, 26);

    // One letter too many.
    const mail_domains = ["okta.locall"];
    const preview = await admin.call("POST", path("/preview"), { mail_domains }, 200);
    assert.deepEqual(preview, { people: 27, memberships: 0, of: 27, needs_confirmation: true });
    const hide = (number) => admin.send("PATCH", path(), { mail_domains, ...body(number) });
    await assertConfirmed(organization, hide, 27);
    assert.equal((await admin.get(path())).user_count, 0);
    // Whoever is shown again loses nothing.
    const shown = await admin.call("POST", path("/preview"), { mail_domains: [] }, 200);
    assert.deepEqual([shown.people, shown.needs_confirmation], [0, false]);
    await organization.configure({ mail_domains: [] });
  });

  test("of few people needs no confirmation, and heeds one", async () => {
    const { organization, project, ids } = await furnished(3);
    const { admin } = organization;
    const member = organization.path(`/members/${ids[0]}`);
    assert.deepEqual(await admin.get(`${member}/preview`), {
      people: 1,
      memberships: 3,
      of: 4,
      needs_confirmation: false,
    });
    assert.equal((await admin.send("DELETE", `${member}?confirm_people=2`)).body.people, 1);
    await admin.call("DELETE", member, undefined, 200);
    const archive = organization.path(`/projects/${project}/archive`);
    assert.equal((await admin.send("POST", archive, { confirm_people: 3 })).body.people, 2);
    await admin.call("POST", archive, {}, 200);
    assertProblem(await admin.send("POST", archive, { confirm: 3 }), 400, /confirm/);
    assertProblem(await admin.send("DELETE", `${member}?confirm=1`), 400, /confirm/);
  });

  test("needs no confirmation where the brake is off", async () => {
    const { organization, project } = await furnished(26);
    await organization.configure({ brake_percent: 0 });
    const preview = await organization.admin.get(organization.path(`/projects/${project}/preview`));
    assert.deepEqual([preview.people, preview.needs_confirmation], [26, false]);
    await organization.admin.call("POST", organization.path(`/projects/${project}/archive`), {}, 200);
  });

  test("is made once with an Idempotency-Key, after it is confirmed", async () => {
    const { organization, project } = await furnished(26);
    const archive = (body) =>
      organization.admin.send("POST", organization.path(`/projects/${project}/archive`), body, {
        "Idempotency-Key": "archive-demo-once-and-no-more",
      });
    assert.equal((await archive({})).status, 409);
    const first = await archive({ confirm_people: 26 });
    assert.equal(first.status, 200);
    assert.deepEqual((await archive({ confirm_people: 26 })).body, first.body);
  });
});
