// Exports as CSV and JSON lines: what they have, how cells are written, and what happens when rows change meanwhile or
// the export breaks off.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { download, exportBoth, exported, readCsv, readLines } from "../helpers/exports.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const EXPORTS = ["people", "groups", "log", "events", "access-review"];

/** An organization with a team, and people of whom some are in groups. */
async function furnished(settings = {}) {
  const organization = await createOrganization(worker, { settings, projects: { Demo: [] } });
  const { projects } = await organization.admin.get(organization.path("/projects"));
  await organization.addTeam(projects[0].id, "Night");
  const ada = await organization.createUser("ada@okta.local");
  const bob = await organization.createUser("bob@okta.local");
  const gone = await organization.createUser("gone@okta.local");
  for (const name of ["Statsig-Demo-Admin", "Statsig-Demo-Night-Member"]) {
    const { id } = await organization.groupNamed(name);
    assertStatus(await organization.okta.patch(`/Groups/${id}`, operation.addMembers([ada.id])), 204);
  }
  assertStatus(await organization.okta.patch(`/Users/${gone.id}`, operation.active(false)), 200);
  return { organization, ada, bob, gone };
}

/** The rows about a person. */
const of = (rows, { userName }) => rows.filter((row) => row.user_name === userName);

describe("an export", () => {
  test("of people has each with organization role and groups", async () => {
    const { organization, ada, bob, gone } = await furnished();
    const { csv, jsonl } = await exportBoth(organization, "people");
    assert.equal(csv.length, 4);
    assert.deepEqual(
      csv.map((row) => row.user_id),
      csv.map((row) => row.user_id).sort(),
      "in the order of ids",
    );
    const [row] = of(csv, ada);
    assert.deepEqual(
      [row.user_id, row.active, row.seen_by_scim, row.org_role, row.groups],
      [ada.id, "yes", "yes", "Member", "Statsig-Demo-Admin; Statsig-Demo-Night-Member"],
    );
    assert.equal(row.email, ada.emails[0].value);
    assert.equal(row.external_id, ada.externalId);
    assert.equal(row.created_at, ada.meta.created);
    const [object] = of(jsonl, ada);
    assert.deepEqual([object.active, object.name, object.email], [true, row.name, row.email]);
    assert.deepEqual(
      object.groups.map(({ project, team, role }) => [project, team, role]),
      [
        ["Demo", null, "Admin"],
        ["Demo", "Night", "Member"],
      ],
    );
    assert.deepEqual([of(csv, bob)[0].groups, of(jsonl, bob)[0].groups], ["", []]);
    assert.deepEqual([of(csv, gone)[0].active, of(jsonl, gone)[0].org_role], ["no", null]);
    assert.equal(of(jsonl, { userName: "owner@okta.local" })[0].org_role, "Owner");
  });

  test("of groups has each membership, and each group without members", async () => {
    const { organization, ada } = await furnished();
    const { csv, jsonl } = await exportBoth(organization, "groups");
    // Three roles of the project, two of the team.
    assert.deepEqual(
      csv.map((row) => [row.group, row.project, row.team, row.role, row.user_name]),
      [
        ["Statsig-Demo-Admin", "Demo", "", "Admin", "ada@okta.local"],
        ["Statsig-Demo-Member", "Demo", "", "Member", ""],
        ["Statsig-Demo-Read-Only", "Demo", "", "Read-Only", ""],
        ["Statsig-Demo-Night-Admin", "Demo", "Night", "Admin", ""],
        ["Statsig-Demo-Night-Member", "Demo", "Night", "Member", "ada@okta.local"],
      ],
    );
    assert.deepEqual([csv[1].active, jsonl[1].active, jsonl[1].user_id], ["", null, null]);
    assert.equal(jsonl[0].user_id, ada.id);
    assert.ok(jsonl[0].since > ada.meta.created);
  });

  test("of an access review has who has what since when through which group", async () => {
    const { organization, ada, bob, gone } = await furnished();
    const { csv, jsonl } = await exportBoth(organization, "access-review");
    assert.equal(csv.length, 5);
    const rows = of(jsonl, ada);
    assert.deepEqual(
      rows.map((row) => [row.group, row.project, row.team, row.role, row.org_role, row.active]),
      [
        ["Statsig-Demo-Admin", "Demo", null, "Admin", "Member", true],
        ["Statsig-Demo-Night-Member", "Demo", "Night", "Member", "Member", true],
      ],
    );
    for (const row of rows) {
      const { at, event, cause } = await eventOf(organization, row.event);
      assert.deepEqual([row.since, row.by, event.type], [at, cause, "membership.added"]);
      assert.ok(row.org_role_since >= ada.meta.created.slice(0, 19));
    }
    assert.deepEqual([of(jsonl, bob)[0].group, of(csv, bob)[0].group], [null, ""]);
    assert.deepEqual([of(jsonl, gone).length, of(jsonl, gone)[0].active], [1, false]);
    // A role that was given later is since then.
    await organization.admin.patch(organization.path(`/members/${bob.id}`), { org_role: "Admin" });
    const later = of(readLines(await download(organization, "access-review", "jsonl"), "access-review"), bob)[0];
    assert.equal(later.org_role, "Admin");
    assert.ok(later.org_role_since > of(jsonl, bob)[0].org_role_since);
  });

  test("of the log and of the events has what the API shows", async () => {
    const { organization } = await furnished();
    assertStatus(await organization.okta.get(`/Users/${crypto.randomUUID()}`), 404);
    const log = await exportBoth(organization, "log");
    const { entries } = await organization.admin.get(organization.path("/log?count=200"));
    const shown = entries.reverse();
    // The exports are entries, too, of which only the second file has the first.
    assert.deepEqual(
      log.csv.map(({ at, path }) => `${at} ${path}`),
      shown.slice(0, -2).map(({ at, path }) => `${at} ${path}`),
    );
    assert.equal(log.jsonl.length, log.csv.length + 1);
    assert.ok(log.jsonl.some(({ body }) => body?.userName === "ada@okta.local"));
    const events = await exportBoth(organization, "events");
    const stored = await worker.sql(
      "SELECT seq, type, data FROM events WHERE org_id = ?1 ORDER BY seq",
      organization.id,
    );
    assert.deepEqual(
      events.jsonl.map(({ seq, type, data }) => ({ seq, type, data })),
      stored.map(({ seq, type, data }) => ({ seq, type, data: JSON.parse(data) })),
    );
    assert.ok(events.csv.some((row) => row.subject_name === "ada@okta.local"));
  });

  test("is named after organization and day, and is in the log with who has exported what", async () => {
    const { organization } = await furnished({ name: 'Açme "Ltd"' });
    const day = new Date().toISOString().slice(0, 10);
    const answer = await exported(organization, "people", "csv");
    assert.equal(answer.headers["content-type"], "text/csv; charset=utf-8");
    assert.equal(answer.headers["cache-control"], "no-store");
    const [, plain, encoded] = /^attachment; filename="([^"]*)"; filename\*=UTF-8''(\S+)$/.exec(
      answer.headers["content-disposition"],
    );
    assert.equal(plain, `A-me--Ltd--people-${day}.csv`);
    assert.equal(decodeURIComponent(encoded), `Açme "Ltd" people ${day}.csv`);
    for (const name of EXPORTS) await exported(organization, name, "jsonl");
    const { entries } = await organization.admin.get(organization.path("/log?source=console&count=6"));
    assert.deepEqual(
      entries
        .map(({ detail, actor, path, first_event }) => [detail, actor, path.split("/").at(-1), first_event])
        .reverse(),
      [
        ["Exported people as CSV.", "admin token", "people", null],
        ...EXPORTS.map((name) => [`Exported ${name} as JSON lines.`, "admin token", name, null]),
      ],
    );
  });

  test("quotes cells, and those that a spreadsheet would take for a formula", async () => {
    const { organization } = await furnished();
    const names = {
      "=cmd()@x.example": "'=cmd()@x.example",
      "+1@x.example": "'+1@x.example",
      "-1@x.example": "'-1@x.example",
      "@x.example": "'@x.example",
      'a"b,c;d@x.example': 'a"b,c;d@x.example',
      "'=1@x.example": "'=1@x.example",
      "zoë=1@x.example": "zoë=1@x.example",
    };
    for (const name of Object.keys(names)) await organization.addMember(name, { confirm_no_address: true });
    const given = ["\t=1", "\r=1", "two\r\nlines", "=1+1"];
    for (const [i, name] of given.entries()) {
      await worker.sql(
        `UPDATE users SET doc = json_set(doc, '$.name', json_object('givenName', ?3)), doc_fold = NULL
         WHERE org_id = ?1 AND user_name_fold = ?2`,
        organization.id,
        Object.keys(names)[i],
        name,
      );
    }
    const text = await download(organization, "people", "csv");
    const rows = readCsv(text);
    for (const [name, cell] of Object.entries(names)) {
      assert.ok(
        rows.some((row) => row.user_name === cell),
        `${name} as ${cell}: ${rows.map((row) => row.user_name)}`,
      );
    }
    for (const name of given) {
      const expected = /^[\t\r=]/.test(name) ? `'${name}` : name;
      assert.ok(
        rows.some((row) => row.name === expected),
        JSON.stringify([name, rows.map((row) => row.name)]),
      );
    }
    const jsonl = readLines(await download(organization, "people", "jsonl"), "people");
    for (const name of Object.keys(names))
      assert.ok(
        jsonl.some((row) => row.user_name === name),
        name,
      );
    for (const name of given)
      assert.ok(
        jsonl.some((row) => row.name === name),
        name,
      );
  });

  test("is refused by its name, its format, and to a caller who may not read the organization", async () => {
    const { organization } = await furnished();
    const { admin } = organization;
    assertProblem(await admin.send("GET", organization.path("/export/keys")), 404, /"access-review"/);
    assertProblem(await admin.send("GET", organization.path("/export/people?format=xlsx")), 400, /format/);
    const elsewhere = `/organizations/${crypto.randomUUID()}/export/people`;
    assertProblem(await admin.send("GET", elsewhere), 404);
    const url = `${admin.base}${organization.path("/export/people")}`;
    assert.equal((await send("GET", url)).status, 401);
    const key = { Authorization: `Bearer ${organization.key.key}` };
    assert.equal((await send("GET", url, { headers: key })).status, 401);
  });
});

