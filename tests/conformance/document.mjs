// The part of docs/conformance.md that lists the deviations.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { configurations } from "./deviations.mjs";

const PATH = join(root, "docs/conformance.md");
const LISTED = /(?<=^<!-- deviations -->\n).*(?=^<!-- \/deviations -->$)/ms;

/** Whether the document lists exactly what deviations.mjs does. */
export function documentIsCurrent() {
  const text = readFileSync(PATH, "utf8");
  return LISTED.exec(text)?.[0] === listing();
}

export function writeDocument() {
  writeFileSync(
    PATH,
    readFileSync(PATH, "utf8").replace(LISTED, () => listing()),
  );
}

const listing = () => `\n${configurations.map(section).join("\n")}\n`;

function section({ name, deviations }) {
  const rows = deviations.map(({ type, checks, attribute, reason }) =>
    row([type, checks.map(code).join(", "), attribute ? code(attribute) : "", reason]),
  );
  return `### ${name}\n\n${row(["resource", "check", "attribute", "why"])}${row(Array(4).fill("---"))}${rows.join("")}`;
}

const row = (cells) => `| ${cells.join(" | ")} |\n`;
const code = (text) => `\`${text}\``;
