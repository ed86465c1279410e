// One browser for a test file, started before its first test and stopped after its last, and assertions about pages.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import axe from "axe-core";
import { openBrowser } from "../../scripts/lib/browser.mjs";
import { findChromium, isRequired, NO_CHROMIUM } from "../../scripts/lib/chromium.mjs";

const TIMEOUT = 10_000; // of one action; pages of ours are there in a fraction of a second

/** The errors that the browser reported, for each page's context. */
const complaintsOfContext = new WeakMap();

/**
 * @returns `missing`, undefined or why there is no browser, for the option `skip` of tests; and `open(options)`, which
 * resolves with an empty page (Playwright's `Page`) of a new context, with no cookies and a cache of its own, until the
 * test ends. The options are those of Playwright's `newContext`: `baseURL`, `javaScriptEnabled`, `colorScheme`,
 * `viewport`, …
 */
export function useBrowser() {
  const executablePath = findChromium();
  const missing = executablePath || isRequired() ? undefined : NO_CHROMIUM;
  let running;
  before(async () => {
    if (missing) return;
    assert.ok(executablePath, NO_CHROMIUM);
    running = await openBrowser(executablePath);
  });
  // An open page would go on using the processor.
  afterEach(() => Promise.all(running?.contexts().map((context) => context.close()) ?? []));
  after(() => running?.close());
  return {
    missing,
    async open(options) {
      const context = await running.newContext(options);
      context.setDefaultTimeout(TIMEOUT);
      listen(context);
      return context.newPage();
    },
  };
}

/** The browser also reports violations of the Content-Security-Policy and failed loads to the console. */
function listen(context) {
  const complaints = [];
  complaintsOfContext.set(context, complaints);
  context.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url, line } = message.location();
    complaints.push(`${message.text().trim()} (${url}:${line + 1})`);
  });
  context.on("weberror", (error) => complaints.push(`uncaught: ${error.error().stack ?? error.error()}`));
}

/**
 * The errors in all pages of this page's context so far: those of the console, uncaught ones, and violations of the
 * CSP.
 */
export async function complaintsOf(page) {
  await page.evaluate(() => 0); // what happened before this has been told before its answer
  return [...complaintsOfContext.get(page.context())];
}

/** Asserts that the page had no error so far. An answer of 400 or more counts as one. */
export async function assertNoComplaints(page) {
  const complaints = await complaintsOf(page);
  assert.ok(complaints.length === 0, `${page.url()} complains:\n  ${complaints.join("\n  ")}`);
}

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Asserts that axe-core finds nothing serious or critical in the page as it is now, also where scripts are off; there,
 * it does not see what is within `noscript`.
 */
export async function assertAccessible(page) {
  const options = { runOnly: RULES, resultTypes: ["violations"], iframes: false, preload: false };
  // Evaluated by the debugger, which no policy of the page forbids. Where scripts are off no timer ever fires, but
  // promises are kept; without frames and preloading, axe waits for nothing longer than the next turn.
  const { violations } = await page.evaluate(`((setTimeout) => {
    ${axe.source}
    return window.axe.run(${JSON.stringify(options)});
  })((work, _, ...args) => void Promise.resolve().then(() => work(...args)))`);
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.ok(grave.length === 0, `${page.url()} is not accessible:\n${grave.map(readable).join("\n")}`);
}

function readable({ impact, id, help, nodes }) {
  const places = nodes.map(({ target, failureSummary }) => {
    const [, reason] = failureSummary.split("\n"); // the first of what would mend it
    return `\n    ${target.join(" ")}: ${reason.trim()}`;
  });
  return `  ${impact}: ${help} (${id})${places.join("")}`;
}

/**
 * The answers that arrive over the network while `action` runs, in bytes with headers:
 * `{ total, loaded: [{ address, bytes }] }`. An answer from the cache has 0 bytes. Text comes with gzip, as it does
 * from Cloudflare.
 */
export async function transferred(page, action) {
  const ends = new Map(); // of each request, when it is over, one way or the other
  const note = (request) => ends.set(request, Promise.withResolvers());
  const end = (request) => ends.get(request)?.resolve();
  page.on("request", note).on("requestfinished", end).on("requestfailed", end);
  try {
    await action();
    page.off("request", note);
    const loaded = await Promise.all(
      [...ends].map(async ([request, { promise }]) => {
        await promise;
        return { address: request.url(), bytes: await bytesOf(request) };
      }),
    );
    return { total: loaded.reduce((sum, { bytes }) => sum + bytes, 0), loaded };
  } finally {
    page.off("request", note).off("requestfinished", end).off("requestfailed", end);
  }
}

async function bytesOf(request) {
  if (request.failure()) return 0; // the policy let nothing through, or the browser had no more use for it
  const { responseHeadersSize, responseBodySize } = await request.sizes();
  return responseHeadersSize + responseBodySize;
}
