// The log of an organization: what the identity provider and administrators did, what failed, and nothing secret.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertStatus, eventually } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { patch, post, postUser, remove, sendBulk } from "../../helpers/bulk.mjs";
import { forgedKey } from "../../helpers/forged-key.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { logText } from "../../helpers/storage.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const FAILURES_A_MINUTE = 60;

/** Entries of the log, the newest first, once there are `count` of them: some are written after the answer. */
async function entries(organization, count, query = "source=scim") {
  let found;
  await eventually(async () => {
    found = (await organization.admin.get(organization.path(`/log?count=200&${query}`))).entries;
    assert.equal(found.length, count, found.map(brief).join("\n"));
  });
  return found;
}

const brief = ({ method, path, status, resource_type, resource_name }) =>
  [method, path.replace(/[0-9a-f-]{36}/, "<id>"), status, resource_type, resource_name].join(" ");

describe("what an identity provider does", () => {
  test("is an entry for each write, in its own batch", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta, key } = organization;
    const ada = await organization.createUser("ada@okta.local");
    assertStatus(await okta.put(`/Users/${ada.id}`, { ...ada, title: "Countess" }), 200);
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    const group = await organization.groupNamed("Statsig-Demo-Member");
    assertStatus(await okta.put(`/Groups/${group.id}`, oktaGroup(group.displayName, [])), 200);
    const bob = await organization.createUser("bob@okta.local");
    assertStatus(await okta.patch(`/Groups/${group.id}`, operation.addMembers([bob.id])), 204);
    const team = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Demo-Night-Member", [bob.id])), 201);
    assertStatus(await okta.delete(`/Groups/${team.id}`), 204);
    assertStatus(await okta.delete(`/Users/${ada.id}`), 204);
    const found = await entries(organization, 9);
    assert.deepEqual(found.map(brief).reverse(), [
      "POST /scim/Users 201 User ada@okta.local",
      "PUT /scim/Users/<id> 200 User ada@okta.local",
      "PATCH /scim/Users/<id> 200 User ada@okta.local",
      "PUT /scim/Groups/<id> 200 Group Statsig-Demo-Member",
      "POST /scim/Users 201 User bob@okta.local",
      "PATCH /scim/Groups/<id> 204 Group Statsig-Demo-Member",
      "POST /scim/Groups 201 Group Statsig-Demo-Night-Member",
      "DELETE /scim/Groups/<id> 204 Group Statsig-Demo-Night-Member",
      "DELETE /scim/Users/<id> 204 User ada@okta.local",
    ]);
    assert.deepEqual([...new Set(found.map(({ actor }) => actor))], [key.hint]);
    assert.equal(found.at(-1).resource_id, ada.id);
    assert.equal(found.at(-4).detail, "Nothing had to be changed.");
    for (const { duration } of found) assert.ok(Number.isInteger(duration) && duration >= 0 && duration < 60_000);
  });

  test("is logged with the reason if it fails", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    await organization.createUser("ada@okta.local");
    const taken = assertStatus(await okta.post("/Users", oktaUser(person("ADA@okta.local"))), 409);
    const unknown = assertStatus(await okta.get("/Users/nobody?attributes=userName"), 404);
    const filter = assertStatus(await okta.get("/Users?filter=nonsense%20pr"), 400);
    const project = assertStatus(await okta.post("/Groups", oktaGroup("Statsig-Nope-X-Member", [])), 400);
    const found = await entries(organization, 4, "status=failed");
    const shown = found.reverse().map((entry) => [brief(entry), entry.detail]);
    assert.deepEqual(shown, [
      ["POST /scim/Users 409 User ADA@okta.local", taken.detail],
      ["GET /scim/Users/nobody?attributes=userName 404 User ", unknown.detail],
      ["GET /scim/Users?filter=nonsense pr 400 User ", filter.detail],
      ["POST /scim/Groups 400 Group Statsig-Nope-X-Member", project.detail],
    ]);
  });

  test("is not logged if it only reads, or has no valid key", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    await okta.importAll("/Users");
    await okta.post("/Users/.search", { schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    const other = await organization.addKey();
    await organization.deactivateKey(other.id);
    for (const key of [other.key, forgedKey(), "nonsense"]) {
      assertError(await okta.with({ key }).post("/Users", oktaUser(person("eve@okta.local"))), 401);
    }
    await organization.createUser("last@okta.local");
    await entries(organization, 1);
  });

  test("is an entry for each operation of a bulk request", async () => {
    const organization = await createOrganization(worker);
    const answer = await sendBulk(organization.okta, [
      postUser("a"),
      post("/Users", "b", oktaUser(person("A@okta.local"))),
      remove("/Users/nobody"),
      patch("/Users/bulkId:b", [operation.active(false)]),
    ]);
    assertStatus(answer, 200);
    const found = await entries(organization, 4);
    assert.deepEqual(found.map(brief).sort(), [
      "DELETE /Users/nobody 404 User ",
      "PATCH /Users/<id> 409 User ",
      "POST /Users 201 User a@okta.local",
      "POST /Users 409 User A@okta.local",
    ]);
  });

  test("never has a password in it, nor a key", async () => {
    const organization = await createOrganization(worker);
    const { okta, key } = organization;
    const secret = { password: "hush-1", PassWord: "hush-2", title: key.key };
    const { id } = assertStatus(await okta.post("/Users", oktaUser(person("ada@okta.local"), secret)), 201);
    const byPath = { op: "replace", path: "password", value: "hush-3" };
    await okta.patch(`/Users/${id}`, byPath, { op: "replace", value: { password: "hush-4" } });
    await okta.put(`/Users/${id}`, oktaUser(person("ada@okta.local"), { password: "hush-5", title: "Countess" }));
    const found = await entries(organization, 3);
    assert.equal(found.at(-1).body.userName, "ada@okta.local");
    const rows = JSON.stringify(await worker.sql("SELECT * FROM log"));
    assert.doesNotMatch(rows, /hush/);
    assert.ok(!rows.includes(key.key));
  });

  test("has no key and no password in it, wherever a client put them", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta, key } = organization;
    const group = await organization.groupNamed("Statsig-Demo-Member");
    const secret = key.key.slice(20, 60);
    const ada = await organization.createUser("ada@okta.local");
    const hush = [`password[value eq "hush-1"]`, `passWord eq "hush-2"`];
    await okta.post("/Users", oktaUser(person(`${key.key}@okta.local`)));
    await okta.post("/Users", oktaUser(person(key.key)));
    await okta.post("/Users", oktaUser(person(key.key)));
    await okta.post("/Users", oktaUser(person("bob@okta.local"), { [key.key]: 1, statsigOrgRole: key.key }));
    await okta.patch(`/Users/${ada.id}`, { op: "replace", path: key.key, value: "x" });
    await okta.patch(`/Users/${ada.id}`, { op: "replace", path: hush[0], value: "hush-3" });
    await okta.patch(`/Groups/${group.id}`, operation.addMembers([key.key]));
    await okta.find("/Users", key.key);
    await okta.get(`/Users?filter=p%61ssword%20eq%20%22hush-4%22`);
    for (const filter of hush) await okta.find("/Users", filter);
    await okta.get(`/Users/${key.key}?pwd=hush-5`);
    await okta.get(`/Users/nobody?pwd=hush-6`);
    await okta.get(`/${key.key.replace("-", "%2D")}`);
    await sendBulk(okta, [remove(`/Users/${key.key}`), post("/Users", "x", { userName: 7, passphrase: "hush-7" })]);
    await okta.send("POST", "/Users", JSON.stringify("hush-8"));
    await okta.post("/Users", {
      userName: 7,
      custom: [{ name: "password", value: "hush-9" }],
      clientSecret: "hush-10",
    });
    await entries(organization, 19);
    const rows = JSON.stringify(await worker.sql("SELECT * FROM log WHERE org_id = ?1", organization.id));
    assert.doesNotMatch(rows, /hush-\d/);
    assert.ok(!rows.includes(secret));
    const lines = (await logText(worker)).split("\n");
    assert.deepEqual(
      lines.filter((line) => line.includes(secret) || /hush-\d/.test(line)),
      [],
    );
  });

  test("stays readable and small, whatever was sent", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const deep = `{"userName": "deep@okta.local", "x": ${"[".repeat(120)}${"]".repeat(120)}}`;
    assertStatus(await okta.send("POST", "/Users", deep), 201);
    const control = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, "\u0001".repeat(100)]));
    assertStatus(await okta.post("/Users", { ...control, userName: "control@okta.local" }), 201);
    await sendBulk(okta, [remove(`/Users/${"x".repeat(500_000)}`)]);
    assertError(await okta.get(`/Users/${"y".repeat(8_000)}`), 404);
    const found = await entries(organization, 4);
    for (const entry of found) assert.ok(JSON.stringify(entry).length < 12_000, JSON.stringify(entry).slice(0, 500));
    const deepOne = found.find(({ resource_name }) => resource_name === "deep@okta.local");
    const shown = await organization.admin.get(organization.path(`/members/${deepOne.resource_id}`));
    assert.equal(shown.history.length, 1);
  });

  test("stores no more of a large body than a reader needs", async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const members = (await organization.createUsers(60)).map(({ id }) => id);
    assertStatus(await organization.okta.post("/Groups", oktaGroup("Everybody", members)), 201);
    const [{ body }] = await entries(organization, 61);
    assert.equal(body.members.length, 21);
    assert.equal(body.members.at(-1), "… and 40 more");
  });

  test("does not fill the log with changes that change nothing", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const [ada, bob] = await organization.createUsers(2);
    for (let i = 0; i < 5; i++) {
      assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(true)), 200);
      assertStatus(await okta.put(`/Users/${bob.id}`, bob), 200);
    }
    const found = await entries(organization, 4);
    assert.deepEqual(
      found.map(({ detail }) => detail).sort(),
      [null, null, ...Array(2).fill("Nothing had to be changed.")].sort(),
    );
  });

  test("does not fill the log with failures", async () => {
    const organization = await createOrganization(worker);
    const failing = async () => assertError(await organization.okta.get("/Users/nobody"), 404);
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, failing));
    await organization.createUser("ada@okta.local");
    const found = await entries(organization, FAILURES_A_MINUTE + 1);
    assert.equal(found[0].status, 201);
  });
});

