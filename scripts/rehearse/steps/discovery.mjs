// What a governance product reads before it maps attributes: what the server says about itself has to be true.

import { SCHEMA } from "../../../tests/helpers/schema.mjs";
import { ENTRA, rfc7643, rfc7644 } from "../rules.mjs";

const CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const FEATURES = ["patch", "bulk", "filter", "changePassword", "sort", "etag"];

/** RFC 7643 section 7. */
const CHARACTERISTICS = {
  type: ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"],
  mutability: ["readOnly", "readWrite", "immutable", "writeOnly"],
  returned: ["always", "never", "default", "request"],
  uniqueness: ["none", "server", "global"],
};

/** A value for each attribute that is tried, by its name in the core schema or the enterprise extension. */
const SAMPLES = {
  displayName: "Sample Rehearsal",
  nickName: "Baton",
  title: "Conductor",
  userType: "Employee",
  preferredLanguage: "en-GB",
  locale: "en-GB",
  timezone: "Europe/Berlin",
  profileUrl: "https://example.com/rehearsal",
};
const ENTERPRISE_SAMPLES = {
  employeeNumber: "1815",
  costCenter: "4130",
  organization: "Rehearsals",
  division: "Stage",
  department: "Orchestra",
};

export const discovery = {
  part: "discovery",
  client: "Governance product",
  steps: {
    "resource-types": ["lists its types of resources", resourceTypes],
    schemas: ["lists its schemas", schemas],
    "single-documents": ["shows a single schema and type", singleDocuments],
    config: ["describes what it supports", config],
    attributes: ["keeps the attributes that its schema lists", attributes],
    sort: ["sorts, if it says so", sort],
    bulk: ["takes bulk requests, if it says so", bulk],
  },
};

async function resourceTypes(play) {
  const types = play.resources(rfc7644("4"), await play.governance.get("/ResourceTypes"));
  for (const [name, endpoint, schema] of [
    ["User", "/Users", SCHEMA.user],
    ["Group", "/Groups", SCHEMA.group],
  ]) {
    const type = types.find((each) => each.name === name);
    const level = name === "User" ? "must" : "should";
    if (
      !play[level](
        rfc7643("6"),
        `There is a type ${name}.`,
        type !== undefined,
        types.map((each) => each.name),
      )
    )
      continue;
    const isEndpoint = typeof type.endpoint === "string" && type.endpoint.endsWith(endpoint);
    play.must(rfc7643("6"), `The endpoint of ${name} is ${endpoint}.`, isEndpoint, type.endpoint);
    play.must(rfc7643("6"), `The schema of ${name} is ${schema}.`, type.schema === schema, type.schema);
  }
}

async function schemasOf(play) {
  return play.resources(rfc7644("4"), await play.governance.get("/Schemas"));
}

async function schemas(play) {
  const listed = await schemasOf(play);
  const user = listed.find(({ id }) => id === SCHEMA.user);
  if (
    !play.must(
      rfc7643("7"),
      "The core User schema is listed.",
      user !== undefined,
      listed.map(({ id }) => id),
    )
  )
    return;
  for (const schema of listed) checkAttributes(play, schema.id, schema.attributes);
  const names = user.attributes?.map?.(({ name }) => name) ?? [];
  for (const name of ["userName", "name", "emails", "active"]) {
    play.must(rfc7643("4.1.1"), `The User schema lists ${name}.`, names.includes(name), names);
  }
  const isNullFree = !JSON.stringify(listed).includes(":null");
  play.should(ENTRA.schemas, "No characteristic of an attribute is null.", isNullFree, "null is there");
}

function checkAttributes(play, owner, attributes) {
  if (!play.must(rfc7643("7"), `${owner} has attributes.`, Array.isArray(attributes), attributes)) return;
  for (const attribute of attributes) {
    const wrong = Object.entries(CHARACTERISTICS).filter(
      ([name, values]) => attribute[name] !== undefined && !values.includes(attribute[name]),
    );
    const text = `The characteristics of ${owner}:${attribute.name} have values of the RFC.`;
    play.must(rfc7643("7"), text, wrong.length === 0 && typeof attribute.name === "string", Object.fromEntries(wrong));
    if (attribute.subAttributes) checkAttributes(play, `${owner}:${attribute.name}`, attribute.subAttributes);
  }
}

