// Filters (RFC 7644 section 3.4.2.2) over resources in memory.

import { SCHEMA } from "../../helpers/schema.mjs";
import { ScimError } from "./error.mjs";

const OPERATORS = {
  eq: (value, wanted) => value === wanted,
  ne: (value, wanted) => value !== wanted,
  co: (value, wanted) => String(value).includes(wanted),
  sw: (value, wanted) => String(value).startsWith(wanted),
  ew: (value, wanted) => String(value).endsWith(wanted),
  gt: (value, wanted) => value > wanted,
  ge: (value, wanted) => value >= wanted,
  lt: (value, wanted) => value < wanted,
  le: (value, wanted) => value <= wanted,
};

/** Attributes whose letters count as they are. */
const CASE_EXACT = ["id", "externalid", "value", "members"];

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([()[\]])|([^\s()[\]"]+))/y;

const invalid = () => new ScimError(400, "The filter cannot be read.", "invalidFilter");

/**
 * Reads a filter.
 * @param has says whether the server has the fault of this name
 * @returns a function that says whether a resource satisfies it
 */
export function readFilter(text, has) {
  const tokens = tokensOf(text);
  let position = 0;
  const peek = () => tokens[position];
  const isWord = (word) => peek()?.toLowerCase() === word;
  const next = () => {
    if (position === tokens.length) throw invalid();
    return tokens[position++];
  };
  const expect = (token) => {
    if (next() !== token) throw invalid();
  };

  const filter = readOr();
  if (position < tokens.length && !has("or-ignored")) throw invalid();
  return filter;

  function readOr() {
    const terms = [readAnd()];
    while (isWord("or") && !has("or-ignored")) {
      next();
      terms.push(readAnd());
    }
    return (resource) => terms.some((term) => term(resource));
  }

  function readAnd() {
    const terms = [readTerm()];
    while (isWord("and")) {
      next();
      terms.push(readTerm());
    }
    return (resource) => (has("and-ignored") ? terms[0](resource) : terms.every((term) => term(resource)));
  }

  function readTerm() {
    const isNegated = isWord("not");
    if (isNegated) next();
    if (peek() !== "(") {
      if (isNegated) throw invalid();
      return readComparison();
    }
    next();
    const inner = readOr();
    expect(")");
    return (resource) => inner(resource) !== isNegated;
  }

  function readComparison() {
    const path = next();
    if (peek() !== "[") return compare(path, (resource) => valuesAt(resource, path));
    if (has("value-paths-refused")) throw invalid();
    next();
    const inner = readOr();
    expect("]");
    const elements = (resource) => valuesAt(resource, path).filter(inner);
    if (!peek()?.startsWith(".")) return (resource) => elements(resource).length > 0;
    const sub = next().slice(1);
    return compare(sub, (resource) => elements(resource).flatMap((element) => valuesAt(element, sub)));
  }

  function compare(path, valuesIn) {
    const word = next();
    const operator = has("filter-names-exact") ? word : word.toLowerCase();
    if (operator === "pr") return (resource) => valuesIn(resource).length > 0;
    const holds = OPERATORS[operator];
    if (!holds) throw invalid();
    const isExact = CASE_EXACT.includes(path.toLowerCase()) || has("user-name-case-exact");
    const plain = (value) => (typeof value === "string" && !isExact ? value.toLowerCase() : value);
    const wanted = plain(readValue(next()));
    return (resource) => {
      const values = valuesIn(resource).map((value) => plain(value?.value ?? value));
      return operator === "ne"
        ? values.every((value) => holds(value, wanted))
        : values.some((value) => holds(value, wanted));
    };
  }

  function readValue(token) {
    if (token.startsWith('"')) return JSON.parse(token);
    if (/^[()[\]]$/.test(token)) throw invalid();
    const literal = { true: true, false: false }[token.toLowerCase()];
    if (literal === undefined && has("unquoted-refused")) throw invalid();
    return literal ?? token;
  }

  function valuesAt(resource, path) {
    const found = pathOf(path).reduce((holders, name) => holders.flatMap((holder) => part(holder, name)), [resource]);
    return found.filter((value) => value !== undefined && value !== null);
  }

  function part(holder, name) {
    const key = keyOf(holder, name, has("filter-names-exact"));
    return key === undefined ? [] : [holder[key]].flat();
  }
}

function tokensOf(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) throw invalid();
    tokens.push(match[1] ?? match[2] ?? match[3]);
  }
  return tokens;
}

/** The names of a path, the URN of an extension being one of them. */
export function pathOf(path) {
  for (const urn of [SCHEMA.enterprise, SCHEMA.user, SCHEMA.group]) {
    if (!path.toLowerCase().startsWith(urn.toLowerCase())) continue;
    const rest = path.slice(urn.length + 1);
    const names = rest === "" ? [] : rest.split(".");
    return urn === SCHEMA.enterprise ? [urn, ...names] : names;
  }
  return path.split(".");
}

/** The key of the object that is this name in any case. */
export function keyOf(object, name, isExact = false) {
  if (object === null || typeof object !== "object") return undefined;
  if (isExact) return Object.hasOwn(object, name) ? name : undefined;
  return Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());
}
