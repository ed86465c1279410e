// Rules of the RFCs and habits of clients that earlier versions did not follow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, assertStatus, memberIds } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const organizationWithDemo = () => createOrganization(worker, { projects: { Demo: [] } });

test("PATCH of a group answers with the attributes that are asked for (RFC 7644 section 3.5.2)", async () => {
  const organization = await organizationWithDemo();
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const { id } = await organization.createUser("ada@okta.local");
  const path = `/Groups/${group.id}?attributes=displayName`;
  const answer = assertStatus(
    await organization.okta.patch(path, { op: "add", path: "members", value: [{ value: id }] }),
    200,
  );
  assert.deepEqual(answer, { id: group.id, schemas: [SCHEMA.group], displayName: group.displayName });
});

test("replacing a filtered value replaces it, adding to it adds (RFC 7644 section 3.5.2.3)", async () => {
  const organization = await createOrganization(worker);
  const phoneNumbers = [{ value: "1", type: "work", display: "Desk", primary: true }];
  const { id } = await organization.createUser("ada@okta.local", { phoneNumbers });
  const patch = async (op, value) =>
    assertStatus(
      await organization.okta.patch(`/Users/${id}`, { op, path: 'phoneNumbers[type eq "work"]', value }),
      200,
    ).phoneNumbers;
  assert.deepEqual(await patch("add", { display: "Lab" }), [{ ...phoneNumbers[0], display: "Lab" }]);
  // The value stays what the filter says it is, so that the same request finds it again.
  for (const value of ["2", "3"]) assert.deepEqual(await patch("replace", { value }), [{ value, type: "work" }]);
  for (const none of [null, "", [], {}]) {
    assert.deepEqual(await patch("add", { value: "4" }), [{ value: "4", type: "work" }]);
    assert.equal(await patch("replace", none), undefined, JSON.stringify(none));
  }
});

test("members are understood under the schema's URN, too", async () => {
  const organization = await organizationWithDemo();
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const { id } = await organization.createUser("ada@okta.local");
  const { displayName } = group;
  for (const [body, expected] of [
    [{ displayName, [SCHEMA.group]: { members: [{ value: id }] } }, [id]],
    [{ displayName, [`${SCHEMA.group}:members`]: [] }, []],
  ]) {
    const put = assertStatus(await organization.okta.put(`/Groups/${group.id}`, body), 200);
    assert.deepEqual(memberIds(put), expected);
  }
});

test("an immutable attribute without a value takes one (RFC 7644 section 3.5.1)", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.addMember("bob", { confirm_no_address: true });
  const body = { ...oktaUser(person("bob")), emails: [{ value: "bob@okta.local", type: "work", primary: true }] };
  const put = assertStatus(await organization.okta.put(`/Users/${id}`, body), 200);
  assert.deepEqual(put.emails, body.emails);
  const other = { ...body, emails: [{ value: "eve@okta.local", type: "work", primary: true }] };
  assertError(await organization.okta.put(`/Users/${id}`, other), 400, { scimType: "mutability" });
});

test("an email without a value is no email: no user is stored with a type alone", async () => {
  const organization = await createOrganization(worker);
  const blank = [{ value: "", type: "work", primary: true }];
  const created = await organization.createUser("ada@okta.local", { emails: blank, phoneNumbers: blank, name: "" });
  assert.deepEqual(created.emails, [{ value: "ada@okta.local", type: "work", primary: true }]);
  assert.ok(!("phoneNumbers" in created));
  for (const value of [null, "", " "]) {
    const operation = { op: "replace", path: 'phoneNumbers[type eq "work"].value', value };
    const patched = assertStatus(await organization.okta.patch(`/Users/${created.id}`, operation), 200);
    assert.ok(!("phoneNumbers" in patched), JSON.stringify(value));
  }
});

test("blank names are filled, and spaces around a userName make no second person", async () => {
  const organization = await createOrganization(worker);
  const created = await organization.createUser(" sp@okta.local ", { name: { givenName: " ", familyName: " " } });
  assert.equal(created.userName, " sp@okta.local ");
  assert.match(created.name.givenName, /\S/);
  assert.match(created.name.familyName, /\S/);
  const again = await organization.okta.post("/Users", oktaUser(person("SP@okta.local")));
  assertError(again, 409, { scimType: "uniqueness" });
  assert.equal((await organization.userNamed("sp@okta.local")).id, created.id);
});

test("a path-less PATCH may carry a filter in its keys", async () => {
  const organization = await createOrganization(worker);
  const { id } = await organization.createUser("ada@okta.local");
  const value = { 'phoneNumbers[type eq "mobile"].value': "5", "phoneNumbers[": "ignored" };
  const patched = assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "replace", value }), 200);
  assert.deepEqual(patched.phoneNumbers, [{ value: "5", type: "mobile" }]);
});

test("manager is compared by its value", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const manager = await organization.createUser("boss@okta.local");
  const { id } = await organization.createUser("ada@okta.local", { [SCHEMA.enterprise]: { manager: manager.id } });
  const found = async (filter) => assertStatus(await okta.find("/Users", filter), 200).totalResults;
  assert.equal(await found(`id eq "${id}" and manager eq "${manager.id}"`), 1);
  assert.equal(await found(`manager eq "${id}" and ID eq "${id}"`), 0);
  assert.equal(await found(`manager eq "${manager.id}"`), 1);
  assert.equal(await found(`${SCHEMA.enterprise}:manager.value ne "${manager.id}"`), 2);
});
