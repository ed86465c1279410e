// One deployment with several databases: an organization lies in one of them, whole, and its keys and its id say which.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { AccessTeam, AUDIENCE, call, keyPair } from "../helpers/access.mjs";
import { AdminApi, assertProblem } from "../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus, eventually, memberIds, serverTiming } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { ScimClient } from "../helpers/client.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { costInLog } from "../helpers/storage.mjs";
import { finishUndo, startUndo } from "../helpers/undo.mjs";
import { startWorker, useWorker } from "../helpers/worker.mjs";

const OWNER = { user_name: "owner@okta.local" };
const DATABASES = [0, 1, 2];

/** What the first database has for all organizations. */
const OF_CONSOLE = ["console_sessions", "idempotent_calls", "signing_keys"];
const OF_DATABASE = ["import_days"];
/** What has no rows for an organization this small: the counts of groups with more than 100 members. */
const OF_LARGE = ["people_counts"];
/** How many rows of each table are an organization's, in one database. */
const ROWS = `SELECT
  (SELECT count(*) FROM organizations WHERE id = ?1) AS organizations,
  (SELECT count(*) FROM auth_keys WHERE org_id = ?1) AS auth_keys,
  (SELECT count(*) FROM users WHERE org_id = ?1) AS users,
  (SELECT count(*) FROM user_emails WHERE org_id = ?1) AS user_emails,
  (SELECT count(*) FROM projects WHERE org_id = ?1) AS projects,
  (SELECT count(*) FROM teams t JOIN projects p ON p.id = t.project_id WHERE p.org_id = ?1) AS teams,
  (SELECT count(*) FROM groups WHERE org_id = ?1) AS groups,
  (SELECT count(*) FROM memberships m JOIN groups g ON g.seq = m.group_seq WHERE g.org_id = ?1) AS memberships,
  (SELECT count(*) FROM archived_groups a JOIN projects p ON p.id = a.project_id WHERE p.org_id = ?1)
    AS archived_groups,
  (SELECT count(*) FROM list_snapshots WHERE org_id = ?1) AS list_snapshots,
  (SELECT count(*) FROM acceptances WHERE org_id = ?1) AS acceptances,
  (SELECT count(*) FROM readings WHERE org_id = ?1) AS readings,
  (SELECT count(*) FROM imports WHERE org_id = ?1) AS imports,
  (SELECT count(*) FROM events WHERE org_id = ?1) AS events,
  (SELECT count(*) FROM event_subjects WHERE org_id = ?1) AS event_subjects,
  (SELECT count(*) FROM access_losses WHERE org_id = ?1) AS access_losses,
  (SELECT count(*) FROM kept_memberships k JOIN users u ON u.seq = k.user_seq WHERE u.org_id = ?1) AS kept_memberships,
  (SELECT count(*) FROM deleted_people WHERE org_id = ?1) AS deleted_people,
  (SELECT count(*) FROM undo_runs WHERE org_id = ?1) AS undo_runs,
  (SELECT count(*) FROM undo_subjects WHERE org_id = ?1) AS undo_subjects,
  (SELECT count(*) FROM bulk_runs WHERE org_id = ?1) AS bulk_runs,
  (SELECT count(*) FROM bulk_people WHERE org_id = ?1) AS bulk_people,
  (SELECT count(*) FROM product_keys WHERE org_id = ?1) AS product_keys,
  (SELECT count(*) FROM consumers WHERE org_id = ?1) AS consumers,
  (SELECT count(*) FROM acknowledgements WHERE org_id = ?1) AS acknowledgements,
  (SELECT count(*) FROM security_event_streams WHERE org_id = ?1) AS security_event_streams,
  (SELECT count(*) FROM webhooks WHERE org_id = ?1) AS webhooks,
  (SELECT count(*) FROM webhook_failures WHERE org_id = ?1) AS webhook_failures,
  (SELECT count(*) FROM webhook_attempts WHERE org_id = ?1) AS webhook_attempts,
  (SELECT count(*) FROM setup_links WHERE org_id = ?1) AS setup_links,
  (SELECT count(*) FROM log WHERE org_id = ?1) AS log`;

