// Long runs of cargo, with the number of crates that are compiled.
import { progress } from "./progress.mjs";
import { logged } from "./run.mjs";

const ERASE_LINE = "\u001b[K";

/** Runs cargo with its output in a log file, and adds to the present step how many crates are compiled. */
export function cargo(name, args, { env, ...options }) {
  const width = { CARGO_TERM_PROGRESS_WHEN: "always", CARGO_TERM_PROGRESS_WIDTH: "60" };
  return logged(name, "cargo", args, { ...options, env: { ...env, ...width }, filter: progressFilter() });
}

/** Cargo repeats the line of its progress, each time with a carriage return. It comes in pieces. */
function progressFilter() {
  let rest = "";
  return (text) => {
    const lines = (rest + text.replaceAll(ERASE_LINE, "")).split(/[\r\n]/);
    rest = lines.pop();
    const counts = [...lines, rest].map((line) => /^ *Building \[.*\] (\d+)\/(\d+)/.exec(line)).findLast(Boolean);
    if (counts) progress(`${counts[1]} of ${counts[2]} crates`);
    const kept = lines.filter((line) => line !== "" && !/^ *(Building|Fetch|Downloading) \[/.test(line));
    return kept.map((line) => `${line}\n`).join("");
  };
}
