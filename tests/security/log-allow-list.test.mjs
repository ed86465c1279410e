// The logs keep values of attributes of the schema; of other attributes they keep the name only.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, eventually } from "../helpers/assert.mjs";
import { oktaUser, person } from "../helpers/bodies.mjs";
import { patch, post, sendBulk } from "../helpers/bulk.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { logText } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

/** What both logs have of an organization's requests, once its own has so many entries. */
async function logged(organization, count) {
  await eventually(async () => {
    const [{ n }] = await worker.sql(
      "SELECT count(*) AS n FROM log WHERE org_id = ?1 AND source = 'scim'",
      organization.id,
    );
    assert.equal(n, count);
  });
  const rows = await worker.sql("SELECT * FROM log WHERE org_id = ?1", organization.id);
  return { rows: JSON.stringify(rows), lines: await logText(worker) };
}

test("values of what the schema does not know are in no log, wherever they stand", async () => {
  const organization = await createOrganization(worker, { settings: { plain_groups: true } });
  const { okta } = organization;
  let secrets = 0;
  const hush = () => `hush-${++secrets}-x`;
  const unknown = () => ({ apiKey: hush(), privateKey: [hush()], otp: { value: hush() }, pin: hush() });
  const urn = "urn:acme:params:scim:schemas:Vault:2.0:User";
  const { id } = await organization.createUser("ada@okta.local", {
    ...unknown(),
    [urn]: { anything: hush() },
    [SCHEMA.enterprise]: { department: "Research", apiKey: hush(), manager: { value: "7", pin: hush() } },
    name: { givenName: "Ada", familyName: "Lovelace", otp: hush() },
    roles: [{ value: JSON.stringify({ value: "Ops", apiKey: hush() }), pin: hush() }],
    nickName: JSON.stringify({ otp: hush() }),
  });
  const operations = [
    { op: "replace", value: unknown() },
    { op: "replace", path: "apiKey", value: hush() },
    { op: "replace", path: `${urn}:apiKey`, value: hush() },
    { op: "replace", path: `apiKey[value eq "${hush()}"].value`, value: hush() },
    { op: "replace", path: `emails[pin eq "${hush()}"].value`, value: hush() },
    { op: "replace", path: `x509Certificates[value eq "${hush()}"]`, value: hush() },
    { op: "replace", value: { [`emails[pin eq "${hush()}"].value`]: hush() } },
    { op: hush(), path: "title", value: "x" },
    { op: "add", path: "title", value: "x", apiKey: hush() },
  ];
  for (const each of operations) await okta.patch(`/Users/${id}`, each);
  const filters = [
    `apiKey eq "${hush()}"`,
    `pin eq ${hush()}`,
    `userName eq "ada" and otp eq "${hush()}"`,
    `emails[apiKey eq "${hush()}"]`,
    `userName eq "${hush()}`,
    hush(),
  ];
  for (const filter of filters) await okta.find("/Users", filter);
  await okta.send("POST", "/Users/.search", { schemas: [], filter: `apiKey eq ${hush()}`, apiKey: hush() });
  await okta.get(`/Users/nobody?apiKey=${hush()}&count=${hush()}`);
  await okta.get(`/Users/apiKey%3D${hush()}`);
  await okta.post("/Groups", { schemas: [], displayName: 7, ...unknown() });
  const steps = [post("/Users", "a", { userName: 7, ...unknown() }), patch(`/Users/${id}`, operations.slice(0, 5))];
  await sendBulk(okta, steps);
  const { rows, lines } = await logged(organization, 22);
  assert.ok(secrets > 40);
  assert.doesNotMatch(rows, /hush-\d+-x/);
  assert.doesNotMatch(lines, /hush-\d+-x/);
  for (const known of ["apiKey", "privateKey", "otp", "pin", urn, "Research", "Lovelace", "Ops"]) {
    assert.ok(rows.includes(known), `${known} is not kept`);
  }
});

test("a SCIM key is in no log, in either case and however it is encoded", async () => {
  const organization = await createOrganization(worker);
  const { okta, key } = organization;
  const text = key.key;
  const percent = (value) => [...value].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
  const base64 = Buffer.from(text).toString("base64");
  const forms = [
    text,
    text.toLowerCase(),
    percent(text),
    percent(percent(text)),
    base64,
    Buffer.from(`Bearer ${text}`).toString("base64url"),
    Buffer.from(text).toString("hex"),
  ];
  for (const form of forms) {
    const answer = await okta.post("/Users", oktaUser(person(`u${forms.indexOf(form)}@okta.local`), { title: form }));
    assertStatus(answer, 201);
    await okta.get(`/Users/${encodeURIComponent(form)}`);
    await okta.get(`/Users/${form}`);
    await okta.find("/Users", `title eq "${form}" and`);
    await okta.patch("/Users/nobody", { op: "replace", path: form, value: form });
  }
  const { rows, lines } = await logged(organization, forms.length * 5);
  const needles = [text.slice(20, 50), base64.slice(30, 60), Buffer.from(text.slice(20, 50)).toString("hex")];
  for (const needle of [...needles, percent(text.slice(20, 30))]) {
    for (const log of [rows, lines]) assert.ok(!log.toLowerCase().includes(needle.toLowerCase()), needle);
  }
});
