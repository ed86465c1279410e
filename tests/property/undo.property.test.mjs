// An undo gives back what selected changes took: after random histories over SCIM and in the console, a mass change and
// its undo leave the directory as it was, row by row. What others change meanwhile stays, and is listed. UNDO_SEED and
// UNDO_RUNS vary the runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { directory, finishUndo, newestEvent, readUndo, startUndo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const RUNS = {
  seed: Number(process.env.UNDO_SEED ?? 14),
  numRuns: Number(process.env.UNDO_RUNS ?? 12),
  interruptAfterTimeLimit: process.env.UNDO_RUNS ? undefined : 40_000,
};

const DEEDS = [
  "join",
  "join",
  "join",
  "leave",
  "replace",
  "deactivate",
  "activate",
  "role",
  "title",
  "department",
  "rename",
  "remove",
  "push",
  "push a team",
  "delete a group",
  "rename a group",
  "hire",
];
const deed = fc.record({ what: fc.constantFrom(...DEEDS), n: fc.nat(1000), m: fc.nat(1000) });

/** An organization whose people and groups are changed at random. */
class Life {
  static async begin(size) {
    const organization = await createOrganization(worker, {
      settings: { plain_groups: true, email_management: true },
      projects: { Demo: ["Engineer"] },
    });
    const people = (await organization.createUsers(size)).map(({ id }) => id);
    for (const name of ["Plain", "Other", "Statsig-Demo-Crew-Member"])
      await organization.okta.post("/Groups", { displayName: name });
    const groups = (await organization.okta.importAll("/Groups")).map(({ id }) => id);
    return Object.assign(new Life(), { organization, people, groups, names: 0 });
  }

  /** Carries out a deed, by that SCIM client or in the console. It may be refused, and changes nothing then. */
  async happen({ what, n, m }, okta = this.organization.okta) {
    const { admin } = this.organization;
    const person = this.people[n % this.people.length];
    const group = this.groups[m % this.groups.length];
    const patch = (path, value) => okta.patch(path, value);
    switch (what) {
      case "join":
        return patch(`/Groups/${group}`, operation.addMembers([person, this.people[m % this.people.length]]));
      case "leave":
        return patch(`/Groups/${group}`, operation.removeMember(person));
      case "replace": {
        const some = this.people.filter((_, i) => (i + n) % 3 > 0);
        return patch(`/Groups/${group}`, operation.replaceMembers(some));
      }
      case "deactivate":
        return patch(`/Users/${person}`, operation.active(false));
      case "activate":
        return patch(`/Users/${person}`, operation.active(true));
      case "role":
        return patch(`/Users/${person}`, { op: "replace", value: { statsigOrgRole: m % 2 ? "Admin" : "Member" } });
      case "title":
        return patch(`/Users/${person}`, { op: "replace", path: "title", value: `Title ${m % 4}` });
      case "department": {
        const path = `${SCHEMA.enterprise}:department`;
        return patch(`/Users/${person}`, m % 3 ? { op: "replace", path, value: `D${m % 3}` } : { op: "remove", path });
      }
      case "rename": {
        const userName = `renamed${++this.names}@okta.local`;
        return patch(`/Users/${person}`, { op: "replace", value: { userName } });
      }
      case "remove":
        return admin.send("DELETE", this.organization.path(`/members/${person}`));
      case "delete":
        return okta.delete(`/Users/${person}`);
      case "hire": {
        const answer = await okta.post("/Users", { userName: `hired${++this.names}@okta.local` });
        if (answer.status === 201) this.people.push(answer.body.id);
        return answer;
      }
      case "push":
      case "push a team": {
        const displayName = what === "push" ? `Pool ${m % 3}` : `Statsig-Demo-Team ${m % 3}-Member`;
        const answer = await okta.post("/Groups", { displayName, members: [{ value: person }] });
        if (answer.status === 201) this.groups.push(answer.body.id);
        return answer;
      }
      case "delete a group":
        return okta.delete(`/Groups/${group}`);
      case "rename a group":
        return patch(`/Groups/${group}`, { op: "replace", value: { displayName: `Renamed ${++this.names}` } });
    }
  }
}

/** What a second key of the identity provider does wrong, by its name. */
const MASS = {
  deactivation: (life) => life.people.map((_, n) => ({ what: "deactivate", n, m: 0 })),
  deletion: (life) => life.people.map((_, n) => ({ what: "delete", n, m: 0 })),
  "removal of members": (life) =>
    life.groups.flatMap((_, m) => life.people.filter((_, n) => n % 2).map((_, n) => ({ what: "leave", n, m }))),
  "deletion of groups": (life) => life.groups.map((_, m) => ({ what: "delete a group", n: 0, m })),
  "new groups under old names": (life) =>
    life.groups.flatMap((_, m) => [
      { what: "delete a group", n: 0, m },
      { what: "push", n: m, m },
      { what: "push a team", n: m, m },
    ]),
  "change of roles": (life) => life.people.map((_, n) => ({ what: "role", n, m: n + 1 })),
  "change of attributes": (life) =>
    life.people.flatMap((_, n) => [
      { what: "title", n, m: n + 1 },
      { what: "rename", n, m: 0 },
      { what: "department", n, m: n },
    ]),
  anything: (_, deeds) => deeds.filter(({ what }) => what !== "remove"),
};

