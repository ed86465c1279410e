// What lists cost with 200 projects, 400 teams and 60 plain groups: one round trip, and rows of what they show, however
// many people there are.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const [PROJECTS, TEAMS_OF_PROJECT, PEOPLE, GROUPS] = [200, 2, 5_000, 60];
// The organization, its health, and the organizations to switch to.
const FRAME = 60;
// A project with its roles and teams: at most 101 memberships are counted, each found by an entry of an index.
const OF_PROJECT = 130;
const OF_TEAM = 2 * 110 + 10;
const OF_GROUP = 135;
// Names that a search or a count looks at.
const NAMES = { projects: 2 * PROJECTS, groups: 3 * GROUPS };

let organization;
let project;
let team;
let group;

before(async () => {
  await worker.started;
  organization = await createOrganization(worker, { settings: { plain_groups: true, brake_percent: 0 } });
  const made = await populate(worker.sql, organization.id, { users: PEOPLE, groups: GROUPS, members: 500 });
  group = made.groups[0].id;
  for (let number = 0; number < PROJECTS; number++) {
    project = await organization.addProject(`Project ${number}`);
    for (let i = 0; i < TEAMS_OF_PROJECT; i++) team = await organization.addTeam(project.id, `Team ${number} ${i}`);
  }
  // Every role has 150 people: more than a list counts.
  await worker.sql(
    `INSERT OR IGNORE INTO memberships (group_seq, user_seq)
     SELECT g.seq, u.seq FROM groups g CROSS JOIN (
       SELECT seq, row_number() OVER (ORDER BY seq) AS place FROM users WHERE org_id = ?1) u
     WHERE g.org_id = ?1 AND g.project_id IS NOT NULL AND (u.place + 37 * g.seq) % ?2 < 150`,
    organization.id,
    PEOPLE,
  );
});

async function cost(path) {
  const headers = { Authorization: `Bearer ${worker.adminToken}` };
  const answer = await fetch(`${worker.url}/console/${path}`, { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return { text, ...serverTiming({ method: "GET", path, headers: Object.fromEntries(answer.headers) }) };
}

test("lists of projects, teams, roles and groups take one round trip and few rows", async () => {
  const here = `organizations/${organization.id}`;
  const bounds = {
    projects: 51 * OF_PROJECT + NAMES.projects,
    "projects?count=25&skip=100": 26 * OF_PROJECT + NAMES.projects + 100,
    "projects?search=project+19": 51 * OF_PROJECT + NAMES.projects,
    // All are counted before they are sorted, those of the page once more.
    "projects?sort=people": (PROJECTS + 51) * OF_PROJECT + NAMES.projects,
    "projects?sort=pushed": 51 * OF_PROJECT + 10 * PROJECTS + NAMES.projects,
    [`projects/${project.id}`]: OF_PROJECT + 4 * OF_GROUP + TEAMS_OF_PROJECT * OF_TEAM + 60,
    [`projects/${project.id}/teams/${team.id}`]: OF_PROJECT + 2 * (150 + 40) + 40,
    groups: 51 * OF_GROUP + NAMES.groups,
    "groups?sort=people": (GROUPS + 51) * OF_GROUP + NAMES.groups,
    [`groups/${group}`]: 500 + 60 * 4 + 60,
  };
  const faults = [];
  for (const [path, bound] of Object.entries(bounds)) {
    const { round_trips, rows_read, rows_written } = await cost(`${here}/${path}`);
    if (round_trips !== 1 || rows_written !== 0) faults.push(`${path}: ${round_trips} trips, ${rows_written} written`);
    if (rows_read > bound + FRAME) faults.push(`${path}: ${rows_read} rows read, more than ${bound + FRAME}`);
    // A bound that nothing comes near asserts nothing.
    if (rows_read * 6 < bound) faults.push(`${path}: ${rows_read} rows read, the bound ${bound} is too wide`);
  }
  assert.deepEqual(faults, []);
});

test("all projects with roles and teams are read a page at a time", async () => {
  let [after, seen, pages] = ["", 0, 0];
  for (; after !== null; pages++) {
    const query = `?count=50${after && `&after=${encodeURIComponent(after)}`}`;
    const answer = await organization.admin.send("GET", organization.path(`/projects${query}`));
    const page = assertStatus(answer, 200);
    const { round_trips, rows_read } = serverTiming(answer);
    assert.equal(round_trips, 1);
    // A project has three roles, and two teams of two.
    assert.ok(rows_read <= 51 * 3 * (3 + 2 + 4) + FRAME, `${rows_read} rows read`);
    seen += page.projects.length;
    after = page.next;
  }
  assert.deepEqual([seen, pages], [PROJECTS, 4]);
});
