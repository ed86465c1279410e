// Debian's packages, for machines where they are the only source of a compiler.
import { ask, logged, Problem } from "./run.mjs";

let updated = false;

/** Installs Debian packages; `why` is the beginning of the sentence for a reader who has to do it by hand. */
export async function aptInstall(packages, why) {
  const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (ask("apt-get", ["--version"]) === undefined) {
    throw new Problem(`${why}, and this is not a Debian or Ubuntu machine where apt-get could install it.`);
  }
  const isRoot = process.getuid() === 0;
  if (!isRoot && ask("sudo", ["-n", "true"]) === undefined) {
    throw new Problem(`${why}. Install it and run this again: sudo ${command}`);
  }
  const apt = (name, ...args) => {
    const [program, ...rest] = [...(isRoot ? [] : ["sudo", "-n"]), "apt-get", "-q", "-y", ...args];
    return logged(name, program, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  if (!updated) await apt("apt-get-update", "update");
  updated = true;
  // Never at the price of something the user has installed.
  await apt("apt-get-install", "install", "--no-remove", "--no-install-recommends", ...packages);
}
