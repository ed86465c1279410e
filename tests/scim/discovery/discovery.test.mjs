// ServiceProviderConfig, ResourceTypes and Schemas: what they announce is what the service does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, serverTiming } from "../../helpers/assert.mjs";
import { oktaUser, person } from "../../helpers/bodies.mjs";
import { ENTRA } from "../../helpers/client.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();

const schemaOf = async (okta, urn) => assertStatus(await okta.get(`/Schemas/${urn}`), 200);
const attributeOf = (schema, name) => schema.attributes.find((attribute) => attribute.name === name);

describe("ServiceProviderConfig", () => {
  const yes = { supported: true };

  test("has every feature of RFC 7643 section 5, and is true", async () => {
    const { okta } = await createOrganization(worker);
    const config = assertStatus(await okta.get("/ServiceProviderConfig"), 200);
    assert.deepEqual(config.schemas, ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]);
    for (const feature of ["patch", "bulk", "filter", "changePassword", "sort", "etag"]) {
      assert.equal(typeof config[feature].supported, "boolean", feature);
    }
    const { patch, bulk, filter, changePassword, sort, etag, pagination } = config;
    assert.deepEqual([patch, sort, etag, changePassword.supported], [yes, yes, yes, false]);
    assert.deepEqual(bulk, { ...yes, maxOperations: 100, maxPayloadSize: 1024 * 1024 });
    assert.deepEqual(filter, { ...yes, maxResults: 200 });
    // RFC 9865 section 4.
    assert.deepEqual(pagination, {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: 100,
      maxPageSize: 200,
      cursorTimeout: 3600,
    });
    assert.ok(config.authenticationSchemes.some(({ type }) => type === "oauthbearertoken"));
    assert.equal(config.meta.resourceType, "ServiceProviderConfig");
    assert.equal(config.meta.location, `${okta.base}/ServiceProviderConfig`);
  });

  test("is read without a key, costs no storage, and is the same for all clients but for security events", async () => {
    const { okta } = await createOrganization(worker);
    for (const base of [okta.base, `${okta.base}/v2`]) {
      const path = "/ServiceProviderConfig";
      const anonymous = await okta.with({ base, key: null }).get(path);
      // Their receivers have no SCIM key; strict clients of RFC 7643 refuse the attribute.
      const { securityEvents, ...rest } = assertStatus(anonymous, 200);
      assert.deepEqual(rest, assertStatus(await okta.with({ base, provider: ENTRA }).get(path), 200));
      assert.equal(securityEvents.asyncRequest, "none");
      assert.deepEqual([serverTiming(anonymous).round_trips, serverTiming(anonymous).rows_read], [0, 0]);
      assertStatus(await okta.with({ base, key: null }).send("GET", path, undefined, { Authorization: " " }), 200);
      // A client that presents a key wants to know whether it is good.
      for (const Authorization of [
        "Bearer",
        "Bearer scim-nonsense",
        "Basic dXNlcg==",
        `Bearer ${okta.key.slice(0, -1)}A`,
      ]) {
        const refused = await okta.with({ base, key: null }).send("GET", path, undefined, { Authorization });
        assertError(refused, 401, { scimType: undefined });
      }
      assertError(await okta.with({ base, key: null }).get(`${path}?filter=id+pr`), 403);
      assertError(await okta.with({ base, key: null }).post(path, {}), 401);
      for (const other of ["/Schemas", "/ResourceTypes", "", "/Users", `${path}/x`]) {
        assertError(await okta.with({ base, key: null }).get(other), 401);
      }
    }
  });
});

describe("ResourceTypes", () => {
  test("are User and Group, where they are and with their schemas", async () => {
    const { okta } = await createOrganization(worker);
    const { Resources } = assertStatus(await okta.get("/ResourceTypes"), 200);
    assert.deepEqual(
      Resources.map(({ id, name, endpoint, schema }) => ({ id, name, endpoint, schema })),
      [
        { id: "User", name: "User", endpoint: "/Users", schema: SCHEMA.user },
        { id: "Group", name: "Group", endpoint: "/Groups", schema: SCHEMA.group },
      ],
    );
    assert.deepEqual(Resources[0].schemaExtensions, [{ schema: SCHEMA.enterprise, required: false }]);
    for (const type of Resources) {
      assert.deepEqual(assertStatus(await okta.get(`/ResourceTypes/${type.id}`), 200), type);
      assert.equal(type.meta.location, `${okta.base}/ResourceTypes/${type.id}`);
      assertStatus(await okta.get(type.endpoint), 200);
      assertStatus(await okta.get(`/Schemas/${type.schema}`), 200);
    }
    assertError(await okta.get("/ResourceTypes/Device"), 404);
  });
});

