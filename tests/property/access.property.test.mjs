// Access at random moments of random histories is what a snapshot of the directory had at that moment, and what a
// replay of the events makes; differences between two moments likewise. ACCESS_SEED and ACCESS_RUNS vary the runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import {
  described,
  differenceOf,
  differencesIn,
  eventsOf,
  personOf,
  Replay,
  snapshot,
} from "../helpers/access-oracle.mjs";
import { oktaGroup, oktaUser, operation, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const RUNS = {
  seed: Number(process.env.ACCESS_SEED ?? 1214),
  numRuns: Number(process.env.ACCESS_RUNS ?? 12),
  interruptAfterTimeLimit: process.env.ACCESS_RUNS ? undefined : 40_000,
};

const PEOPLE = 6;
const place = fc.nat({ max: PEOPLE - 1 });
const places = fc.uniqueArray(place, { maxLength: PEOPLE });
const group = fc.nat({ max: 7 });
const of = (what, fields = {}) => fc.record({ what: fc.constant(what), ...fields });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: of("create", { active: fc.boolean(), role: fc.constantFrom("Member", "Admin") }),
  },
  { weight: 5, arbitrary: of("activate", { who: place, active: fc.boolean() }) },
  { weight: 3, arbitrary: of("role", { who: place, role: fc.constantFrom("Member", "Admin") }) },
  { weight: 2, arbitrary: of("rename", { who: place }) },
  { weight: 2, arbitrary: of("delete", { who: place }) },
  { weight: 6, arbitrary: of("join", { group, members: places }) },
  { weight: 3, arbitrary: of("leave", { group, who: place }) },
  { weight: 4, arbitrary: of("replace", { group, members: places }) },
  { weight: 2, arbitrary: of("role in the console", { who: place, role: fc.constantFrom("Member", "Admin") }) },
  { weight: 2, arbitrary: of("remove in the console", { who: place }) },
  { weight: 2, arbitrary: of("add in the console", { who: place, isNew: fc.boolean() }) },
  { weight: 1, arbitrary: of("own", { who: place }) },
  { weight: 2, arbitrary: of("mail domains", { isNarrow: fc.boolean() }) },
  { weight: 1, arbitrary: of("delete team") },
  { weight: 1, arbitrary: of("push team", { members: places }) },
  { weight: 1, arbitrary: of("delete plain group") },
  { weight: 1, arbitrary: of("push plain group", { members: places }) },
  { weight: 1, arbitrary: of("archive") },
  { weight: 1, arbitrary: of("restore") },
  { weight: 1, arbitrary: of("delete team in the console") },
);
const history = fc.record({
  steps: fc.array(step, { minLength: 15, maxLength: 40 }),
  moments: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 6, maxLength: 6 }),
});

/** An organization to which things happen. Some are refused, which is part of the history. */
class Life {
  /** Each moment: its time, and the directory at it. */
  moments = [];

  static async begin() {
    const life = new Life();
    const projects = { Shop: ["Engineer"], Lab: [] };
    life.organization = await createOrganization(worker, { settings: { plain_groups: true }, projects });
    const listed = await life.organization.admin.get(life.organization.path("/projects"));
    life.projects = listed.projects;
    await life.note();
    const all = { members: Array.from({ length: PEOPLE }, (_, i) => i) };
    const beginning = [
      ...Array.from({ length: PEOPLE }, (_, i) => ({ what: "create", active: true, role: i < 2 ? "Admin" : "Member" })),
      { what: "push team", ...all },
      { what: "push plain group", ...all },
    ];
    for (const one of beginning) await life.step(one);
    return life;
  }

  // Two domains, of which one can be hidden.
  name = (number) => `person${number}@${number % 2 === 0 ? "okta.local" : "partner.example"}`;
  /** How many people were created. */
  created = 0;

  /** One of those who are in the directory, of whom the Owner is one. */
  async person(who) {
    const rows = await worker.sql("SELECT id, doc FROM users WHERE org_id = ?1 ORDER BY seq", this.organization.id);
    const { id, doc } = rows[who % rows.length];
    return { id, userName: JSON.parse(doc).userName };
  }

  id = async (who) => (await this.person(who)).id;

  async group(number) {
    const rows = await worker.sql("SELECT id FROM groups WHERE org_id = ?1 ORDER BY seq", this.organization.id);
    return rows[number % rows.length].id;
  }

  async groupNamed(name) {
    const [row] = await worker.sql(
      "SELECT id FROM groups WHERE org_id = ?1 AND display_name = ?2",
      this.organization.id,
      name,
    );
    return row?.id ?? "00000000-0000-0000-0000-000000000000";
  }

  /** Some of those whom SCIM sees. */
  async members(places) {
    const rows = await worker.sql(
      "SELECT id FROM users WHERE org_id = ?1 AND managed = 1 ORDER BY seq",
      this.organization.id,
    );
    return [...new Set(places.map((place) => rows[place % rows.length].id))];
  }

