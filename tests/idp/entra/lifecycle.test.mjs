// Microsoft Entra ID: its spellings of SCIM, and its life of a user.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertListOf, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { entraGroup, entraUser, person } from "../../helpers/bodies.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const ada = person("ada@contoso.example", "Ada", "Lovelace");
const UNKNOWN = "ed1f7a52-2f0c-4f0a-9b7e-3f6d5b0a7c11";

describe("Entra ID", () => {
  test("tests its connection with a look-up of an unknown user", async () => {
    const { entra } = await createOrganization(worker);
    for (const attribute of ["userName", "externalId", 'emails[type eq "work"].value']) {
      const query = encodeURIComponent(`${attribute} eq "${UNKNOWN}"`);
      assertListOf(await entra.get(`/Users?filter=${query}`), []);
      assertListOf(await entra.get(`/Users?aadOptscim062020&filter=${query}`), []);
    }
  });

  test("creates with explicit nulls and attributes in odd places", async () => {
    const organization = await createOrganization(worker);
    const body = entraUser(ada, {
      addresses: null,
      title: null,
      manager: null,
      department: "Engines",
      phoneNumbers: null,
    });
    const user = assertStatus(await organization.entra.post("/Users", body), 201);
    assert.deepEqual([user.userName, user.externalId, user.active], [ada.userName, body.externalId, true]);
    for (const name of ["addresses", "title", "manager", "phoneNumbers"]) assert.ok(!(name in user), name);
    assert.deepEqual(await organization.user(user.id), user);
    for (const filter of [`externalId eq "${body.externalId}"`, `externalId eq ${body.externalId}`]) {
      assertListOf(await organization.entra.list("/Users", { filter }), [user.id]);
    }
  });

  test("changes a profile one attribute at a time, each in its own spelling", async () => {
    const organization = await createOrganization(worker);
    const { id } = assertStatus(await organization.entra.post("/Users", entraUser(ada)), 201);
    const manager = await organization.createUser("boss@contoso.example");
    const changes = [
      { op: "Add", path: "displayName", value: "Ada King" },
      { op: "Replace", path: "name.familyName", value: "King" },
      { op: "Add", path: `${SCHEMA.enterprise}:employeeNumber`, value: "1815" },
      { op: "Replace", path: `${SCHEMA.enterprise}:department`, value: "Looms" },
      { op: "Add", path: `${SCHEMA.enterprise}:manager`, value: [{ $ref: null, value: manager.id }] },
      { op: "Replace", path: "title", value: [{ $ref: null, value: "Countess" }] },
      { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "+44 7700 900000" },
    ];
    for (const change of changes) assertStatus(await organization.entra.patch(`/Users/${id}`, change), 200);
    const user = await organization.user(id);
    assert.deepEqual([user.displayName, user.name.familyName, user.title], ["Ada King", "King", "Countess"]);
    const { manager: kept, ...enterprise } = user[SCHEMA.enterprise];
    assert.deepEqual(enterprise, { employeeNumber: "1815", department: "Looms" });
    assert.equal(kept.value, manager.id);
    assert.deepEqual(
      user.phoneNumbers.map(({ type, value }) => [type, value]),
      [["mobile", "+44 7700 900000"]],
    );
    await organization.unchangedBy(async () => {
      assertStatus(await organization.entra.patch(`/Users/${id}`, ...changes), 200);
    });
  });

  test("deletes softly, restores, and deletes for good", async () => {
    const organization = await createOrganization(worker);
    const { entra } = organization;
    const { id } = assertStatus(await entra.post("/Users", entraUser(ada)), 201);
    const active = (value) => ({ op: "Replace", path: "active", value });
    assertStatus(await entra.patch(`/Users/${id}`, active("False")), 200);
    assert.equal((await organization.user(id)).active, false);
    assertListOf(await entra.list("/Users", { filter: `userName eq "${ada.userName}"` }), [id]);
    assertStatus(await entra.patch(`/Users/${id}`, active("True")), 200);
    assert.equal((await organization.user(id)).active, true);
    assertStatus(await entra.patch(`/Users/${id}?aadOptscim062020`, { op: "replace", value: { active: false } }), 200);
    assertStatus(await entra.delete(`/Users/${id}`), 204);
    assertError(await entra.get(`/Users/${id}`), 404);
    assertListOf(await entra.list("/Users", { filter: `userName eq "${ada.userName}"` }), []);
  });

  test("makes a group, matches it, and changes its members in every spelling", async () => {
    const organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const { entra } = organization;
    const [a, b, c] = (await organization.createUsers(3)).map(({ id }) => id);
    const group = assertStatus(await entra.post("/Groups", entraGroup("Engineers", UNKNOWN)), 201);
    assert.deepEqual([group.displayName, group.externalId], ["Engineers", UNKNOWN]);
    const lookup = { excludedAttributes: "members", filter: 'DisplayName eq "engineers"' };
    assertListOf(await entra.list("/Groups", lookup), [group.id]);
    const path = `/Groups/${group.id}`;
    for (const [change, expected] of [
      [{ name: "addMember", op: "Add", path: "members", value: [{ $ref: null, value: a }] }, [a]],
      [{ op: "add", path: "members", value: b }, [a, b]],
      [{ op: "Add", path: "members", value: [{ value: c }] }, [a, b, c]],
      [{ op: "Remove", path: "members", value: [{ $ref: null, value: b }] }, [a, c]],
      [{ op: "remove", path: `members[value eq "${a}"]` }, [c]],
      [{ op: "Replace", path: "externalId", value: "another" }, [c]],
      [{ op: "Replace", path: "displayName", value: "Builders" }, [c]],
    ]) {
      assertStatus(await entra.patch(path, change), 204);
      assert.deepEqual(memberIds(await organization.group(group.id)), [...expected].sort());
    }
    for (const filter of [`id eq "${group.id}" and members eq "${c}"`, `members eq "${c}" and ID eq "${group.id}"`]) {
      assertListOf(await entra.list("/Groups", { filter }), [group.id]);
    }
    const { displayName, externalId } = await organization.group(group.id);
    assert.deepEqual([displayName, externalId], ["Builders", "another"]);
  });
});
