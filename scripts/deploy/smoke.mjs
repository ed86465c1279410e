// Asks a deployed Worker whether it works.
import { setTimeout as sleep } from "node:timers/promises";
import { Problem, step } from "../lib/run.mjs";

/** Milliseconds until DNS, the certificate and all locations should know a new address. */
const PATIENCE = 180_000;
/** Milliseconds that the Worker may answer with an error of its own, for instance while its database starts. */
const WITH_ERRORS = 15_000;
const PAUSE = 3_000;
/** Milliseconds for one answer. */
const TIMEOUT = 10_000;

/** The statuses of a Worker that works, by path. The console answers strangers with its page for signing in. */
const EXPECTED = { "/healthz": 200, "/": 200, "/scim/v2/ServiceProviderConfig": 200, "/console": 401 };

/** The https address that wrangler deployed to, from what it says of its targets; undefined if there is none. */
export function addressOf(targets) {
  const hosts = targets.flatMap((target) => {
    const [, host] = /^(?:https:\/\/)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:\/\*)?(?: \(.*\))?$/i.exec(target) ?? [];
    return host ?? [];
  });
  const host = hosts.find((each) => !each.endsWith(".workers.dev")) ?? hosts[0];
  return host && `https://${host}`;
}

/**
 * Asks the Worker at `address`, and again while the address is new or answers with another version. Throws a Problem
 * that says what is wrong.
 */
export async function smokeTest(
  address,
  version,
  { patience = PATIENCE, withErrors = WITH_ERRORS, pause = PAUSE } = {},
) {
  const began = performance.now();
  await step(`Testing ${address}`, async () => {
    for (const [path, status] of Object.entries(EXPECTED)) {
      for (;;) {
        const answer = await get(`${address}${path}`, status, version);
        if (answer.isGood) break;
        const limit = answer.isWorkers ? withErrors : patience;
        if (performance.now() - began > limit) throw new Problem(explanation(`${address}${path}`, answer));
        await sleep(pause);
      }
    }
  });
}

/** One answer: whether it is as it should be, whether the deployed Worker gave it, and what it says. */
async function get(url, status, version) {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) });
    const text = await response.text();
    if (/^https:\/\/[^/]+\.cloudflareaccess\.com\//.test(response.headers.get("location"))) return { isGood: true };
    // Cloudflare's own pages for addresses that it does not know yet lack the header.
    const answered = response.headers.get("scim-edge-version");
    const isWorkers = answered === version;
    const isOther = answered !== null && !isWorkers;
    const other = isOther ? `, by version ${answered} instead of ${version}` : "";
    return { isWorkers, isGood: isWorkers && response.status === status, says: `${says(response, text)}${other}` };
  } catch (error) {
    return { isWorkers: false, isGood: false, says: error.cause?.message ?? error.message };
  }
}

function says({ status }, text) {
  try {
    const { detail, checks = {} } = JSON.parse(text);
    const failed = Object.values(checks).flat();
    const advice = failed.filter(({ status }) => status === "fail").map(({ output }) => output);
    return [status, advice.join(" ") || detail].filter((each) => each).join(": ");
  } catch {
    return String(status); // a page
  }
}

function explanation(url, { isWorkers, says }) {
  if (isWorkers) return `The Worker is deployed, and GET ${url} is answered with ${says}`;
  return (
    `The Worker is deployed, but does not answer at its address yet. GET ${url}: ${says}. A new address may take ` +
    "some minutes. Run the same command again, or open the address."
  );
}
