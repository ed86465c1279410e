// The Worker in a process of its own, which can be killed. Run as a program, this file is that process: its argument is
// the folder of the data.

import { fileURLToPath } from "node:url";
import { startKillable } from "./killable.mjs";
import { startWorker } from "./worker.mjs";

const file = fileURLToPath(import.meta.url);

/** Starts the Worker on the data in a folder, in a process that can be killed. */
export const startProcess = (folder) => startKillable(file, folder);

if (process.argv[1] === file) {
  const { url, adminToken } = await startWorker({ persistTo: process.argv[2] });
  process.send({ url, adminToken });
}
