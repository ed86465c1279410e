// bench/RESULTS.md, and the same on the terminal.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { GROUPS } from "../contestants/contestant.mjs";
import { ratios, summary } from "./rounds.mjs";

const COLUMNS = [
  "",
  "p50, ms",
  "p99, ms",
  "a second",
  "a second, 16 at once",
  "time against scim-edge",
  "the same, 16 at once",
  "processor seconds for 1,000",
];

/** The ratios of scim-edge to the floor, and of the other Worker to scim-edge, in Markdown. */
export function comparison(measurements, [edge, floor, other]) {
  const rows = operationsOf(measurements).map((operation) => {
    const of = (contestant) =>
      measurements.find((each) => each.operation === operation && each.contestant === contestant && each.width === 1);
    const against = (one, base) => of(one) && of(base) && ratios(of(one), of(base));
    const [above, ahead] = [against(edge, floor), against(other, edge)];
    return [operation.name, above ? fine(above.p50) : "", above?.cpu.toFixed(2) ?? "", ahead ? fine(ahead.p50) : ""];
  });
  const head = ["", "p50, times the floor's", "processor time, times the floor's", `p50 of ${other.name}, times ours`];
  return table([head, ...rows]);
}

const operationsOf = (measurements) => [...new Set(measurements.map(({ operation }) => operation))];

/** The tables of all operations, in Markdown. */
export function tables(measurements, contestants) {
  return operationsOf(measurements)
    .map((operation) => {
      const of = measurements.filter((each) => each.operation === operation);
      const rows = contestants.map((contestant) => row(contestant, of));
      return `### ${operation.name}\n\n${table([COLUMNS, ...rows])}`;
    })
    .join("\n\n");
}

function row(contestant, of) {
  const mine = of.filter((each) => each.contestant === contestant);
  if (mine[0].missing) return [contestant.name, `not measured: ${oneLine(mine[0].missing)}`, ...Array(6).fill("")];
  const at = (width) => {
    const found = mine.find((each) => each.width === width);
    const base = of.find((each) => each.width === width && each.contestant.name === "scim-edge");
    return found && summary(found, base === found ? undefined : base);
  };
  const [one, many] = [at(1), at(16)];
  return [
    contestant.name,
    number(one.p50),
    number(one.p99),
    number(one.perSecond),
    many ? number(many.perSecond) : "",
    ratio(one.ratio),
    ratio(many?.ratio),
    number(one.cpu),
  ];
}

const oneLine = (text) => text.replace(/[\s|]+/g, " ").slice(0, 160);

function number(value) {
  if (!Number.isFinite(value)) return "";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function ratio(of) {
  return of ? `${number(of.median)} (${number(of.least)} to ${number(of.most)})` : "";
}

/** A ratio with more digits, since it may be close to a bound. */
function fine({ median, least, most }) {
  const precise = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  return `${precise(median)} (${precise(least)} to ${precise(most)})`;
}

function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i].length)));
  const padded = (row) => line(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))));
  const rule = line(widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)));
  return [padded(head), rule, ...rows.map(padded)].join("\n");
}

/** The whole file. */
export function results({ size, rounds, machine, probes, comparison, tables }) {
  const { versions } = process;
  const costs = probes.map(([name, millis]) => `| ${name} | ${number(millis)} |`).join("\n");
  return `# What scim-edge costs, beside what could be used instead

Written by \`npm run bench\`; not edited by hand.
${machine}; Node ${versions.node}, workerd ${workerd()}.
${size} people with the same attributes everywhere, all of them in ${GROUPS} groups. In each of ${rounds}
rounds (at most 3 for long operations) each contestant has a short turn, and the turns of a round are compared: the
ratio is the median, and in parentheses the least and the most. All requests go over HTTP on connections that are kept
open where the server keeps them; Workers listen at workerd's own socket, without a proxy.

- **scim-edge** is the built Worker, on D1 in workerd. It has several organizations, looks its key up, and writes a log
  line. Its static assets are left out: with them, every request passes another Worker first, the router of assets.
- **floor** is a few lines of JavaScript that send the statements of scim-edge (recorded from it) in the same round
  trips and answer with the column that comes back: the cost of the platform without SCIM. It parses no request bodies:
  where all members are replaced, it gets their ids ready-made.
- **SCIMMY** is bench/workers/scimmy.js, in the same workerd, on D1. It has one organization, looks up no key, and keeps
  no log: for one person it can be as fast as the floor, or faster.
- **better-auth** is its SCIM plugin, in Node, on SQLite (node:sqlite) in the same process. Its groups are too small, so
  its people are in none.
- **scim2-server** is in Python, behind the server of its own command, and keeps everything in memory.

"Processor seconds" are those of the server's process for 1,000 runs one after another; workerd's include those of D1.

## In short

One request at a time.

${comparison}

## What the local platform costs by itself

| | p50, ms |
| --- | ---: |
${costs}

Here D1 is a simulation, SQLite in workerd behind two more Workers, and this is most of the time of any Worker's answer.
Times therefore say little about Cloudflare's network, where a round trip to D1 crosses a data center or goes to another
one. What carries over is the number of round trips and rows, and the difference between a Worker and the floor.

## Operations

${tables}
`;
}

function workerd() {
  return JSON.parse(readFileSync(join(root, "node_modules/workerd/package.json"), "utf8")).version;
}
