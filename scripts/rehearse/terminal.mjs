// What the terminal shows of a rehearsal.

import { countsOf } from "./rehearsal.mjs";
import { steps } from "./steps/index.mjs";

const WORDS = { passed: "passed", warned: "WARNING", failed: "FAILED", skipped: "skipped" };
const COLORS = { passed: 32, warned: 33, failed: 31, skipped: 2 };

/** The longest body that is shown; reports in files have all of it. */
const BODY = 600;

/** The widest name and title of a step. */
const NAME = Math.max(...steps.map(({ name, part }) => name.length - part.length - 1)) + 2;
const TITLE = Math.max(...steps.map(({ title }) => title.length)) + 2;

export class Terminal {
  #stream;
  #isVerbose;
  #part;
  #isTTY;

  constructor({ verbose = false, stream = process.stdout } = {}) {
    this.#stream = stream;
    this.#isVerbose = verbose;
    this.#isTTY = stream.isTTY === true;
  }

  /** What the rehearsal tells; see rehearse. */
  get progress() {
    return {
      begin: (step, index, count) => this.#status(`  ${index + 1} of ${count}: ${step.name} …`),
      end: (result) => this.#step(result),
      wait: (seconds) => this.#note(`  The server asks to wait ${seconds} s (429).`),
      clean: ({ name }) => this.#status(`  Removing ${name} …`),
    };
  }

  line(text = "") {
    this.#status("");
    this.#stream.write(`${text}\n`);
  }

  /** A line that the next one replaces. Where it cannot be replaced, it is not shown. */
  #status(text) {
    if (this.#isTTY) this.#stream.write(`\r\x1b[K${text}`);
  }

  #note(text) {
    this.line(text);
  }

  #step(result) {
    const { part, client, name, title, verdict, exchanges, millis, reason } = result;
    if (part !== this.#part) this.line(`\n${part} (${client})`);
    this.#part = part;
    const word = WORDS[verdict].padEnd(8);
    const own = name.slice(part.length + 1).padEnd(NAME);
    const effort = `${exchanges.length} ${exchanges.length === 1 ? "request" : "requests"}, ${millis} ms`;
    const shown = this.#isTTY ? `\x1b[${COLORS[verdict]}m${word}\x1b[0m` : word;
    this.line(`  ${shown} ${own} ${title.padEnd(TITLE)} ${verdict === "skipped" ? reason : effort}`);
    if (verdict === "failed" && reason) this.line(`           ${reason}`);
    for (const text of this.#isVerbose ? everything(result) : unmet(result)) this.line(`           ${text}`);
  }

  /** @param files the paths of reports */
  summary(report, files) {
    const counts = countsOf(report);
    const requests = report.steps.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
    const seconds = (Date.parse(report.finished) - Date.parse(report.started)) / 1000;
    this.line();
    if (report.givenUp) this.line(`Given up: ${report.givenUp}`);
    this.line(
      `${counts.passed} passed, ${counts.warned} with warnings, ${counts.failed} failed, ${counts.skipped} skipped; ` +
        `${requests} requests in ${seconds.toFixed(1)} s`,
    );
    for (const text of leftTexts(report.left, report.base)) this.line(text);
    for (const file of files) this.line(`Report: ${file}`);
  }
}

/** The sentences about what could not be removed. */
export function leftTexts(left, base) {
  const named = (state) => left.filter((each) => each.state === state);
  const list = (each) => each.map(({ name, why }) => `  ${name} (${why})`);
  const texts = [];
  if (left.length === 0) texts.push("All that was made is removed.");
  if (named("deactivated").length > 0) {
    texts.push("The server does not delete people. These are deactivated instead:", ...list(named("deactivated")));
  }
  if (named("left").length > 0) {
    texts.push("These could not be removed:", ...list(named("left")));
    texts.push(`Try again later with: npm run rehearse -- ${base} --clean`);
  }
  return texts;
}

/** What is not met, with the request and answer that show it. */
function unmet({ findings, exchanges }) {
  const lines = [];
  const isUnmet = findings.filter(({ isMet }) => !isMet);
  for (const [index, finding] of isUnmet.entries()) {
    lines.push(...findingLines(finding), `  got: ${finding.got}`);
    const isLast = isUnmet[index + 1]?.exchange !== finding.exchange;
    if (isLast && exchanges[finding.exchange]) lines.push(...exchangeLines(exchanges[finding.exchange]));
  }
  return lines;
}

/** All requests, each followed by what was found about it. */
function everything({ findings, exchanges }) {
  return exchanges.flatMap((exchange, index) => [
    ...exchangeLines(exchange),
    ...findings
      .filter((finding) => finding.exchange === index)
      .flatMap((finding) => [...findingLines(finding), ...(finding.isMet ? [] : [`  got: ${finding.got}`])]),
  ]);
}

function findingLines({ level, text, rule, isMet }) {
  const word = isMet ? "holds" : { must: "must", should: "should" }[level];
  return [`${word}: ${text} [${rule}]`];
}

function exchangeLines({ method, url, requestBody, status, body, failure }) {
  return [
    `  > ${method} ${url}`,
    ...(requestBody === undefined ? [] : [`  > ${short(requestBody)}`]),
    `  < ${failure ?? [status, short(body)].join(" ").trim()}`,
  ];
}

function short(body) {
  const text = typeof body === "string" ? body.replaceAll(/\s+/g, " ") : JSON.stringify(body);
  return text.length > BODY ? `${text.slice(0, BODY)} …` : text;
}

/** The list of `--list`. */
export function listOfSteps() {
  const lines = [];
  for (const [index, { name, part, client, title }] of steps.entries()) {
    if (steps[index - 1]?.part !== part) lines.push(`${index === 0 ? "" : "\n"}${part} (${client})`);
    lines.push(`  ${name.padEnd(NAME + 16)} ${title}`);
  }
  return lines.join("\n");
}