/** An event with the actor of its cause. */
async function eventOf(organization, seq) {
  const [row] = await worker.sql(
    "SELECT at, type, actor FROM events WHERE org_id = ?1 AND seq = CAST(?2 AS INTEGER)",
    organization.id,
    String(seq),
  );
  return { at: row.at, event: { type: row.type }, cause: row.actor };
}

test("rows that come and go while an export is sent double none and hide none", async () => {
  const { organization } = await furnished();
  await organization.configure({ brake_percent: 0 });
  const { people } = await populate(worker.sql, organization.id, { users: 3_000, groups: 3, members: 3_000 });
  const doomed = people.filter((_, i) => i % 50 === 0);
  const stays = new Set(people.filter((_, i) => i % 50 !== 0));
  const [text, review] = await Promise.all([
    download(organization, "people", "csv"),
    download(organization, "access-review", "jsonl"),
    (async () => {
      for (const id of doomed) {
        assertStatus(await organization.okta.delete(`/Users/${id}`), 204);
        await organization.createUser(`new-${id.slice(0, 8)}@okta.local`);
      }
    })(),
  ]);
  const ids = readCsv(text).map(({ user_id }) => user_id);
  assert.equal(new Set(ids).size, ids.length, "no row is doubled");
  assert.equal(ids.filter((id) => stays.has(id)).length, stays.size, "no person who stays is missing");
  const rows = readLines(review, "access-review").map(({ user_id, group_id }) => `${user_id} ${group_id}`);
  assert.equal(new Set(rows).size, rows.length);
  assert.equal(rows.filter((row) => stays.has(row.split(" ")[0])).length, 3 * stays.size);
});

test("an export that breaks off does not look complete", async () => {
  const { organization } = await furnished();
  const { people } = await populate(worker.sql, organization.id, { users: 1_200 });
  // A document that is not JSON fails the query that reads it, which is the second.
  const last = [...people].sort().at(-1);
  await worker.sql("UPDATE users SET doc = '{' WHERE org_id = ?1 AND id = ?2", organization.id, last);
  await assert.rejects(download(organization, "people", "csv"), "the connection ends before the file does");
  const text = await download(organization, "people", "jsonl");
  const lines = text.trimEnd().split("\n");
  const closing = JSON.parse(lines.at(-1));
  assert.equal(closing.complete, false);
  assert.equal(closing.rows, lines.length - 1);
  assert.ok(closing.rows >= 500 && closing.rows < 1_200, closing.rows);
  assert.match(closing.detail, /broke off/);
});