/** An organization of the same names in each database, with people, a project, a team and its members. */
async function inEach(worker) {
  const organizations = [];
  for (const database of DATABASES) {
    const organization = await createOrganization(worker, {
      settings: { database, plain_groups: true },
      projects: { Demo: [] },
    });
    const old = await organization.addProject("Old");
    await organization.admin.call("POST", organization.path(`/projects/${old.id}/archive`), {}, 200);
    const [ada, bob] = await organization.createUsers(2);
    const team = oktaGroup("Statsig-Demo-Night Shift-Member", [ada.id, bob.id]);
    const created = assertStatus(await organization.okta.post("/Groups", team), 201);
    for (const startIndex of [1, 2]) await organization.okta.list("/Users", { startIndex, count: 1 });
    organizations.push({ database, organization, people: [ada.id, bob.id], team: created.id });
  }
  return organizations;
}

/**
 * Deactivates a person whose membership is kept, deletes another one, undoes that, and deletes that person again.
 * Returns what removes the first one.
 */
async function withHistory({ organization, team }) {
  const { okta } = organization;
  await organization.configure({ keep_access: true });
  const [away, gone] = [
    await organization.createUser("away@okta.local"),
    await organization.createUser("gone@okta.local"),
  ];
  assertStatus(await okta.patch(`/Groups/${team}`, operation.addMembers([away.id])), 204);
  assertStatus(await okta.patch(`/Users/${away.id}`, operation.active(false)), 200);
  assertStatus(await okta.delete(`/Users/${gone.id}`), 204);
  const run = await startUndo(organization, { since: "2026-01-01", types: ["person.deleted"] });
  await finishUndo(organization, run);
  assertStatus(await okta.delete(`/Users/${gone.id}`), 204);
  const many = { change: { action: "activate" }, people: [gone.id] };
  await organization.admin.create(organization.path("/bulk"), many);
  await organization.admin.create(organization.path("/setup-links"), {});
  const product = await createProduct(organization);
  const { cursor } = await product.get("/product/v1/events");
  await product.call("POST", "/product/v1/acknowledgements", { cursor });
  await product.call("POST", "/product/v1/sets/poll", {});
  // Nothing listens there.
  const dead = { address: "http://127.0.0.1:9/" };
  const webhook = await organization.admin.create(organization.path("/webhooks"), dead);
  await organization.admin.call("PATCH", organization.path(""), { name: "Renamed" }, 200);
  await eventually(async () => {
    const { failed_subjects } = await organization.admin.get(organization.path(`/webhooks/${webhook.id}`));
    assert.ok(failed_subjects > 0);
  });
  // Noted after the answer.
  assertStatus(await okta.list("/Users", { startIndex: 1, count: 100 }), 200);
  await eventually(async () => {
    const { imports } = await organization.admin.get(organization.path("/imports"));
    assert.equal(imports.length, 1);
  });
  return async () => {
    await organization.admin.call("DELETE", organization.path(`/webhooks/${webhook.id}`), undefined, 200);
    assertStatus(await okta.delete(`/Users/${away.id}`), 204);
    await organization.configure({ keep_access: false });
  };
}

