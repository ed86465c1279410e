// The licences of the crates that are compiled into the Worker, from cargo's metadata: they have to go with the Worker.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { metadata } from "./flags.mjs";

const LICENCE = /^(licen[cs]e|copying|notice|unlicense)/i;

/** The text of build/THIRD-PARTY-NOTICES.txt. */
export function notices(env) {
  const { packages, resolve } = metadata(env);
  const crates = compiledIn(resolve)
    .map((id) => packages.find((each) => each.id === id))
    .filter((each) => each.source !== null) // our own has none
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const texts = new Map(); // most crates have the same few texts
  for (const crate of crates) {
    for (const { text } of licencesOf(crate)) texts.set(text, [...(texts.get(text) ?? []), nameOf(crate)]);
  }
  const list = crates.map((crate) => `  ${nameOf(crate)}  ${crate.license ?? "see its text below"}`);
  const bodies = [...texts].map(([text, names]) => `${"-".repeat(80)}\n${names.join(", ")}\n\n${text}\n`);
  const title = "Compiled into this Worker, by their authors, under these licences:";
  return `${title}\n\n${list.join("\n")}\n\n${bodies.join("\n")}`;
}

/** The crates that the Worker depends on, without those for building and testing. */
function compiledIn({ root: own, nodes }) {
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    for (const { pkg, dep_kinds } of nodes.find((node) => node.id === id).deps) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(own);
  return [...found];
}

const nameOf = ({ name, version }) => `${name} ${version}`;

function licencesOf({ manifest_path }) {
  const folder = dirname(manifest_path);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1)) // file systems have orders of their own
    .map(({ name }) => ({ name, text: readFileSync(join(folder, name), "utf8").trim().replaceAll("\r\n", "\n") }));
}
