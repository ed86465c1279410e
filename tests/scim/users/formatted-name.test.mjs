// `name.formatted` beside the parts of a name (RFC 7644 section 3.5.2.3: a sub-attribute that is not named stays).

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { bulk, patch } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
const PARTS = { honorificPrefix: "Ms.", givenName: "A", middleName: "M", familyName: "B", honorificSuffix: "III" };
let organization;

let number = 0;

async function named(name) {
  organization ??= await createOrganization(worker);
  return await organization.createUser(`name${++number}@okta.local`, { name });
}

/** Every way to change one part of a name. */
const changes = (part, value) => [
  [{ op: "replace", path: `name.${part}`, value }],
  [{ op: "Add", path: `name.${part}`, value }],
  [{ op: "replace", path: "name", value: { [part]: value } }],
  [{ op: "replace", value: { [`name.${part}`]: value } }],
  [{ op: "add", value: { name: { [part]: value } } }],
];

test("a formatted name that says more than its parts stays when one of them changes", async () => {
  for (const [formatted, parts] of [
    ["Dr. A B, PhD", { givenName: "A", familyName: "B" }],
    ["B, A", { givenName: "A", familyName: "B" }],
    ["The Countess", PARTS],
  ]) {
    for (const part of Object.keys(PARTS)) {
      for (const operations of changes(part, "X")) {
        const { id } = await named({ ...parts, formatted });
        const { name } = assertStatus(await organization.okta.patch(`/Users/${id}`, ...operations), 200);
        assert.deepEqual(name, { ...name, ...parts, [part]: "X", formatted }, JSON.stringify(operations));
      }
    }
    const { id } = await named({ ...parts, formatted });
    assertStatus(await organization.okta.patch(`/Users/${id}`, { op: "remove", path: "name.givenName" }), 200);
    assert.equal((await organization.user(id)).name.formatted, formatted);
    await bulk(organization.okta, [patch(`/Users/${id}`, changes("familyName", "X")[0])]);
    assert.equal((await organization.user(id)).name.formatted, formatted);
    const before = await organization.user(id);
    const sent = { ...before, name: { ...before.name, givenName: "C" } };
    assert.equal(assertStatus(await organization.okta.put(`/Users/${id}`, sent), 200).name.formatted, formatted);
  }
});

test("a formatted name that is its parts follows them", async () => {
  const whole = (parts) =>
    Object.keys(PARTS)
      .map((part) => parts[part])
      .filter(Boolean)
      .join(" ");
  for (const parts of [PARTS, { givenName: "A", familyName: "B" }]) {
    for (const part of Object.keys(parts)) {
      const { id } = await named({ ...parts, formatted: whole(parts) });
      for (const [index, operations] of changes(part, "X").entries()) {
        const changed = { ...parts, [part]: `X${index}` };
        const said = JSON.parse(JSON.stringify(operations).replace('"X"', `"X${index}"`));
        const { name } = assertStatus(await organization.okta.patch(`/Users/${id}`, ...said), 200);
        assert.deepEqual(name, { ...name, ...changed, formatted: whole(changed) });
      }
    }
  }
  const { id } = await named({ givenName: "A", familyName: "B", formatted: "A B" });
  const both = [changes("givenName", "C")[0], { op: "replace", path: "name.formatted", value: "Dr. C" }].flat();
  assert.equal(assertStatus(await organization.okta.patch(`/Users/${id}`, ...both), 200).name.formatted, "Dr. C");
});
