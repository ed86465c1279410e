// A database in use, whose folded columns were made by older rules: the Worker makes them anew before it answers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { migrate, migrations } from "../../scripts/lib/migrations.mjs";
import { AdminApi } from "../helpers/admin.mjs";
import { assertError, assertListOf, assertStatus, serverTiming } from "../helpers/assert.mjs";
import { OKTA, ScimClient } from "../helpers/client.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

// The database before texts were compared in one width and composition.
const [{ sql: BEFORE }] = migrations();
const OLD = "2026-01-01T00:00:00.000Z";
let organizations = 0;

/** As text was folded then: letter by letter into lower case. */
const oldFold = (text) => text.toLowerCase().replaceAll("ς", "σ");

/** An organization in a database of that time; `build` puts people and groups into it. */
function database(worker) {
  const org = `00000000-0000-4000-8000-${String(++organizations).padStart(12, "0")}`;
  let people = 0;
  let domains = [];
  return {
    org,
    async make(mailDomains = []) {
      domains = mailDomains;
      await worker.sql(
        `INSERT INTO organizations (id, name, email_management, plain_groups, mail_domains, created_at, last_modified)
         VALUES (?1, 'Acme', 1, 1, ?2, ?3, ?3)`,
        org,
        JSON.stringify(mailDomains),
        OLD,
      );
      await this.person("owner@acme.test", { role: "Owner" });
    },
    async person(userName, { role = "Member", ...attributes } = {}) {
      const domain = oldFold(userName.split("@")[1] ?? "");
      const managed = Number(domains.length === 0 || domains.includes(domain));
      const id = `00000000-0000-4000-9${String(organizations).padStart(3, "0")}-${String(++people).padStart(12, "0")}`;
      const emails = [{ value: userName, type: "work", primary: true }];
      const doc = JSON.stringify({
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        ...attributes,
        userName,
        emails,
      });
      const ascii = doc.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      await worker.sql(
        `INSERT INTO users (org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc,
           doc_fold, created_at, last_modified)
         VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, CAST(?7 AS INTEGER), ?8, ?9, ?10, ?10)`,
        ...[org, id, oldFold(userName), attributes.externalId ?? null, role, domain],
        ...[String(managed), doc, oldFold(doc) === ascii ? null : oldFold(doc), OLD],
      );
      await worker.sql(
        `INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
         SELECT ?1, ?2, 'work', seq FROM users WHERE id = ?3`,
        ...[org, oldFold(userName), id],
      );
      return id;
    },
    async group(displayName, externalId = null) {
      const id = `00000000-0000-4000-a${String(organizations).padStart(3, "0")}-${String(++people).padStart(12, "0")}`;
      await worker.sql(
        `INSERT INTO groups (org_id, id, display_name, name_fold, external_id, created_at, last_modified)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)`,
        ...[org, id, displayName, oldFold(displayName), externalId, OLD],
      );
      return id;
    },
    async client() {
      const { key } = await new AdminApi(worker).create(`/organizations/${org}/keys`);
      return new ScimClient(new URL("/scim", worker.url).href, key, OKTA);
    },
    version: async () => (await worker.sql("SELECT fold_version, folded_to FROM organizations WHERE id = ?1", org))[0],
    /** Back to the state in which the migration leaves an organization. */
    forget: () => worker.sql("UPDATE organizations SET fold_version = 0, folded_to = '' WHERE id = ?1", org),
  };
}

