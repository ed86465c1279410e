// docs/guides/move-organization.md: its commands, run one after another on two local databases, move an organization.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { AdminApi } from "../helpers/admin.mjs";
import { assertStatus } from "../helpers/assert.mjs";
import { commandsOf } from "../helpers/commands.mjs";
import { read } from "../helpers/markdown.mjs";
import { createOrganization } from "../helpers/organization.mjs";
import { openShell } from "../helpers/shell.mjs";
import { startWorker } from "../helpers/worker.mjs";

const GUIDE = "docs/guides/move-organization.md";
const skip = spawnSync("sqlite3", ["--version"]).error ? "the program sqlite3 is missing" : false;
const shell = openShell();
after(() => shell.remove());

test("the commands of the guide move an organization", { skip }, async () => {
  const open = () => startWorker({ persistTo: shell.persistTo, databases: 2 });
  let worker = await open();
  const organization = await createOrganization(worker, {
    settings: { database: 0 },
    projects: { "O'Hara": ["Engineer"] },
  });
  const people = await organization.createUsers(3);
  const seen = await organization.dump();
  await worker.close();

  const old = organization.id;
  const moved = `${old.slice(0, 14)}8001${old.slice(18)}`;
  assert.match(read(GUIDE), /\n +new=5f0c1c1e-8a1b-8001-9d3a-0123456789ab\n/, "the new id is made so");
  const { commands } = commandsOf(GUIDE);
  assert.ok(commands.length >= 10);
  // Deletions in chunks are to be repeated until they change nothing: here once is enough.
  for (const { text } of commands) await shell.run(text, { old, new: moved, by: "1000" });

  worker = await open();
  try {
    const [left] = await worker.sql("SELECT count(*) AS count FROM users WHERE org_id = ?", old);
    assert.equal(left.count, 0);
    const { key } = await new AdminApi(worker).create(`/organizations/${moved}/keys`);
    const okta = organization.okta.with({ base: new URL("/scim", worker.url).href, key });
    const again = { users: await okta.importAll("/Users"), groups: await okta.importAll("/Groups") };
    const ids = (dump) => [dump.users, dump.groups].map((list) => list.map(({ id }) => id));
    assert.deepEqual(ids(again), ids(seen));
    assertStatus(await okta.get(`/Users/${people[0].id}`), 200);
  } finally {
    await worker.close();
  }
});
