// Requests that wait between two of their round trips while something else happens (tests/fixtures/held-batches.js).

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The modules of a Worker whose requests can be held. */
export const modules = {
  "held-batches.js": {
    type: "esm",
    contents: readFileSync(new URL("../fixtures/held-batches.js", import.meta.url), "utf8"),
  },
};

let holds = 0;

/**
 * Sends a request that waits before its batch with that number, runs `meanwhile`, and lets the request go on.
 * @param send sends the request with these headers
 * @returns what `send` resolves with, or undefined if the request was over before
 */
export async function held(worker, batch, send, meanwhile) {
  const name = `hold${++holds}`;
  let over = false;
  const answer = send({ "X-Test-Hold": `${name} ${batch}` }).finally(() => {
    over = true;
  });
  answer.catch(() => {}); // it is awaited below
  const deadline = Date.now() + 60_000;
  while ((await worker.kv.get(`test:${name}`)) !== "held") {
    if (Date.now() > deadline) throw new Error(`the request has not come to its batch ${batch}`);
    if (over) throw new Error(`the request was over before its batch ${batch}: ${JSON.stringify(await answer)}`);
    await sleep(5);
  }
  try {
    await meanwhile();
  } finally {
    await worker.kv.put(`test:${name}`, "released");
  }
  return answer;
}

/** Sends a request and resolves with how many batches it took, those while its answer was on its way among them. */
export async function batchesOf(worker, send) {
  const name = `count${++holds}`;
  await send({ "X-Test-Hold": `${name} 0` });
  return Number(await worker.kv.get(`test:${name}:batches`));
}