test("a write that does not take place has no entry of success", async () => {
  const organization = await createOrganization(worker);
  const ada = await organization.createUser("ada@okta.local");
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      organization.okta.send(
        "PUT",
        `/Users/${ada.id}`,
        { ...ada, title: `Title ${i}` },
        { "If-Match": ada.meta.version },
      ),
    ),
  );
  const won = answers.filter(({ status }) => status === 200).length;
  assert.equal(won, 1);
  const found = await entries(organization, answers.length + 1);
  assert.equal(found.filter(({ method, status }) => method === "PUT" && status === 200).length, won);
});

test("what administrators do is an entry each, with who did it", async () => {
  const organization = await createOrganization(worker);
  const { admin } = organization;
  const project = await organization.addProject("Demo", ["Engineer"]);
  const member = await organization.addMember("max@okta.local");
  await admin.call("PATCH", organization.path(`/members/${member.id}`), { org_role: "Admin" }, 200);
  await admin.call("PATCH", organization.path(`/members/${member.id}`), { org_role: "Admin" }, 200);
  await admin.patch(organization.path(), { email_management: true });
  await admin.call("PUT", organization.path("/owner"), { member: member.id }, 200);
  await admin.call("POST", organization.path(`/projects/${project.id}/archive`), {}, 200);
  assertProblem(await admin.send("POST", organization.path(`/projects/${project.id}/archive`)), 409, /archived/);
  const found = await entries(organization, 8, "source=console");
  const details = found.map(({ detail }) => detail.replace(/scim-\w+/, "scim-####").replace(/Organization \d+/, "#"));
  assert.deepEqual(details.reverse(), [
    "Created the organization #.",
    "Generated the key scim-####….",
    "Created the project Demo.",
    "Added max@okta.local.",
    "Made Admin of max@okta.local.",
    "Changed the settings.",
    "Transferred the ownership to max@okta.local.",
    "Archived the project Demo.",
  ]);
  assert.deepEqual([...new Set(found.map(({ actor }) => actor))], ["admin token"]);
  assert.deepEqual(found[2].body, { email_management: true });
});

