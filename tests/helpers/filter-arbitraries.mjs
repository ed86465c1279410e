// Random filters over a directory: every attribute, operator and nesting, with literals that occur there, or nearly.

import fc from "fast-check";
import { TEXTS } from "./directory-arbitraries.mjs";
import { valuesOf } from "./filter-oracle.mjs";
import { textOf } from "./filter-text.mjs";

const style = fc.record({
  letters: fc.oneof(fc.constant(0), fc.nat()),
  urn: fc.boolean(),
  short: fc.boolean(),
  bare: fc.boolean(),
  escaped: fc.boolean(),
  parentheses: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 2 }) }),
});

/** Which operators a type allows (RFC 7644 section 3.4.2.2, table 3). */
function operatorsOf({ type }) {
  if (type === "complex") return ["pr"];
  if (type === "boolean") return ["eq", "ne", "pr"];
  if (type === "binary") return ["eq", "ne", "co", "sw", "ew", "pr"];
  return ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];
}

/**
 * Filters over these resources; `textOf` says how each is written.
 * @param fields what may be named (see filter-fields.mjs)
 * @param resources as GET returns them
 */
export function filters(fields, resources) {
  const literals = new Map(fields.map((field) => [field, literalsOf(field, resources)]));
  const leaf = (field, inBrackets) =>
    fc
      .constantFrom(...operatorsOf(field))
      .chain((operator) => {
        if (operator === "pr") return fc.record({ operator: fc.constant(operator), field: fc.constant(field), style });
        const none = operator === "eq" || operator === "ne" ? [{ weight: 1, arbitrary: fc.constant(null) }] : [];
        const value = fc.oneof({ weight: 9, arbitrary: literals.get(field) }, ...none);
        return fc.record({ operator: fc.constant(operator), field: fc.constant(field), value, style });
      })
      .map((comparison) => ({ ...comparison, inBrackets }));
  const anyLeaf = fc.constantFrom(...fields).chain((field) => leaf(field, false));

  const multiValued = fields.filter(({ multiValued, type, sub }) => multiValued && type === "complex" && !sub);
  const withinOf = (field) => {
    const subs = fields.filter(({ name, sub }) => name === field.name && sub !== undefined);
    const anySub = fc.constantFrom(...subs).chain((sub) => leaf(sub, true));
    return fc.record(
      { within: fc.constant(field), filter: nested(anySub, 2), tail: anySub, style },
      { requiredKeys: ["within", "filter", "style"] },
    );
  };
  const within = fc.constantFrom(...multiValued).chain(withinOf);
  const term = fc.oneof({ weight: 3, arbitrary: anyLeaf }, { weight: 1, arbitrary: within });
  return nested(term, 3)
    .filter((filter) => weight(filter) <= 80)
    .map((filter) => ({ ...filter, [fc.toStringMethod]: () => textOf(filter) }));
}

/** `and`, `or` and `not` over terms. */
function nested(term, maxDepth) {
  return fc.letrec((tie) => {
    const several = fc.array(tie("filter"), { minLength: 2, maxLength: 4 });
    return {
      filter: fc.oneof(
        { maxDepth, depthSize: "small" },
        { weight: 4, arbitrary: term },
        { weight: 1, arbitrary: fc.record({ and: several, style }) },
        { weight: 1, arbitrary: fc.record({ or: several, style }) },
        { weight: 1, arbitrary: fc.record({ not: tie("filter"), style }) },
      ),
    };
  }).filter;
}

/** At least as much as the service counts it: what looks through the values of an attribute counts as 8 comparisons. */
function weight({ and, or, not, within, filter, tail, field, inBrackets }) {
  const inner = and ?? or ?? [not, filter, tail].filter(Boolean);
  const own = within || (field?.multiValued && !inBrackets) ? 8 : Number(field !== undefined);
  return inner.reduce((sum, one) => sum + weight(one), own);
}

/** Literals worth comparing a field with. */
function literalsOf(field, resources) {
  if (field.type === "boolean") return fc.boolean();
  const values = [...new Set(resources.flatMap((resource) => valuesOf(resource, field)))];
  if (field.type === "complex") return undefined;
  if (field.type === "dateTime") return fc.constantFrom(...values).chain(neighbours);
  const other = fc.constantFrom("", " ", "%", "_", "*", "' OR 1=1 --", "\u{10FFFF}", "z".repeat(60), ...TEXTS);
  if (values.length === 0) return other;
  const own = fc.constantFrom(...values);
  return fc.oneof(
    { weight: 6, arbitrary: own },
    { weight: 3, arbitrary: own.chain(part) },
    { weight: 1, arbitrary: own.map((value) => value.toUpperCase()) },
    { weight: 1, arbitrary: own.map((value) => value.toLowerCase()) },
    { weight: 1, arbitrary: own.map((value) => `${value}x`) },
    { weight: 2, arbitrary: other },
  );
}

/** A piece of a text, in whole characters. */
function part(value) {
  const characters = [...value];
  const end = fc.nat({ max: characters.length });
  return fc
    .tuple(end, end)
    .map(([one, other]) => characters.slice(Math.min(one, other), Math.max(one, other)).join(""));
}

/** The same instant or one close to it, in some time zone and with some digits. */
function neighbours(value) {
  return fc
    .record({
      milliseconds: fc.constantFrom(0, 0, 1, -1, 1000, -60_000),
      offset: fc.constantFrom(undefined, "Z", 0, 60, -330, 840),
      digits: fc.constantFrom(0, 1, 3, 6, 9, 12),
      last: fc.constantFrom("0", "0", "1"),
    })
    .map(({ milliseconds, offset, digits, last }) => {
      const minutes = typeof offset === "number" ? offset : 0;
      const local = new Date(Date.parse(value) + milliseconds + minutes * 60_000).toISOString().slice(0, -1);
      const [second, fraction] = local.split(".");
      const shown = digits > 3 ? `${fraction.padEnd(digits - 1, "0")}${last}` : fraction.slice(0, digits);
      return `${second}${shown === "" ? "" : `.${shown}`}${zone(offset)}`;
    });
}

function zone(offset = "") {
  if (typeof offset === "string") return offset;
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.abs(offset);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
