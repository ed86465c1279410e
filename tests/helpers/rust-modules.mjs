// The modules of the workspace's crates, one a file, and which modules refer to which: by `use` and by paths in code.
// Names are resolved through `use` and re-exports to the module that defines them. Unit tests do not count.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const NAME = /[A-Za-z_]\w*/y;
const USE = /\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/g;
const PATH = /(?<![\w:])[A-Za-z_]\w*(?:::[A-Za-z_]\w*)+/g;
const ITEM = /\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)\s+([A-Za-z_]\w*)/g;

/** Blanks comments and literals, so that line numbers stay. */
export function withoutText(source) {
  const patterns = [
    /\/\/[^\n]*/y,
    /\/\*[\s\S]*?\*\//y,
    /\bb?r(#*)"[\s\S]*?"\1/y,
    /b?"(?:\\[\s\S]|[^"\\])*"/y,
    /b?'(?:\\[^']+|\\'|[^\\'])'/y,
  ];
  let text = "";
  for (let at = 0; at < source.length; ) {
    const found = patterns.map((pattern) => matchAt(pattern, source, at)).find(Boolean);
    text += found ? found[0].replace(/[^\n]/g, " ") : source[at];
    at += found ? found[0].length : 1;
  }
  return text;
}

/** Blanks what is compiled for unit tests only. */
export function withoutTests(text) {
  let rest = text;
  for (;;) {
    const at = rest.indexOf("#[cfg(test)]");
    if (at < 0) return rest;
    const body = rest.slice(at).search(/[{;]/) + at;
    const end = rest[body] === "{" ? closing(rest, body) : body;
    rest = rest.slice(0, at) + rest.slice(at, end + 1).replace(/[^\n]/g, " ") + rest.slice(end + 1);
  }
}

function closing(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return text.length - 1;
}

function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The paths of a `use`: `a::{b, c as d}` are `a::b` and `a::c`, the second under the name `d`. */
export function expandUse(tree) {
  const text = tree.replace(/\s+as\s+/g, "@").replace(/\s+/g, "");
  let at = 0;
  const list = (prefix) => {
    const paths = [];
    do {
      paths.push(...one(prefix));
    } while (text[at] === "," && ++at);
    return paths;
  };
  const one = (prefix) => {
    const path = [...prefix];
    while (at < text.length && text[at] !== "," && text[at] !== "}") {
      if (text[at] === "{") {
        at++;
        const paths = list(path);
        at++;
        return paths;
      }
      if (text[at] === "*") {
        at++;
        return [{ path, name: "*" }];
      }
      if (text[at] === "@") {
        const [name] = matchAt(NAME, text, ++at);
        at += name.length;
        return [{ path, name }];
      }
      const word = matchAt(NAME, text, at);
      if (word) path.push(word[0]);
      at += word ? word[0].length : 1;
    }
    if (path.length === prefix.length) return [];
    const isSelf = path.length > 1 && path.at(-1) === "self";
    const whole = isSelf ? path.slice(0, -1) : path;
    return [{ path: whole, name: whole.at(-1) }];
  };
  return list([]);
}

class Module {
  constructor(crate, path, file, source) {
    Object.assign(this, { crate, path, file, children: new Map(), parent: undefined });
    const text = withoutTests(withoutText(source));
    const lineAt = (index) => text.slice(0, index).split("\n").length;
    this.uses = [...text.matchAll(USE)].flatMap((found) =>
      expandUse(found[2]).map((use) => ({ ...use, isPublic: Boolean(found[1]), line: lineAt(found.index) })),
    );
    const code = text.replace(USE, (use) => use.replace(/[^\n]/g, " "));
    this.paths = [...code.matchAll(PATH)].map((found) => ({ path: found[0].split("::"), line: lineAt(found.index) }));
    this.items = new Set([...code.matchAll(ITEM)].map(([, name]) => name));
  }

  isWithin(other) {
    return this === other || (this.parent?.isWithin(other) ?? false);
  }
}

/**
 * @param crates `[{ name, files: { "lib.rs": source, "a/mod.rs": source, … }, folder }]`
 * @returns the modules, each with `references`: `{ to, line, path }`
 */
export function modulesOf(crates) {
  const roots = new Map();
  const modules = [];
  for (const { name, folder, files } of crates) {
    const byPath = new Map();
    for (const [file, source] of Object.entries(files)) {
      const path = file.replace(/\.rs$/, "").split("/");
      if (["lib", "mod"].includes(path.at(-1))) path.pop();
      const module = new Module(name, path, join(folder, file), source);
      byPath.set(path.join("::"), module);
      modules.push(module);
    }
    for (const module of byPath.values()) {
      if (module.path.length === 0) continue;
      module.parent = byPath.get(module.path.slice(0, -1).join("::"));
      module.parent?.children.set(module.path.at(-1), module);
    }
    roots.set(name, byPath.get(""));
  }
  for (const module of modules) {
    const referenced = [...module.uses, ...module.paths].map((reference) => ({
      ...reference,
      to: resolve(roots, module, reference.path),
    }));
    // A module may re-export what is defined below it.
    const isFacade = ({ to, isPublic }) => isPublic && to.isWithin(module);
    module.references = referenced.filter((one) => one.to && one.to !== module && !isFacade(one));
  }
  return modules;
}

/** The module that a path leads to, or that defines what it leads to; nothing for other crates. */
function resolve(roots, from, path, depth = 0) {
  if (depth > 20) return undefined;
  const [first, ...rest] = path;
  if (first === "crate") return walk(roots, roots.get(from.crate), rest, depth);
  if (first === "self") return walk(roots, from, rest, depth);
  if (first === "super") {
    let module = from.parent;
    let at = 1;
    for (; path[at] === "super"; at++) module = module?.parent;
    return module && walk(roots, module, path.slice(at), depth);
  }
  const isOwn = (use) => use.name === first && !(use.path.length === 1 && use.path[0] === first);
  const use = from.uses.find(isOwn);
  if (use) return resolve(roots, from, [...use.path, ...rest], depth + 1);
  if (from.children.has(first)) return walk(roots, from, path, depth);
  return roots.has(first) ? walk(roots, roots.get(first), rest, depth) : undefined;
}

function walk(roots, module, path, depth) {
  if (path.length === 0) return module;
  const [first, ...rest] = path;
  const child = module.children.get(first);
  if (child) return walk(roots, child, rest, depth);
  if (module.items.has(first)) return module;
  const use = module.uses.find((one) => one.isPublic && one.name === first);
  if (use) return resolve(roots, module, [...use.path, ...rest], depth + 1) ?? module;
  for (const glob of module.uses.filter((one) => one.isPublic && one.name === "*")) {
    const target = resolve(roots, module, glob.path, depth + 1);
    if (target && (target.items.has(first) || target.children.has(first))) return walk(roots, target, path, depth + 1);
  }
  return module;
}

/** The crates of the workspace in this folder. */
export function readCrates(root) {
  const files = (folder) =>
    Object.fromEntries(
      readdirSync(join(root, folder), { recursive: true })
        .filter((file) => file.endsWith(".rs"))
        .sort()
        .map((file) => [file, readFileSync(join(root, folder, file), "utf8")]),
    );
  const crate = (folder) => {
    const manifest = readFileSync(join(root, folder, "Cargo.toml"), "utf8");
    const [, name] = /^\[package\][\s\S]*?^name = "([\w-]+)"/m.exec(manifest);
    const source = join(folder, "src");
    return { name: name.replaceAll("-", "_"), folder: source, files: files(source) };
  };
  return ["", ...readdirSync(join(root, "crates")).map((name) => join("crates", name))].map(crate);
}

/** The groups of modules of which each leads to the others (Tarjan). */
export function circles(modules, edgesOf) {
  const found = [];
  const stack = [];
  const state = new Map();
  const visit = (module) => {
    const own = { index: state.size, low: state.size, onStack: true };
    state.set(module, own);
    stack.push(module);
    for (const next of edgesOf(module)) {
      if (!state.has(next)) visit(next);
      const other = state.get(next);
      if (other.onStack) own.low = Math.min(own.low, other.low);
    }
    if (own.low !== own.index) return;
    const members = stack.splice(stack.indexOf(module));
    for (const member of members) state.get(member).onStack = false;
    if (members.length > 1) found.push(members);
  };
  for (const module of modules) if (!state.has(module)) visit(module);
  return found;
}
