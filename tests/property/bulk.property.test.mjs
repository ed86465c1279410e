// Changes of many people, and the calls that change one, against a plain model: random directories, and random changes
// one after the other. What becomes of each person, the counts, and the directory afterwards are those of the model.
// BULK_SEED and BULK_RUNS set the seed and the number of runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const RUNS = Number(process.env.BULK_RUNS ?? 25);
const SEED = Number(process.env.BULK_SEED ?? 20_261_128);
const PEOPLE = 9; // with the Owner, who is the first
const OUTSIDE = 2; // of them, whom SCIM does not see
const INACTIVE = 2; // behind the Owner
const GROUPS = 2;

const place = fc.nat({ max: PEOPLE - 1 });
const group = fc.nat({ max: GROUPS - 1 });
const role = fc.constantFrom("Member", "Admin");
const target = fc.oneof(
  { weight: 3, arbitrary: fc.uniqueArray(place, { minLength: 1, maxLength: PEOPLE }).map((people) => ({ people })) },
  fc.constantFrom("active", "inactive").map((status) => ({ status })),
  group.map((inGroup) => ({ inGroup })),
);
const change = fc.oneof(
  fc.constantFrom("deactivate", "activate", "remove").map((action) => ({ action })),
  role.map((org_role) => ({ action: "set_role", org_role })),
  fc.tuple(fc.constantFrom("add_to_group", "remove_from_group"), group).map(([action, group]) => ({ action, group })),
);
const one = fc.oneof(
  fc.record({ kind: fc.constant("role"), place, role }),
  fc.record({ kind: fc.constant("remove"), place }),
  fc.record({ kind: fc.constantFrom("join", "leave"), place, group }),
);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("bulk"), change, target }) },
    { weight: 2, arbitrary: one },
  ),
  { minLength: 4, maxLength: 9 },
);

/** What becomes of a person by a change, as the documentation of the API says it; changes the person. */
function applied(person, { action, org_role, group }, keepsRole = false) {
  if (!person.exists) return "gone";
  const leave = () => {
    person.groups.clear();
    if (!keepsRole) person.role = "Member";
    person.active = false;
  };
  switch (action) {
    case "deactivate":
    case "remove":
      if (person.role === "Owner") return "owner";
      if (!person.active && (action === "deactivate" || person.managed)) return "unchanged";
      leave();
      if (action === "remove" && !person.managed) person.exists = false;
      return "done";
    case "activate":
      if (person.active) return "unchanged";
      person.active = true;
      return "done";
    case "set_role":
      if (!person.active) return "inactive";
      if (person.role === "Owner") return "owner";
      if (person.role === org_role) return "unchanged";
      person.role = org_role;
      return "done";
    case "add_to_group":
      if (!person.active) return "inactive";
      if (person.groups.has(group)) return "unchanged";
      person.groups.add(group);
      return "done";
    case "remove_from_group":
      return person.groups.delete(group) ? "done" : "unchanged";
  }
}

/** A directory, and its model. */
async function directory() {
  const settings = { mail_domains: ["okta.local"], brake_percent: 0 };
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const people = [{ id: (await organization.owner()).id, role: "Owner", managed: true }];
  for (let number = 1; number < PEOPLE; number++) {
    const managed = number < PEOPLE - OUTSIDE;
    const name = `person${number}@${managed ? "okta.local" : "outside.example"}`;
    const { id } = managed ? await organization.createUser(name) : await organization.addMember(name);
    people.push({ id, role: "Member", managed });
  }
  for (const [place, person] of people.entries()) {
    const active = place === 0 || place > INACTIVE;
    Object.assign(person, { active, exists: true, groups: new Set() });
    if (!active) assertStatus(await organization.okta.patch(`/Users/${person.id}`, operation.active(false)), 200);
  }
  const groups = [];
  for (const role of ["Admin", "Member"]) groups.push((await organization.groupNamed(`Statsig-Demo-${role}`)).id);
  return { organization, people, groups };
}

