// The example product beside scim-edge. Run as a program, this file is a process with both, which can be killed; its
// argument is the folder of the data.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
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

/** Starts both on the data in a folder, in a process that can be killed. */
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
  const { url, productUrl, organization, adminToken, key } = await openExample({ folder: process.argv[2] });
  process.send({ url, productUrl, organization, adminToken, key });
}