async function singleDocuments(play) {
  for (const [path, key, value] of [
    [`/Schemas/${SCHEMA.user}`, "id", SCHEMA.user],
    ["/ResourceTypes/User", "name", "User"],
  ]) {
    const { status, body } = await play.governance.get(path);
    play.should(rfc7644("4"), `GET ${path} shows that document.`, status === 200 && body?.[key] === value, status);
  }
}

async function config(play) {
  const body = play.answers(rfc7644("4"), await play.governance.get("/ServiceProviderConfig"), 200);
  play.must(rfc7643("5"), "schemas names ServiceProviderConfig.", body.schemas?.includes?.(CONFIG), body.schemas);
  for (const feature of FEATURES) {
    const isTold = typeof body[feature]?.supported === "boolean";
    play.must(rfc7643("5"), `${feature}.supported is true or false.`, isTold, body[feature]);
  }
  const schemes = body.authenticationSchemes;
  play.must(rfc7643("5"), "authenticationSchemes is an array.", Array.isArray(schemes), schemes);
  if (body.filter?.supported) {
    const { maxResults } = body.filter;
    play.must(rfc7643("5"), "filter.maxResults is a number.", Number.isInteger(maxResults), maxResults);
  }
  play.should("Okta, catalog app", "PATCH is supported.", body.patch?.supported === true, body.patch);
}

async function attributes(play) {
  const listed = await schemasOf(play);
  const { id } = await play.stage.person("oin");
  const known = await play.read(play.governance, `/Users/${id}`);
  const core = samplesOf(listed, SCHEMA.user, SAMPLES);
  const enterprise = samplesOf(listed, SCHEMA.enterprise, ENTERPRISE_SAMPLES);
  const body = { ...known, ...core };
  if (Object.keys(enterprise).length > 0) {
    body[SCHEMA.enterprise] = enterprise;
    body.schemas = [...new Set([...(known.schemas ?? [SCHEMA.user]), SCHEMA.enterprise])];
  }
  play.answers(rfc7644("3.5.1"), await play.governance.put(`/Users/${id}`, body), 200);
  const read = await play.read(play.governance, `/Users/${id}`);
  for (const [name, value] of Object.entries(core)) {
    play.must(rfc7643("7"), `${name}, which the schema lists as readWrite, is kept.`, read[name] === value, read[name]);
  }
  for (const [name, value] of Object.entries(enterprise)) {
    const kept = read[SCHEMA.enterprise]?.[name];
    play.must(rfc7643("7"), `${name} of the enterprise extension is kept.`, kept === value, kept);
  }
}

/** The samples of those attributes that the schema lists as readWrite. */
function samplesOf(listed, id, samples) {
  const attributes = listed.find((schema) => schema.id === id)?.attributes ?? [];
  const isWritable = (name) =>
    attributes.some((each) => each.name === name && (each.mutability ?? "readWrite") === "readWrite");
  return Object.fromEntries(Object.entries(samples).filter(([name]) => isWritable(name)));
}

async function sort(play) {
  await play.declared("sort");
  const cast = await play.stage.cast();
  const filter = cast.map(({ userName }) => `userName eq "${userName}"`).join(" or ");
  const names = cast.map(({ userName }) => userName).sort();
  for (const [sortOrder, expected] of [
    ["ascending", names],
    ["descending", names.toReversed()],
  ]) {
    const answer = await play.governance.list("/Users", { filter, sortBy: "userName", sortOrder });
    const found = play.resources(rfc7644("3.4.2.3"), answer).map(({ userName }) => userName);
    const isSorted = found.join() === expected.join();
    play.must(rfc7644("3.4.2.3"), `The people are in ${sortOrder} order of userName.`, isSorted, found);
  }
}

async function bulk(play) {
  await play.declared("bulk");
  const [ada] = await play.stage.cast();
  const title = `Bulk ${Date.now()}`;
  const data = { schemas: [SCHEMA.patch], Operations: [{ op: "replace", path: "title", value: title }] };
  const body = { schemas: [SCHEMA.bulk], Operations: [{ method: "PATCH", path: `/Users/${ada.id}`, data }] };
  const { Operations } = play.answers(rfc7644("3.7"), await play.governance.post("/Bulk", body), 200);
  const status = String(Operations?.[0]?.status);
  play.must(rfc7644("3.7"), "The operation has succeeded.", ["200", "204"].includes(status), Operations);
  const read = await play.read(play.governance, `/Users/${ada.id}`);
  play.must(rfc7644("3.7"), "The operation is carried out.", read.title === title, read.title);
}
