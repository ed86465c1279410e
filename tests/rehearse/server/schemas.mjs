// What the server says about itself.

import { SCHEMA } from "../../helpers/schema.mjs";

const CORE = "urn:ietf:params:scim:schemas:core:2.0";

export const MULTI_VALUED = ["emails", "phoneNumbers", "roles", "groups", "members"];

const attribute = (name, more = {}) => ({
  name,
  type: "string",
  multiValued: MULTI_VALUED.includes(name),
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
  uniqueness: "none",
  ...more,
});
const complex = (name, subs, more) =>
  attribute(name, { type: "complex", subAttributes: subs.map((sub) => attribute(sub)), ...more });

const USER = [
  attribute("userName", { required: true, uniqueness: "server" }),
  complex("name", ["formatted", "givenName", "familyName", "middleName"]),
  ...["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone"].map((name) =>
    attribute(name),
  ),
  attribute("profileUrl", { type: "reference", referenceTypes: ["external"] }),
  attribute("active", { type: "boolean" }),
  attribute("password", { mutability: "writeOnly", returned: "never" }),
  complex("emails", ["value", "type", "primary"]),
  complex("phoneNumbers", ["value", "type"]),
  complex("roles", ["value"]),
  complex("groups", ["value", "display"], { mutability: "readOnly" }),
];
const ENTERPRISE = [
  ...["employeeNumber", "costCenter", "organization", "division", "department"].map((name) => attribute(name)),
  complex("manager", ["value", "displayName"]),
];
const GROUP = [attribute("displayName", { required: true }), complex("members", ["value", "display", "type"])];

/** The names that a resource of the type keeps, besides those of all resources. */
export const KEPT = {
  Users: [
    ...USER.filter(({ mutability }) => mutability === "readWrite").map(({ name }) => name),
    "externalId",
    SCHEMA.enterprise,
  ],
  Groups: [...GROUP.map(({ name }) => name), "externalId"],
};

const schema = (id, name, attributes) => ({ schemas: [`${CORE}:Schema`], id, name, attributes });

const schemas = [
  schema(SCHEMA.user, "User", USER),
  schema(SCHEMA.enterprise, "EnterpriseUser", ENTERPRISE),
  schema(SCHEMA.group, "Group", GROUP),
];

const type = (name, id, schemaExtensions = []) => ({
  schemas: [`${CORE}:ResourceType`],
  id: name,
  name,
  endpoint: `/${name}s`,
  schema: id,
  schemaExtensions,
});

const resourceTypes = [
  type("User", SCHEMA.user, [{ schema: SCHEMA.enterprise, required: false }]),
  type("Group", SCHEMA.group),
];

/** The documents of an endpoint. @param has says whether the server has the fault of this name */
export function documentsOf(endpoint, has) {
  if (endpoint === "ResourceTypes") {
    return has("types-without-endpoint") ? resourceTypes.map(({ endpoint: _, ...rest }) => rest) : resourceTypes;
  }
  if (endpoint !== "Schemas") return undefined;
  const wrong = {
    ...(has("schema-with-null") && { description: null }),
    ...(has("schema-of-no-type") && { type: "text" }),
  };
  return schemas.map((each) => ({ ...each, attributes: each.attributes.map((one) => ({ ...one, ...wrong })) }));
}

export const config = {
  schemas: [`${CORE}:ServiceProviderConfig`],
  patch: { supported: true },
  bulk: { supported: true, maxOperations: 10, maxPayloadSize: 100_000 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: true },
  etag: { supported: true },
  pagination: { cursor: true, index: true, defaultPaginationMethod: "index", defaultPageSize: 100, maxPageSize: 200 },
  authenticationSchemes: [{ type: "oauthbearertoken", name: "Key", description: "A bearer token." }],
};
