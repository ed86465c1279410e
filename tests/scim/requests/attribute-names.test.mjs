// Names of attributes that RFC 7643 and RFC 7644 do not have, but clients send: dotted, with a URN, with an older URN.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, memberIds } from "../../helpers/assert.mjs";
import { oktaGroup } from "../../helpers/bodies.mjs";
import { byEveryRequest, newUser } from "../../helpers/every-request.mjs";
import { useOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const { user: U, enterprise: E, group: G } = SCHEMA;
let made = 0;
const organization = useOrganization(worker, { settings: { email_management: true, plain_groups: true } });

const upper = (urn) => urn.toUpperCase();

describe("a key inside an object", () => {
  test("of the enterprise extension may be dotted, or carry a URN in any case", async () => {
    const { id } = await newUser(organization);
    for (const [extension, expected] of [
      [{ "manager.value": id }, { manager: { value: id } }],
      [
        { "MANAGER.Value": id, department: "d" },
        { manager: { value: id }, department: "d" },
      ],
      [{ [`${E}:department`]: "d" }, { department: "d" }],
      [
        { [`${upper(E)}:Department`]: "d", costCenter: "7" },
        { department: "d", costCenter: "7" },
      ],
      [{ [`${E}:manager.value`]: id }, { manager: { value: id } }],
      [{ [`${E}:manager`]: { value: id } }, { manager: { value: id } }],
      [{ [`${E}.department`]: "d" }, { department: "d" }],
    ]) {
      for (const name of [E, upper(E)]) {
        await byEveryRequest(organization, { [name]: extension }, (user, how) => {
          assert.deepEqual(user[E], expected, `${how} ${JSON.stringify(extension)}`);
        });
      }
    }
  });

  test("of the extension that is a core attribute's, by its URN, sets that", async () => {
    await byEveryRequest(
      organization,
      { [E]: { [`${U}:title`]: "Countess", "name.middleName": "King" } },
      ({ title, name }, how) => {
        assert.deepEqual([title, name.middleName], ["Countess", "King"], how);
      },
    );
  });

  test("of the extension is understood also where the extension is the path", async () => {
    const { id } = await newUser(organization);
    for (const op of ["add", "replace"]) {
      for (const value of [
        { "manager.value": id },
        { [`${E}:manager.value`]: id },
        { manager: { "manager.value": id } },
      ]) {
        const target = `/Users/${(await newUser(organization)).id}`;
        const patched = assertStatus(await organization.okta.patch(target, { op, path: E, value }), 200);
        assert.deepEqual(patched[E], { manager: { value: id } }, JSON.stringify(value));
      }
    }
  });

  test("of the core schema may be dotted, carry a URN, or a filter", async () => {
    const core = {
      "name.middleName": "King",
      [`${U}:title`]: "Countess",
      [`${E}:department`]: "Engines",
      'phoneNumbers[type eq "work"].value': "1",
      [`${upper(U)}:nickName`]: "Ada",
    };
    for (const name of [U, U.toLowerCase()]) {
      await byEveryRequest(organization, { [name]: core }, (user, how) => {
        const found = [
          user.name.middleName,
          user.title,
          user[E]?.department,
          user.phoneNumbers?.[0].value,
          user.nickName,
        ];
        assert.deepEqual(found, ["King", "Countess", "Engines", "1", "Ada"], how);
      });
    }
  });

  test("of a complex attribute may carry the attribute's name, and its URN", async () => {
    const { id } = await newUser(organization);
    const attributes = {
      name: { "name.givenName": "Ada", [`${U}:name.familyName`]: "Lovelace", [`${U}:middleName`]: "King" },
      phoneNumbers: [{ "phoneNumbers.value": "1", [`${upper(U)}:phoneNumbers.type`]: "work" }],
      addresses: [{ "addresses.locality": "London" }],
      [E]: { manager: { [`${E}:manager.value`]: id } },
    };
    await byEveryRequest(organization, attributes, ({ name, phoneNumbers, addresses, [E]: extension }, how) => {
      assert.deepEqual([name.givenName, name.familyName, name.middleName], ["Ada", "Lovelace", "King"], how);
      assert.deepEqual(phoneNumbers, [{ value: "1", type: "work" }], how);
      assert.deepEqual(addresses, [{ locality: "London" }], how);
      assert.deepEqual(extension, { manager: { value: id } }, how);
    });
  });

  test("of a member may carry the attribute's name, and the URN", async () => {
    const { id } = await newUser(organization);
    for (const member of [{ "members.value": id }, { [`${G}:members.value`]: id }, { [`${G}:VALUE`]: id }]) {
      const created = assertStatus(
        await organization.okta.post("/Groups", { displayName: `Group ${++made}`, members: [member] }),
        201,
      );
      assert.deepEqual(memberIds(created), [id], JSON.stringify(member));
    }
  });
});

describe("an older URN", () => {
  const ENTERPRISES = [
    "urn:scim:schemas:extension:enterprise:1.0",
    "urn:scim:schemas:extension:enterprise:2.0",
    "urn:scim:schemas:extension:enterprise:1.0:User",
    "URN:SCIM:Schemas:extension:enterprise:2.0:user",
  ];
  const CORES = ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:User", "URN:scim:schemas:CORE:1.0:user"];

  test("stands for the schema in bodies", async () => {
    for (const urn of ENTERPRISES) {
      const nested = { [urn]: { department: "Ops", [`${urn}:division`]: "North" } };
      await byEveryRequest(organization, { schemas: [U, urn], ...nested, [`${urn}:costCenter`]: "7" }, (user, how) => {
        assert.deepEqual(user[E], { costCenter: "7", division: "North", department: "Ops" }, `${how} ${urn}`);
        assert.deepEqual(user.schemas, [U, E]);
      });
    }
    for (const urn of CORES) {
      await byEveryRequest(
        organization,
        { [urn]: { title: "Countess" }, [`${urn}:nickName`]: "Ada" },
        ({ title, nickName }, how) => {
          assert.deepEqual([title, nickName], ["Countess", "Ada"], `${how} ${urn}`);
        },
      );
    }
  });

  test("stands for the schema in paths, filters, orders and lists of attributes", async () => {
    const department = `Department ${++made}`;
    const { id } = await newUser(organization, { title: "Countess", [E]: { department } });
    const { okta } = organization;
    for (const urn of ENTERPRISES) {
      const listed = await okta.list("/Users", {
        filter: `${urn}:department eq "${department}"`,
        attributes: `${urn}:department`,
        sortBy: `${urn}:department`,
      });
      const expected = { id, schemas: [U, E], [E]: { department } };
      assert.deepEqual(assertStatus(listed, 200).Resources, [expected], urn);
      const set = { op: "replace", path: `${urn}:division`, value: urn };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, set), 200)[E].division, urn);
      const whole = { op: "add", path: urn, value: { costCenter: urn } };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, whole), 200)[E].costCenter, urn);
      const without = assertStatus(await okta.get(`/Users/${id}?excludedAttributes=${urn}`), 200);
      assert.ok(!(E in without), urn);
    }
    for (const urn of CORES) {
      const listed = await okta.list("/Users", { filter: `${urn}:id eq "${id}"`, attributes: `${urn}:title` });
      assert.deepEqual(assertStatus(listed, 200).Resources, [{ id, schemas: [U, E], title: "Countess" }], urn);
      const set = { op: "replace", path: `${urn}:nickName`, value: urn };
      assert.equal(assertStatus(await okta.patch(`/Users/${id}`, set), 200).nickName, urn);
    }
  });

  test("stands for the schema of groups, too", async () => {
    const { id } = await newUser(organization);
    for (const urn of ["urn:scim:schemas:core:1.0", "urn:scim:schemas:core:2.0:Group"]) {
      const group = { [urn]: { displayName: `Group ${++made}`, [`${urn}:members`]: [{ value: id }] } };
      const created = assertStatus(await organization.okta.post("/Groups", group), 201);
      assert.deepEqual(memberIds(created), [id]);
      const rename = { op: "replace", path: `${urn}:displayName`, value: `Group ${++made}` };
      assertStatus(await organization.okta.patch(`/Groups/${created.id}`, rename), 204);
      const found = await organization.okta.list("", { filter: `${urn}:displayName eq "Group ${made}"` });
      assert.deepEqual(
        assertStatus(found, 200).Resources.map((each) => each.id),
        [created.id],
      );
    }
  });
});

