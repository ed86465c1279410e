// npm run rehearse: plays identity providers against a SCIM server.
import { writeFileSync } from "node:fs";
import { Problem } from "./lib/run.mjs";
import { removeAll } from "./rehearse/cleanup.mjs";
import { Endpoint } from "./rehearse/endpoint.mjs";
import { NoAnswer } from "./rehearse/failures.mjs";
import { leftLists, listFolder, openFolder } from "./rehearse/ledger.mjs";
import { readKey, readOptions, USAGE } from "./rehearse/options.mjs";
import { clientsOf } from "./rehearse/play.mjs";
import { countsOf, rehearse } from "./rehearse/rehearsal.mjs";
import { jsonReport, junitReport } from "./rehearse/reports.mjs";
import { Secrets } from "./rehearse/secrets.mjs";
import { leftTexts, listOfSteps, Terminal } from "./rehearse/terminal.mjs";

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Ctrl-C may come twice: from the terminal, and passed on by npm. Within these milliseconds it is the same. */
const SAME_SIGNAL = 1_000;

const stop = new AbortController();
let interrupted; // the exit status for the signal

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`\n${error instanceof Problem || error instanceof NoAnswer ? error.message : error.stack}`);
  process.exitCode = interrupted ?? 2;
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  if (options.list) return console.log(listOfSteps());
  warnOfPlainHttp(options.base);
  const folder = listFolder();
  openFolder(folder);
  const key = await readKey();
  const terminal = new Terminal(options);
  if (options.clean) return clean(options, key, folder, terminal);
  const left = leftLists(folder, options.base).flatMap(({ entries }) => entries);
  if (left.length > 0)
    terminal.line(`An earlier rehearsal has left ${left.length} people or groups; --clean removes them.`);
  const writers = [
    [options.json, jsonReport],
    [options.junit, junitReport],
  ].filter(([file]) => file !== undefined);
  for (const [file] of writers) write(file, "", "a"); // a path that cannot be written is told before the rehearsal
  stopWhenTold(terminal);
  terminal.line(`Rehearsal against ${options.base}`);
  const report = await rehearse({ ...options, key, folder }, { signal: stop.signal, progress: terminal.progress });
  for (const [file, text] of writers) write(file, text(report));
  terminal.summary(
    report,
    writers.map(([file]) => file),
  );
  if (interrupted !== undefined) return interrupted;
  if (report.givenUp) return 2;
  return countsOf(report).failed > 0 ? 1 : 0;
}

/** Removes what interrupted rehearsals have left on this server. */
async function clean({ base, timeout }, key, folder, terminal) {
  const ledgers = leftLists(folder, base);
  if (ledgers.length === 0) {
    terminal.line(`No rehearsal has left anything at ${base}.`);
    return 0;
  }
  const left = [];
  for (const ledger of ledgers) {
    const secrets = new Secrets(key);
    const { signal } = new AbortController();
    const endpoint = new Endpoint({ base, key, timeout, secrets, ledger, signal, onWait: terminal.progress.wait });
    left.push(...(await removeAll(clientsOf(endpoint).okta, ledger, terminal.progress.clean)));
  }
  for (const text of leftTexts(left, base)) terminal.line(text);
  return left.some(({ state }) => state === "left") ? 2 : 0;
}

/** The first signal ends the steps, and what they have made is removed; the second one ends this at once. */
function stopWhenTold(terminal) {
  let first;
  for (const [signal, code] of Object.entries(CODES)) {
    process.on(signal, () => {
      if (performance.now() - first < SAME_SIGNAL) return;
      if (interrupted !== undefined) {
        terminal.line("Ended at once. --clean removes what is left.");
        process.exit(code);
      }
      first = performance.now();
      interrupted = code;
      terminal.line(`${signal}: the throw-away people are removed first. Again to end at once.`);
      stop.abort(new Problem("Interrupted."));
    });
  }
}

function write(file, text, flag = "w") {
  try {
    writeFileSync(file, text, { flag });
  } catch (error) {
    throw new Problem(`${file} cannot be written (${error.code}).`);
  }
}

function warnOfPlainHttp(base) {
  const { protocol, hostname } = new URL(base);
  if (protocol === "https:" || /^(localhost|127\.|\[::1\])/.test(hostname)) return;
  console.error(`The key goes to ${hostname} without encryption. Identity providers take https addresses only.`);
}
