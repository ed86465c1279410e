// Keys that are well-formed and unknown, and requests that are small to send and were once large to answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup } from "../helpers/bodies.mjs";
import { forgedKey } from "../helpers/forged-key.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { costInLog } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

async function stranger() {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  return { organization, okta: organization.okta.with({ key: forgedKey() }) };
}

/** Runs a request and asserts that it was answered within two seconds, on a machine that may be busy. */
async function soon(request) {
  const began = performance.now();
  const answer = await request();
  const took = performance.now() - began;
  assert.ok(took < 2_000, `${answer.method} ${answer.path} took ${took.toFixed(0)} ms`);
  return answer;
}

test("a forged key is refused as unknown at every address, without other details", async () => {
  const { organization, okta } = await stranger();
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  await organization.unchangedBy(async () => {
    for (const [method, path, body] of [
      ["GET", "/Users"],
      ["GET", "/Nonsense"],
      ["PUT", "/Users"],
      ["POST", "/Bulk", {}],
      ["GET", "/Me"],
      ["DELETE", `/Groups/${group.id}`],
      ["PUT", `/Groups/${group.id}`, oktaGroup(group.displayName, [])],
    ]) {
      assertError(await okta.send(method, path, body), 401, { detail: /not known/ });
    }
  });
});

test("a request with a forged key compares no ids", async () => {
  const { okta } = await stranger();
  const ids = Array.from({ length: 10_000 }, (_, i) => `stranger-${i}`);
  const group = oktaGroup("Statsig-Demo-Admin", ids);
  await worker.flushLogs();
  const { answer, cost } = await costInLog(worker, () => okta.put("/Groups/any", group));
  assertError(answer, 401);
  assert.ok(cost.rows_read <= 4, JSON.stringify(cost));
});

test("a request with a forged key and a bad body is refused for the key, not for the body", async () => {
  const { okta } = await stranger();
  for (const [method, path, body] of [
    ["POST", "/Users", "{"],
    ["POST", "/Users", {}],
    ["PATCH", "/Groups/any", { Operations: [] }],
    ["GET", "/Users?filter=x"],
    ["GET", "/Users?count=x"],
  ]) {
    assertError(await okta.send(method, path, body), 401, { detail: /not known/ });
  }
});

test("operations that would compare or write the same again and again are refused soon", async () => {
  const { organization } = await stranger();
  const { okta } = organization;
  const userName = "greedy@okta.local";
  const anyOf = Array.from({ length: 79 }, (_, i) => `value eq "x${i}"`).join(" or ");
  const compared = { userName, emails: [{ value: "İ".repeat(200_000) }] };
  for (let i = 0; i < 100; i++) compared[`emails[${anyOf.replace("x0", `y${i}`)}].type`] = "x";
  const written = { userName, "emails.display": "z".repeat(900_000) };
  written.emails = Array.from({ length: 1_000 }, (_, i) => `a${i}`);
  // The order of the keys matters: the addresses first.
  const { "emails.display": display, ...rest } = written;
  for (const body of [compared, { ...rest, "emails.display": display }]) {
    assertError(await soon(() => okta.post("/Users", body)), 400, { scimType: "tooMany" });
  }
});

test("a very long group name is refused at once", async () => {
  const { organization, okta } = await stranger();
  const body = oktaGroup(`Statsig-${"A".repeat(80_000)}-Member`, []);
  assertError(await soon(() => okta.post("/Groups", body)), 401);
  const refused = await soon(() => organization.okta.post("/Groups", body));
  assertError(refused, 400, { scimType: "invalidValue", detail: /displayName/ });
});

test("many operations on many members are carried out at once", async () => {
  const { organization } = await stranger();
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  const members = Array.from({ length: 10_000 }, (_, i) => ({ value: `stranger-${i}` }));
  const removals = Array.from({ length: 2_000 }, (_, i) => ({ op: "remove", path: "members", value: `stranger-${i}` }));
  const answer = await soon(() =>
    organization.okta.patch(`/Groups/${group.id}`, { op: "add", path: "members", value: members }, ...removals),
  );
  assertError(answer, 400, { scimType: "invalidValue", detail: /stranger-/ });
});

test("a filter as wide as is allowed is served, not failed", async () => {
  const { organization } = await stranger();
  const { okta } = organization;
  const { id } = await organization.createUser("ada@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  for (const [path, term, found] of [
    ["/Users", 'userName eq "ada@okta.local"', 1],
    ["/Users", 'emails.value eq "ada@okta.local"', 1],
    ["/Users", 'emails[type eq "work" and value eq "ada@okta.local"]', 1],
    ["/Groups", `displayName eq "${group.displayName}"`, 1],
    ["/Groups", `members.value eq "${id}"`, 0],
  ]) {
    const terms = term.split(" and ").length;
    const filter = Array.from({ length: Math.floor(80 / terms) }, () => term).join(" and ");
    assert.equal(assertStatus(await okta.find(path, filter), 200).totalResults, found, term);
  }
});

test("a group's name and externalId are bounded", async () => {
  const { organization } = await stranger();
  const group = await organization.groupNamed("Statsig-Demo-Admin");
  const set = { op: "replace", path: "externalId", value: "x".repeat(2_000) };
  const answer = await organization.unchangedBy(() => organization.okta.patch(`/Groups/${group.id}`, set));
  assertError(answer, 400, { scimType: "invalidValue", detail: /externalId/ });
});
