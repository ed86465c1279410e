// The description of the console's API, and whether what the Worker says and takes is what it describes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

export const text = readFileSync(new URL("../../src/assets/openapi.json", import.meta.url), "utf8");
export const document = JSON.parse(text);
const [{ url: BASE }] = document.servers;

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
// Narrower than the formats are: what the Worker writes, and no more.
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
ajv.addFormat("uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
// Schemas refer to each other from the root of the document, which is therefore one to Ajv.
ajv.addVocabulary(Object.keys(document));
ajv.addSchema(document, "openapi");

/** Where a part of the document is, references followed. */
export class Part {
  constructor(...names) {
    this.names = names.map(String);
    this.value = names.reduce((part, name) => part?.[name], document);
  }

  /** The part of that name in this one; its value is undefined if there is none. */
  at(...names) {
    const part = new Part(...this.names, ...names);
    return typeof part.value?.$ref === "string" ? Part.of(part.value.$ref) : part;
  }

  static of(reference) {
    assert.ok(reference.startsWith("#/"), `${reference} is not in this document`);
    return new Part().at(...reference.slice(2).split("/"));
  }

  /** All parts of a list in this one. */
  each(name) {
    return Object.keys(this.value?.[name] ?? {}).map((key) => this.at(name, key));
  }

  /** What is wrong with a value, if this is a schema; undefined if nothing is. */
  complaint(value) {
    const pointer = this.names.map((name) => name.replaceAll("~", "~0").replaceAll("/", "~1")).map(encodeURIComponent);
    const validate = ajv.getSchema(`openapi#/${pointer.join("/")}`);
    return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: "it" });
  }
}

/** All operations: method in upper case, path template, and the part of the document. */
export const operations = Object.keys(document.paths).flatMap((template) =>
  Object.keys(document.paths[template])
    .filter((name) => name !== "parameters")
    .map((name) => ({ method: name.toUpperCase(), template, part: new Part("paths", template, name) })),
);

/** The methods that the document has for a path template. */
export const methodsOf = (template) =>
  operations.filter((operation) => operation.template === template).map(({ method }) => method);

/** The parameters of an operation, of one kind (`path`, `query`). */
export const parametersOf = ({ template, part }, kind) =>
  [...new Part("paths", template).each("parameters"), ...part.each("parameters")].filter(
    ({ value }) => value.in === kind,
  );

const segments = (path) => path.split("/").filter((segment) => segment !== "");

/** The operation that a request is, if the document has it. */
export function operationOf(method, pathname) {
  const asked = segments(pathname.slice(BASE.length));
  const fits = (template) => {
    const own = segments(template);
    return own.length === asked.length && own.every((name, i) => name.startsWith("{") || name === asked[i]);
  };
  return operations.find((operation) => operation.method === method && fits(operation.template));
}

/**
 * Asserts that a call was answered as the document says, and that what was accepted is what the document asks for.
 * @param path with the query, as it was sent
 * @param body the answer's, parsed; `requestBody` as the test gave it
 */
export function checkCall({ method, path, status, body, text, requestBody, contentType }) {
  const { pathname, searchParams } = new URL(path, "http://worker");
  if (!pathname.startsWith(`${BASE}/`)) return;
  // HEAD is answered as GET is, and is not described by itself.
  const operation = operationOf(method === "HEAD" ? "GET" : method, pathname);
  const call = `${method} ${path} -> ${status}`;
  // Without authentication, an answer does not tell which paths exist.
  const isRefusal = status === 405 || (!operation && [401, 403, 404, 503].includes(status));
  assert.ok(operation || isRefusal, `${call}: openapi.json does not have this call`);

  const answer = isRefusal ? new Part("components", "responses", "NotFound") : operation.part.at("responses", status);
  assert.ok(answer.value, `${call}: openapi.json does not have this status of ${operation?.part.value.operationId}`);
  if (method === "HEAD") return;
  const types = Object.keys(answer.value.content);
  const type = types.find((each) => each === contentType?.split(";")[0]);
  assert.ok(type, `${call}: Content-Type ${contentType}, not one of ${types}`);
  // A file is text.
  const content = type.endsWith("json") && !type.endsWith("ndjson") ? body : text;
  assertFits(answer.at("content", type, "schema"), content, `${call}: the answer is not as in openapi.json`);
  if (status >= 400) assert.equal(body.status, status, call);
  else checkAccepted(operation, searchParams, requestBody, `${call}: accepted, but openapi.json`);
}

function checkAccepted(operation, query, body, accepted) {
  const known = parametersOf(operation, "query");
  for (const [name, value] of query) {
    const parameter = known.find((each) => each.value.name === name);
    assert.ok(parameter, `${accepted} has no parameter ${name}`);
    const schema = parameter.at("schema");
    const read = schema.value.type === "integer" ? Number(value) : value;
    // An empty one is none.
    if (value !== "") assertFits(schema, read, `${accepted} has another ${name}`);
  }
  const described = operation.part.at("requestBody");
  if (body === undefined || body === "") {
    assert.ok(!described.value?.required, `${accepted} asks for a body`);
    return;
  }
  assert.ok(described.value, `${accepted} has no body there`);
  const sent = JSON.parse(typeof body === "string" ? body : JSON.stringify(body));
  assertFits(described.at("content", "application/json", "schema"), sent, `${accepted} has another body`);
}

function assertFits(schema, value, message) {
  const complaint = schema.complaint(value);
  assert.ok(complaint === undefined, `${message}: ${complaint}: ${JSON.stringify(value)}`);
}