describe("a dot behind a URN", () => {
  test("selects, excludes, sorts and filters as a colon does", async () => {
    const { id, userName } = await newUser(organization, { [E]: { department: "Engines" } });
    const { okta } = organization;
    const get = async (query) => assertStatus(await okta.get(`/Users/${id}?${query}`), 200);
    for (const urn of [U, U.toLowerCase()]) {
      assert.deepEqual(await get(`attributes=${urn}.userName`), { id, schemas: [U, E], userName });
      assert.ok(!("userName" in (await get(`excludedAttributes=${urn}.userName`))));
    }
    assert.deepEqual((await get(`attributes=${E}.department`))[E], { department: "Engines" });
    assert.deepEqual((await get(`excludedAttributes=${E}.department`))[E], {});
    const parameters = { filter: `${U}.userName eq "${userName}"`, sortBy: `${U}.name.familyName` };
    for (const answer of [
      await okta.list("/Users", parameters),
      await okta.post("/Users/.search", { schemas: [SCHEMA.search], ...parameters }),
    ]) {
      assert.equal(assertStatus(answer, 200).totalResults, 1);
    }
  });

  test("in a PATCH path is refused with the right form", async () => {
    const { id } = await newUser(organization);
    for (const [path, right] of [
      [`${E}.department`, `${E}:department`],
      [`${E}.manager.value`, `${E}:manager.value`],
      [`${U}.userName`, `${U}:userName`],
      [`${U}.emails[type eq "work"].value`, `${U}:emails[type eq "work"].value`],
    ]) {
      const answer = await organization.okta.patch(`/Users/${id}`, { op: "replace", path, value: "x" });
      assertError(answer, 400, { scimType: "invalidPath" });
      assert.ok(answer.body.detail.includes(right.slice(0, 100)), answer.body.detail);
    }
    const group = assertStatus(await organization.okta.post("/Groups", oktaGroup(`Group ${++made}`)), 201);
    const path = `${G}.displayName`;
    const answer = await organization.okta.patch(`/Groups/${group.id}`, { op: "replace", path, value: "x" });
    assertError(answer, 400, { scimType: "invalidPath", detail: /Group:displayName/ });
  });
});
