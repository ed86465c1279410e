/* The released Worker in deploy/: compiled, committed, and recorded with what it was made from. It serves `npm start`,
   `npm run deploy` and scim-edge/testing on machines without a compiler. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ASSETS, assetsOf, BUILD, builtFrom, OUTPUTS } from "./built.mjs";
import { root } from "./paths.mjs";
import { Problem } from "./run.mjs";
import { hashOf, sourcesHash, toolVersions } from "./sources.mjs";

const DEPLOY = join(root, "deploy");
/** The folder of the released Worker. */
export const RELEASED = join(DEPLOY, "build");
const RECORD = "artefact.json";
const RENEW = "renew it with npm run build -- --artefact, and commit deploy/";

/**
 * The folder of a compiled Worker that fits the sources, `{ folder }`: the released one, else the one in build/. If
 * there is none, `{ why }`, the beginning of a sentence.
 */
export function compiledWorker() {
  const released = record();
  // A package that npm has installed has neither the sources nor a lock file: the released Worker is all there is.
  if (released && !existsSync(join(root, "package-lock.json"))) return { folder: RELEASED };
  const sources = sourcesHash();
  if (released?.sources === sources && changed(released).length === 0) return { folder: RELEASED };
  if (builtFrom()?.sources === sources) return { folder: BUILD };
  if (!released) return { why: "deploy/build has no compiled Worker" };
  return { why: "The compiled Worker in deploy/build was not made from these sources" };
}

/** Puts the Worker of build/ and the migrations into deploy/, with the record of what they were made from. */
export function writeArtefact() {
  const { sources, compiler } = builtFrom();
  rmSync(RELEASED, { recursive: true, force: true });
  mkdirSync(RELEASED, { recursive: true });
  for (const name of OUTPUTS) cpSync(join(BUILD, name), join(RELEASED, name));
  cpSync(ASSETS, assetsOf(RELEASED), { recursive: true });
  const migrations = join(DEPLOY, "migrations");
  rmSync(migrations, { recursive: true, force: true });
  cpSync(join(root, "migrations"), migrations, { recursive: true });
  const files = Object.fromEntries(present().map((name) => [name, hashOf(join(DEPLOY, name))]));
  const text = JSON.stringify({ sources, compiler: compiler.split("\n"), tools: toolVersions(), files }, null, 2);
  writeFileSync(join(RELEASED, RECORD), `${text}\n`);
}

/** Throws a Problem unless the released Worker is recorded as made from these sources, and is what was recorded. */
export function checkRecord() {
  const released = record();
  if (!released) throw new Problem(`deploy/build has no compiled Worker: ${RENEW}.`);
  const wrong = changed(released);
  if (wrong.length > 0) throw new Problem(`deploy/ was changed by hand (${wrong.join(", ")}): ${RENEW}.`);
  const migrations = readdirSync(join(root, "migrations")).map((name) => `migrations/${name}`);
  const older = migrations.filter((name) => released.files[name] !== hashOf(join(root, name)));
  if (older.length > 0) throw new Problem(`deploy/ has not the same ${older.join(", ")}: ${RENEW}.`);
  if (released.sources !== sourcesHash())
    throw new Problem(`The compiled Worker in deploy/build was not made from these sources: ${RENEW}.`);
}

/**
 * Throws a Problem unless the released Worker is, byte for byte, the one in build/. Another compiler makes other bytes:
 * then the record has to do. Resolves with what was compared.
 */
export function checkBytes() {
  checkRecord();
  const released = record();
  const { compiler } = builtFrom();
  if (released.compiler.join("\n") !== compiler) {
    const [theirs] = released.compiler;
    return `its record, since ${theirs} made it, and this is ${compiler.split("\n")[0]} or runs on another system`;
  }
  const other = OUTPUTS.filter((name) => !readFileSync(join(RELEASED, name)).equals(readFileSync(join(BUILD, name))));
  if (other.length === 0) return "byte for byte";
  throw new Problem(`deploy/build is not what its sources make (${other.join(", ")}): ${RENEW}.`);
}

/** What the released Worker was made from, `{ sources, compiler, tools, files }`. */
function record() {
  const path = join(RELEASED, RECORD);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Problem(`deploy/build/${RECORD} cannot be read (${error.message}): ${RENEW}.`);
  }
}

/** The files of which the record says something else. */
function changed({ files }) {
  const names = new Set([...present(), ...Object.keys(files)]);
  return [...names].filter((name) => !existsSync(join(DEPLOY, name)) || hashOf(join(DEPLOY, name)) !== files[name]);
}

/** The files in deploy/ that {@link writeArtefact} makes, without the record. */
function present() {
  return ["build", "migrations"]
    .filter((folder) => existsSync(join(DEPLOY, folder)))
    .flatMap(filesIn)
    .filter((name) => name !== `build/${RECORD}`);
}

/** The paths of the files in a folder of deploy/, and in the folders in it. */
function filesIn(folder) {
  return readdirSync(join(DEPLOY, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}
