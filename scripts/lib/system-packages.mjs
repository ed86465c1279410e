// Packages of the operating system are installed only on demand. Every command takes the flag that allows it.

export const FLAG = "--install-system-packages";

/** What the programs that a command starts find in their environment. */
const ALLOWED = "SCIM_EDGE_INSTALL_SYSTEM_PACKAGES";

export const areAllowed = () => process.env[ALLOWED] === "true";

/** Takes the flag out of the arguments of this process, and remembers it. */
export function takeFlag() {
  const index = process.argv.indexOf(FLAG);
  if (index < 0) return;
  process.argv.splice(index, 1);
  process.env[ALLOWED] = "true";
}

/** The command of npm that was typed, with the flag. */
export function commandWithFlag() {
  const { npm_lifecycle_event: script } = process.env;
  if (script === undefined) return `this command with ${FLAG}`;
  return `npm ${["start", "test"].includes(script) ? "" : "run "}${script} -- ${FLAG}`;
}
