// How many groups a person may be in, how many teams and roles a project may have, and what the largest project costs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertStatus, serverTiming } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { post } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const MOST = 1_000;
const NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?1 AS INTEGER))";

test("a person is in at most a thousand groups", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] }, settings: { plain_groups: true } });
  const { okta } = organization;
  const { id } = await organization.createUser("busy@okta.local");
  const { id: bob } = await organization.createUser("bob@okta.local");
  await worker.sql(
    `${NUMBERS} INSERT INTO groups (org_id, id, display_name, name_fold, created_at, last_modified)
     SELECT ?2, 'g' || i, 'G' || i, 'g' || i, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n`,
    MOST - 1,
    organization.id,
  );
  await worker.sql(
    `INSERT INTO memberships (group_seq, user_seq) SELECT g.seq, u.seq FROM groups g CROSS JOIN users u
     WHERE g.id GLOB 'g[0-9]*' AND u.id = ?1`,
    id,
  );
  const [member, admin] = await Promise.all(
    ["Member", "Admin"].map((role) => organization.groupNamed(`Statsig-Demo-${role}`)),
  );
  assertStatus(await okta.patch(`/Groups/${member.id}`, operation.addMembers([id])), 204);
  const TOO_MANY = {
    scimType: "invalidValue",
    detail: new RegExp(`"${id}" is in 1000 groups.*Remove them from groups`),
  };
  await organization.unchangedBy(async () => {
    const path = `/Groups/${admin.id}`;
    for (const answer of [
      await okta.patch(path, operation.addMembers([bob, id])),
      await okta.patch(path, operation.replaceMembers([bob, id])),
      await okta.put(path, oktaGroup(admin.displayName, [bob, id])),
      await okta.post("/Groups", oktaGroup("Statsig-Demo-Team-Member", [bob, id])),
      await okta.post("/Groups", oktaGroup("Plain", [bob, id])),
    ]) {
      assertError(answer, 400, TOO_MANY);
    }
    const bulk = { schemas: [SCHEMA.bulk], Operations: [post("/Groups", "b", oktaGroup("Plain", [id]))] };
    const [{ response }] = assertStatus(await okta.post("/Bulk", bulk), 200).Operations;
    assert.match(response.detail, TOO_MANY.detail);
    // Who is there already changes nothing.
    assertStatus(await okta.patch(`/Groups/${member.id}`, operation.addMembers([id])), 204);
  });
  assert.equal((await organization.user(id)).groups.length, MOST);
  const refused = await okta.patch(`/Groups/${admin.id}`, operation.addMembers([id]));
  assert.ok(serverTiming(refused).rows_read < 100);
  // Of many at once, none is one too many.
  assertStatus(await okta.patch(`/Groups/${member.id}`, operation.removeMember(id)), 204);
  const answers = await Promise.all(
    [member, admin, await organization.groupNamed("Statsig-Demo-Read-Only")].map((group) =>
      okta.patch(`/Groups/${group.id}`, operation.addMembers([id])),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 400, 400]);
  assert.equal((await organization.user(id)).groups.length, MOST);
});

