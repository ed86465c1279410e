// The product's side is what its OpenAPI document says, and the client's types are made from that.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { clientTypes, DOCUMENT, TYPES } from "../../scripts/lib/client-types.mjs";
import { root } from "../../scripts/lib/paths.mjs";
import { operation } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { createProduct } from "../helpers/product.mjs";
import { useWorker } from "../helpers/worker.mjs";

const document = JSON.parse(readFileSync(DOCUMENT, "utf8"));
const worker = useWorker();
/** Calls that answer in other forms than JSON, or that other tests describe. */
const ELSEWHERE = ["/.well-known/jwks.json", "/.well-known/authzen-configuration"];

// The document describes what there is: a field that it does not name is a fault of the one or the other.
const closed = structuredClone(document);
for (const [name, schema] of Object.entries(closed.components.schemas)) {
  // Problems may have more, as RFC 9457 says.
  if (schema.type === "object" && name !== "Problem") schema.additionalProperties = false;
}
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
ajv.addVocabulary(Object.keys(document));
ajv.addSchema(closed, "product");

function assertIs(name, value) {
  const validate = ajv.getSchema(`product#/components/schemas/${name}`);
  assert.ok(validate(value), `${ajv.errorsText(validate.errors, { dataVar: name })}: ${JSON.stringify(value)}`);
}

test("it is an OpenAPI document", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
});

test("it has the addresses that the Worker has", () => {
  const source = readFileSync(join(root, "src/product_api/routes.rs"), "utf8");
  const routes = [...source.matchAll(/\.at\(\s*"([^"]+)",\s*Method::(\w+)/g)].map(
    ([, path, method]) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`,
  );
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const others = routes.filter((route) => !ELSEWHERE.includes(route.split(" ")[1]));
  assert.ok(others.length > 8);
  assert.deepEqual(described.sort(), others.sort());
});

test("the types of the client are made from it", async () => {
  const { execFileSync } = await import("node:child_process");
  const biome = join(root, "node_modules/.bin/biome");
  const text = execFileSync(biome, ["format", `--stdin-file-path=${TYPES}`], { input: await clientTypes() }).toString();
  if (process.env.UPDATE) writeFileSync(TYPES, text);
  assert.equal(readFileSync(TYPES, "utf8"), text, "renew it with UPDATE=1");
});

let organization;
let product;
let person;

before(async () => {
  await worker.started;
  organization = await createOrganization(worker, { projects: { Demo: [] } });
  product = await createProduct(organization);
  person = await organization.createUser("described@okta.local");
  const group = await organization.groupNamed("Statsig-Demo-Member");
  const { okta } = organization;
  assert.equal((await okta.patch(`/Groups/${group.id}`, operation.addMembers([person.id]))).status, 204);
  assert.equal((await okta.patch(`/Users/${person.id}`, operation.active(false))).status, 200);
  assert.equal((await okta.patch(`/Users/${person.id}`, operation.active(true))).status, 200);
  assert.equal((await okta.patch(`/Groups/${group.id}`, operation.addMembers([person.id]))).status, 204);
  await organization.admin.call("PATCH", organization.path(""), { name: "Described" }, 200);
});

test("the feed, and how far a consumer is", async () => {
  const page = await product.get("/product/v1/events");
  assertIs("FeedPage", page);
  assert.ok(page.events.some(({ access }) => access.some(({ lost }) => lost.length > 0)));
  assertIs("Acknowledged", await product.get("/product/v1/acknowledgements"));
  assertIs("Acknowledged", await product.call("POST", "/product/v1/acknowledgements", { cursor: page.cursor }));
  assertIs("SetAnswer", await product.call("POST", "/product/v1/sets/poll", { maxEvents: 1 }));
});

test("people", async () => {
  assertIs("About", await product.get("/product/v1"));
  const found = await product.get("/product/v1/people/described@okta.local");
  assertIs("PersonWithAccess", found);
  assert.equal(found.access.length, 1);
  const people = await product.get("/product/v1/projects/Demo/people?limit=1");
  assertIs("PeoplePage", people);
  assert.equal(people.people.length, 1);
  const { text } = await product.send("GET", "/product/v1/snapshot");
  const [head, ...lines] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assertIs("SnapshotHead", head);
  assertIs("SnapshotEnd", lines.pop());
  assert.ok(lines.length > 0);
  for (const line of lines) assertIs("PersonWithAccess", line);
});

test("checks", async () => {
  const [subject, action, resource] = [
    { type: "user", id: person.id },
    { name: "launch_to_production" },
    { type: "project", id: "Demo" },
  ];
  assertIs("Decision", await product.call("POST", "/access/v1/evaluation", { subject, action, resource }));
  const several = { subject, action, evaluations: [{ resource }, { resource: { type: "project", id: "None" } }] };
  assertIs("Decisions", await product.call("POST", "/access/v1/evaluations", several));
});

test("searches", async () => {
  const [subject, action, resource] = [
    { type: "user", id: person.id },
    { name: "view_project" },
    { type: "project", id: "Demo" },
  ];
  const asked = {
    subject: { subject: { type: "user" }, action, resource },
    resource: { subject, action, resource: { type: "project" } },
    action: { subject, resource },
  };
  for (const [what, body] of Object.entries(asked)) {
    let [found, token] = [0, ""];
    do {
      const page = token === "" ? {} : { token };
      const answer = await product.call("POST", `/access/v1/search/${what}`, { ...body, page });
      assertIs("SearchAnswer", answer);
      found += answer.results.length;
      token = answer.page?.next_token ?? "";
    } while (token !== "");
    assert.ok(found > 0, what);
  }
});

test("setup links", async () => {
  const created = await product.send("POST", "/product/v1/setup-links", { expires_in_days: 2 });
  assert.equal(created.status, 201, created.text);
  assertIs("SetupLink", created.body);
  const days = (Date.parse(created.body.expires_at) - Date.parse(created.body.created_at)) / (24 * 60 * 60 * 1000);
  assert.ok(Math.abs(days - 2) < 0.01);
  const { links } = await organization.admin.get(organization.path("/setup-links"));
  assert.deepEqual([links[0].id, links[0].created_by], [created.body.id, created.body.created_by]);
  assert.match(links[0].created_by, /^scimp-/);
  const opened = await fetch(created.body.url, { redirect: "manual" });
  assert.ok(opened.status < 400, `the address of the link answers ${opened.status}`);
  await product.refused(400, "out_of_range", "POST", "/product/v1/setup-links", { expires_in_days: 31 });
  const reader = await createProduct(organization, { name: "Reader", scopes: ["read"] });
  await reader.refused(403, "scope_missing", "POST", "/product/v1/setup-links", {});
});

test("problems", async () => {
  const answer = await product.refused(400, "invalid_parameter", "GET", "/product/v1/events?limit=0");
  assertIs("Problem", answer.body);
});
