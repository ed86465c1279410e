// A filter as a client may write it. The same filter has many spellings; each part of the tree carries its own `style`:
//   { letters, urn, short, bare, escaped, parentheses }, all falsy for the plain one.

import { nameOf } from "./filter-fields.mjs";

/** The text of a filter (see filter-oracle.mjs for the tree). */
export function textOf(filter) {
  const { style } = filter;
  let text = inner(filter);
  for (let i = 0; i < style.parentheses; i++) text = `(${text})`;
  return text;
}

function inner(filter) {
  const { style } = filter;
  if (filter.and || filter.or) return joined(filter);
  if (filter.not) return `${cased("not", style)}${style.short ? "" : " "}(${textOf(filter.not)})`;
  if (filter.within) {
    const tail = filter.tail ? `.${comparison(filter.tail, filter.tail.field.sub)}` : "";
    return `${spelled(filter.within, style)}[${textOf(filter.filter)}]${tail}`;
  }
  return comparison(filter, filter.inBrackets ? filter.field.sub : undefined);
}

/** `or` binds less than `and`, so that within `and` it needs parentheses. */
function joined({ and, or, style }) {
  const terms = and
    ? and.map((term) => (term.or && !term.style.parentheses ? `(${textOf(term)})` : textOf(term)))
    : or.map(textOf);
  return terms.join(` ${cased(and ? "and" : "or", style)} `);
}

function comparison({ operator, field, value, style }, subName) {
  // The `value` of a complex attribute may go without saying, but not where its presence is asked for.
  const short = style.short && field.sub === "value" && operator !== "pr" && value !== null;
  const name =
    subName === undefined ? spelled(short ? { ...field, sub: undefined } : field, style) : cased(subName, style);
  const words = [name, cased(operator, style)];
  if (operator !== "pr") words.push(literal(value, style));
  return words.join(" ");
}

/** The attribute's name: with its schema or without, in any case. */
export function spelled(field, style) {
  const name = nameOf(field);
  return cased(style.urn && field.urn ? `${field.urn}:${name}` : name, style);
}

/** JSON; or as identity providers write it, without quotes. */
function literal(value, { bare, escaped }) {
  if (typeof value !== "string") return String(value);
  if (bare && /^[a-z0-9][a-z0-9@._-]*$/i.test(value) && value.toLowerCase() !== "null") return value;
  const quoted = JSON.stringify(value);
  return escaped
    ? quoted.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : quoted;
}

/** The other case for those letters whose bit is set. */
function cased(word, { letters }) {
  const flip = (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase());
  return [...word].map((letter, i) => ((letters >>> (i % 31)) & 1 ? flip(letter) : letter)).join("");
}
