// Bulk requests, RFC 7644 section 3.7.

import assert from "node:assert/strict";
import { assertStatus } from "./assert.mjs";
import { oktaGroup, oktaUser, person } from "./bodies.mjs";
import { createOrganization } from "./organization.mjs";
import { SCHEMA } from "./schema.mjs";

export const ROLE = "Statsig-Demo-Member";

/** An organization with a user in the group of a project's role. */
export async function furnished(worker) {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  const ada = await organization.createUser("ada@okta.local");
  const { id } = await organization.groupNamed(ROLE);
  assertStatus(await organization.okta.put(`/Groups/${id}`, oktaGroup(ROLE, [ada.id])), 200);
  const group = await organization.group(id);
  return { organization, okta: organization.okta, ada, group, user: `/Users/${ada.id}`, role: `/Groups/${id}` };
}

/** Operations as clients write them. */
export const post = (path, bulkId, data) => ({ method: "POST", path, bulkId, data });
export const put = (path, data, more) => ({ method: "PUT", path, data, ...more });
export const remove = (path, more) => ({ method: "DELETE", path, ...more });
export const patch = (path, operations, more) => ({
  method: "PATCH",
  path,
  data: { schemas: [SCHEMA.patch], Operations: [operations].flat() },
  ...more,
});
export const postUser = (stem, bulkId = stem, extra = {}) =>
  post("/Users", bulkId, oktaUser(person(`${stem}@okta.local`), extra));

/** Sends a bulk request, whatever its outcome. */
export const sendBulk = (scim, Operations, more = {}) =>
  scim.post("/Bulk", { schemas: [SCHEMA.bulk], ...more, Operations });

/** Sends a bulk request; resolves with the responses of its operations, each of which is well formed. */
export async function bulk(scim, operations, more) {
  const body = assertStatus(await sendBulk(scim, operations, more), 200);
  assert.deepEqual(Object.keys(body).sort(), ["Operations", "schemas"]);
  assert.deepEqual(body.schemas, [SCHEMA.bulkResponse]);
  for (const response of body.Operations) assertWellFormed(response, JSON.stringify(response));
  return body.Operations;
}

/** Asserts the fields that RFC 7644 section 3.7.3 requires of the response to each kind of operation. */
function assertWellFormed({ method, bulkId, status, location, version, response, ...rest }, context) {
  assert.deepEqual(rest, {}, context);
  assert.ok(["POST", "PUT", "PATCH", "DELETE"].includes(method), context);
  assert.ok(bulkId === undefined || typeof bulkId === "string", context);
  assert.match(status, /^[2-5]\d\d$/, context);
  const failed = Number(status) >= 400;
  // A resource that was not created has no location, nor has one whose id is an unresolved bulkId.
  if (failed && method === "POST") assert.equal(location, undefined, context);
  else if (location === undefined) assert.match(response.detail, /bulkId:/, context);
  else assert.match(location, /^http:\/\/[^/]+\/scim\//, context);
  if (failed || method === "DELETE") assert.equal(version, undefined, context);
  else assert.match(version, /^W\/"\d+"$/, context);
  if (!failed) return assert.equal(response, undefined, context);
  assert.deepEqual([response.schemas, response.status], [[SCHEMA.error], status], context);
  assert.ok(response.detail.length > 0, context);
}

export const statuses = (responses) => responses.map(({ status }) => status).join(" ");

/** The path and the id of the resource that a response is about. */
export const pathOf = (scim, { location }) => location.slice(scim.base.length);
export const idOf = ({ location }) => location.split("/").at(-1);