/** What D1 has, and what the model has. */
async function assertSame({ organization, people, groups }, what) {
  const rows = await worker.sql(
    `SELECT u.id, u.active, iif(u.active, u.org_role, 'Member') AS role, (
       SELECT json_group_array(g.id) FROM memberships m JOIN groups g ON g.seq = m.group_seq WHERE m.user_seq = u.seq
     ) AS "in" FROM users u WHERE u.org_id = ?1`,
    organization.id,
  );
  const found = rows.map((row) => ({ ...row, in: JSON.parse(row.in).sort() }));
  const expected = people
    .filter(({ exists }) => exists)
    .map(({ id, active, role, groups: own }) => ({
      id,
      active: Number(active),
      role: active ? role : "Member",
      in: [...own].map((place) => groups[place]).sort(),
    }));
  const byId = (left, right) => left.id.localeCompare(right.id);
  assert.deepEqual(found.sort(byId), expected.sort(byId), what);
}

async function bulk(all, { change, target }) {
  const { organization, people, groups } = all;
  const { admin } = organization;
  const chosen = people.filter(
    ({ active, exists, groups: own }, place) =>
      target.people?.includes(place) ||
      (exists && target.status && (target.status === "active") === active) ||
      (exists && own.has(target.inGroup)),
  );
  const body = {
    change: { ...change, ...(change.group === undefined ? {} : { group: groups[change.group] }) },
    ...(target.people ? { people: chosen.map(({ id }) => id) } : {}),
    ...(target.status ? { query: `?status=${target.status}&count=3` } : {}),
    ...(target.inGroup === undefined ? {} : { query: `group=${groups[target.inGroup]}` }),
  };
  if (chosen.length === 0) {
    const { status } = await admin.send("POST", organization.path("/bulk"), body);
    return assert.equal(status, 400, "no one is chosen");
  }
  const preview = await admin.call("POST", organization.path("/bulk/preview"), body, 200);
  const expected = Object.fromEntries(chosen.map((person) => [person.id, applied(person, change)]));
  let run = await admin.create(organization.path("/bulk"), body);
  while (run.status === "running") {
    run = await admin.call("POST", organization.path(`/bulk/${run.id}/steps`), {}, 200);
  }
  const { people: looked } = await admin.get(organization.path(`/bulk/${run.id}?count=200`));
  const results = (list) => Object.fromEntries(list.map(({ id, result }) => [id, result]));
  assert.deepEqual(results(looked), expected, "what became of each");
  assert.deepEqual(results(preview.people), expected, "as the preview said");
  const count = (...of) => Object.values(expected).filter((result) => of.includes(result)).length;
  const counts = {
    people: chosen.length,
    looked_at: chosen.length,
    done: count("done"),
    unchanged: count("unchanged"),
    refused: count("gone", "owner", "inactive"),
  };
  assert.deepEqual([run.counts, preview.counts], [counts, counts]);
  assert.equal(run.story === null, counts.done === 0, "a story exactly if something was changed");
}

async function single(all, { kind, place, role, group }) {
  const { organization, people, groups } = all;
  const person = people[place];
  const member = organization.path(`/members/${person.id}`);
  const membership = organization.path(`/groups/${groups[group]}/members/${person.id}`);
  const [method, path, body, change] = {
    role: ["PATCH", member, { org_role: role }, { action: "set_role", org_role: role }],
    remove: ["DELETE", member, undefined, { action: "remove" }],
    join: ["PUT", membership, {}, { action: "add_to_group", group }],
    leave: ["DELETE", membership, undefined, { action: "remove_from_group", group }],
  }[kind];
  const { status, text } = await organization.admin.send(method, path, body);
  const result = applied(person, change);
  const isRefused = ["gone", "owner", "inactive"].includes(result);
  assert.equal(status >= 400, isRefused, `${method} of ${kind}: ${status} ${text}, the model says ${result}`);
}

test("changes of many people and of one are those of a plain model", { timeout: 600_000 }, async (t) => {
  const kinds = new Map();
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const all = await directory();
      for (const step of steps) {
        const before = all.people.map((person) => JSON.stringify({ ...person, groups: [...person.groups] }));
        await (step.kind === "bulk" ? bulk(all, step) : single(all, step));
        await assertSame(all, JSON.stringify(step));
        const changed = all.people.some(
          (person, i) => JSON.stringify({ ...person, groups: [...person.groups] }) !== before[i],
        );
        const kind = step.change?.action ?? step.kind;
        if (changed) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  t.diagnostic(JSON.stringify(Object.fromEntries(kinds)));
  for (const kind of ["deactivate", "activate", "set_role", "add_to_group", "remove_from_group", "remove"]) {
    assert.ok(kinds.get(kind), `no ${kind} changed anything: the test proves nothing about it`);
  }
});
