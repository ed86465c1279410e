// An undo that is broken off anywhere, also by the end of the Worker, goes on where it was.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AdminApi } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { operation } from "../helpers/bodies.mjs";
import { crowd, join } from "../helpers/crowd.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { directory, finishUndo, readUndo, startUndo } from "../helpers/undo.mjs";
import { startWorker, useWorker } from "../helpers/worker.mjs";
import { startProcess } from "../helpers/worker-process.mjs";

const worker = useWorker();

/** An organization whose people were all deactivated, how it was before, and an undo of it that has begun. */
async function interrupted(worker) {
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
  return { organization, before, run, path };
}

/** The undo is finished, the directory is as before, and each person was restored once. */
async function assertFinished(worker, organization, run, before) {
  const { run: finished, left } = await finishUndo(organization, run);
  assert.deepEqual(await directory(worker, organization), before);
  assert.deepEqual([left, finished.done, finished.restored.activated], [[], 250, 250]);
  const [{ times }] = await worker.sql(
    `SELECT max(number) AS times FROM (SELECT count(*) AS number FROM events
     WHERE org_id = ?1 AND type = 'person.restored' GROUP BY subject_id)`,
    organization.id,
  );
  assert.equal(times, 1, "a person was restored twice");
}

test("an undo goes on after the Worker has ended in the middle of a step", async () => {
  const { organization, before, run, path } = await interrupted(worker);
  for (const moment of [0, 1, 2]) {
    // The answer is lost, and whether the step was carried out is not known.
    const broken = organization.admin.send("POST", path, {}).catch(() => {});
    await sleep(moment * 8);
    await worker.restart();
    await broken;
  }
  await assertFinished(worker, organization, run, before);
});

test("an undo goes on after the Worker was killed in the middle of a step", async () => {
  const folder = await mkdtemp(joined(tmpdir(), "scim-edge-test-"));
  try {
    const first = await startWorker({ persistTo: folder });
    const { organization, before, run, path } = await interrupted(first).finally(() => first.close());
    for (const moment of [5, 20, 60]) {
      const killed = await startProcess(folder);
      const broken = new AdminApi(killed).send("POST", path, {}).catch(() => {});
      await sleep(moment);
      await killed.kill();
      await broken;
    }
    const last = await startWorker({ persistTo: folder });
    try {
      const resumed = { id: organization.id, admin: new AdminApi(last), path: (rest) => organization.path(rest) };
      assert.equal((await readUndo(resumed, run)).run.status, "running");
      await assertFinished(last, resumed, run, before);
    } finally {
      await last.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