describe("Schemas", () => {
  /** A value the schema allows; multi-valued attributes get one element. */
  function sampleOf(attribute) {
    const value = single(attribute);
    return attribute.multiValued ? [value] : value;
  }

  function single({ type, name, canonicalValues, subAttributes, referenceTypes }) {
    if (type === "complex") {
      const settable = subAttributes.filter(
        ({ mutability }) => mutability === "readWrite" || mutability === "immutable",
      );
      return Object.fromEntries(settable.map((sub) => [sub.name, sampleOf(sub)]));
    }
    if (type === "boolean") return true;
    if (type === "integer") return 7;
    if (type === "decimal") return 7.5;
    if (type === "dateTime") return "2026-10-01T12:00:00Z";
    if (type === "reference") return `https://okta.local/${referenceTypes?.[0] ?? name}`;
    if (type === "binary") return "AAEC";
    return canonicalValues?.[0] ?? `some ${name}`;
  }

  test("are listed and read alone, without nulls", async () => {
    const { okta } = await createOrganization(worker);
    const answer = await okta.get("/Schemas");
    const { Resources } = assertStatus(answer, 200);
    assert.deepEqual(Resources.map(({ id }) => id).sort(), [SCHEMA.user, SCHEMA.group, SCHEMA.enterprise].sort());
    for (const schema of Resources) {
      assert.deepEqual(await schemaOf(okta, schema.id), schema);
      assert.equal(schema.meta.location, `${okta.base}/Schemas/${schema.id}`);
    }
    assert.doesNotMatch(answer.text, /:\s*null\b/);
    assertError(await okta.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:Device"), 404);
  });

  test("list externalId for users and groups, for Microsoft's schema discovery", async () => {
    const { okta } = await createOrganization(worker, { settings: { plain_groups: true } });
    for (const [urn, path, body] of [
      [SCHEMA.user, "/Users", oktaUser(person("ada@okta.local"), { externalId: "A" })],
      [SCHEMA.group, "/Groups", { displayName: "Crew", externalId: "A" }],
    ]) {
      const externalId = attributeOf(await schemaOf(okta, urn), "externalId");
      const { description, ...characteristics } = externalId;
      assert.deepEqual(characteristics, {
        name: "externalId",
        type: "string",
        multiValued: false,
        required: false,
        caseExact: true,
        mutability: "readWrite",
        returned: "default",
        uniqueness: "none",
      });
      const { id } = assertStatus(await okta.post(path, body), 201);
      const found = async (value) => assertStatus(await okta.find(path, `externalId eq "${value}"`), 200).Resources;
      assert.deepEqual([(await found("A")).map((each) => each.id), await found("a")], [[id], []]);
    }
    assert.equal(attributeOf(await schemaOf(okta, SCHEMA.enterprise), "externalId"), undefined);
  });

  test("describe every attribute fully", async () => {
    const { okta } = await createOrganization(worker);
    const characteristics = {
      type: ["string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary"],
      mutability: ["readOnly", "readWrite", "immutable", "writeOnly"],
      returned: ["always", "never", "default", "request"],
      uniqueness: ["none", "server", "global"],
      multiValued: [true, false],
      required: [true, false],
    };
    const check = (attribute, path) => {
      assert.match(attribute.name, /^[a-zA-Z$][\w$-]*$/, path);
      for (const [name, allowed] of Object.entries(characteristics)) {
        // RFC 7643 section 7 has no uniqueness for these.
        if (name === "uniqueness" && ["complex", "boolean"].includes(attribute.type)) continue;
        assert.ok(allowed.includes(attribute[name]), `${path}.${name} is ${attribute[name]}`);
      }
      assert.equal("subAttributes" in attribute, attribute.type === "complex", path);
      for (const sub of attribute.subAttributes ?? []) check(sub, `${path}.${sub.name}`);
    };
    for (const schema of assertStatus(await okta.get("/Schemas"), 200).Resources) {
      for (const attribute of schema.attributes) check(attribute, `${schema.name}.${attribute.name}`);
    }
  });

  test("are true: what is declared writable is stored and returned", async () => {
    const organization = await createOrganization(worker, { settings: { email_management: true } });
    const { okta } = organization;
    const settable = ({ mutability, returned }) => mutability === "readWrite" && returned !== "never";
    const core = (await schemaOf(okta, SCHEMA.user)).attributes.filter(settable);
    const enterprise = (await schemaOf(okta, SCHEMA.enterprise)).attributes.filter(settable);
    const values = (attributes) =>
      Object.fromEntries(attributes.map((attribute) => [attribute.name, sampleOf(attribute)]));
    const body = {
      schemas: [SCHEMA.user, SCHEMA.enterprise],
      ...values(core),
      [SCHEMA.enterprise]: values(enterprise),
    };
    assert.ok(core.length >= 15 && enterprise.length >= 5, "the schemas are nearly empty");
    body.userName = "everything@okta.local";
    const user = assertStatus(await okta.post("/Users", body), 201);
    for (const { name } of core) {
      if (name !== "name") assert.deepEqual(user[name], body[name], name);
    }
    // `formatted` is made of the other names when they disagree.
    for (const part of ["givenName", "familyName", "middleName"]) assert.equal(user.name[part], body.name[part]);
    assert.deepEqual(user[SCHEMA.enterprise], body[SCHEMA.enterprise]);
  });

  test("are complete: what is returned is declared", async () => {
    const organization = await createOrganization(worker, { projects: { Demo: [] } });
    const { okta } = organization;
    const user = await organization.createUser("ada@okta.local", { title: "Countess", nickName: "Ada" });
    const group = await organization.groupNamed("Statsig-Demo-Member");
    await okta.put(`/Groups/${group.id}`, { ...group, externalId: "g1", members: [{ value: user.id }] });
    // RFC 7643 section 3.1: these belong to every resource, and to no schema.
    const common = ["schemas", "id", "externalId", "meta"];
    const undeclared = (value, attributes, ignored = []) =>
      Object.entries(value).flatMap(([name, inner]) => {
        if (ignored.includes(name)) return [];
        const attribute = attributes.find((each) => each.name === name);
        if (!attribute) return [name];
        if (attribute.type !== "complex") return [];
        return [inner].flat().flatMap((element) => undeclared(element, attribute.subAttributes));
      });
    for (const [urn, resource] of [
      [SCHEMA.user, await organization.user(user.id)],
      [SCHEMA.group, await organization.group(group.id)],
    ]) {
      assert.deepEqual(undeclared(resource, (await schemaOf(okta, urn)).attributes, common), []);
    }
  });

  test("say whether email can be changed, as the organization is set", async () => {
    const organization = await createOrganization(worker);
    for (const [email_management, mutability] of [
      [false, "immutable"],
      [true, "readWrite"],
    ]) {
      await organization.configure({ email_management });
      const schema = await schemaOf(organization.okta, SCHEMA.user);
      assert.equal(attributeOf(schema, "userName").mutability, mutability);
      // What an address is for may change, the address may not.
      const emails = attributeOf(schema, "emails");
      assert.equal(emails.mutability, "readWrite");
      assert.equal(emails.subAttributes.find(({ name }) => name === "value").mutability, mutability);
    }
  });

  test("say whether groups can be renamed, as the organization is set", async () => {
    const organization = await createOrganization(worker);
    for (const [plain_groups, mutability] of [
      [false, "immutable"],
      [true, "readWrite"],
    ]) {
      await organization.configure({ plain_groups });
      const schema = await schemaOf(organization.okta, SCHEMA.group);
      assert.equal(attributeOf(schema, "displayName").mutability, mutability);
    }
  });

  test("say that a member is not changed, only added and removed", async () => {
    const { okta } = await createOrganization(worker);
    const members = attributeOf(await schemaOf(okta, SCHEMA.group), "members");
    assert.equal(members.mutability, "readWrite");
    const mutability = Object.fromEntries(members.subAttributes.map((sub) => [sub.name, sub.mutability]));
    assert.deepEqual([mutability.value, mutability.$ref, mutability.type], Array(3).fill("immutable"));
  });

  test("declare the org role with its values", async () => {
    const { okta } = await createOrganization(worker);
    const role = attributeOf(await schemaOf(okta, SCHEMA.user), "statsigOrgRole");
    assert.deepEqual([role.type, role.multiValued, role.required], ["string", false, false]);
    assert.deepEqual([...role.canonicalValues].sort(), ["Admin", "Member"], "SCIM cannot make a user the Owner");
    const userName = attributeOf(await schemaOf(okta, SCHEMA.user), "userName");
    assert.deepEqual([userName.required, userName.caseExact, userName.uniqueness], [true, false, "server"]);
  });
});

test("what the RFC leaves optional is refused as such, in SCIM", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  await organization.unchangedBy(async () => {
    assertError(await okta.get("/Me"), 501);
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      assertError(await okta.send(method, "/Me", oktaUser(person("me@okta.local"))), 501);
    }
  });
});

test("discovery does not change", async () => {
  const { okta } = await createOrganization(worker);
  for (const path of ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", `/Schemas/${SCHEMA.user}`]) {
    for (const refused of [
      await okta.put(path, oktaUser(person("x@okta.local"))),
      await okta.post(path, oktaUser(person("x@okta.local"))),
      await okta.delete(path),
    ]) {
      assertError(refused, 405);
      assert.match(refused.headers.allow ?? "", /\bGET\b/);
    }
  }
});