describe("a large project", () => {
  /** Gives a project teams until there are so many. */
  async function addTeams(organization, project, count) {
    const insert = (sql) => worker.sql(`${NUMBERS} ${sql}`, count, organization.id, project.id, project.name);
    await insert(
      `INSERT OR IGNORE INTO teams (id, project_id, name, name_fold, created_at)
       SELECT substr(?3, 1, 24) || printf('%012d', i), ?3, 'T' || i, 't' || i, '2026-01-01T00:00:00.000Z' FROM n
       WHERE ?2 <> ?4`, // which binds all four
    );
    for (const [number, role] of ["Admin", "Member"].entries())
      await insert(
        `INSERT OR IGNORE INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, created_at,
           last_modified)
         SELECT ?2, substr(?3, 1, 24) || printf('%012d', ${10_000 * (number + 1)} + i), ?3,
           substr(?3, 1, 24) || printf('%012d', i), '${role}', 'Statsig-' || ?4 || '-T' || i || '-${role}',
           lower('Statsig-' || ?4 || '-T' || i || '-${role}'), '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'
         FROM n`,
      );
  }

  test("is renamed by work in proportion to its groups", async () => {
    const organization = await createOrganization(worker);
    const project = await organization.addProject("Demo");
    const path = organization.path(`/projects/${project.id}`);
    const rows = {};
    for (const teams of [100, 200, 400]) {
      await addTeams(organization, { ...project, name: "Demo" }, teams);
      for (const name of ["Renamed", "Demo"]) {
        const answer = await organization.admin.send("PATCH", path, { name });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.body.teams.length, teams);
        for (const team of answer.body.teams)
          for (const role of team.roles)
            assert.equal(role.group.display_name, `Statsig-${name}-${team.name}-${role.name}`);
        rows[teams] = serverTiming(answer).rows_read;
      }
    }
    const groups = (teams) => 3 + 2 * teams;
    for (const teams of [100, 200, 400])
      assert.ok(rows[teams] <= 40 * groups(teams), `${teams} teams: ${rows[teams]} rows read`);
    assert.ok(rows[400] - rows[200] <= 2.2 * (rows[200] - rows[100]), JSON.stringify(rows));
    assert.equal(
      (await organization.groupNamed("Statsig-Demo-T400-Admin")).id,
      `${project.id.slice(0, 24)}000000010400`,
    );
  });

  test("has at most a thousand teams, and is shown with all of them", async () => {
    const organization = await createOrganization(worker);
    const { okta, admin } = organization;
    const project = await organization.addProject("Demo");
    const other = await organization.addProject("Other");
    await addTeams(organization, project, MOST - 1);
    const teams = organization.path(`/projects/${project.id}/teams`);
    const long = `Z${"\u{1F600}".repeat(190)}`;
    assertStatus(await okta.post("/Groups", oktaGroup(`Statsig-Demo-${long}-Member`)), 201);
    const TOO_MANY = /The project has 1000 teams.*Delete teams/;
    assertError(await okta.post("/Groups", oktaGroup("Statsig-Demo-One More-Member")), 400, { detail: TOO_MANY });
    assertProblem(await admin.send("POST", teams, { name: "One More" }), 400, TOO_MANY);
    assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Other-One More-Member")), 201);
    const { projects } = await admin.get(organization.path("/projects"));
    assert.deepEqual(
      projects.map(({ name, roles, teams }) => [name, roles.length, teams.length]),
      [
        ["Demo", 3, MOST],
        ["Other", 3, 1],
      ],
    );
    assert.equal(projects[0].teams.at(-1).name, long);
    assert.equal(projects[1].id, other.id);
    await admin.call("DELETE", `${teams}/${projects[0].teams[0].id}`, undefined, 200);
    assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-One More-Member")), 201);
  });

  test("is shown where its names are more than one value of the database holds", async () => {
    const organization = await createOrganization(worker);
    const name = `N${"\u{1F600}".repeat(150)}`;
    const project = await organization.addProject(name);
    await addTeams(organization, project, MOST);
    await worker.sql("UPDATE teams SET name = name || ?2 WHERE project_id = ?1", project.id, "\u{1F601}".repeat(190));
    const answer = await organization.admin.send("GET", organization.path("/projects"));
    assert.equal(answer.body.projects[0].teams.length, MOST);
    assert.ok(Buffer.byteLength(answer.text) > 2_000_000, `${Buffer.byteLength(answer.text)} bytes`);
    const renamed = await organization.admin.patch(organization.path(`/projects/${project.id}`), { name: `M${name}` });
    assert.equal(renamed.teams.length, MOST);
  });

  test("has at most a thousand roles", async () => {
    const organization = await createOrganization(worker);
    const project = await organization.addProject("Demo");
    await worker.sql(
      `${NUMBERS} INSERT INTO groups (org_id, id, project_id, role, display_name, name_fold, created_at, last_modified)
       SELECT ?2, ?3 || 'r' || i, ?3, 'R' || i, 'Statsig-Demo-R' || i, 'statsig-demo-r' || i,
         '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n`,
      MOST - 4,
      organization.id,
      project.id,
    );
    const roles = organization.path(`/projects/${project.id}/roles`);
    await organization.admin.create(roles, { name: "The last" });
    const answer = await organization.admin.send("POST", roles, { name: "One more" });
    assertProblem(answer, 400, /The project has 1000 roles/);
  });
});
