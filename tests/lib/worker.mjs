// One Worker for a test file, started before its first test and stopped after its last.

import { after, before } from "node:test";
import { startWorker } from "../support/worker.mjs";

/** @returns an object that becomes the running Worker (see startWorker) once the tests run */
export function useWorker(options) {
  const worker = {};
  let running;
  before(async () => {
    running = await startWorker(options);
    // The prototype, so that methods and getters of the real one stay live across a restart.
    Object.setPrototypeOf(worker, running);
  });
  after(() => running?.close());
  return worker;
}
