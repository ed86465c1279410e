// Transient errors of D1: https://developers.cloudflare.com/d1/observability/debug-d1/#error-list. The database is the
// real one, and only its answers are replaced.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { oktaGroup } from "../helpers/bodies.mjs";
import { failingStorage, KINDS, sendWith } from "../helpers/failing-storage.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { useWorker } from "../helpers/worker.mjs";

const MESSAGES = [
  "D1_ERROR: Network connection lost.",
  "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
  "D1_ERROR: Can't read from request stream because client disconnected.",
  "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
  "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
  "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
  "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
  "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
  "D1_ERROR: D1 DB reset because its code was updated.",
  "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
  "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
  "D1_ERROR: internal error; reference = 0123456789abcdef",
  "D1_ERROR: database is locked: SQLITE_BUSY",
  "D1_ERROR: database table is locked: SQLITE_LOCKED",
];
const LOST = MESSAGES[0];

const worker = useWorker({ modules: failingStorage() });
let organization;
let given;

describe("a transient error of storage", { concurrency: 4 }, () => {
  before(async () => {
    // More people are deactivated and deleted than may lose access within an hour.
    const settings = { plain_groups: true, email_management: true, brake_percent: 0 };
    organization = await createOrganization(worker, { settings });
    const user = await organization.createUser("ada@okta.local");
    const { body: group } = await organization.okta.post("/Groups", oktaGroup("Crew", [user.id]));
    given = { user, group };
  });

  const entriesAbout = async (id) => (await organization.admin.get(organization.path(`/log?resource=${id}`))).entries;

  for (const [kind, [batches, status, make]] of Object.entries(KINDS)) {
    describe(kind, () => {
      test("is carried out by a retry", async () => {
        const assertCarriedOut = async (message) => {
          const request = await make(organization, given);
          // The last batch is the one that writes, if any does.
          const answer = await sendWith(organization, { failures: [batches], message }, request);
          assert.equal(answer.status, status, `${message}: ${answer.text}`);
          if (request[3]) assert.ok(await request[3](), message);
        };
        await Promise.all(MESSAGES.map(assertCarriedOut));
      });

      test("is retried three times, and then answered with 429 and Retry-After", async () => {
        const answers = await Promise.all(
          MESSAGES.map(async (message) =>
            sendWith(organization, { failures: "all", message }, await make(organization, given)),
          ),
        );
        for (const [i, answer] of answers.entries()) {
          assert.equal(answer.status, 429, `${MESSAGES[i]}: ${answer.text}`);
          assert.match(answer.headers["retry-after"], /^[1-9]\d*$/);
          assert.ok(!answer.text.includes("D1_ERROR"), answer.text);
          if (answer.headers["server-timing"]) assert.match(answer.headers["server-timing"], /round_trips;desc="4"/);
        }
      });

      test("is carried out once if only the answer of storage is lost", async () => {
        const request = await make(organization, given);
        const plan = { failures: [batches], message: LOST, after: true };
        const answer = await sendWith(organization, plan, request);
        assert.equal(answer.status, status, answer.text);
        if (!request[3]) return;
        assert.ok(await request[3]());
        const id = answer.body?.id ?? request[1].split("/").at(-1);
        if (!/^[0-9a-f-]{36}$/.test(id)) return;
        const entries = (await entriesAbout(id)).filter(({ method }) => method === request[0]);
        assert.equal(entries.length, 1, JSON.stringify(entries));
      });
    });
  }

  test("a change with If-Match is carried out once, too, and succeeds", async () => {
    const user = await organization.createUser("version@okta.local");
    const patch = ["PATCH", `/Users/${user.id}`, { Operations: [{ op: "add", path: "title", value: "T" }] }];
    const plan = { failures: [2], message: LOST, after: true };
    const changed = await sendWith(organization, plan, patch, { "If-Match": user.meta.version });
    assert.deepEqual([changed.status, changed.body.title], [200, "T"], changed.text);
    const group = (await organization.okta.post("/Groups", oktaGroup("Versioned"))).body;
    const join = [
      "PATCH",
      `/Groups/${group.id}`,
      { Operations: [{ op: "add", path: "members", value: [{ value: user.id }] }] },
    ];
    const joined = await sendWith(organization, plan, join, { "If-Match": group.meta.version });
    assert.equal(joined.status, 204, joined.text);
    assert.equal(joined.headers.etag, (await organization.group(group.id)).meta.version);
  });

  test("a permanent error is not retried", async () => {
    const answer = await sendWith(
      organization,
      { failures: "all", message: 'D1_ERROR: near "FORM": syntax error at offset 9: SQLITE_ERROR' },
      ["GET", "/Users"],
    );
    assert.equal(answer.status, 500);
    assert.match(answer.headers["server-timing"], /round_trips;desc="1"/);
  });
});
