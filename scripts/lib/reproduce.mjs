// Compiles the Worker once more, from a copy of the sources in another folder, and compares it with the one in build/.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BUILD, OUTPUTS } from "./built.mjs";
import { root } from "./paths.mjs";
import { ask, Problem, run } from "./run.mjs";

/** Throws a Problem unless both are the same, byte for byte. */
export async function reproduce() {
  const parent = mkdtempSync(join(tmpdir(), "scim-edge-"));
  try {
    // Its path is longer, and has a character that flags of compilers are separated by.
    const folder = join(parent, "a checkout in another folder");
    copySources(folder);
    if ((await run(process.execPath, [join(folder, "scripts/build.mjs")], { cwd: folder })) !== 0)
      throw new Problem("The Worker could not be compiled in another folder.");
    const bytes = (from, name) => readFileSync(join(from, name));
    const other = OUTPUTS.filter((name) => !bytes(BUILD, name).equals(bytes(join(folder, "build"), name)));
    if (other.length > 0) throw new Problem(`Compiled in another folder, other bytes come out: ${other.join(", ")}.`);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function copySources(folder) {
  const files = ask("git", ["-C", root, "ls-files", "--cached", "--others", "--exclude-standard"]);
  if (files === undefined) throw new Problem("git could not list the files of this checkout.");
  for (const name of files.split("\n").filter((name) => existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(root, name), join(folder, name), { preserveTimestamps: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
}
