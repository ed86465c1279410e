// Security event tokens: what a receiver that knows only RFC 8417, 8936 and 9967 does with the feed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { oktaUser, operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const POLL = "/product/v1/sets/poll";
const URN = "urn:ietf:params:scim:event:";

async function receiver() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const product = await createProduct(organization, { scopes: ["events"] });
  const poll = (body = {}) => product.call("POST", POLL, { returnImmediately: true, ...body });
  const verified = async ({ sets }) => {
    const keys = createLocalJWKSet(await (await fetch(`${worker.url}/.well-known/jwks.json`)).json());
    const tokens = Object.entries(sets).map(async ([jti, token]) => {
      const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: worker.url });
      assert.equal(protectedHeader.typ, "secevent+jwt");
      assert.equal(payload.jti, jti);
      return payload;
    });
    return Promise.all(tokens);
  };
  return { organization, okta: organization.okta, product, poll, verified };
}

const inWords = ({ events, sub_id }) => Object.keys(events).map((urn) => `${urn.replace(URN, "")} ${sub_id.uri}`);

async function createUser(okta, userName) {
  const { status, body } = await okta.post("/Users", oktaUser({ userName, givenName: "Set", familyName: "Test" }));
  assert.equal(status, 201);
  return body.id;
}

test("a receiver hears of people and groups, in order, and each until it is acknowledged", async () => {
  const { organization, okta, poll, verified } = await receiver();
  assert.deepEqual(await poll(), { sets: {}, moreAvailable: false }, "the stream begins with the first poll");

  const id = await createUser(okta, "set@example.com");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  assert.equal((await okta.patch(`/Groups/${group.id}`, operation.addMembers([id]))).status, 204);
  assert.equal((await okta.patch(`/Users/${id}`, operation.active(false))).status, 200);
  assert.equal((await okta.patch(`/Users/${id}`, operation.active(true))).status, 200);
  assert.equal((await okta.delete(`/Users/${id}`)).status, 204);

  const first = await poll({ maxEvents: 3 });
  assert.equal(first.moreAvailable, true);
  const tokens = await verified(first);
  assert.deepEqual(tokens.flatMap(inWords), [
    `prov:create:notice /Users/${id}`,
    `prov:patch:notice /Groups/${group.id}`,
    `prov:deactivate /Users/${id}`,
  ]);
  const [created, joined, deactivated] = tokens;
  assert.deepEqual(created.events[`${URN}prov:create:notice`].attributes, ["userName", "active"]);
  assert.deepEqual(joined.events[`${URN}prov:patch:notice`].attributes, ["members"]);
  assert.equal(deactivated.sub_id.format, "scim");
  assert.ok(created.txn && deactivated.txn !== created.txn);
  assert.ok(Math.abs(created.toe - Date.now() / 1000) < 60);
  assert.deepEqual(Object.keys((await poll({ maxEvents: 3 })).sets), Object.keys(first.sets), "none is acknowledged");

  // Out of order: the second is sent again, the others are not.
  const [one, two, three] = Object.keys(first.sets);
  const rest = await poll({ ack: [one, three] });
  const again = (await verified(rest)).flatMap(inWords);
  assert.equal(again[0], `prov:patch:notice /Groups/${group.id}`);
  assert.deepEqual(again.slice(-2), [`prov:activate /Users/${id}`, `prov:delete /Users/${id}`]);
  assert.equal(again.includes(`prov:deactivate /Users/${id}`), false);

  const { sets } = await poll({ ack: [two, ...Object.keys(rest.sets)] });
  assert.deepEqual(sets, {});
});

test("a token that its receiver refuses is not sent again", async () => {
  const { okta, poll } = await receiver();
  await poll();
  await createUser(okta, "refused@example.com");
  const [jti] = Object.keys((await poll()).sets);
  const { sets } = await poll({ setErrs: { [jti]: { err: "invalid_request", description: "no" } } });
  assert.deepEqual(sets, {});
});

test("a stream goes through any number of changes that are about no person and no group", async () => {
  const { organization, okta, poll } = await receiver();
  await poll();
  for (let at = 0; at < 210; at += 1) {
    const body = { name: `Organization ${at}` };
    await organization.admin.call("PATCH", organization.path(""), body, 200);
  }
  await createUser(okta, "late@example.com");
  let { sets, moreAvailable } = await poll();
  for (let polls = 0; moreAvailable && Object.keys(sets).length === 0; polls += 1) {
    assert.ok(polls < 5);
    ({ sets, moreAvailable } = await poll());
  }
  assert.equal(Object.keys(sets).length, 1);
});

