// The example product beside scim-edge. Run as a program, this file is a process with both, which can be killed; its
// argument is the folder of the data.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openExample } from "../../scripts/lib/example.mjs";
import { startKillable } from "./killable.mjs";

const file = fileURLToPath(import.meta.url);

/** The example for the tests of a file: started before them, and removed after them. */
export function useExample() {
  const example = {};
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "scim-edge-test-"));
    Object.assign(example, await openExample({ folder }));
  });
  after(async () => {
    await example.close?.();
    await rm(folder, { recursive: true, force: true });
  });
  return example;
}

/** Variables that let webhooks deliver to this machine. */
export const LOCAL_TARGETS = { WEBHOOK_TARGETS: "any" };
const LONG_AGO = "2026-01-01T00:00:00.000Z";

/** As if the next attempts at failed events were due now. */
export async function letTimePass(example) {
  const database = await example.database();
  await database.prepare("UPDATE webhook_failures SET next_at = ?").bind(LONG_AGO).run();
}

/** As if a minute had passed since the Worker ended: the leases of its deliveries are over. */
export async function endLeases(example) {
  const database = await example.database();
  await database.prepare("UPDATE webhooks SET leased_until = ? WHERE lease IS NOT NULL").bind(LONG_AGO).run();
}

/**
 * Starts both on the data in a folder, in a process that can be killed. Its cron trigger sweeps five times a second,
 * and attempts at failed events are due at once.
 */
export const startExampleProcess = (folder) => startKillable(file, folder);

/** A client of the product; requests have a `session` or the API `key`. */
export function productClient({ productUrl }) {
  return async (method, path, { session, key, body } = {}) => {
    const headers = {
      ...(session && { cookie: `session=${session}` }),
      ...(key && { authorization: `Bearer ${key}` }),
    };
    const response = await fetch(`${productUrl}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
}

if (process.argv[1] === file) {
  const example = await openExample({ folder: process.argv[2], vars: LOCAL_TARGETS });
  const { url, productUrl, organization, adminToken, key } = example;
  await endLeases(example);
  process.send({ url, productUrl, organization, adminToken, key });
  for (;;) {
    await sleep(200);
    await letTimePass(example);
    await example.sweep();
  }
}
