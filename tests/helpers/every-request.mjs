// The same attributes in every kind of request.

import assert from "node:assert/strict";
import { assertStatus } from "./assert.mjs";
import { oktaUser, person } from "./bodies.mjs";
import { bulk, patch, post } from "./bulk.mjs";

let made = 0;

/** A `userName` that no test has used yet. */
export const newUserName = () => `person${++made}@okta.local`;

/** A new user of the organization, with these attributes beside those of every test user. */
export const newUser = (organization, extra) => organization.createUser(newUserName(), extra);

/**
 * Sends the attributes by every kind of request that has an object of attributes; `check(user, request)` is called for
 * each.
 */
export async function byEveryRequest(organization, attributes, check) {
  const { okta } = organization;
  const created = assertStatus(await okta.post("/Users", oktaUser(person(newUserName()), attributes)), 201);
  check(created, "POST");
  const { id, userName } = await newUser(organization);
  check(assertStatus(await okta.put(`/Users/${id}`, oktaUser(person(userName), attributes)), 200), "PUT");
  for (const op of ["add", "Replace"]) {
    const { id } = await newUser(organization);
    check(assertStatus(await okta.patch(`/Users/${id}`, { op, value: attributes }), 200), `PATCH ${op}`);
  }
  const other = await newUser(organization);
  const [first, second] = await bulk(okta, [
    post("/Users", "new", oktaUser(person(newUserName()), attributes)),
    patch(`/Users/${other.id}`, { op: "replace", value: attributes }),
  ]);
  assert.deepEqual([first.status, second.status], ["201", "200"], JSON.stringify([first, second]));
  check(await organization.user(first.location.split("/").at(-1)), "bulk POST");
  check(await organization.user(other.id), "bulk PATCH");
}
