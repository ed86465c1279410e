// Changes that were made already, or are made at the same time by another administrator: made once, logged once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertProblem } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const at_once = (count, action) => Promise.all(Array.from({ length: count }, action));

/** The entries of the console's log whose detail matches. */
async function told(organization, pattern) {
  const { entries } = await organization.admin.get(organization.path("/log?source=console&count=200"));
  return entries.filter(({ detail }) => pattern.test(detail)).length;
}

describe("of ten at once", () => {
  test("that deactivate a key, all succeed and one is logged", async () => {
    const organization = await createOrganization(worker);
    const path = organization.path(`/keys/${organization.key.id}/deactivate`);
    const answers = await at_once(10, () => organization.admin.send("POST", path, {}));
    for (const answer of answers) assertStatus(answer, 200);
    assert.equal(await told(organization, /^Deactivated the key/), 1);
    assert.equal(new Set(answers.map(({ body }) => body.deactivated_at)).size, 1);
  });

  test("that replace a key, one does, with an overlap or without, also of a key that expires before", async () => {
    for (const [wish, expires_in_seconds] of [
      [{}, null],
      [{ overlap_seconds: 3600 }, null],
      [{ overlap_seconds: 3600 }, 60],
    ]) {
      const organization = await createOrganization(worker);
      const { id } = await organization.addKey({ expires_in_seconds });
      const path = organization.path(`/keys/${id}/regenerate`);
      const statuses = (await at_once(10, () => organization.admin.send("POST", path, wish))).map(
        ({ status }) => status,
      );
      const made = statuses.filter((status) => status === 201).length;
      assert.ok(made >= 1 && statuses.every((status) => [201, 409].includes(status)), String(statuses));
      const { keys } = await organization.admin.get(organization.path("/keys"));
      assert.equal(keys.length, 2 + made);
      assert.equal(await told(organization, /which replaces/), made);
      // Who came while the first was at it was refused; only who comes afterwards makes another.
      assert.ok(made < 10, String(statuses));
    }
  });

  test("that save the same settings, one is logged", async () => {
    const organization = await createOrganization(worker);
    const body = { name: "Another", plain_groups: true, mail_domains: ["okta.local"], key_lifetime_days: 7 };
    const answers = await at_once(10, () => organization.admin.send("PATCH", organization.path(), body));
    for (const answer of answers) assert.equal(assertStatus(answer, 200).name, "Another");
    assert.equal(await told(organization, /^Changed the settings/), 1);
  });

  test("that archive, restore, rename or delete, one does", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.addProject("Demo");
    const team = await organization.addTeam(id, "Night");
    const path = (rest = "") => organization.path(`/projects/${id}${rest}`);
    for (const [pattern, action] of [
      [/^Renamed/, () => organization.admin.send("PATCH", path(), { name: "Shop" })],
      [/^Deleted the team/, () => organization.admin.send("DELETE", path(`/teams/${team.id}`))],
      [/^Archived/, () => organization.admin.send("POST", path("/archive"), {})],
      [/^Restored/, () => organization.admin.send("POST", path("/restore"), {})],
    ]) {
      const statuses = (await at_once(10, action)).map(({ status }) => status);
      assert.ok(
        statuses.includes(200) && statuses.every((status) => [200, 404, 409].includes(status)),
        String(statuses),
      );
      assert.equal(await told(organization, pattern), 1, String(pattern));
    }
  });

  test("that transfer the ownership, change a role, or remove a member, one is logged", async () => {
    const organization = await createOrganization(worker);
    const { id } = await organization.addMember("max@okta.local");
    const member = organization.path(`/members/${id}`);
    for (const [pattern, action] of [
      [/^Made Admin of/, () => organization.admin.send("PATCH", member, { org_role: "Admin" })],
      [/^Transferred/, () => organization.admin.send("PUT", organization.path("/owner"), { member: id })],
    ]) {
      for (const answer of await at_once(10, action)) assertStatus(answer, 200);
      assert.equal(await told(organization, pattern), 1, String(pattern));
    }
    const eve = await organization.addMember("eve@okta.local");
    const answers = await at_once(10, () => organization.admin.send("DELETE", organization.path(`/members/${eve.id}`)));
    for (const answer of answers) assertStatus(answer, 200);
    assert.equal(await told(organization, /^Removed/), 1);
  });
});

