// Users administer an organization only after they have accepted the invitation: an organization may name any address.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { behindAccess, call, keyPair } from "../helpers/access.mjs";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { newestEvent, storedEvents } from "../helpers/events.mjs";
import { send } from "../helpers/http.mjs";
import { checkCall } from "../helpers/openapi.mjs";
import { createOrganization } from "../helpers/organization.mjs";

const { team, worker } = await behindAccess(keyPair("only"));
let made = 0;

/** A call by the user with this email address, from a page of the console, held against openapi.json. */
async function by(email, method, path, body) {
  const headers = { Origin: worker.url, ...(body ? { "Content-Type": "application/json" } : {}) };
  const answer = await call(worker, team.token({ email }), { method, path, body, headers });
  checkCall({ ...answer, requestBody: body, contentType: answer.headers["content-type"] });
  return answer;
}

const ids = (list) => list.map(({ id }) => id);
const listed = async (email) => assertStatus(await by(email, "GET", "/organizations"), 200);
const page = (email, path) =>
  send("GET", `${worker.url}/console${path}`, { headers: { "Cf-Access-Jwt-Assertion": team.token({ email }) } });

/** An organization of this Owner in which this person has been made an Admin, by the Owner or by SCIM. */
async function organizationOf(owner, admin, { name, domain }) {
  const settings = { name, mail_domains: domain ? [domain] : [], owner: { user_name: owner } };
  const organization = await createOrganization(worker, { settings });
  const path = organization.path("/members");
  assertStatus(await by(owner, "POST", path, { user_name: admin, org_role: "Admin" }), 201);
  return organization;
}