test("is read by outcome, source, resource and time, page by page, also what is new", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { admin, okta } = organization;
  const [ada] = await organization.createUsers(5, { width: 1 });
  assertError(await okta.get("/Users/nobody"), 404);
  assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assertStatus(await okta.patch(`/Groups/${group.id}`, { op: "add", path: "externalId", value: "x" }), 204);
  const all = await entries(organization, 8);
  const ids = async (query) => (await admin.get(organization.path(`/log?${query}`))).entries.map(({ id }) => id);
  const where = (keep) => all.filter(keep).map(({ id }) => id);
  assert.deepEqual(
    await ids("source=scim"),
    where(() => true),
  );
  assert.deepEqual(
    await ids("status=failed"),
    where(({ status }) => status >= 400),
  );
  assert.deepEqual(
    await ids("source=scim&status=succeeded"),
    where(({ status }) => status < 400),
  );
  for (const name of [ada.id, "PERSON0@okta.local"]) {
    assert.deepEqual(
      await ids(`resource=${name}`),
      where(({ resource_id }) => resource_id === ada.id),
    );
  }
  // Also the creation of its project, which created the group.
  const aboutGroup = await ids("resource=statsig-demo-member");
  const created = await admin.get(organization.path(`/log?source=console&resource=${group.id}`));
  assert.deepEqual(
    created.entries.map(({ detail }) => detail),
    ["Created the project Demo."],
  );
  assert.deepEqual(aboutGroup, [...where(({ resource_id }) => resource_id === group.id), created.entries[0].id]);
  assert.deepEqual(
    await ids(`from=${all[3].at}&source=scim`),
    where(({ at }) => at >= all[3].at),
  );
  assert.deepEqual(
    await ids(`to=${all[3].at}&source=scim`),
    where(({ at }) => at < all[3].at),
  );
  assert.deepEqual(
    await ids(`after=${all[2].id}`),
    all.slice(0, 2).map(({ id }) => id),
  );
  const paged = [];
  for (let next = ""; next !== null; ) {
    const page = await admin.get(organization.path(`/log?source=scim&count=3&before=${next}`));
    paged.push(...page.entries.map(({ id }) => id));
    next = page.next;
  }
  assert.deepEqual(
    paged,
    where(() => true),
  );
  for (const query of ["status=bad", "source=x", "count=0", "count=1000", "from=yesterday", "page=2"]) {
    assertProblem(await admin.send("GET", organization.path(`/log?${query}`)), 400);
  }
  const stranger = await createOrganization(worker);
  await entries(stranger, 0, `resource=${ada.id}`);
});

test("maintenance deletes what is too old, and nothing else", async () => {
  const organization = await createOrganization(worker);
  await organization.createUsers(3);
  await entries(organization, 3);
  const days = (number) => new Date(Date.now() - number * 24 * 60 * 60 * 1000).toISOString();
  const aged = (id) =>
    worker.sql(
      `INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id, resource_name,
         detail, body, duration, code)
       SELECT org_id, ?2, source, actor, method, path, status, resource_type, resource_id,
         resource_name, detail, body, duration, code FROM log WHERE org_id = ?1 AND source = 'scim' LIMIT 1`,
      organization.id,
      id,
    );
  for (let i = 0; i < 2_100; i++) if (i % 700 === 0) await aged(`${days(31 + i)}-old${i}`);
  await aged(`${days(29)}-kept`);
  await worker.scheduled();
  const found = await entries(organization, 4);
  assert.ok(found.at(-1).id.endsWith("-kept"));
});