describe("after an upgrade", () => {
  const worker = useWorker({ initialSchema: BEFORE });

  test("people and groups are found by texts that equal their names", async () => {
    const old = database(worker);
    await old.make();
    const zoe = await old.person("Zoe\u0308@acme.test", {
      name: { givenName: "Ｚoe\u0308" },
      externalId: "Zoe\u0308-1",
      title: "＂Chief＂",
    });
    const ann = await old.person("ann@acme.test", { displayName: "Ann" });
    const group = await old.group("Cafe\u0301", "Cafe\u0301-1");
    await migrate(await worker.database());
    const okta = await old.client();
    assert.deepEqual(await old.version(), { fold_version: 1, folded_to: "" }, "the console's calls do it, too");
    await old.forget();
    const first = await okta.list("/Users", { startIndex: 1, count: 1 });
    assert.equal(assertStatus(first, 200).totalResults, 3, "the first page of an import is read again");
    const bea = await old.person("Be\u0301a@acme.test");
    await old.forget();
    assertListOf(await okta.find("/Users", 'userName eq "béa@acme.test"'), [bea]);
    assertListOf(await okta.find("/Users", 'userName eq "zoë@acme.test"'), [zoe]);
    assert.deepEqual(await old.version(), { fold_version: 1, folded_to: "" });
    for (const filter of [
      'emails.value eq "ZOË@ACME.TEST"',
      'name.givenName eq "zoë"',
      'name.givenName co "oë"',
      'externalId eq "Zoë-1"',
      'title eq "\\"chief\\""',
    ]) {
      assertListOf(await okta.find("/Users", filter), [zoe]);
    }
    assertListOf(await okta.find("/Users", 'displayName eq "ann"'), [ann]);
    assertListOf(await okta.find("/Groups", 'displayName eq "CAFÉ"'), [group]);
    assertListOf(await okta.find("/Groups", 'externalId eq "Café-1"'), [group]);
    const shown = assertStatus(await okta.get(`/Groups/${group}`), 200);
    assert.deepEqual([shown.displayName, shown.externalId], ["Cafe\u0301", "Cafe\u0301-1"]);
    const { userName, externalId, meta } = assertStatus(await okta.get(`/Users/${zoe}`), 200);
    assert.deepEqual([userName, externalId], ["Zoe\u0308@acme.test", "Zoe\u0308-1"]);
    assert.deepEqual([meta.version, meta.lastModified], ['W/"1"', OLD], "nobody has changed");
  });

  test("a first request that writes makes no second person", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    const jose = await old.person("jose\u0301@acme.test");
    await old.forget();
    const answer = await okta.post("/Users", { userName: "josé@acme.test" });
    assertError(answer, 409, { scimType: "uniqueness", detail: new RegExp(jose) });
    assertStatus(await okta.post("/Users", { userName: "new@acme.test" }), 201);
  });

  test("two people whose names are the same now both stay, and the log says who they are", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    const decomposed = await old.person("jose\u0301@acme.test", { role: "Admin" });
    const composed = await old.person("josé@acme.test");
    const wide = await old.person("ｊosé@acme.test");
    await old.forget();
    const ids = (await okta.importAll("/Users")).map(({ id }) => id);
    assert.deepEqual(ids.slice(1), [decomposed, composed, wide]);
    // The user who had the folded name keeps it.
    assertListOf(await okta.find("/Users", 'userName eq "josé@acme.test"'), [composed]);
    for (const id of [decomposed, composed, wide]) {
      assertStatus(await okta.patch(`/Users/${id}`, { op: "replace", path: "title", value: "Same" }), 200);
    }
    const { entries } = await new AdminApi(worker).get(`/organizations/${old.org}/log?status=failed`);
    const told = entries.filter(({ status }) => status === 409);
    assert.deepEqual(told.map(({ resource_id }) => resource_id).sort(), [decomposed, wide].sort());
    for (const { detail, resource_id } of told) {
      assert.match(detail, new RegExp(`\\(${resource_id}\\) is now the same as .*\\(${composed}\\)`));
    }
    // The console's list shows each once, in pages of any size.
    const shown = [];
    let next = "";
    do {
      const after = next && `&after=${encodeURIComponent(next)}`;
      const path = `/organizations/${old.org}/members?count=1&search=jos${after}`;
      const page = await new AdminApi(worker).get(path);
      shown.push(...page.members.map(({ id }) => id));
      next = page.next;
    } while (next && shown.length < 10);
    assert.deepEqual(shown.sort(), [decomposed, composed, wide].sort());
    // Another one cannot join them.
    assertError(await okta.post("/Users", { userName: "JOSE\u0301@acme.test" }), 409);
    // Once the name is free, the first of the others has it.
    assertStatus(await okta.delete(`/Users/${composed}`), 204);
    assertListOf(await okta.find("/Users", 'userName eq "josé@acme.test"'), [decomposed]);
    const rename = { op: "replace", path: "userName", value: "other@acme.test" };
    assertStatus(await okta.patch(`/Users/${decomposed}`, rename), 200);
    assertListOf(await okta.find("/Users", 'userName eq "josé@acme.test"'), [wide]);
    assertError(await okta.post("/Users", { userName: "jose\u0301@acme.test" }), 409);
  });

  test("the Owner keeps the name, also if another user had it", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    const ana = await old.person("aná@acme.test");
    const owner = await old.person("ana\u0301@acme.test");
    await worker.sql("UPDATE users SET org_role = 'Member' WHERE org_id = ?1 AND org_role = 'Owner'", old.org);
    await worker.sql("UPDATE users SET org_role = 'Owner' WHERE id = ?1", owner);
    await old.forget();
    assertListOf(await okta.find("/Users", 'userName eq "aná@acme.test"'), [owner]);
    assert.equal(assertStatus(await okta.get(`/Users/${ana}`), 200).userName, "aná@acme.test");
    const { entries } = await new AdminApi(worker).get(`/organizations/${old.org}/log?status=failed`);
    assert.deepEqual(
      entries.map(({ resource_id }) => resource_id),
      [ana],
    );
  });

  test("groups of the same name stay, and one is found by it", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    const [first, second] = [await old.group("Ｏps"), await old.group("ops")];
    await old.forget();
    assertListOf(await okta.find("/Groups", 'displayName eq "OPS"'), [second]);
    assert.deepEqual((await okta.importAll("/Groups")).map(({ id }) => id).sort(), [first, second].sort());
    const { entries } = await new AdminApi(worker).get(`/organizations/${old.org}/log?status=failed`);
    assert.match(entries[0].detail, /Rename one of them/);
    assertStatus(await okta.delete(`/Groups/${second}`), 204);
    assertListOf(await okta.find("/Groups", 'displayName eq "OPS"'), [first]);
  });

  test("email domains follow, and with them which users SCIM sees", async () => {
    const old = database(worker);
    await old.make(["ａcme.test", "e\u0301cole.test"]);
    const bea = await old.person("bea@e\u0301cole.test");
    const okta = await old.client();
    await old.forget();
    assertListOf(await okta.find("/Users", 'emails.value ew "@école.test"'), [bea]);
    const composed = assertStatus(await okta.post("/Users", { userName: "ann@école.test" }), 201);
    assertStatus(await okta.post("/Users", { userName: "bob@ACME.test" }), 201);
    assertListOf(await okta.find("/Users", 'userName eq "ann@E\u0301COLE.test"'), [composed.id]);
    const [{ mail_domains }] = await worker.sql("SELECT mail_domains FROM organizations WHERE id = ?1", old.org);
    assert.deepEqual(JSON.parse(mail_domains), ["acme.test", "école.test"]);
  });

  test("more than one request takes is answered with 429 until it is done, and goes on where it stopped", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    await worker.sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
       INSERT INTO users (org_id, id, user_name_fold, active, org_role, mail_domain, managed, doc, doc_fold, created_at,
         last_modified)
       SELECT ?1, 'u' || i, 'e' || char(769) || i, 1, 'Member', NULL, 1,
         json_object('schemas', json('["urn:ietf:params:scim:schemas:core:2.0:User"]'), 'userName',
           'E' || char(769) || i), NULL, ?2, ?2 FROM n`,
      ...[old.org, OLD],
    );
    await old.forget();
    const find = () => okta.find("/Users", 'userName eq "É6000"');
    const refused = await find();
    assertError(refused, 429, { detail: /newer version of the service/ });
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    const half = await old.version();
    assert.equal(half.fold_version, 0);
    assert.match(half.folded_to, /^6 \d+$/);
    // Several at once share the work, and none does any twice.
    const answers = [];
    for (let round = 0; round < 10 && (await old.version()).fold_version === 0; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 4 }, find))));
      if (round === 0) await worker.restart();
    }
    assert.ok(answers.every(({ status }) => [200, 429].includes(status)));
    assertListOf(await find(), ["u6000"]);
    const [{ count }] = await worker.sql(
      "SELECT count(*) AS count FROM users WHERE org_id = ?1 AND user_name_fold = 'é' || substr(id, 2)",
      old.org,
    );
    assert.equal(count, 6000);
  });

  test("the hourly maintenance does it ahead of requests", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    const zoe = await old.person("zoe\u0308@acme.test");
    await old.forget();
    await worker.scheduled();
    assert.deepEqual(await old.version(), { fold_version: 1, folded_to: "" });
    const found = await okta.find("/Users", 'userName eq "zoë@acme.test"');
    assertListOf(found, [zoe]);
    assert.equal(serverTiming(found).round_trips, 1);
  });

  test("an organization that was brought up to date costs what a new one does", async () => {
    const old = database(worker);
    await old.make();
    const okta = await old.client();
    await old.person("zoe\u0308@acme.test");
    await old.forget();
    const fresh = await createOrganization(worker);
    await fresh.createUser("zoe\u0308@acme.test");
    const cost = async (client, path) => {
      const answer = await client.get(path);
      const { round_trips, rows_read, rows_written } = serverTiming(answer);
      return [answer.status, round_trips, rows_read, rows_written];
    };
    const lookUp = `/Users?filter=${encodeURIComponent('userName eq "zoë@acme.test"')}`;
    const [, roundTrips] = await cost(okta, lookUp);
    assert.ok(roundTrips > 2 && roundTrips < 15, `${roundTrips} round trips`);
    for (const path of [lookUp, "/Users/nobody?attributes=id", "/Groups", "/ServiceProviderConfig"]) {
      const expected = await cost(fresh.okta, path);
      assert.deepEqual(await cost(okta, path), expected, path);
      assert.equal(expected[1], 1, path);
    }
  });
});
