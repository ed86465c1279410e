// Neither an event nor the log keeps the value of an attribute that the schema does not know: only its name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

let made = 0;
const secret = () => `hush-${++made}-hush`;

test("secrets in unknown attributes, extensions, paths and bulk operations are stored nowhere", async () => {
  const organization = await createOrganization(worker);
  const { okta } = organization;
  const hidden = () => ({
    apiKey: secret(),
    password: secret(),
    name: { givenName: "Ada", familyName: "Lovelace", pin: secret(), deep: { deeper: secret() } },
    emails: [{ value: "ada@okta.local", type: "work", otp: secret() }],
    [ENTERPRISE]: { department: "Ops", badgeCode: secret(), manager: { value: "1", pin: secret() } },
    "urn:acme:params:scim:2.0:User": { token: secret(), nested: { token: [secret()] } },
    "urn:acme:params:scim:2.0:User:token": secret(),
  });
  const body = () => oktaUser(person("ada@okta.local"), hidden());
  const user = assertStatus(await okta.post("/Users", body()), 201);
  const path = `/Users/${user.id}`;
  assertStatus(await okta.put(path, { ...body(), title: "Countess" }), 200);
  for (const operation of [
    { op: "replace", value: { ...hidden(), title: "Dr" } },
    { op: "add", path: "clientSecret", value: secret() },
    { op: "add", path: "password", value: secret() },
    { op: "replace", path: `${ENTERPRISE}:badgeCode`, value: secret() },
    { op: "replace", path: `emails[otp eq "${secret()}"].value`, value: "x@okta.local" },
    { op: "add", path: "urn:acme:params:scim:2.0:User:token", value: { inner: secret() } },
    { op: "replace", path: "title", value: `Prof ${made}` },
  ]) {
    const { status } = await okta.patch(path, operation);
    assert.ok(status < 500, `${status}`);
  }
  const operations = [
    { method: "POST", path: "/Users", bulkId: "a", data: oktaUser(person("ben@okta.local"), { apiKey: secret() }) },
    { method: "PUT", path, data: { ...body(), nickName: "A", privateKey: secret() } },
    {
      method: "PATCH",
      path,
      data: {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "replace", value: { title: "Bulk", recoveryCode: secret() } }],
      },
    },
  ];
  assertStatus(await okta.post("/Bulk", { schemas: [BULK], Operations: operations }), 200);
  assertStatus(await okta.delete(path), 204);

  const tables = ["users", "events", "event_subjects", "deleted_people", "log", "idempotent_calls"];
  for (const table of tables) {
    const text = JSON.stringify(await worker.sql(`SELECT * FROM ${table}`));
    assert.doesNotMatch(text, /hush-\d+-hush/, table);
  }
  const log = JSON.stringify(await worker.sql("SELECT body FROM log WHERE org_id = ?1", organization.id));
  for (const name of ["apiKey", "badgeCode", "urn:acme:params:scim:2.0:User", "clientSecret", "recoveryCode"]) {
    assert.ok(log.includes(name), `the log has the name ${name}`);
  }
  const parts = JSON.stringify(await worker.sql("SELECT personal FROM event_subjects WHERE personal IS NOT NULL"));
  assert.match(parts, /Countess/, "attributes of the schema are kept");
});
