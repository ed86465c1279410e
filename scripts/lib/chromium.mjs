// The Chromium that the console's pages are tested in: the machine's own, else Debian's. Nothing else needs it.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall, mayInstall } from "./apt.mjs";
import { ask, Problem } from "./run.mjs";
import { FLAG } from "./system-packages.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC = ["Google Chrome", "Chromium"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);

/** The advice where there is no browser. */
export const NO_CHROMIUM =
  `there is no Chromium or Chrome here; install one (Debian: sudo apt-get install chromium, or the flag ${FLAG}) or ` +
  "name it in CHROMIUM_PATH";

/** Whether a missing browser is a failure: in CI, which sets this variable, tests must not be skipped. */
export const isRequired = () => /^(1|true)$/i.test(process.env.CI ?? "");

/** The path of a browser that can be started, or undefined. */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (works(named)) return named;
    throw new Problem(`CHROMIUM_PATH is ${named}, and that is no browser: correct it or unset it.`);
  }
  const folders = ["/usr/bin", ...(process.env.PATH ?? "").split(delimiter)];
  return [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...MAC].find(works);
}

/**
 * The path of a browser, which is installed where it is missing and that is allowed; undefined where it is neither
 * available nor required.
 */
export async function chromium() {
  const found = findChromium();
  if (found) return found;
  if (mayInstall()) {
    try {
      // The fonts are those that pages expect under the name of Arial; without them everything is set in DejaVu, which
      // is wider.
      const packages = ["chromium", "fonts-liberation"];
      await aptInstall({ packages, what: "Chromium", why: "Chromium is missing" });
    } catch (error) {
      if (!(error instanceof Problem) || isRequired()) throw error; // Ubuntu, for one, has no such package
    }
  }
  const installed = findChromium();
  if (!installed && isRequired()) throw new Problem(`The tests in a browser cannot run: ${NO_CHROMIUM}.`);
  return installed;
}

// Ubuntu's chromium-browser is a script that only asks its caller to install a snap.
function works(path) {
  return existsSync(path) && ask(path, ["--version"]) !== undefined;
}