test("settings that change nothing are no change", async () => {
  const organization = await createOrganization(worker);
  const same = { email_management: false, plain_groups: false, mail_domains: [], key_lifetime_days: 0 };
  const before = await organization.admin.get(organization.path());
  for (const body of [same, {}, { name: before.name }, { mail_domains: [] }]) {
    assert.deepEqual(await organization.admin.patch(organization.path(), body), before);
  }
  assert.equal(await told(organization, /^Changed the settings/), 0);
  await organization.admin.patch(organization.path(), { ...same, plain_groups: true });
  assert.equal(await told(organization, /^Changed the settings/), 1);
});

describe("keys", () => {
  test("can be at most twenty valid ones", async () => {
    const organization = await createOrganization(worker);
    const generate = () => organization.admin.send("POST", organization.path("/keys"), {});
    const statuses = (await at_once(30, generate)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 201).length, 19, String(statuses));
    assertProblem(await generate(), 409, /at most 20 good keys/);
    const regenerate = (wish) =>
      organization.admin.send("POST", organization.path(`/keys/${organization.key.id}/regenerate`), wish);
    assertProblem(await regenerate({ overlap_seconds: 60 }), 409, /at most 20 good keys/);
    assertStatus(await regenerate({}), 201);
    assertProblem(await regenerate({}), 409, /at most 20 good keys/);
    const { keys } = await organization.admin.get(organization.path("/keys"));
    assert.equal(keys.filter(({ status }) => status === "active").length, 20);
    await organization.deactivateKey(keys.find(({ status }) => status === "active").id);
    assertStatus(await generate(), 201);
  });

  test("that are deactivated are answered with the other valid keys", async () => {
    const organization = await createOrganization(worker);
    const [second, third] = [await organization.addKey(), await organization.addKey()];
    const one = ({ id, hint, name }) => ({ id, hint, name });
    const others = (answer) => answer.other_good_keys.sort((a, b) => a.id.localeCompare(b.id));
    const sorted = (...keys) => keys.map(one).sort((a, b) => a.id.localeCompare(b.id));
    assert.deepEqual(others(await organization.deactivateKey(third.id)), sorted(organization.key, second));
    const page = await send("GET", `${worker.url}/console${organization.path("/keys")}`, {
      headers: { Authorization: `Bearer ${worker.adminToken}` },
    });
    assert.match(page.text, /Provisioning goes on with the other good key: scim-/);
    assert.doesNotMatch(page.text, /only good key/);
    assert.deepEqual(others(await organization.deactivateKey(second.id)), [one(organization.key)]);
    const last = await send("GET", `${worker.url}/console${organization.path("/keys")}`, {
      headers: { Authorization: `Bearer ${worker.adminToken}` },
    });
    assert.match(last.text, /only good key: provisioning stops at once/);
    assert.deepEqual(others(await organization.deactivateKey(organization.key.id)), []);
  });
});

describe("a user name that is no email address", () => {
  test("is confirmed before a member is added by it", async () => {
    const organization = await createOrganization(worker);
    const { admin } = organization;
    for (const user_name of ["no-at-sign", "@okta.local", "grace@", "grace hopper"]) {
      const path = organization.path("/members");
      assertProblem(await admin.send("POST", path, { user_name }), 400, /no mail address.*confirm_no_address/);
      assertProblem(await admin.send("POST", path, { user_name, confirm_no_address: false }), 400);
      const { id } = await admin.create(path, { user_name, confirm_no_address: true });
      await admin.call("DELETE", `${path}/${id}`, undefined, 200);
      // Who is known already comes back without a question.
      await admin.call("POST", path, { user_name }, 200);
      const made = { name: "Acme", owner: { user_name } };
      assertProblem(await admin.send("POST", "/organizations", made), 400, /confirm_no_address/);
      const owner = { user_name, confirm_no_address: true };
      await admin.create("/organizations", { name: "Acme", owner });
    }
  });

  test("is asked about on the page, which keeps what was typed", async () => {
    const organization = await createOrganization(worker);
    const post = (fields) =>
      send("POST", `${worker.url}/console${organization.path("/members")}`, {
        headers: {
          Authorization: `Bearer ${worker.adminToken}`,
          Origin: worker.url,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ action: "add", user_name: "grace", given_name: "Grace", ...fields }).toString(),
      });
    const asked = await post({});
    assert.equal(asked.status, 400);
    assert.match(asked.text, /is no mail address/);
    assert.match(asked.text, /<input[^>]*name="confirm_no_address"/);
    assert.match(asked.text, /value="Grace"/);
    assert.equal((await post({ confirm_no_address: "on" })).status, 303);
  });
});
