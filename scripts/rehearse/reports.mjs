// Reports in files. They have every request and answer, without the key and without made-up passwords.

import { countsOf } from "./rehearsal.mjs";

/** Of the JSON report; it changes when a field changes its meaning. */
const FORMAT = 1;

export const jsonReport = (report) =>
  `${JSON.stringify({ format: FORMAT, counts: countsOf(report), ...report }, null, 2)}\n`;

/** JUnit XML: a suite for each part, a case for each step. Warnings are in system-out. */
export function junitReport(report) {
  const parts = [...new Set(report.steps.map(({ part }) => part))];
  const suites = parts.map((part) =>
    suite(
      part,
      report.steps.filter((step) => step.part === part),
      report,
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="rehearsal">\n${suites.join("")}</testsuites>\n`;
}

function suite(part, steps, { started }) {
  const { failed, skipped } = countsOf({ steps });
  const time = seconds(steps.reduce((sum, { millis }) => sum + millis, 0));
  const counts = { tests: steps.length, failures: failed, skipped, errors: 0 };
  const begin = tag("testsuite", { name: part, ...counts, time, timestamp: started });
  return `${begin}${steps.map(testCase).join("")}</testsuite>\n`;
}

function testCase({ name, part, title, verdict, millis, reason, findings, exchanges }) {
  const unmet = findings.filter(({ isMet }) => !isMet);
  const begin = tag("testcase", { name: `${name}: ${title}`, classname: part, time: seconds(millis) });
  const content = [];
  if (verdict === "skipped") content.push(tag("skipped", { message: reason }, true));
  if (verdict === "failed") {
    const failures = unmet.filter(({ level }) => level === "must");
    const message = reason ?? failures[0].text;
    content.push(`${tag("failure", { message, type: "must" })}${escaped(details(failures, exchanges))}</failure>`);
  }
  const warnings = unmet.filter(({ level }) => level === "should");
  if (warnings.length > 0) content.push(`<system-out>${escaped(details(warnings, exchanges))}</system-out>`);
  return `${begin}${content.join("")}</testcase>\n`;
}

function details(findings, exchanges) {
  return findings
    .map(({ level, text, rule, got, exchange }) => {
      const { method, url, requestBody, status, body } = exchanges[exchange] ?? {};
      const sent = requestBody === undefined ? "" : `\n${JSON.stringify(requestBody)}`;
      const shown = method ? `\n${method} ${url}${sent}\n${status} ${JSON.stringify(body)}` : "";
      return `${level}: ${text}\nrule: ${rule}\ngot: ${got}${shown}`;
    })
    .join("\n\n");
}

const seconds = (millis) => (millis / 1000).toFixed(3);

function tag(name, attributes, isEmpty = false) {
  const listed = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${listed.join("")}${isEmpty ? "/" : ""}>`;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 cannot have most control characters, not even as references. */
function escaped(text) {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll(/[&<>"]/g, (letter) => ENTITIES[letter]);
}
