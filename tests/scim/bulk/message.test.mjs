// The message of a bulk request: its form, its size, its cost and its key.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, assertStatus, serverTiming } from "../../helpers/assert.mjs";
import { oktaGroup, operation } from "../../helpers/bodies.mjs";
import { bulk, furnished, patch, post, postUser, put, ROLE, remove, sendBulk, statuses } from "../../helpers/bulk.mjs";
import { createOrganization } from "../../helpers/organization.mjs";
import { SCHEMA } from "../../helpers/schema.mjs";
import { useWorker } from "../../helpers/worker.mjs";

const worker = useWorker();
/** A Worker of its own database, whose keys are well made but unknown to the other. */
const elsewhere = useWorker();
const MIB = 1024 * 1024;

describe("a bulk request", () => {
  test("that is malformed is 400, and none of it is done", async () => {
    const { organization, okta, user } = await furnished(worker);
    const good = postUser("good");
    const message = (Operations, more) => ({ schemas: [SCHEMA.bulk], ...more, Operations });
    await organization.unchangedBy(async () => {
      for (const body of [
        "",
        "{",
        "null",
        [],
        [good],
        {},
        { schemas: [SCHEMA.bulk] },
        message(null),
        message(good),
        message([good, null]),
        message([good, "DELETE /Users"]),
        message([good, {}]),
        message([good, { method: "GET", path: user }]),
        message([good, { method: "HEAD", path: user }]),
        message([good, { path: user }]),
        message([good, { method: 7, path: user }]),
        message([good, { method: "DELETE" }]),
        message([good, { method: "DELETE", path: 7 }]),
        message([good, { ...remove(user), version: 1 }]),
        message([good, { ...postUser("other"), bulkId: 1 }]),
      ]) {
        assertError(await okta.post("/Bulk", body), 400, { scimType: "invalidSyntax" });
      }
      for (const failOnErrors of [-1, 1.5, "1", true, []]) {
        const answer = await sendBulk(okta, [good], { failOnErrors });
        assertError(answer, 400, { scimType: "invalidValue", detail: /failOnErrors/ });
      }
      const twice = await sendBulk(okta, [good, postUser("another", "good")]);
      assertError(twice, 400, { scimType: "invalidValue", detail: /bulkId/ });
      assertStatus(await sendBulk(okta, []), 200);
    });
    assert.match((await okta.post("/Bulk", message([good, {}]))).body.detail, /Operations\[1\]/);
  });

  test("of more than 100 operations or 1 MiB is 413; up to it, it is done", async () => {
    const { organization, okta, user } = await furnished(worker);
    const many = (count) => Array.from({ length: count }, () => patch(user, operation.active(true)));
    const padded = (size) => {
      const bare = JSON.stringify({ schemas: [SCHEMA.bulk], Operations: many(1), unknown: "" });
      return bare.replace('"unknown":""', `"unknown":"${"x".repeat(size - bare.length)}"`);
    };
    await organization.unchangedBy(async () => {
      assertError(await sendBulk(okta, many(101)), 413, { scimType: "tooMany", detail: /100/ });
      for (const headers of [{}, { "Transfer-Encoding": "chunked" }]) {
        assertError(await okta.send("POST", "/Bulk", padded(MIB + 1), headers), 413, { detail: /1048576/ });
      }
      assertStatus(await okta.send("POST", "/Bulk", padded(MIB)), 200);
      assert.equal(statuses(await bulk(okta, many(100))), Array(100).fill("200").join(" "));
    });
  });

  test("costs one round trip to the database, and two for each operation at most", async () => {
    const { organization, okta, ada, user, role } = await furnished(worker);
    const cost = async (...operations) => {
      const answer = await sendBulk(okta, operations);
      assertStatus(answer, 200);
      const { round_trips } = serverTiming(answer);
      assert.ok(round_trips <= 1 + 2 * operations.length, `${round_trips} for ${operations.length}`);
      return round_trips;
    };
    const { id } = await organization.createUser("bob@okta.local");
    assert.equal(await cost(), 1);
    assert.equal(await cost(patch(user, operation.active(true))), 2, "what changes nothing writes nothing");
    assert.equal(await cost(remove("/Users/nobody"), remove("/Elsewhere")), 2);
    const people = Array.from({ length: 40 }, (_, i) => postUser(`person${i}`));
    const others = [
      patch(role, operation.addMembers([id])),
      put(role, oktaGroup(ROLE, [ada.id])),
      remove(`/Users/${id}`),
    ];
    await cost(...people, ...others, post("/Groups", "t", oktaGroup("Statsig-Demo-Team-Member", [ada.id])));
  });

  test("with an invalid key gets 401, and no bulk response", async () => {
    const { organization, okta } = await furnished(worker);
    const unknown = (await createOrganization(elsewhere)).key.key;
    const dead = await organization.addKey();
    await organization.deactivateKey(dead.id);
    await organization.unchangedBy(async () => {
      for (const key of [unknown, dead.key, unknown.slice(0, 50), null]) {
        for (const body of [{ schemas: [SCHEMA.bulk], Operations: [postUser("x")] }, "{", " ".repeat(MIB + 1)]) {
          assertError(await okta.with({ key }).post("/Bulk", body), 401, { scimType: undefined });
        }
      }
    });
  });
});
