// An undo that is broken off anywhere, also by the end of the Worker, goes on where it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { crowd, join } from "../helpers/crowd.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, finishUndo, startUndo } from "../helpers/undo.mjs";
import { useWorker } from "../helpers/worker.mjs";

const worker = useWorker();

test("an undo goes on after the Worker has ended in the middle of a step", async () => {
  const organization = await createOrganization(worker, { projects: { Demo: [] } });
  await worker.sql("UPDATE organizations SET brake_percent = 0 WHERE id = ?1", organization.id);
  const ids = await crowd(worker, organization, 250);
  const group = await organization.groupNamed("Statsig-Demo-Member");
  await join(worker, organization, group.id, ids.length);
  const before = await directory(worker, organization);
  for (let first = 0; first < ids.length; first += 10) {
    const some = ids
      .slice(first, first + 10)
      .map((id) => organization.okta.patch(`/Users/${id}`, operation.active(false)));
    for (const answer of await Promise.all(some)) assertStatus(answer, 200);
  }
  const run = await startUndo(organization, { since: "2026-01-01", types: ["person.deactivated"] });
  const path = organization.path(`/undo/${run.id}/steps`);
  await organization.admin.call("POST", path, {}, 200);
  for (const moment of [0, 1, 2]) {
    // The answer is lost, and whether the step was carried out is not known.
    const broken = organization.admin.send("POST", path, {}).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, moment * 8));
    await worker.restart();
    await broken;
  }
  const { run: finished, left } = await finishUndo(organization, run);
  assert.deepEqual(await directory(worker, organization), before);
  assert.deepEqual([left, finished.done, finished.restored.activated], [[], 250, 250]);
  const [{ times }] = await worker.sql(
    `SELECT max(number) AS times FROM (SELECT count(*) AS number FROM events
     WHERE org_id = ?1 AND type = 'person.restored' GROUP BY subject_id)`,
    organization.id,
  );
  assert.equal(times, 1, "a person was restored twice");
});
