// Paths of bulk operations that are full URLs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertStatus } from "../../helpers/assert.mjs";
import { oktaUser, operation, person } from "../../helpers/bodies.mjs";
import { bulk, patch, post, put } from "../../helpers/bulk.mjs";
import { newUser, newUserName } from "../../helpers/every-request.mjs";
import { useOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
let made = 0;
const organization = useOrganization(worker, { settings: { email_management: true, plain_groups: true } });

describe("the path of a bulk operation", () => {
  test("may be a full URL of this service, below either base path", async () => {
    const { id } = await newUser(organization);
    const { okta } = organization;
    const { origin } = new URL(okta.base);
    for (const root of [`${origin}/scim`, `${origin.toUpperCase()}/scim/v2`, "/scim", "/scim/v2"]) {
      const [patched, created, grouped] = await bulk(okta, [
        patch(`${root}/Users/${id}`, { op: "replace", path: "title", value: root }),
        post(`${root}/Users`, "new", oktaUser(person(newUserName()))),
        post(`${root}/Groups`, "group", { displayName: `Group ${++made}`, members: [{ value: "bulkId:new" }] }),
      ]);
      assert.deepEqual([patched.status, created.status, grouped.status], ["200", "201", "201"], root);
      assert.equal(patched.location, `${okta.base}/Users/${id}`);
      assert.match(created.location, new RegExp(`^${okta.base}/Users/[\\w-]+$`));
      assert.equal((await organization.user(id)).title, root);
      const [emptied] = await bulk(okta, [
        patch(`${root}/Groups/${grouped.location.split("/").at(-1)}`, operation.replaceMembers([])),
      ]);
      assert.equal(emptied.location, grouped.location);
    }
  });

  test("is refused if it is a URL of another host, and has no location then", async () => {
    const { id } = await newUser(organization);
    const { okta } = organization;
    const { origin } = new URL(okta.base);
    const title = (path) => patch(path, { op: "replace", path: "title", value: "Countess" });
    const paths = [
      `https://elsewhere.example/scim/Users/${id}`,
      `//elsewhere.example/scim/Users/${id}`,
      `${origin.replace("http:", "https:")}/scim/Users/${id}`,
      `${origin}/Users/${id}`,
    ];
    for (const path of paths) {
      const body = assertStatus(await okta.post("/Bulk", { schemas: [SCHEMA.bulk], Operations: [title(path)] }), 200);
      const [{ status, location, response }] = body.Operations;
      assert.deepEqual([status, location, response.scimType], ["400", undefined, "invalidPath"], path);
      assert.match(response.detail, /URL of another service/);
    }
    assert.ok(!("title" in (await organization.user(id))));
    const elsewhere = post("https://elsewhere.example/scim/Users", "x", oktaUser(person("x@okta.local")));
    const [refused, dependent] = await bulk(okta, [elsewhere, put("/Users/bulkId:x", {})]);
    assert.deepEqual([refused.status, dependent.status], ["400", "409"]);
  });
});
