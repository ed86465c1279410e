// The rehearsal: its steps one after another, each with a verdict, and the removal of what they have made.

import { randomBytes } from "node:crypto";
import { removeAll } from "./cleanup.mjs";
import { Endpoint } from "./endpoint.mjs";
import { ComeBackLater, firstAnswerProblem, NoAnswer } from "./failures.mjs";
import { Ledger, openFolder } from "./ledger.mjs";
import { clientsOf, End, Play, Skip } from "./play.mjs";
import { Secrets } from "./secrets.mjs";
import { Stage, Unprepared } from "./stage.mjs";
import { steps } from "./steps/index.mjs";

/** How many steps in a row may get no answer before the rehearsal is given up. */
const PATIENCE = 3;

const NOTHING = { begin() {}, end() {}, wait() {}, clean() {} };

/**
 * Plays the steps against the server.
 * @param options `{ base, key, only, timeout, mailDomain, project, teams, folder }`; `only` has the names of steps,
 *   `folder` is that of the lists of what is made
 * @param signal ends the rehearsal after the request under way; what was made is removed all the same
 * @param progress is told when a step begins and ends, when the server asks to wait, and what is removed
 * @returns the report
 * @throws {Problem} if the rehearsal could not begin
 */
export async function rehearse(options, { signal = new AbortController().signal, progress = {} } = {}) {
  const told = { ...NOTHING, ...progress };
  const run = randomBytes(4).toString("hex");
  const password = `Secret-${randomBytes(9).toString("base64url")}`;
  const secrets = new Secrets(options.key, password);
  const { base, key, timeout, folder } = options;
  openFolder(folder);
  const started = new Date().toISOString();
  const ledger = new Ledger(folder, { base, run, pid: process.pid, started });
  const endpoint = new Endpoint({ base, key, timeout, secrets, ledger, signal, onWait: told.wait });
  const clients = clientsOf(endpoint);
  await begin(clients.okta, base, secrets);
  const stage = new Stage(clients.okta, endpoint, { ...options, run, password });
  const report = { base, run, started, finished: undefined, interrupted: false, steps: [], left: [] };
  try {
    await playAll({ options, endpoint, clients, stage, report, told, secrets });
  } finally {
    // A signal that ends the steps does not end the removal.
    const sweeper = new Endpoint({
      base,
      key,
      timeout,
      secrets,
      ledger,
      signal: new AbortController().signal,
      onWait: told.wait,
    });
    report.left = secrets.hideIn(await removeAll(clientsOf(sweeper).okta, ledger, told.clean));
  }
  report.interrupted = signal.aborted;
  report.finished = new Date().toISOString();
  return report;
}

/** The first request. Most mistakes of an address or a key show here. */
async function begin(client, base, secrets) {
  const answer = await client.list("/Users", { startIndex: 1, count: 2 });
  const problem = firstAnswerProblem(answer, base);
  if (problem) problem.message = secrets.hide(problem.message);
  if (problem) throw problem;
}

async function playAll({ options, endpoint, clients, stage, report, told, secrets }) {
  const chosen = steps.filter(({ name }) => options.only === undefined || options.only.includes(name));
  let unanswered = 0;
  for (const [index, step] of chosen.entries()) {
    told.begin(step, index, chosen.length);
    const { unanswered: isUnanswered, isRefused, ...result } = await playOne(step, endpoint, new Play(stage, clients));
    if (endpoint.signal.aborted) return;
    report.steps.push(hidden(result, secrets));
    told.end(report.steps.at(-1));
    unanswered = isUnanswered ? unanswered + 1 : 0;
    if (unanswered === PATIENCE) report.givenUp = `${PATIENCE} steps in a row got no answer.`;
    if (isRefused) report.givenUp = secrets.hide(result.reason);
    if (report.givenUp) return;
  }
}

/** Requests and answers are recorded without secrets; what was found about them is not. */
const hidden = ({ exchanges, ...result }, secrets) => ({ ...secrets.hideIn(result), exchanges });

/** @returns what the report has about a step */
async function playOne({ name, part, title, client, play: work }, endpoint, play) {
  const started = performance.now();
  const result = {
    name,
    part,
    title,
    client,
    verdict: "passed",
    exchanges: endpoint.record(),
    findings: play.findings,
  };
  try {
    await work(play);
  } catch (error) {
    explain(error, result, endpoint);
  }
  result.millis = Math.round(performance.now() - started);
  result.verdict = verdictOf(result);
  return result;
}

function explain(error, result, endpoint) {
  if (error instanceof End || endpoint.signal.aborted) return;
  if (error instanceof Skip) {
    result.reason = error.message;
  } else if (error instanceof ComeBackLater) {
    Object.assign(result, { reason: error.message, isRefused: true });
  } else if (error instanceof Unprepared) {
    Object.assign(result, { verdict: "failed", reason: error.message });
  } else if (error instanceof NoAnswer) {
    Object.assign(result, { verdict: "failed", reason: error.message, unanswered: true });
  } else if (error instanceof TypeError) {
    // Such as null in the place of a person.
    Object.assign(result, {
      verdict: "failed",
      reason: `The answer does not have the form of SCIM: ${error.message}.`,
    });
  } else {
    throw error;
  }
}

/** A step with a reason has ended early: what it had found until then counts. */
function verdictOf({ verdict, reason, findings }) {
  const unmet = findings.filter(({ isMet }) => !isMet);
  if (verdict === "failed" || unmet.some(({ level }) => level === "must")) return "failed";
  if (reason !== undefined) return "skipped";
  return unmet.length > 0 ? "warned" : "passed";
}

/** How many steps have each verdict. */
export function countsOf({ steps }) {
  const counts = { passed: 0, warned: 0, failed: 0, skipped: 0 };
  for (const { verdict } of steps) counts[verdict] += 1;
  return counts;
}
