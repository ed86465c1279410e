// Debian's packages, for machines where they are the only source of a compiler.
import { ask, logged, Problem, step } from "./run.mjs";
import { areAllowed, commandWithFlag } from "./system-packages.mjs";

const isRoot = () => process.getuid() === 0;

const hasApt = () => ask("apt-get", ["--version"]) !== undefined;

/** Whether this is a machine with Debian's packages and we are told and able to install some. */
export function mayInstall() {
  return areAllowed() && hasApt() && (isRoot() || ask("sudo", ["-n", "true"]) !== undefined);
}

/**
 * Installs Debian packages; `why` is the beginning of the sentence for a reader who has to do it by hand, and `what` is
 * installed, in words.
 */
export async function aptInstall({ packages, what, why }) {
  if (!mayInstall()) throw new Problem(`${why}: ${advice(packages)}.`);
  const apt = (name, ...args) => {
    const [program, ...rest] = [...(isRoot() ? [] : ["sudo", "-n"]), "apt-get", "-q", "-y", ...args];
    return logged(name, program, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  await step(`Installing ${what}`, async () => {
    await apt("apt-get-update", "update");
    // Never at the price of something the user has installed.
    await apt("apt-get-install", "install", "--no-remove", "--no-install-recommends", ...packages);
  });
}

function advice(packages) {
  const command = `sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!hasApt()) return `install it and run this again (Debian, Ubuntu: ${command})`;
  if (areAllowed()) return `it can be installed by root only; type ${command}, and run this again`;
  return `type ${command}, and run this again; or type ${commandWithFlag()}, which does both`;
}
