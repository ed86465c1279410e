// The list of organizations: pages, searches, and who sees which; and what a page of it costs.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { behindAccess, call, keyPair } from "../helpers/access.mjs";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";

const { team, worker } = await behindAccess(keyPair("only"));
const MANY = 6_000; // more than one search looks at
const OWNER = "olga@acme.example";
let admin;
before(async () => {
  await worker.started;
  admin = new AdminApi(worker);
});

const create = (name, owner = OWNER, more = {}) =>
  admin.create("/organizations", { name, owner: { user_name: owner }, ...more });
const names = ({ organizations }) => organizations.map(({ name }) => name);
const by = (email, path) => call(worker, team.token({ email }), { method: "GET", path });

/** All pages of a list. */
async function pages(query) {
  const all = [];
  let after = "";
  do {
    const page = await admin.get(`/organizations?${query}${after}`);
    all.push(page);
    after = page.next && `&after=${encodeURIComponent(page.next)}`;
    assert.ok(all.length < 100, "the list does not end");
  } while (after);
  return all;
}

describe("the list of organizations", () => {
  test("has pages, by age or by name, and is found by a part of the name, a domain, or the id", async () => {
    const made = [];
    for (const name of ["Übung & Co", "acme", "Zebra 10%", "Acme_West"]) made.push(await create(name));
    const east = await create("East", OWNER, { mail_domains: ["east.example"] });
    const all = [...made, east].map(({ name }) => name);

    const oldest = await pages("count=2");
    assert.deepEqual(oldest.flatMap(names), all, "the oldest first");
    assert.ok(oldest.length === 3 && oldest.every(({ organizations }) => organizations.length <= 2));
    const sorted = (await pages("sort=name&count=1")).flatMap(names);
    assert.deepEqual(sorted, ["acme", "Acme_West", "East", "Zebra 10%", "Übung & Co"]);
    assert.deepEqual(names(await admin.get("/organizations")), all, "all at once, unless another count is said");

    for (const [search, found] of [
      ["ACME", ["acme", "Acme_West"]],
      ["übung", ["Übung & Co"]],
      ["0%", ["Zebra 10%"]],
      ["_", ["Acme_West"]],
      ["EAST.example", ["East"]],
      [east.id, ["East"]],
      ['"', []],
      ["nothing", []],
    ]) {
      const pages = await admin.get(`/organizations?sort=name&search=${encodeURIComponent(search)}`);
      assert.deepEqual([names(pages), pages.next], [found, null], search);
    }
    await admin.patch(`/organizations/${east.id}`, { name: "ÉAST" });
    assert.deepEqual(names(await admin.get(`/organizations?search=${encodeURIComponent("éast")}`)), ["ÉAST"]);
    for (const wrong of ["count=0", "count=1001", "sort=size", "after=nowhere", "page=2"]) {
      assertProblem(await admin.send("GET", `/organizations?${wrong}`), 400);
    }
  });

  test("shows an administrator those alone that they have accepted, also by search", async () => {
    const ada = "ada@list.example";
    const own = await create("List own", ada);
    await create("List other", "boris@list.example");
    const invited = await create("List invited", "boris@list.example");
    const body = { user_name: ada, org_role: "Admin" };
    await admin.create(`/organizations/${invited.id}/members`, body);

    for (const query of ["", "?sort=name", "?search=list"]) {
      const list = assertStatus(await by(ada, `/organizations${query}`), 200);
      assert.deepEqual([names(list), list.next, list.deleted], [["List own"], null, []], query);
      assert.deepEqual(
        list.invitations.map(({ id }) => id),
        [invited.id],
      );
    }
    const second = assertStatus(await by(ada, `/organizations?after=2000~${own.id}`), 200);
    assert.deepEqual([names(second), second.invitations], [["List own"], []], "invitations are on the first page");
  });

  test("does not show a deleted one, which can be neither accepted nor declined", async () => {
    const [owner, ada] = ["boris@gone.example", "ada@gone.example"];
    const gone = await create("Gone", owner);
    await admin.create(`/organizations/${gone.id}/members`, { user_name: ada, org_role: "Admin" });
    assert.equal(assertStatus(await by(ada, "/organizations"), 200).invitations.length, 1);
    await admin.call("DELETE", `/organizations/${gone.id}?confirm_name=Gone`, undefined, 200);
    assert.deepEqual(assertStatus(await by(ada, "/organizations"), 200).invitations, []);
    assert.deepEqual(names(assertStatus(await by(owner, "/organizations"), 200)), []);
    for (const answer of ["accept", "decline"]) {
      const headers = { Origin: worker.url };
      const path = `/organizations/${gone.id}/${answer}`;
      const refused = await call(worker, team.token({ email: ada }), { method: "POST", path, headers });
      assertProblem(refused, 409, /organization is deleted.*operator can restore it/);
    }
    const [{ accepted }] = await worker.sql(
      "SELECT count(*) AS accepted FROM acceptances WHERE org_id = ?1 AND mail = ?2",
      gone.id,
      ada,
    );
    assert.equal(accepted, 0);
    const { deleted } = await admin.get("/organizations?search=nothing");
    assert.deepEqual(
      deleted.map(({ id }) => id),
      [gone.id],
    );
  });

  test("costs what it shows, however many there are, and a search goes on behind what it has looked at", async () => {
    await worker.sql(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?1 AS INTEGER))
       INSERT INTO organizations (id, name, created_at, last_modified, name_fold)
       SELECT printf('%08d-0000-4000-8000-000000000000', i), printf('Many %05d', i), '2030-01-01T00:00:00.000Z',
         '2030-01-01T00:00:00.000Z', printf('many %05d', i) FROM n`,
      String(MANY),
    );
    const cost = async (query) => {
      const answer = await admin.send("GET", `/organizations?${query}`);
      assertStatus(answer, 200);
      return serverTiming(answer);
    };
    for (const [query, most] of [
      ["count=50", 50 * 8],
      ["count=50&sort=name", 50 * 8],
      [`count=50&sort=name&after=${encodeURIComponent("many 05000~")}`, 50 * 8],
      // Each organization is looked at, twice.
      ["count=50&search=05999", 2 * 5_000 + 200],
    ]) {
      const { round_trips, rows_read } = await cost(query);
      assert.equal(round_trips, 1, query);
      assert.ok(rows_read <= most + 100, `${query}: ${rows_read} rows read`);
    }
    const found = await pages("count=50&sort=name&search=05999");
    assert.deepEqual([found.length, found.flatMap(names)], [2, ["Many 05999"]]);
    assert.equal((await pages("count=1000&sort=name&search=many")).flatMap(names).length, MANY);

    // Those of an administrator are found by the name, however many there are.
    const answer = await by(OWNER, "/organizations");
    const { rows_read } = serverTiming(answer);
    assert.equal(assertStatus(answer, 200).organizations.length, 5);
    assert.ok(rows_read <= 150, `${rows_read} rows read for an administrator`);
  });

  test("finds names that an older version has written once the hourly maintenance has folded them", async () => {
    const { id } = await create("Ärmel");
    await worker.sql("UPDATE organizations SET name_fold = '' WHERE id = ?1", id);
    const found = async () => names(await admin.get(`/organizations?search=${encodeURIComponent("ärmel")}`));
    assert.deepEqual(await found(), []);
    assert.equal((await worker.scheduled()).outcome, "ok");
    assert.deepEqual(await found(), ["Ärmel"]);
  });
});
