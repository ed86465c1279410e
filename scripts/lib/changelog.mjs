// CHANGELOG.md at a release: what is under "Unreleased", and the notes of the commits, become the section of a version.

const WIDTH = 120;
const UNRELEASED = "## Unreleased\n";
const STEPS = "### Upgrade steps\n";

/**
 * The changelog with a section for the version, and an empty one for what comes next: `{ section, text }`. The notes of
 * commits follow what people have written: upgrade steps are numbered on, changes are a list of their own.
 */
export function changelogOf({ version, date, notes: { changes, upgradeSteps }, text }) {
  const begin = text.indexOf(UNRELEASED);
  if (begin < 0) throw new Error('CHANGELOG.md has no section "## Unreleased"');
  const inside = begin + UNRELEASED.length;
  const end = text.indexOf("\n## ", inside);
  const written = text.slice(inside, end < 0 ? undefined : end).trim();
  const body = [withSteps(written, upgradeSteps), listOf(changes)].filter((part) => part !== "").join("\n\n");
  const section = body === "" ? "Nothing that users or operators notice.\n" : `${body}\n`;
  const rest = end < 0 ? "" : text.slice(end);
  return { section, text: `${text.slice(0, inside)}\n## ${version} (${date})\n\n${section}${rest}` };
}

function listOf(changes) {
  return changes.length === 0 ? "" : `### Changes\n\n${changes.map((note) => item("- ", note)).join("\n")}`;
}

function withSteps(written, steps) {
  if (steps.length === 0) return written;
  if (!written.startsWith(STEPS)) {
    const list = steps.map((step, index) => item(`${index + 1}. `, step)).join("\n");
    return `${STEPS}\n${list}\n\n${written}`.trim();
  }
  const next = written.indexOf("\n\n### ", STEPS.length);
  const [first, others] = next < 0 ? [written, ""] : [written.slice(0, next), written.slice(next)];
  const count = first.match(/^\d+\. /gm)?.length ?? 0;
  const list = steps.map((step, index) => item(`${count + index + 1}. `, step)).join("\n");
  return `${first}\n${list}${others}`;
}

/** An item of a list in lines of at most {@link WIDTH} columns. */
function item(bullet, note) {
  const lines = [bullet.trimEnd()];
  for (const word of note.split(/\s+/)) {
    if (lines.at(-1).length + 1 + word.length <= WIDTH) lines[lines.length - 1] += ` ${word}`;
    else lines.push(`${" ".repeat(bullet.length)}${word}`);
  }
  return lines.join("\n");
}
