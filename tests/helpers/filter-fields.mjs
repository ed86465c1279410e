// What a filter or `sortBy` can name, from the schemas that the Worker publishes.

import { assertStatus } from "./assert.mjs";
import { SCHEMA } from "./schema.mjs";

/** Of every resource, and in no schema (RFC 7643 section 3.1). */
const COMMON = [
  { name: "schemas", type: "reference", multiValued: true, caseExact: true },
  { name: "id", type: "string", caseExact: true },
  { name: "externalId", type: "string", caseExact: true },
  {
    name: "meta",
    type: "complex",
    subAttributes: [
      { name: "resourceType", type: "string", caseExact: true },
      { name: "created", type: "dateTime" },
      { name: "lastModified", type: "dateTime" },
      { name: "location", type: "reference", caseExact: true },
      { name: "version", type: "string", caseExact: true },
    ],
  },
];

/**
 * The attributes of a schema and their sub-attributes, one after the other.
 * @returns {{urn: string, extension: boolean, name: string, sub?: string, type: string, multiValued: boolean,
 *   caseExact: boolean}[]}
 */
function flatten(urn, extension, attributes) {
  const field = ({ name, type, multiValued = false, caseExact = false }) => ({
    urn,
    extension,
    name,
    type,
    multiValued,
    caseExact,
  });
  return attributes.flatMap((attribute) => [
    field(attribute),
    ...(attribute.subAttributes ?? []).map((sub) => ({
      ...field(sub),
      name: attribute.name,
      sub: sub.name,
      multiValued: field(attribute).multiValued,
    })),
  ]);
}

/** The fields of users and of groups, and of both together, as the root of the service lists them. */
export async function readFields(okta) {
  const attributes = async (urn) => {
    const schema = assertStatus(await okta.get(`/Schemas/${urn}`), 200);
    return schema.attributes.filter(({ returned }) => returned !== "never");
  };
  const users = [
    ...flatten(SCHEMA.user, false, [...COMMON, ...(await attributes(SCHEMA.user))]),
    ...flatten(SCHEMA.enterprise, true, await attributes(SCHEMA.enterprise)),
  ];
  const groups = flatten(SCHEMA.group, false, [...COMMON, ...(await attributes(SCHEMA.group))]);
  const known = new Set(users.map(nameOf));
  // A name that both types have means both; the URN of one would not.
  const both = [...users, ...groups.filter((field) => !known.has(nameOf(field)))];
  return { users, groups, root: both.map((field) => (field.extension ? field : { ...field, urn: undefined })) };
}

/** `userName`, `name.familyName`… */
export function nameOf({ name, sub }) {
  return sub === undefined ? name : `${name}.${sub}`;
}