describe("organizations in three databases", () => {
  const worker = useWorker({ databases: 3, vars: { WEBHOOK_TARGETS: "any" } });
  let all;

  before(async () => {
    all = await inEach(worker);
  });

  test("have every row in their own, and none elsewhere", async () => {
    const tables = await worker.sql(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
    );
    const names = tables.map(({ name }) => name).sort();
    const ends = [];
    for (const each of all) ends.push(await withHistory(each));
    for (const { database, organization } of all) {
      for (const number of DATABASES) {
        const [rows] = await worker.sqlIn(number, ROWS, organization.id);
        const filled = Object.keys(rows).filter((table) => rows[table] > 0);
        assert.deepEqual(
          filled.sort(),
          number === database
            ? names.filter((name) => ![...OF_CONSOLE, ...OF_DATABASE, ...OF_LARGE].includes(name))
            : [],
        );
      }
    }
    for (const number of DATABASES) {
      const strangers = await worker.sqlIn(
        number,
        `SELECT user_seq FROM memberships WHERE user_seq NOT IN (SELECT seq FROM users)
         UNION ALL SELECT user_seq FROM user_emails WHERE org_id NOT IN (SELECT id FROM organizations)`,
      );
      assert.deepEqual(strangers, []);
    }
    for (const end of ends) await end();
  });

  test("have the number of their database in id and key", () => {
    const [first, second, third] = all.map(({ organization }) => organization);
    assert.match(first.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(second.id, /^[0-9a-f]{8}-[0-9a-f]{4}-8001-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(third.id, /^[0-9a-f]{8}-[0-9a-f]{4}-8002-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(first.key.key, /^scim-[A-Z2-7]{69}$/);
    assert.match(second.key.key, /^scim-[A-Z2-7]{8}0A[A-Z2-7]{59}$/);
    assert.match(third.key.key, /^scim-[A-Z2-7]{8}0B[A-Z2-7]{59}$/);
    for (const { organization } of all) assert.equal(organization.key.key.slice(5, 15), organization.key.id);
  });

  test("live the whole life, in the same number of round trips, and see only their own", async () => {
    for (const { organization, people, team } of all) {
      const { okta } = organization;
      const found = await okta.find("/Users", 'userName eq "PERSON0@okta.local"');
      assertListOf(found, [people[0]]);
      assert.equal(serverTiming(found).round_trips, 1);
      assert.deepEqual((await okta.importAll("/Users", 2)).map(({ userName }) => userName).sort(), [
        "owner@okta.local",
        "person0@okta.local",
        "person1@okta.local",
      ]);
      assertStatus(await okta.patch(`/Groups/${team}`, operation.removeMember(people[1])), 204);
      assert.deepEqual(memberIds(await organization.group(team)), [people[0]]);
      assertStatus(await okta.patch(`/Groups/${team}`, operation.addMembers([people[1]])), 204);
      const plain = assertStatus(await okta.post("/Groups", oktaGroup("Plain", people)), 201);
      assertStatus(await okta.delete(`/Groups/${plain.id}`), 204);
      const carol = await organization.createUser("carol@okta.local");
      const deactivated = await okta.patch(`/Users/${carol.id}`, operation.active(false));
      assert.equal(assertStatus(deactivated, 200).active, false);
      assert.equal(serverTiming(deactivated).round_trips, 2);
      assertStatus(await okta.delete(`/Users/${carol.id}`), 204);
      const page = assertStatus(await okta.list("/Users", { cursor: "", count: 2 }), 200);
      const rest = assertStatus(await okta.list("/Users", { cursor: page.nextCursor, count: 2 }), 200);
      assert.equal(page.Resources.length + rest.Resources.length, 3);
      for (const other of all.filter((each) => each.organization !== organization)) {
        assertError(await okta.get(`/Users/${other.people[0]}`), 404);
        assertError(await okta.get(`/Groups/${other.team}`), 404);
      }
    }
  });

  test("are listed together in the order in which they were made", async () => {
    const admin = new AdminApi(worker);
    const answer = await admin.send("GET", "/organizations");
    const { organizations } = answer.body;
    const places = all.map(({ database, organization }) => [organization.id, database]);
    const ids = new Set(places.map(([id]) => id));
    assert.deepEqual(
      organizations.filter(({ id }) => ids.has(id)).map(({ id, database }) => [id, database]),
      places,
    );
    const order = organizations.map(({ created_at, id }) => `${created_at} ${id}`);
    assert.deepEqual(order, [...order].sort());
    assert.equal(serverTiming(answer).round_trips, 3);
    // A page at a time, in either order, none is left out and none comes twice.
    for (const sort of ["created", "name"]) {
      const paged = [];
      for (let after = ""; after !== null; ) {
        const rest = after && `&after=${encodeURIComponent(after)}`;
        const page = await admin.get(`/organizations?sort=${sort}&count=1${rest}`);
        assert.equal(page.organizations.length, 1);
        paged.push(page.organizations[0]);
        after = page.next;
      }
      const whole = (await admin.get(`/organizations?sort=${sort}`)).organizations;
      assert.deepEqual(paged, whole);
    }
  });

  test("answer each call of the console from their own", async () => {
    for (const { database, organization } of all) {
      const { admin } = organization;
      const shown = await admin.send("GET", organization.path());
      assert.deepEqual([shown.status, shown.body.database, shown.body.user_count], [200, database, 3]);
      assert.equal(serverTiming(shown).round_trips, 1);
      assert.equal((await organization.configure({ email_management: true })).database, database);
      const project = await organization.addProject("Web Shop", ["Engineer"]);
      await admin.create(organization.path(`/projects/${project.id}/roles`), { name: "Analyst" });
      await organization.addTeam(project.id, "Day Shift");
      const { projects } = await admin.get(organization.path("/projects"));
      assert.deepEqual(
        projects.map(({ name, roles, teams }) => [name, roles.length, teams.length]),
        [
          ["Demo", 3, 1],
          ["Old", 0, 0],
          ["Web Shop", 5, 1],
        ],
      );
      const owner = await organization.owner();
      const member = await organization.addMember("mia@okta.local");
      await admin.call("PUT", organization.path("/owner"), { member: member.id }, 200);
      await admin.call("PUT", organization.path("/owner"), { member: owner.id }, 200);
      await admin.call("DELETE", organization.path(`/members/${member.id}`), undefined, 200);
      assert.equal((await organization.user(member.id)).active, false);
      assertStatus(await organization.okta.delete(`/Users/${member.id}`), 204);
    }
  });
});

describe("the keys of an organization", () => {
  const worker = useWorker({ databases: 3 });

  for (const database of DATABASES) {
    test(`in database ${database} are made, replaced and deactivated there`, async () => {
      const organization = await createOrganization(worker, { settings: { database } });
      const { admin, okta, key } = organization;
      const mark = key.id.slice(8);
      const renewed = await admin.create(organization.path(`/keys/${key.id}/regenerate`));
      if (database > 0) assert.equal(renewed.id.slice(8), mark);
      assertError(await okta.get("/Users"), 401, { detail: /deactivated/ });
      const client = okta.with({ key: renewed.key });
      assertStatus(await client.get("/Users"), 200);
      await organization.deactivateKey(renewed.id);
      assertError(await client.get("/Users"), 401, { detail: /deactivated/ });
      for (const id of [key.id, renewed.id]) {
        assert.ok(await worker.kv.get(`revoked:${id}`), `no revocation of ${id}`);
        for (const number of DATABASES) {
          const rows = await worker.sqlIn(number, "SELECT org_id FROM auth_keys WHERE id = ?1", id);
          assert.equal(rows.length, number === database ? 1 : 0);
        }
      }
      const { keys } = await admin.get(organization.path("/keys"));
      assert.deepEqual(keys.map(({ id }) => id).sort(), [key.id, renewed.id].sort());
    });

    test(`in database ${database} are refused by the revocation in KV alone`, async () => {
      const { okta, key } = await createOrganization(worker, { settings: { database } });
      await worker.kv.put(`revoked:${key.id}`, "now");
      assertError(await okta.get("/Users"), 401, { detail: /deactivated/ });
    });

    test(`in database ${database} show there when they were last used`, async () => {
      const organization = await createOrganization(worker, { settings: { database } });
      assertStatus(await organization.okta.get("/Users"), 200);
      const used = async () => (await organization.admin.get(organization.path("/keys"))).keys[0].last_used_at;
      await eventually(async () => assert.match((await used()) ?? "", /^\d{4}-/));
    });
  }

  test("are not found from an organization in another database", async () => {
    const [mine, theirs] = [
      await createOrganization(worker, { settings: { database: 1 } }),
      await createOrganization(worker, { settings: { database: 2 } }),
    ];
    for (const action of ["deactivate", "regenerate"]) {
      assertProblem(await mine.admin.send("POST", mine.path(`/keys/${theirs.key.id}/${action}`), {}), 404);
    }
    assert.equal(await worker.kv.get(`revoked:${theirs.key.id}`), null);
    assertStatus(await theirs.okta.get("/Users"), 200);
  });
});

describe("a new organization", () => {
  const worker = useWorker({ databases: 3 });
  const place = async (settings = {}) => {
    const body = { name: "Placed", owner: OWNER, ...settings };
    const answer = await new AdminApi(worker).send("POST", "/organizations", body);
    assert.equal(answer.status, 201, answer.text);
    return answer;
  };
  /** Makes a database larger than those before it. */
  const fill = async (number, bytes) => {
    await worker.sqlIn(number, "CREATE TABLE ballast (content TEXT)");
    await worker.sqlIn(number, "INSERT INTO ballast VALUES (hex(randomblob(?1)))", bytes / 2);
  };

  test("goes into the smallest database, of equals into the first", async () => {
    const empty = await place();
    assert.equal(empty.body.database, 0);
    assert.equal(serverTiming(empty).round_trips, 4, "three are asked for their size");
    await fill(0, 400_000);
    assert.equal((await place()).body.database, 1);
    await fill(1, 600_000);
    assert.equal((await place()).body.database, 2);
    await fill(2, 500_000);
    assert.equal((await place()).body.database, 0);
  });

  test("goes into the database that the request names", async () => {
    for (const database of DATABASES) {
      const { body, ...answer } = await place({ database });
      assert.equal(body.database, database);
      assert.equal(serverTiming(answer).round_trips, 1);
      assert.equal((await worker.sqlIn(database, "SELECT id FROM organizations WHERE id = ?1", body.id)).length, 1);
    }
  });

  test("is refused where there is no such database", async () => {
    const admin = new AdminApi(worker);
    const before = (await admin.get("/organizations")).organizations.length;
    for (const database of [3, 128, 129, 2 ** 40]) {
      const answer = await admin.send("POST", "/organizations", { name: "Nowhere", owner: OWNER, database });
      assertProblem(answer, 400, new RegExp(`${database} here\\. There are: 0, 1, 2\\.`));
    }
    for (const database of [-1, 1.5, "1", true]) {
      assertProblem(await admin.send("POST", "/organizations", { name: "Nowhere", owner: OWNER, database }), 400);
    }
    assert.equal((await admin.get("/organizations")).organizations.length, before);
  });

  test("costs one round trip where there is one database", async () => {
    await worker.restart(1);
    const answer = await place();
    assert.deepEqual([answer.body.database, serverTiming(answer).round_trips], [0, 1]);
    const admin = new AdminApi(worker);
    const nowhere = await admin.send("POST", "/organizations", { name: "Nowhere", owner: OWNER, database: 1 });
    assertProblem(nowhere, 400, /There are: 0\./);
    await worker.restart();
  });
});

describe("a database that is not bound", () => {
  const worker = useWorker({ databases: 2 });

  test("is answered as if its keys and organizations were unknown, without asking another", async () => {
    const [stays, leaves] = [
      await createOrganization(worker, { settings: { database: 0 } }),
      await createOrganization(worker, { settings: { database: 1 } }),
    ];
    await worker.restart(1);
    await worker.flushLogs();
    const { answer, cost } = await costInLog(worker, () => leaves.okta.get("/Users"));
    const unknown = await new ScimClient(leaves.okta.base, forgedKey()).get("/Users");
    assertError(answer, 401, { detail: /is not known here/ });
    const told = ({ body }) => body.detail.replace(/scim-\w+…/, "");
    assert.equal(told(answer), told(unknown));
    assert.equal(answer.headers["www-authenticate"], unknown.headers["www-authenticate"]);
    assert.equal(cost.round_trips, 0);
    for (const [method, path, body] of [
      ["GET", ""],
      ["PATCH", "", { name: "X" }],
      ["GET", "/keys"],
      ["POST", "/keys", {}],
      ["POST", "/projects", { name: "X" }],
    ]) {
      const refused = await leaves.admin.send(method, leaves.path(path), body);
      assertProblem(refused, 404, /no such organization/);
      assert.equal(serverTiming(refused).round_trips, 0);
    }
    const beyond = `${leaves.id.slice(0, 14)}8fff${leaves.id.slice(18)}`;
    assertProblem(await leaves.admin.send("GET", `/organizations/${beyond}`), 404, /no such organization/);
    const { organizations } = await leaves.admin.get("/organizations");
    assert.deepEqual(
      organizations.map(({ id }) => id),
      [stays.id],
    );

    await worker.restart(2);
    assertStatus(await leaves.okta.get("/Users"), 200);
  });
});

test("the page accepts and declines an invitation in the database of its organization", async (context) => {
  const team = await AccessTeam.start(keyPair("only"));
  context.after(() => team.close());
  const worker = await startWorker({ databases: 3, vars: { ACCESS_TEAM: team.url, ACCESS_AUDIENCE: AUDIENCE } });
  context.after(() => worker.close());
  const email = "ann@okta.local";
  const assertion = { "Cf-Access-Jwt-Assertion": team.token({ email }) };
  const press = (action, organization) =>
    send("POST", `${worker.url}/console/organizations`, {
      headers: { ...assertion, Origin: worker.url, "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ action, organization, idempotency_key: crypto.randomUUID() }).toString(),
    });
  const state = async () => {
    const { organizations, invitations } = assertStatus(await call(worker, assertion["Cf-Access-Jwt-Assertion"]), 200);
    return [organizations.map(({ id }) => id), invitations.map(({ id, declined }) => [id, declined])];
  };
  const ids = [];
  for (const database of DATABASES) {
    const { id } = await createOrganization(worker, { settings: { database, owner: { user_name: email } } });
    await worker.sqlIn(database, "DELETE FROM acceptances WHERE org_id = ?1", id);
    ids.push(id);
  }
  for (const [index, id] of ids.entries()) {
    const others = ids.slice(index + 1).map((other) => [other, false]);
    assert.deepEqual(await state(), [ids.slice(0, index), [[id, false], ...others]]);
    const declined = await press("decline", id);
    assert.deepEqual([declined.status, declined.headers.location], [303, "/console/organizations"]);
    assert.match(String(declined.headers["set-cookie"]), /console_done=flash=invitation-declined/);
    assert.deepEqual(await state(), [ids.slice(0, index), [[id, true], ...others]]);
    const accepted = await press("accept", id);
    assert.deepEqual([accepted.status, accepted.headers.location], [303, "/console/organizations"]);
    assert.match(String(accepted.headers["set-cookie"]), /console_done=flash=invitation-accepted/);
    assert.deepEqual(await state(), [ids.slice(0, index + 1), others]);
  }
  for (const unknown of ["", "nowhere", `${ids[1].slice(0, 14)}8fff${ids[1].slice(18)}`]) {
    const refused = await press("accept", unknown);
    assert.equal(refused.status, 404);
    // The page is shown again, with all organizations.
    for (const id of ids) assert.ok(refused.text.includes(id), id);
  }
});

test("a deployment that gets a second database keeps its organizations and keys", async (context) => {
  const worker = await startWorker({ databases: 2 });
  context.after(() => worker.close());
  await worker.restart(1);
  const organization = await createOrganization(worker);
  await organization.createUsers(2);
  const dump = await organization.dump();
  await worker.restart(2);
  assert.deepEqual(await organization.dump(), dump);
  assert.equal((await organization.admin.get(organization.path())).database, 0);
});
