// How many users an organization may have.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../../helpers/admin.mjs";
import { assertError, assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, postUser, statuses } from "../../helpers/bulk.mjs";
import { send } from "../../helpers/http.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

describe("an organization with as many users as it may have", () => {
  const full = async () => {
    const organization = await createOrganization(worker, { settings: { user_limit: 3 } });
    const [ada, ben] = [
      await organization.createUser("ada@okta.local"),
      await organization.createUser("ben@okta.local"),
    ];
    return { organization, ada, ben };
  };
  const post = (organization, name) => organization.okta.post("/Users", oktaUser(person(`${name}@okta.local`)));

  test("refuses another user, over SCIM, in bulk and in the console, and says why", async () => {
    const { organization } = await full();
    const reason = /3 users.*limit/;
    await organization.unchangedBy(async () => {
      assertError(await post(organization, "cleo"), 403, { scimType: undefined, detail: reason });
      assertError(await post(organization, "ADA"), 409, { scimType: "uniqueness" });
      const [first, second] = await bulk(organization.okta, [postUser("cleo"), postUser("dan")]);
      assert.equal(statuses([first, second]), "403 403");
      assert.match(first.response.detail, reason);
      const added = await organization.admin.send("POST", organization.path("/members"), { user_name: "x@okta.local" });
      assertProblem(added, 403, reason);
    });
  });

  test("can still change its users", async () => {
    const { organization, ada, ben } = await full();
    const { okta } = organization;
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(false)), 200);
    assertError(await post(organization, "cleo"), 403);
    assertStatus(await okta.patch(`/Users/${ada.id}`, operation.active(true)), 200);
    assertStatus(await okta.put(`/Users/${ben.id}`, { ...ben, title: "T" }), 200);
    await organization.configure({ user_limit: 1 });
    assertStatus(await okta.patch(`/Users/${ben.id}`, operation.active(false)), 200);
    assertStatus(await okta.patch(`/Users/${ben.id}`, operation.active(true)), 200);
    assertStatus(await okta.delete(`/Users/${ben.id}`), 204);
    assertError(await post(organization, "cleo"), 403);
    await organization.configure({ user_limit: 0 });
    assertStatus(await post(organization, "cleo"), 201);
  });

  test("is exact when many come at once", async () => {
    const organization = await createOrganization(worker, { settings: { user_limit: 5 } });
    const names = Array.from({ length: 12 }, (_, i) => `at-once${i}`);
    const answers = await Promise.all(names.map((name) => post(organization, name)));
    assert.equal(answers.filter(({ status }) => status === 201).length, 4);
    assert.equal(answers.filter(({ status }) => status === 403).length, 8);
  });

  test("does not count users outside the email domains", async () => {
    const organization = await createOrganization(worker, {
      settings: { user_limit: 2, mail_domains: ["okta.local"] },
    });
    await organization.addMember("contractor@elsewhere.example");
    assertStatus(await post(organization, "ada"), 201);
    assertError(await post(organization, "ben"), 403);
    await organization.addMember("other@elsewhere.example");
  });
});

describe("the limit", () => {
  test("is absent by default, and a number in the API", async () => {
    const organization = await createOrganization(worker);
    assert.equal((await organization.admin.get(organization.path())).user_limit, null);
    assert.equal((await organization.configure({ user_limit: 7 })).user_limit, 7);
    assert.equal((await organization.configure({ name: "Other" })).user_limit, 7);
    for (const user_limit of [-1, 1.5, "7", 100_000_001])
      assertProblem(await organization.admin.send("PATCH", organization.path(), { user_limit }), 400, /user_limit/);
  });

  test("is set on the page of settings", async () => {
    const organization = await createOrganization(worker);
    const page = (method, body) =>
      send(method, `${worker.url}/console${organization.path("/settings")}`, {
        headers: {
          Authorization: `Bearer ${worker.adminToken}`,
          Origin: worker.url,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body,
      });
    assert.match((await page("GET")).text, /name="user_limit"/);
    const save = "action=save&name=Acme&mail_domains=&key_lifetime_days=";
    assert.equal((await page("POST", `${save}&user_limit=12`)).status, 303);
    assert.match((await page("GET")).text, /name="user_limit"[^>]*value="12"/);
    assert.equal((await page("POST", save)).status, 303);
    assert.equal((await organization.admin.get(organization.path())).user_limit, 12);
    assert.equal((await page("POST", `${save}&user_limit=`)).status, 303);
    assert.equal((await organization.admin.get(organization.path())).user_limit, null);
  });
});

test("the number of groups follows what is made, deleted, archived and restored", async () => {
  const organization = await createOrganization(worker, { settings: { plain_groups: true }, projects: { Demo: [] } });
  const count = async () => (await organization.admin.get(organization.path())).group_count;
  assert.equal(await count(), 3);
  const { body } = await organization.okta.post("/Groups", { displayName: "Statsig-Demo-Crew-Member" });
  assert.equal(await count(), 5);
  const { projects } = await organization.admin.get(organization.path("/projects"));
  const call = (what) =>
    organization.admin.call("POST", organization.path(`/projects/${projects[0].id}/${what}`), {}, 200);
  await call("archive");
  assert.equal(await count(), 0);
  await call("restore");
  assert.equal(await count(), 5);
  assertStatus(await organization.okta.delete(`/Groups/${body.id}`), 204);
  assert.equal(await count(), 3);
});