  async happen(it) {
    const { okta, admin } = this.organization;
    const path = (rest) => this.organization.path(rest);
    switch (it.what) {
      case "create":
        return okta.post("/Users", {
          ...oktaUser(person(this.name(this.created++))),
          active: it.active,
          statsigOrgRole: it.role,
        });
      case "activate":
        return okta.patch(`/Users/${await this.id(it.who)}`, operation.active(it.active));
      case "role":
        return okta.patch(`/Users/${await this.id(it.who)}`, {
          op: "replace",
          value: { statsigOrgRole: it.role },
        });
      case "rename":
        return okta.patch(`/Users/${await this.id(it.who)}`, {
          op: "replace",
          value: { displayName: `Name ${this.moments.length}` },
        });
      case "delete":
        return okta.delete(`/Users/${await this.id(it.who)}`);
      case "join":
        return okta.patch(
          `/Groups/${await this.group(it.group)}`,
          operation.addMembers(await this.members(it.members)),
        );
      case "leave":
        return okta.patch(`/Groups/${await this.group(it.group)}`, operation.removeMember(await this.id(it.who)));
      case "replace":
        return okta.patch(
          `/Groups/${await this.group(it.group)}`,
          operation.replaceMembers(await this.members(it.members)),
        );
      case "role in the console":
        return admin.send("PATCH", path(`/members/${await this.id(it.who)}`), { org_role: it.role });
      case "remove in the console":
        return admin.send("DELETE", path(`/members/${await this.id(it.who)}`));
      case "add in the console":
        return admin.send("POST", path("/members"), {
          user_name: it.isNew ? this.name(this.created++) : (await this.person(it.who)).userName,
        });
      case "own":
        return admin.send("PUT", path("/owner"), { member: await this.id(it.who) });
      case "mail domains":
        return admin.send("PATCH", path(""), { mail_domains: it.isNarrow ? ["okta.local"] : [] });
      case "push team":
        return okta.post("/Groups", oktaGroup("Statsig-Shop-Night-Member", await this.members(it.members)));
      case "delete team":
        return okta.delete(`/Groups/${await this.groupNamed("Statsig-Shop-Night-Member")}`);
      case "push plain group":
        return okta.post("/Groups", oktaGroup("Friends", await this.members(it.members)));
      case "delete plain group":
        return okta.delete(`/Groups/${await this.groupNamed("Friends")}`);
      case "archive":
        return admin.send("POST", path(`/projects/${this.projects[1].id}/archive`), {});
      case "restore":
        return admin.send("POST", path(`/projects/${this.projects[1].id}/restore`), {});
      case "delete team in the console": {
        const [team] = await worker.sql("SELECT id FROM teams WHERE project_id = ?1", this.projects[0].id);
        const id = team?.id ?? "00000000-0000-0000-0000-000000000000";
        return admin.send("DELETE", path(`/projects/${this.projects[0].id}/teams/${id}`));
      }
      default:
        throw new Error(it.what);
    }
  }

  async step(one) {
    // The moments of two requests differ.
    await sleep(3);
    const { status } = await this.happen(one);
    assert.ok(status < 500, `${one.what}: ${status}`);
    await this.note();
  }

  /** Remembers the directory as it is, if anything has happened since. */
  async note() {
    const [{ at, seq }] = await worker.sql(
      "SELECT at, seq FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1",
      this.organization.id,
    );
    const state = await snapshot(worker, this.organization.id);
    if (this.moments.at(-1)?.seq !== seq) this.moments.push({ at, seq, state });
    else assert.deepEqual(state, this.moments.at(-1).state, "the directory has changed without an event");
  }

  moment = (number) => this.moments[number % this.moments.length];

  get(path) {
    return this.organization.admin.get(this.organization.path(path));
  }
}

/** Everyone who was ever in the directory. */
const everyone = (life) => [...new Set(life.moments.flatMap(({ state }) => Object.keys(state)))];

/** The directory at each moment, and since when, by the events alone. */
async function replayed(life) {
  const events = await eventsOf(worker, life.organization.id);
  const replay = new Replay();
  const moments = [];
  for (const event of events) {
    replay.add(event);
    const moment = life.moments.find(({ seq }) => seq === event.seq);
    if (!moment) continue;
    moments.push({
      ...moment,
      replay: replay.state(),
      since: new Map(replay.since),
      roleSince: new Map(replay.roleSince),
    });
  }
  return moments;
}

test("is what it was", async () => {
  const property = fc.asyncProperty(history, async ({ steps, moments }) => {
    const life = await Life.begin();
    for (const one of steps) await life.step(one);
    const all = await replayed(life);
    assert.equal(all.length, life.moments.length);
    for (const { state, replay } of all) assert.deepEqual(replay, state);

    for (const [one, other] of moments) {
      const [first, second] = [one % all.length, other % all.length].sort((a, b) => a - b).map((i) => all[i]);
      for (const id of everyone(life)) {
        const answer = await life.get(`/members/${id}/access?at=${first.at}`);
        const expected = personOf(first.state, id);
        assert.deepEqual(
          { ...described(answer), groups: described(answer).groups },
          expected.active ? expected : { ...expected, groups: [] },
        );
        for (const { on, group, since } of answer.rights) {
          const seq = on === "organization" ? first.roleSince.get(id) : first.since.get(`${id} ${group.id}`);
          assert.equal(since.seq, seq);
        }
      }
      const expected = differenceOf(first.state, second.state);
      const range = `from=${first.at}&to=${second.at}`;
      const whole = await life.get(`/access/changes?${range}`);
      assert.equal(whole.next, null);
      assert.deepEqual(differencesIn(whole), expected);
      for (const id of everyone(life)) {
        const own = differencesIn(await life.get(`/access/changes?${range}&person=${id}`));
        assert.deepEqual(own, id in expected ? { [id]: expected[id] } : {});
      }
      const changed = Object.values(expected).flatMap(({ joined, left }) => [...joined, ...left]);
      for (const group of new Set(changed)) {
        const members = differencesIn(await life.get(`/access/changes?${range}&group=${group}`));
        for (const [id, { joined, left }] of Object.entries(expected)) {
          const own = members[id] ?? { joined: [], left: [] };
          assert.deepEqual(
            own.joined,
            joined.filter((each) => each === group),
          );
          assert.deepEqual(
            own.left,
            left.filter((each) => each === group),
          );
        }
      }
    }
  });
  await fc.assert(property, RUNS);
});
