// Each page on a large directory: 10,000 people, 200 projects, 400 teams, 60 groups a person, and names as long as they
// may be. What a page may weigh, and how soon the browser shows it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { assertNoComplaints, useBrowser } from "../helpers/browser.mjs";
import { pagesOf, signedIn } from "../helpers/console.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const browser = useBrowser();
const options = { skip: browser.missing };

const PEOPLE = 10_000;
const PROJECTS = 200;
const TEAMS_OF_PROJECT = 2;
const GROUPS_OF_PERSON = 60;
const PEOPLE_WITH_MANY_GROUPS = 1_000;
const LONGEST_NAME = 200; // of a group: the prefix, the project, the team and the role with hyphens

const MAX_BYTES = 100_000;
const MAX_ELEMENTS = 2_000;
const MAX_PAINT = 200; // milliseconds after the answer
// One finds the session, one is the page's batch.
const MAX_ROUND_TRIPS = 2;
// The preview of an undo looks at what changed since; tests/cost has its bound.
const isPreview = (address) => address.includes("undo?since=");
// The machine may be busy: what counts is the best of some loads.
const LOADS = 5;

/** A name that fills what the longest group's name leaves for it, without a place to break the line. */
const longName = (kind, number, length) => `${kind}${String(number).padStart(3, "0")}`.padEnd(length, "x");
const ROOM = LONGEST_NAME - "Statsig--".length - "-Member".length;
const projectName = (number) => (number < 20 ? longName("Project", number, ROOM / 2) : `Project ${number}`);
const teamName = (project, number) =>
  project < 20 ? longName("Team", number, ROOM / 2 - 1) : `Team ${project} ${number}`;

/** People's memberships: each of the first has many, spread over all groups of projects. */
const INSERT_MEMBERSHIPS = `
  INSERT OR IGNORE INTO memberships (group_seq, user_seq)
  SELECT g.seq, u.seq
  FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS place FROM users WHERE org_id = ?1
    ORDER BY seq LIMIT ?2) u
  JOIN (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS place, count(*) OVER () AS total FROM groups
    WHERE org_id = ?1) g
  ON (g.place + u.place) % (g.total / ?3) = 0`;

let organization;
let about;

before(async () => {
  await worker.started;
  organization = await createOrganization(worker);
  // The brake knows the people from events, and these have none.
  await organization.configure({ brake_percent: 0 });
  const { people, groups } = await populate(worker.sql, organization.id, { users: PEOPLE, groups: 1, members: PEOPLE });
  const projects = [];
  for (let number = 0; number < PROJECTS; number++) {
    const project = await organization.addProject(projectName(number));
    const teams = Array.from({ length: TEAMS_OF_PROJECT }, (_, team) => teamName(number, team));
    for (const team of teams) project.team = (await organization.addTeam(project.id, team)).id;
    projects.push(project);
  }
  await worker.sql(INSERT_MEMBERSHIPS, organization.id, PEOPLE_WITH_MANY_GROUPS, GROUPS_OF_PERSON);
  // A history, a log with failures, an import.
  for (const id of people.slice(0, 100)) await organization.okta.patch(`/Users/${id}`, operation.active(false));
  await organization.okta.get("/Users/unknown");
  await organization.okta.importAll("/Users");
  about = { user: people[500], group: groups[0].id, project: projects[0].id, team: projects[0].team };
});

/** How long after the beginning of the answer the browser painted, in milliseconds. */
function paintAfterAnswer() {
  const [navigation] = performance.getEntriesByType("navigation");
  return new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName("first-contentful-paint");
      if (paint) resolve(paint.startTime - navigation.responseStart);
    });
    observer.observe({ type: "paint", buffered: true });
  });
}

describe("on a large directory", () => {
  test("the people have the groups that the test is about", async () => {
    const [{ groups }] = await worker.sql(
      `SELECT count(*) AS groups FROM memberships m JOIN users u ON u.seq = m.user_seq
      WHERE u.org_id = ?1 AND u.id = ?2`,
      organization.id,
      about.user,
    );
    assert.ok(groups >= GROUPS_OF_PERSON, `${groups} groups`);
  });

  test("each page is small, takes one batch, and is soon there", options, async (t) => {
    const page = await signedIn(browser, worker);
    const faults = [];
    for (const address of pagesOf(organization, about)) {
      const response = await page.goto(address);
      assert.equal(response.status(), 200, address);
      const bytes = (await response.body()).length;
      const { round_trips } = serverTiming({ method: "GET", path: address, headers: response.headers() });
      const elements = await page.evaluate(() => document.querySelectorAll("*").length);
      let paint = Number.POSITIVE_INFINITY;
      for (let load = 0; load < LOADS; load++) {
        await page.goto(address);
        paint = Math.min(paint, await page.evaluate(paintAfterAnswer));
      }
      const name = address.replace(organization.id, ":org").replace(/\/[0-9a-f-]{36}/g, "/:id");
      t.diagnostic(`${name}: ${bytes} bytes, ${elements} elements, painted after ${paint.toFixed(0)} ms`);
      if (bytes > MAX_BYTES) faults.push(`${name} has ${bytes} bytes`);
      if (elements > MAX_ELEMENTS) faults.push(`${name} has ${elements} elements`);
      if (paint > MAX_PAINT) faults.push(`${name} is painted ${paint.toFixed(0)} ms after the answer`);
      if (round_trips > MAX_ROUND_TRIPS && !isPreview(address)) faults.push(`${name} takes ${round_trips} round trips`);
    }
    assert.deepEqual(faults, []);
    await assertNoComplaints(page);
  });

  test("no page is wider than a narrow screen", options, async () => {
    const page = await signedIn(browser, worker, { viewport: { width: 320, height: 640 } });
    const faults = [];
    for (const address of pagesOf(organization, about)) {
      await page.goto(address);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) faults.push(`${address} is ${width} pixels wide`);
    }
    assert.deepEqual(faults, []);
  });
});
