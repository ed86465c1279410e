// Many writers at once: nothing is lost, nothing is made twice, nothing is mixed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup, oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const WRITERS = 20;

/** As many connections at once, so that the requests really meet. */
const atOnce = (count, request) => Promise.all(Array.from({ length: count }, (_, i) => request(i)));

describe("writers of one group", () => {
  const NAME = "Statsig-Demo-Member";

  test("who each add a member all succeed", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const ids = (await organization.createUsers(WRITERS)).map(({ id }) => id);
    const { id } = await organization.groupNamed(NAME);
    const answers = await atOnce(WRITERS, (i) =>
      organization.okta.patch(`/Groups/${id}`, operation.addMembers([ids[i]])),
    );
    for (const answer of answers) assertStatus(answer, 204);
    assert.deepEqual(memberIds(await organization.group(id)), [...ids].sort());
  });

  test("who add and remove different members do not undo each other", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const ids = (await organization.createUsers(WRITERS)).map(({ id }) => id);
    const [leaving, coming] = [ids.slice(0, WRITERS / 2), ids.slice(WRITERS / 2)];
    const { id } = await organization.groupNamed(NAME);
    const path = `/Groups/${id}`;
    assertStatus(await organization.okta.put(path, oktaGroup(NAME, leaving)), 200);
    const answers = await atOnce(WRITERS, (i) =>
      organization.okta.patch(
        path,
        i % 2 ? operation.addMembers([coming[(i - 1) / 2]]) : operation.removeMember(leaving[i / 2]),
      ),
    );
    for (const answer of answers) assertStatus(answer, 204);
    assert.deepEqual(memberIds(await organization.group(id)), [...coming].sort());
  });

  test("who each replace all members: the last one wins whole", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const ids = (await organization.createUsers(WRITERS)).map(({ id }) => id);
    const { id } = await organization.groupNamed(NAME);
    const wanted = ids.map((_, i) => [ids[i], ids[(i + 1) % WRITERS]].sort());
    const answers = await atOnce(WRITERS, (i) => organization.okta.put(`/Groups/${id}`, oktaGroup(NAME, wanted[i])));
    const held = memberIds(await organization.group(id));
    const winner = wanted.findIndex((pair) => pair.join() === held.join());
    assert.notEqual(winner, -1, `a mixture of several pushes: ${held.length} members`);
    assert.equal(answers[winner].status, 200);
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 200) assert.deepEqual(memberIds(answer.body), wanted[i], "answered with another push");
      else assertError(answer, 429);
    }
  });

  test("leave no deactivated or deleted member behind", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const people = await organization.createUsers(WRITERS);
    const { id } = await organization.groupNamed(NAME);
    await atOnce(WRITERS * 2, (i) => {
      const user = people[Math.floor(i / 2)];
      if (i % 4 === 0) return okta.patch(`/Groups/${id}`, operation.addMembers([user.id]));
      if (i % 2 === 0) return okta.put(`/Groups/${id}`, oktaGroup(NAME, [user.id]));
      return i % 8 < 4 ? okta.patch(`/Users/${user.id}`, operation.active(false)) : okta.delete(`/Users/${user.id}`);
    });
    const active = await okta.find("/Users", "active eq true");
    assertListOf(active, [(await organization.owner()).id]);
    assert.deepEqual(memberIds(await organization.group(id)), []);
  });
});

test("a new user never gets what was meant for a user who is just being deleted", async () => {
  const settings = { brake_percent: 0 }; // more people are deleted than may lose access within an hour
  const organization = await createOrganization(worker, { projects: { Demo: [] }, settings });
  const { okta } = organization;
  const admins = await organization.groupNamed("Statsig-Demo-Admin");
  // The next user may get the deleted user's row: a request that decided before and writes after must notice.
  for (let i = 0; i < 30; i++) {
    const leaving = await organization.createUser(`leaving${i}@okta.local`);
    const profile = oktaUser(person(leaving.userName, "Leaving", "Person"), { title: "x".repeat(50_000) });
    const [, , , , arrived] = await Promise.all([
      okta.put(`/Users/${leaving.id}`, profile),
      okta.patch(`/Groups/${admins.id}`, operation.addMembers([leaving.id])),
      okta.put(`/Users/${leaving.id}`, profile),
      okta.delete(`/Users/${leaving.id}`),
      okta.post("/Users", oktaUser(person(`coming${i}@okta.local`, "Coming", "Person"))),
      okta.patch(`/Groups/${admins.id}`, operation.addMembers([leaving.id])),
    ]);
    const { id } = assertStatus(arrived, 201);
    assert.deepEqual(await organization.user(id), arrived.body);
    assert.deepEqual(memberIds(await organization.group(admins.id)), []);
  }
});

