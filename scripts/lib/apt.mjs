// Debian's packages, for machines where they are the only source of a compiler.
import { ask, logged, Problem } from "./run.mjs";

const isRoot = () => process.getuid() === 0;

/** Whether this is a machine with Debian's packages and we are allowed to install some. */
export function mayInstall() {
  const allowed = isRoot() || ask("sudo", ["-n", "true"]) !== undefined;
  return allowed && ask("apt-get", ["--version"]) !== undefined;
}

/** Installs Debian packages; `why` is the beginning of the sentence for a reader who has to do it by hand. */
export async function aptInstall(packages, why) {
  const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!mayInstall()) throw new Problem(`${why}: install it and run this again (Debian, Ubuntu: sudo ${command}).`);
  const apt = (name, ...args) => {
    const [program, ...rest] = [...(isRoot() ? [] : ["sudo", "-n"]), "apt-get", "-q", "-y", ...args];
    return logged(name, program, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  await apt("apt-get-update", "update");
  // Never at the price of something the user has installed.
  await apt("apt-get-install", "install", "--no-remove", "--no-install-recommends", ...packages);
}