describe("an organization that names a user as its Admin", () => {
  test("is an invitation, with what tells it from another of the same name, until it is accepted", async () => {
    const victim = `victim${++made}@acme.example`;
    const own = await organizationOf("boss@acme.example", victim, { name: "Acme", domain: "acme.example" });
    assertStatus(await by(victim, "POST", own.path("/accept")), 200);
    const foreign = await organizationOf("eve@evil.example", victim, { name: "Acme" });

    const before = await listed(victim);
    assert.deepEqual(ids(before.organizations), [own.id]);
    assert.equal(before.organizations[0].owner_user_name, "boss@acme.example");
    const [invitation] = before.invitations;
    assert.deepEqual(ids(before.invitations), [foreign.id]);
    assert.deepEqual(
      [invitation.name, invitation.owner_user_name, invitation.mail_domains, invitation.org_role, invitation.declined],
      ["Acme", "eve@evil.example", [], "Admin", false],
    );
    const list = await page(victim, "/organizations");
    for (const told of [
      "Invitation: Acme",
      "eve@evil.example",
      foreign.id,
      "boss@acme.example",
      own.id,
      "acme.example",
    ]) {
      assert.ok(list.text.includes(told), told);
    }
    // With one organization /console leads to its keys; not past an invitation.
    assert.equal((await page(victim, "")).status, 200);

    for (const [method, path, body] of [
      ["GET", ""],
      ["GET", "/keys"],
      ["POST", "/keys", {}],
      ["PATCH", "", { plain_groups: true }],
      ["POST", "/members", { user_name: "x@acme.example" }],
    ]) {
      assertProblem(await by(victim, method, foreign.path(path), body), 403, /not accepted it yet/);
    }
    assert.equal((await page(victim, foreign.path("/keys"))).status, 403);

    assert.equal(assertStatus(await by(victim, "POST", foreign.path("/accept")), 200).id, foreign.id);
    const after = await listed(victim);
    assert.deepEqual([ids(after.organizations), after.invitations], [[own.id, foreign.id], []]);
    assertStatus(await by(victim, "GET", foreign.path("/keys")), 200);
    const keys = await page(victim, foreign.path("/keys"));
    for (const told of ["eve@evil.example", foreign.id]) assert.ok(keys.text.includes(told), told);
  });

  test("may be declined, and accepted later", async () => {
    const admin = `admin${++made}@acme.example`;
    const organization = await organizationOf("boss@acme.example", admin, { name: "Other" });
    assertStatus(await by(admin, "POST", organization.path("/decline")), 200);
    const { organizations, invitations } = await listed(admin);
    assert.deepEqual([organizations, invitations.map(({ declined }) => declined)], [[], [true]]);
    assertProblem(await by(admin, "GET", organization.path("/keys")), 403);
    assertStatus(await by(admin, "POST", organization.path("/accept")), 200);
    assertStatus(await by(admin, "GET", organization.path("/keys")), 200);
    assertStatus(await by(admin, "POST", organization.path("/decline")), 200);
    assertProblem(await by(admin, "GET", organization.path("/keys")), 403);
  });

  test("is accepted once, and the log says so once", async () => {
    const admin = `admin${++made}@acme.example`;
    const organization = await organizationOf("boss@acme.example", admin, { name: "Other" });
    const answers = await Promise.all(Array.from({ length: 5 }, () => by(admin, "POST", organization.path("/accept"))));
    for (const answer of answers) assertStatus(answer, 200);
    const { entries } = await organization.admin.get(organization.path("/log?source=console"));
    assert.equal(entries.filter(({ detail }) => detail === `${admin} accepted to administer it.`).length, 1);
  });

  test("is accepted by the address, not by a user who gets the row of another", async () => {
    const admin = `admin${++made}@acme.example`;
    const organization = await organizationOf("boss@acme.example", admin, { name: "Other" });
    assertStatus(await by(admin, "POST", organization.path("/accept")), 200);
    const { members } = await organization.admin.get(organization.path(`/members?search=${admin}`));
    await organization.configure({ email_management: true });
    const other = `other${made}@acme.example`;
    const rename = { op: "replace", path: "userName", value: other };
    assertStatus(await organization.okta.patch(`/Users/${members[0].id}`, rename), 200);
    assertProblem(await by(other, "GET", organization.path("/keys")), 403, /not accepted/);
  });

  test("cannot be accepted by users whom it does not name", async () => {
    const organization = await organizationOf("boss@acme.example", `admin${++made}@acme.example`, { name: "Other" });
    await organization.addMember("member@acme.example");
    for (const stranger of ["member@acme.example", "nobody@acme.example"]) {
      for (const action of ["accept", "decline"]) {
        assertProblem(await by(stranger, "POST", organization.path(`/${action}`)), 404);
      }
      assertProblem(await by(stranger, "GET", organization.path("/keys")), 404);
      assert.deepEqual(await listed(stranger), { organizations: [], next: null, invitations: [], deleted: [] });
    }
    assertProblem(await by("ann@example.com", "POST", organization.path("/accept")), 409, /Operators see all/);
  });

  test("is its Owner's at once if an operator says who that is, and not if the Owner before does", async () => {
    const [first, second, third] = [1, 2, 3].map((n) => `owner${++made}-${n}@acme.example`);
    const settings = { name: "Mine", owner: { user_name: first } };
    const organization = await createOrganization(worker, { settings });
    const member = async (user_name) => (await organization.addMember(user_name)).id;
    assertStatus(await by(first, "GET", organization.path("/keys")), 200);
    assertStatus(await by(first, "PUT", organization.path("/owner"), { member: await member(second) }), 200);
    assertProblem(await by(second, "GET", organization.path("/keys")), 403, /not accepted/);
    await organization.admin.call("PUT", organization.path("/owner"), { member: await member(third) }, 200);
    assertStatus(await by(third, "GET", organization.path("/keys")), 200);
  });
});

test("an answer to an invitation has an event, about the person who gave it", async () => {
  const owner = "olaf@acme.example";
  const organization = await organizationOf(owner, "ada@acme.example", { name: "Events" });
  const after = await newestEvent(worker, organization.id);
  const answer = async (deed) => assertStatus(await by("ada@acme.example", "POST", organization.path(deed)), 200);
  for (const deed of ["/decline", "/decline", "/accept", "/accept"]) await answer(deed);
  const [{ id }] = await worker.sql(
    "SELECT id FROM users WHERE org_id = ?1 AND user_name_fold = 'ada@acme.example'",
    organization.id,
  );
  const events = await storedEvents(worker, organization.id, { after });
  assert.deepEqual(
    events.map(({ type, subject_type, subject_id, actor, data }) => [type, subject_type, subject_id, actor, data]),
    [
      ["invitation.declined", "person", id, "ada@acme.example", {}],
      ["invitation.accepted", "person", id, "ada@acme.example", {}],
    ],
  );
});
