// What an undo costs: rows of each step and each person. UNDO_PEOPLE is how many people are deactivated and undone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus, serverTiming } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { crowd, join } from "../helpers/crowd.mjs";
import { send } from "../helpers/http.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, newestEvent, startUndo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();
const PEOPLE = Number(process.env.UNDO_PEOPLE ?? 300);
const GROUPS = 3;

/** Deactivates people as the Worker does: by bulk requests of the identity provider. */
async function deactivateAll({ okta }, ids) {
  const AT_ONCE = 100;
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const operations = ids.slice(first, first + AT_ONCE).map((id) => ({
      method: "PATCH",
      path: `/Users/${id}`,
      data: { schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [operation.active(false)] },
    }));
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
    const { Operations } = assertStatus(await okta.post("/Bulk", { schemas, Operations: operations }), 200);
    assert.ok(Operations.every(({ status }) => status === "200"));
  }
}

test(`${PEOPLE} people are deactivated and undone in bounded steps`, async (t) => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  await worker.sql("UPDATE organizations SET brake_percent = 0 WHERE id = ?1", organization.id);
  const ids = await crowd(worker, organization, PEOPLE);
  const groups = (await organization.okta.importAll("/Groups")).slice(0, GROUPS);
  for (const { id } of groups) await join(worker, organization, id, PEOPLE);
  const before = await directory(worker, organization);
  await deactivateAll(organization, ids);
  assert.equal((await directory(worker, organization)).memberships.length, 0);

  const selection = { since: "2026-01-01", types: ["person.deactivated"] };
  const asked = await organization.admin.send("POST", organization.path("/undo/preview"), { selection });
  assert.equal(assertStatus(asked, 200).restored.people, Math.min(PEOPLE, 100));
  // The console asks for 1,000 at once: the changes are read once, and what they are about in pieces of 1 MB.
  const page = new URL(`/console/organizations/${organization.id}/undo`, worker.url);
  page.search = new URLSearchParams({ since: selection.since, types: selection.types });
  const shown = await send("GET", page.href, { headers: { Authorization: `Bearer ${worker.adminToken}` } });
  assert.match(shown.text, new RegExp(`In all, ${Math.min(PEOPLE, 1_000)} people`));
  const previews = [asked, shown].map((answer) => serverTiming(answer).round_trips);
  t.diagnostic(`preview: ${previews.join(" round trips by the API, ")} for the console's page`);
  assert.ok(previews[0] <= 3, `${previews[0]} round trips of a page of the API`);
  assert.ok(previews[1] <= 2 + Math.ceil(PEOPLE / 500), `${previews[1]} round trips of the console's page`);
  const run = await startUndo(organization, selection);
  const began = Date.now();
  const steps = [];
  for (let status = "running"; status === "running"; ) {
    const answer = await organization.admin.send("POST", organization.path(`/undo/${run.id}/steps`), {});
    ({ status } = assertStatus(answer, 200));
    steps.push(serverTiming(answer));
  }
  const millis = Date.now() - began;
  assert.deepEqual(await directory(worker, organization), before);

  const sum = (name) => steps.reduce((total, step) => total + step[name], 0);
  const most = (name) => Math.max(...steps.map((step) => step[name]));
  const [read, written] = [sum("rows_read") / PEOPLE, sum("rows_written") / PEOPLE];
  t.diagnostic(
    `${PEOPLE} people, ${GROUPS} groups each: ${steps.length} steps, ${millis} ms; per person ` +
      `${read.toFixed(1)} rows read, ${written.toFixed(1)} written; at most ${most("rows_read")} read ` +
      `and ${most("rows_written")} written in a step`,
  );
  // Of a person: in the run 1; the person with 2 indexes 3; the event and its subject 2; each membership with its
  // index and the version of the person 4.
  const perPerson = 6 + GROUPS * 4;
  assert.ok(written <= perPerson + 2, `${written} rows written per person`);
  // A step looks at 100 people, or collects those of 5,000 events.
  const collected = Math.min(PEOPLE, 5_000);
  assert.ok(most("rows_written") <= Math.max(100 * (perPerson + 2) + 50, collected + 10));
  const reads = most("rows_read");
  assert.ok(reads <= Math.max(100 * 120, collected * 12), `${reads} rows read in a step`);
  assert.ok(steps.every(({ round_trips }) => round_trips <= 8));
  assert.ok((await newestEvent(worker, organization)) > PEOPLE);
});
