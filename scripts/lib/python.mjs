// Python programs get a virtual environment with exactly the packages that a file of requirements names, each checked
// against its hash.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { cached } from "./cache.mjs";
import { root } from "./paths.mjs";
import { ask, logged, Problem } from "./run.mjs";

// The versions that requirements.txt has wheels for; nothing is compiled.
const VERSIONS = ["3.14", "3.13", "3.12", "3.11"];
const NEEDED = `Python ${VERSIONS.at(-1)} to ${VERSIONS[0]} with its venv module`;

/** A Python that has scim2-tester, the conformance suite, and scim2-server, with which this server is compared. */
export const scimPython = () =>
  pythonWith(
    "scim2-tester",
    "tests/conformance/requirements.txt",
    "import scim2_tester, scim2_client.engines.httpx2, scim2_server.service",
  );

/**
 * The Python of the virtual environment `name`, which is made where it is missing. `works`: code that it must be able
 * to run.
 */
export async function pythonWith(name, file, works) {
  const requirements = join(root, file);
  const { command, version } = await findPython();
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  // The folder is renamed when it is complete: that does not break bin/python, unlike the programs beside it.
  const python = (folder) => join(folder, "bin/python");
  const folder = await cached({
    name: `${name}-${hash}-python${version}`,
    title: `Installing ${name} for Python (once for all checkouts)`,
    works: (made) => ask(python(made), ["-I", "-c", works]) !== undefined,
    async fill(made) {
      await logged("python-venv", command, ["-m", "venv", made]);
      // The file names everything. Asked to look for what these need, pip would find a later version than the one named
      // wherever an extra is needed, and refuse it.
      const pinned = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", requirements];
      const quiet = ["--no-input", "--disable-pip-version-check"];
      await logged("pip-install", python(made), ["-I", "-m", "pip", "install", ...quiet, ...pinned]);
    },
  });
  return python(folder);
}

async function findPython() {
  let found = installed();
  if (!found) {
    const why = `${NEEDED} is missing`;
    await aptInstall({ packages: ["python3", "python3-venv"], what: "Python", why });
    found = installed();
  }
  if (found) return found;
  throw new Problem(`${NEEDED} is missing, and this system's packages have another: install one and run this again.`);
}

/** The first Python that fits. Debian's has no ensurepip, and so makes no virtual environment, without python3-venv. */
function installed() {
  const tell = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])";
  return ["python3", ...VERSIONS.map((version) => `python${version}`)]
    .map((command) => ({ command, version: ask(command, ["-I", "-c", tell]) }))
    .find(({ version }) => VERSIONS.includes(version));
}