describe("writers of one person", () => {
  test("by PUT: the last one wins whole", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const { id, userName } = await organization.createUser("ada@okta.local");
    const body = (i) =>
      oktaUser(person(userName, `Given${i}`, `Family${i}`), { title: `Title${i}`, statsigOrgRole: "Admin" });
    const answers = await atOnce(WRITERS, (i) => okta.put(`/Users/${id}`, body(i)));
    const written = answers.filter(({ status }) => status === 200);
    assert.ok(written.length > 0);
    for (const answer of answers) {
      if (answer.status !== 200) assertError(answer, 429);
    }
    const user = await organization.user(id);
    const winner = /^Given(\d+)$/.exec(user.name.givenName)[1];
    assert.equal(answers[winner].status, 200, "a write that was refused is there");
    assert.deepEqual(
      [user.name.familyName, user.title, user.displayName],
      [`Family${winner}`, `Title${winner}`, `Given${winner} Family${winner}`],
    );
    const times = written.map(({ body: { meta } }) => meta.lastModified);
    assert.equal(user.meta.lastModified, times.sort().at(-1));
  });

  test("by PATCH of different attributes: every one that was answered 200 is there", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.createUser("ada@okta.local");
    const names = ["title", "nickName", "userType", "locale", "preferredLanguage", "timezone"];
    const answers = await atOnce(names.length, (i) =>
      organization.okta.patch(`/Users/${id}`, { op: "replace", path: names[i], value: "Europe/Paris" }),
    );
    const user = await organization.user(id);
    for (const [i, { status, text }] of answers.entries()) {
      if (status === 200) assert.equal(user[names[i]], "Europe/Paris", names[i]);
      else assert.equal(status, 429, text);
    }
  });

  test("by POST of one userName: one is created, the others are told so", async () => {
    const organization = await createOrganization(worker);
    const { okta } = organization;
    const spellings = ["ada@okta.local", "ADA@okta.local", "Ada@Okta.Local"];
    const answers = await atOnce(WRITERS, (i) => okta.post("/Users", oktaUser(person(spellings[i % 3]))));
    const created = answers.filter(({ status }) => status === 201);
    assert.equal(created.length, 1, answers.map(({ status }) => status).join(" "));
    for (const answer of answers) {
      if (answer !== created[0]) assertError(answer, 409, { scimType: "uniqueness" });
    }
    assertListOf(await okta.find("/Users", 'userName eq "ada@okta.local"'), [created[0].body.id]);
    assert.equal((await okta.importAll("/Users")).length, 2);
  });
});

test("of many requests that make one team, one does", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const { okta } = organization;
  const NAME = "Statsig-Demo-Night Shift-Member";
  const answers = await atOnce(10, () => okta.post("/Groups", oktaGroup(NAME)));
  const created = answers.filter(({ status }) => status === 201);
  assert.equal(created.length, 1, answers.map(({ status }) => status).join(" "));
  for (const answer of answers) {
    if (answer !== created[0]) assertError(answer, 409, { scimType: "uniqueness" });
  }
  assert.equal((await okta.importAll("/Groups")).length, 5);
});

test("an organization never has two Owners, nor none", async () => {
  const organization = await createOrganization(worker);
  const people = await organization.createUsers(5);
  const owner = await organization.owner();
  const role = (statsigOrgRole) => ({ op: "replace", value: { statsigOrgRole } });
  await atOnce(10, (i) =>
    i % 2
      ? organization.okta.patch(`/Users/${owner.id}`, role("Member"))
      : organization.okta.patch(`/Users/${people[i / 2].id}`, role("Owner")),
  );
  const owners = (await organization.okta.importAll("/Users")).filter(
    ({ statsigOrgRole }) => statsigOrgRole === "Owner",
  );
  assert.deepEqual(
    owners.map(({ id }) => id),
    [owner.id],
  );
});
