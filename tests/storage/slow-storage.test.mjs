// Storage that does not answer. Identity providers give up after a minute, without knowing the outcome.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { oktaGroup } from "../helpers/bodies.mjs";
import { failingStorage, KINDS, sendWith } from "../helpers/failing-storage.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { logText } from "../helpers/storage.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker({ modules: failingStorage() });
let organization;
let given;

describe("slow storage", { concurrency: true }, () => {
  before(async () => {
    organization = await createOrganization(worker, { settings: { plain_groups: true } });
    const user = await organization.createUser("ada@okta.local");
    const { body: group } = await organization.okta.post("/Groups", oktaGroup("Crew", [user.id]));
    given = { user, group };
  });

  async function timed(plan, request, { key } = organization.okta) {
    const began = performance.now();
    const answer = await sendWith({ ...organization, okta: { key } }, plan, request);
    return { answer, seconds: (performance.now() - began) / 1000 };
  }

  test("KV that does not answer delays a request by a second, and D1 decides", async () => {
    for (const [kind, [, status, make]] of Object.entries(KINDS)) {
      const request = await make(organization, given);
      // KV is not asked again about a key that it was just asked about.
      const { answer, seconds } = await timed({ waitKv: 65_000 }, request, await organization.addKey());
      assert.equal(answer.status, status, `${kind}: ${answer.text}`);
      assert.ok(seconds < 5, `${kind}: ${seconds} s`);
    }
    assert.match(await logText(worker), /KV could not be read/);
  });

  test("a request waits 25 seconds for D1, and is then answered with 429 and Retry-After", async () => {
    await Promise.all(
      Object.entries(KINDS).map(async ([kind, [batches, , make]]) => {
        const request = await make(organization, given);
        // With two batches, neither takes too long by itself.
        const { answer, seconds } = await timed({ wait: batches === 1 ? 60_000 : 14_000 }, request);
        assert.equal(answer.status, kind === "a bulk request" ? 200 : 429, `${kind}: ${answer.text}`);
        assert.ok(seconds > 20 && seconds < 35, `${kind}: ${seconds} s`);
        if (kind === "a bulk request") return assert.equal(answer.body.Operations[0].status, "429");
        assert.match(answer.headers["retry-after"], /^[1-9]\d*$/, kind);
        const isWrite = request[3] !== undefined;
        assert.equal(/whether the change was made is not known/.test(answer.text), isWrite, `${kind}: ${answer.text}`);
      }),
    );
  });
});
