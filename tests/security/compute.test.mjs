// Requests that are small to send and would have this service compute for long. What it does is counted, and one count
// holds for a whole HTTP request.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { populate } from "../../scripts/lib/population.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { bulk, patch } from "../helpers/bulk.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { SCHEMA } from "../helpers/schema.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));

describe("a bulk request", () => {
  let organization;
  let user;

  before(async () => {
    organization = await createOrganization(worker, { settings: { email_management: true } });
    const emails = times(550, (i) => ({ value: `${"ü".repeat(20)}${i}@okta.local`, type: "work" }));
    user = await organization.createUser("many@okta.local", { emails });
  });

  test("whose operations compare too much does those that fit, and nothing for the others", async () => {
    const filter = times(80, (i) => `value eq "${"x".repeat(40)}${i}"`).join(" or ");
    const operation = patch(`/Users/${user.id}`, { op: "remove", path: `emails[${filter}]` });
    const gone = { method: "DELETE", path: `/Users/${user.id}` };
    const responses = await bulk(organization.okta, [...times(99, () => operation), gone]);
    const refused = responses.findIndex(({ status }) => status === "400");
    assert.ok(refused > 0 && refused < 99, `${refused} operations were carried out`);
    for (const { status, response } of responses.slice(refused)) {
      assert.deepEqual([status, response.scimType], ["400", "tooMany"]);
    }
    assert.deepEqual((await organization.user(user.id)).emails, user.emails);
  });

  test("of a hundred ordinary changes is carried out", async () => {
    const operations = times(100, (i) =>
      patch(`/Users/${user.id}`, { op: "replace", path: "title", value: `Title ${i}` }),
    );
    const responses = await bulk(organization.okta, operations);
    assert.ok(responses.every(({ status }) => status === "200"));
  });
});

test("a PATCH that repeats what it does to a thousand values is refused", async () => {
  const organization = await createOrganization(worker, { settings: { email_management: true } });
  const emails = times(900, (i) => ({ value: `a${i}@okta.local` }));
  const { id } = await organization.createUser("many@okta.local", { emails });
  const operations = times(900, (i) => ({ op: "remove", path: `emails[value eq "nobody${i}"]` }));
  const answer = await organization.okta.patch(`/Users/${id}`, ...operations);
  assertError(answer, 400, { scimType: "tooMany", detail: /fewer operations/ });
});

describe("a list of attributes", () => {
  let okta;

  before(async () => {
    const organization = await createOrganization(worker);
    await populate(worker.sql, organization.id, { users: 300 });
    okta = organization.okta;
  });

  test("counts each name once, in the address and in a search", async () => {
    const once = assertStatus(await okta.list("/Users", { attributes: "userName,emails.type", count: 200 }), 200);
    const attributes = "userName,emails.type,".repeat(350);
    assert.deepEqual(assertStatus(await okta.list("/Users", { attributes, count: 200 }), 200), once);
    const search = { schemas: [SCHEMA.search], attributes: attributes.split(",").filter(Boolean), count: 200 };
    assert.deepEqual(assertStatus(await okta.post("/Users/.search", search), 200), once);
  });

  test("is at most 8 KiB long, wherever it stands", async () => {
    const names = Array.from({ length: 3_000 }, () => "id");
    const refusal = { scimType: "tooMany", detail: /ttributes.*8192/ };
    const { id } = (await okta.get("/Users?count=1")).body.Resources[0];
    for (const name of ["attributes", "excludedAttributes"]) {
      for (const list of [names, names.join(",")]) {
        for (const path of ["", "/Users", "/Groups"])
          assertError(await okta.post(`${path}/.search`, { [name]: list }), 400, refusal);
      }
      for (const path of ["/Users", "/Groups", "", `/Users/${id}`])
        assertError(await okta.list(path, { [name]: names.join(",") }), 400, refusal);
      assertError(await okta.send("PUT", `/Users/${id}?${name}=${names}`, { userName: "x@okta.local" }), 400, refusal);
    }
  });
});

test("an address is at most 32 KiB long, for every client", async () => {
  const { okta, admin } = await createOrganization(worker);
  assertError(await okta.get(`/Users?filter=${"x".repeat(40_000)}`), 414, { detail: /32768/ });
  assertError(await okta.get(`/Users/${"x".repeat(40_000)}`), 414);
  const answer = await admin.send("GET", `/organizations?x=${"x".repeat(40_000)}`).catch((error) => error);
  assert.ok(answer.status === 414 || /414/.test(answer.message), String(answer));
});