const given = fc.record({
  size: fc.integer({ min: 2, max: 9 }),
  before: fc.array(deed, { maxLength: 25 }),
  mass: fc.constantFrom(...Object.keys(MASS)),
  wrong: fc.array(deed, { minLength: 5, maxLength: 30 }),
  meanwhile: fc.array(deed, { minLength: 1, maxLength: 6 }),
  steps: fc.array(fc.constantFrom("step", "three at once", "another run"), { maxLength: 3 }),
});

async function begun({ size, before, mass, wrong }) {
  const life = await Life.begin(size);
  for (const each of before) await life.happen(each);
  const key = await life.organization.addKey();
  const other = life.organization.okta.with({ key: key.key });
  const asBefore = await directory(worker, life.organization);
  const first = (await newestEvent(worker, life.organization)) + 1;
  for (const each of MASS[mass](life, wrong)) await life.happen(each, other);
  return { life, key, asBefore, first };
}

async function interrupted(organization, selection, steps) {
  const run = await startUndo(organization, selection);
  const step = () => organization.admin.send("POST", organization.path(`/undo/${run.id}/steps`), {});
  for (const way of steps) {
    if (way === "step") await step();
    if (way === "three at once") await Promise.all([step(), step(), step()]);
    if (way === "another run") await finishUndo(organization, await startUndo(organization, selection));
  }
  return finishUndo(organization, run);
}

test("without others, the directory is as before", async () => {
  const property = fc.asyncProperty(given, async (course) => {
    const { life, key, asBefore } = await begun(course);
    const { organization } = life;
    const result = await interrupted(organization, { key: key.id, since: "2026-01-01" }, course.steps);
    assert.deepEqual(await directory(worker, organization), asBefore, course.mass);
    assert.deepEqual(result.left, []);
  });
  await fc.assert(property, RUNS);
});

test("what others changed since stays, and is listed", async () => {
  const property = fc.asyncProperty(given, async (course) => {
    const { life, key, asBefore } = await begun(course);
    const { organization } = life;
    const wrong = await directory(worker, organization);
    const from = (await newestEvent(worker, organization)) + 1;
    for (const each of course.meanwhile) await life.happen(each);
    const now = await directory(worker, organization);
    await interrupted(organization, { key: key.id, since: "2026-01-01" }, course.steps);
    const after = await directory(worker, organization);
    const { runs } = await organization.admin.get(organization.path("/undo"));
    const { left } = await readUndo(organization, runs.at(-1));
    const touched = await touchedSince(organization, from, runs);
    const listed = new Set(left.flatMap(({ id, group }) => [id, `${id} ${group}`]));

    // People of whom others changed nothing are as before, but for those whom the undo says it could not restore.
    const byId = (rows) => new Map(rows.users.map((user) => [user.id, user]));
    for (const [id, user] of byId(asBefore)) {
      if (!touched.people.has(id) && !listed.has(id)) assert.deepEqual(byId(after).get(id), user, course.mass);
    }
    // So are groups, with what they are named.
    const groupsById = (rows) => new Map(rows.groups.map((group) => [group.id, group]));
    const [groupsBefore, groupsAfter] = [asBefore, after].map(groupsById);
    for (const id of new Set([...groupsBefore.keys(), ...groupsAfter.keys()])) {
      const team = (groupsBefore.get(id) ?? groupsAfter.get(id)).team_id;
      if (touched.groups.has(id) || listed.has(id) || listed.has(team)) continue;
      assert.deepEqual(groupsAfter.get(id), groupsBefore.get(id), `${course.mass}: group ${id}`);
    }
    // Memberships that others changed are as they made them; the others are as before, or listed.
    const pairs = (rows) => new Set(rows.memberships.map(({ group, person }) => `${person} ${group}`));
    const [before, present, undone] = [asBefore, now, after].map(pairs);
    for (const pair of new Set([...before, ...pairs(wrong), ...present, ...undone])) {
      const [person] = pair.split(" ");
      if (touched.pairs.has(pair) || touched.people.has(person)) continue;
      if (before.has(pair) !== undone.has(pair))
        assert.ok(listed.has(pair) || listed.has(person), `${pair} is not listed`);
    }
    for (const pair of touched.pairs) {
      const [person] = pair.split(" ");
      const isListedOrSame = present.has(pair) === undone.has(pair);
      if (!touched.people.has(person)) assert.ok(isListedOrSame, `${pair} was overwritten`);
    }
  });
  await fc.assert(property, RUNS);
});

/** The people, the groups and the memberships that others changed since an event. */
async function touchedSince({ id }, from, runs) {
  const events = await worker.sql("SELECT * FROM events WHERE org_id = ?1 AND seq >= ?2", id, from);
  const own = new Set(runs.map(({ story }) => story));
  const people = new Set();
  const groups = new Set();
  const pairs = new Set();
  for (const { type, subject_type, subject_id, data, story } of events) {
    if (own.has(story)) continue;
    if (subject_type === "person") people.add(subject_id);
    if (subject_type === "group") groups.add(subject_id);
    if (!type.startsWith("membership.")) continue;
    const { groups: of, people: members } = JSON.parse(data);
    for (const group of of) for (const member of members) pairs.add(`${member.id} ${group.id}`);
  }
  return { people, groups, pairs };
}
