// The procedures of docs/operations.md for a backup: wrangler exports a database of this service and restores it, and
// nothing is lost.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { root } from "../../scripts/lib/paths.mjs";
import { assertError, assertStatus } from "../helpers/assert.mjs";
import { oktaGroup, operation } from "../helpers/bodies.mjs";
import { read } from "../helpers/markdown.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { dumpDatabase } from "../helpers/storage.mjs";
import { startWorker } from "../helpers/worker.mjs";

const folder = mkdtempSync(join(tmpdir(), "scim-edge-backup-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const WRANGLER = join(root, "node_modules/wrangler/bin/wrangler.js");

/** A folder in which wrangler's local database is that of a Worker with this `persistTo`. */
function deployment(name) {
  const place = join(folder, name);
  mkdirSync(place);
  const d1 = '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "scim-edge"\ndatabase_id = "DB"\n';
  writeFileSync(join(place, "wrangler.toml"), `name = "scim-edge"\ncompatibility_date = "2026-10-01"\n${d1}`);
  return { place, persistTo: join(place, ".wrangler/state/v3") };
}

/** Runs a command of docs/operations.md with --local for --remote. */
async function wrangler(deployment, command) {
  assert.ok(read("docs/operations.md").includes(`npx wrangler ${command}`), command);
  return run(deployment, [WRANGLER, ...command.replace("--remote", "--local").split(" ")]);
}

function run({ place }, args) {
  const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };
  return promisify(execFile)(process.execPath, args, { cwd: place, env });
}

test("a restored export has all that the database had", async () => {
  const old = deployment("old");
  const worker = await startWorker({ persistTo: old.persistTo });
  const organization = await createOrganization(worker, { projects: { "O'Hara": ["Engineer"] } });
  const people = await organization.createUsers(12, { stem: "åse" });
  const team = oktaGroup(
    "Statsig-O'Hara-Night Shift-Member",
    people.slice(0, 3).map(({ id }) => id),
  );
  assertStatus(await organization.okta.post("/Groups", team), 201);
  assertStatus(await organization.okta.patch(`/Users/${people[4].id}`, operation.active(false)), 200);
  assertStatus(await organization.okta.delete(`/Users/${people[11].id}`), 204);
  const [seen, stored] = [await organization.dump(), await dumpDatabase(worker)];
  await worker.close();

  await wrangler(old, "d1 export DB --remote --output backup.sql");
  const fresh = deployment("fresh");
  copyFileSync(join(old.place, "backup.sql"), join(fresh.place, "backup.sql"));
  await run(fresh, [join(root, "scripts/views-first.mjs"), "backup.sql"]);
  await wrangler(fresh, "d1 execute DB --remote --file backup.sql");
  const restored = await startWorker({ persistTo: fresh.persistTo });
  try {
    assert.deepEqual(await dumpDatabase(restored), stored);
    const okta = organization.okta.with({ base: new URL("/scim", restored.url).href });
    const again = Object.assign(Object.create(organization), { worker: restored, okta });
    const local = (text) => JSON.parse(JSON.stringify(text).replaceAll(restored.url, worker.url));
    assert.deepEqual(local(await again.dump()), seen);
    // Triggers work, and no place in the order of a list is given away a second time.
    const newcomer = await again.createUser("newcomer@okta.local");
    assert.equal((await again.okta.importAll("/Users")).at(-1).id, newcomer.id);
    assertError(await okta.post("/Users", { ...newcomer, id: undefined }), 409);
  } finally {
    await restored.close();
  }
});