test("groups that are renamed, hidden, shown and deleted have tokens, one for each and change", async () => {
  const { organization, poll, verified } = await receiver();
  const { admin } = organization;
  const [project] = (await admin.get(organization.path("/projects"))).projects;
  const at = (rest = "") => organization.path(`/projects/${project.id}${rest}`);
  await poll();
  const said = async () => {
    const answer = await poll();
    const words = (await verified(answer)).map((token) => {
      const [{ attributes = [] }] = Object.values(token.events);
      return [inWords(token), ...attributes].join(" ");
    });
    await poll({ ack: Object.keys(answer.sets) });
    return words.toSorted();
  };
  const of = (word, groups, rest = "") => groups.map((id) => `${word} /Groups/${id}${rest}`).toSorted();
  const groupsNow = async () => {
    const { roles, teams } = await admin.get(at());
    return [...roles, ...teams.flatMap((team) => team.roles)].map(({ group }) => group.id);
  };

  const role = await admin.create(at("/roles"), { name: "Cook" });
  assert.deepEqual(await said(), of("prov:create:notice", [role.group.id], " displayName"), "a role has one group");
  const team = await admin.create(at("/teams"), { name: "Night" });
  const ofTeam = team.roles.map(({ group }) => group.id);
  assert.deepEqual(await said(), of("prov:create:notice", ofTeam, " displayName"));

  const all = await groupsNow();
  await admin.patch(at(), { name: "Renamed" });
  assert.deepEqual(await said(), of("prov:patch:notice", all, " displayName"));
  await admin.patch(at(`/roles/${role.group.id}`), { name: "Chef" });
  assert.deepEqual(await said(), of("prov:patch:notice", [role.group.id], " displayName"));
  await admin.patch(at(`/teams/${team.id}`), { name: "Day" });
  assert.deepEqual(await said(), of("prov:patch:notice", ofTeam, " displayName"));

  await admin.call("POST", at("/archive"), {}, 200);
  assert.deepEqual(await said(), of("feed:remove", all), "SCIM does not see them any more");
  await admin.call("POST", at("/restore"), {}, 200);
  assert.deepEqual(await said(), of("feed:add", all));
  await admin.call("DELETE", at(`/teams/${team.id}`), undefined, 200);
  assert.deepEqual(await said(), of("prov:delete", ofTeam));
});

test("the groups of a large project leave in events of 200 groups", async () => {
  const { organization, poll } = await receiver();
  const roles = Array.from({ length: 100 }, (_, i) => `Role ${i}`);
  const project = await organization.addProject("Large", roles);
  await worker.sql(
    `INSERT INTO groups (org_id, id, project_id, role, display_name, name_fold, created_at, last_modified)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 310)
     SELECT ?1, 'more-' || i, ?2, 'More ' || i, 'Statsig-Large-More ' || i, 'statsig-large-more ' || i, ?3, ?3 FROM n`,
    organization.id,
    project.id,
    new Date().toISOString(),
  );
  await poll();
  await organization.admin.call("POST", organization.path(`/projects/${project.id}/archive`), {}, 200);
  const events = await worker.sql(
    `SELECT json_array_length(data, '$.groups') AS number FROM events WHERE org_id = ?1 AND type = 'group.hidden'
     ORDER BY seq`,
    organization.id,
  );
  const [{ number: last }] = events.slice(-1);
  assert.deepEqual(
    events.slice(0, 2).map(({ number }) => number),
    [200, 200],
  );
  assert.equal(events.length, 3);
  const seen = new Set();
  for (let polls = 0, ack = []; polls < 8; polls += 1) {
    const { sets } = await poll({ ack });
    ack = Object.keys(sets);
    for (const jti of ack) {
      assert.ok(!seen.has(jti), "it is acknowledged");
      seen.add(jti);
    }
  }
  assert.equal(seen.size, 400 + last);
});

test("consumers have streams of their own, and other organizations hear nothing", async () => {
  const { organization, okta, poll } = await receiver();
  const second = await createProduct(organization, { name: "Second", scopes: ["events"] });
  const stranger = await receiver();
  await poll();
  await second.call("POST", POLL, {});
  await stranger.poll();
  await createUser(okta, "shared@example.com");
  const [jti] = Object.keys((await poll()).sets);
  await poll({ ack: [jti] });
  assert.deepEqual(Object.keys((await second.call("POST", POLL, {})).sets), [jti]);
  assert.deepEqual((await stranger.poll({ ack: [jti] })).sets, {});
});

test("what is not a poll is refused in words", async () => {
  const { organization, product } = await receiver();
  await product.refused(400, "invalid_body", "POST", POLL, { ack: "all" });
  await product.refused(400, "invalid_body", "POST", POLL, { maxEvents: -1 });
  const reader = await createProduct(organization, { scopes: ["read"] });
  await reader.refused(403, "scope_missing", "POST", POLL, {});
});

test("keys are renewed before they are needed, and stay published for tokens under way", async () => {
  const { okta, poll, verified } = await receiver();
  await poll();
  await createUser(okta, "renewed@example.com");
  const jwks = async () => (await (await fetch(`${worker.url}/.well-known/jwks.json`)).json()).keys;
  const [first] = await jwks();
  assert.equal(first.d, undefined, "the private part stays here");
  assert.equal((await verified(await poll())).length, 1);
  await worker.sql("UPDATE signing_keys SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = ?1", first.kid);
  await worker.scheduled();
  const stored = await worker.sql("SELECT id FROM signing_keys ORDER BY created_at DESC");
  // The old one is far beyond its time, so that only the new one is left.
  assert.equal(stored.length, 1);
  assert.notEqual(stored[0].id, first.kid);

  const ago = (days) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
  await worker.sql("UPDATE signing_keys SET created_at = ?1", ago(90.5));
  await worker.scheduled();
  assert.equal((await worker.sql("SELECT id FROM signing_keys")).length, 2);
  await worker.restart();
  assert.equal((await jwks()).length, 2);
  const { sets } = await poll();
  const [token] = Object.values(sets);
  assert.equal(decodeProtectedHeader(token).kid, stored[0].id, "the new key is not used yet");
  assert.equal((await verified({ sets })).length, 1);
});

test("discovery names the events to clients without a SCIM key", async () => {
  const { okta } = await receiver();
  const { securityEvents } = await (await fetch(`${worker.url}/scim/v2/ServiceProviderConfig`)).json();
  assert.equal(securityEvents.asyncRequest, "none");
  assert.deepEqual(securityEvents.deliveryMethods, ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]);
  assert.ok(securityEvents.eventUris.includes(`${URN}prov:deactivate`));
  for (const urn of securityEvents.eventUris) assert.match(urn, /^urn:ietf:params:scim:event:(feed|prov):/);
  const { body } = await okta.get("/ServiceProviderConfig");
  assert.equal(body.securityEvents, undefined);
});
