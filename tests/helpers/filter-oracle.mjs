// What filters and orders mean (RFC 7644 sections 3.4.2.2 and 3.4.2.3), implemented a second time: over resources as
// GET returns them, without an index, a column or a folded copy.
//
// A filter is one of
//   { operator, field, value }   a comparison; the value null means "none"; `pr` has no value
//   { and: [...] }, { or: [...] }, { not: filter }
//   { within: field, filter, tail }   field[filter], or field[filter].tail where there is a tail

import { fold } from "../../scripts/lib/fold.mjs";

/** Whether the resource, or in brackets one element of it, satisfies the filter. */
export function matches(filter, resource, element) {
  const holds = (inner) => matches(inner, resource, element);
  if (filter.and) return filter.and.every(holds);
  if (filter.or) return filter.or.some(holds);
  if (filter.not) return !holds(filter.not);
  if (filter.within) {
    const conditions = filter.tail ? [filter.filter, filter.tail] : [filter.filter];
    return elementsOf(resource, filter.within).some((one) =>
      conditions.every((condition) => matches(condition, resource, one)),
    );
  }
  return compareAny(filter, element === undefined ? elementsOf(resource, filter.field) : [element]);
}

/** The values of an attribute: those of a multi-valued one, the only one, or none. */
function elementsOf(resource, { urn, extension, name }) {
  const holder = extension ? resource[urn] : resource;
  const value = holder?.[name];
  return value === undefined ? [] : [value].flat();
}

/** Every value of the field, one for each element that has it. */
export function valuesOf(resource, field) {
  return elementsOf(resource, field)
    .map((element) => part(element, field))
    .filter((value) => value !== undefined);
}

function part(element, { sub }) {
  return sub === undefined ? element : element?.[sub];
}

/** RFC 7643 section 2.4: a value without "primary" is not primary. */
function assumed(element, field) {
  return part(element, field) ?? (element !== undefined && field.sub === "primary" ? false : undefined);
}

/** Multi-valued: one value that satisfies the comparison is enough, also for `ne`. */
function compareAny({ operator, field, value: wanted }, elements) {
  const present = elements.some((element) => part(element, field) !== undefined);
  if (operator === "pr") return present;
  if (wanted === null) return present === (operator === "ne");
  if (elements.length === 0) return operator === "ne";
  return elements.some((element) => compare(operator, field, assumed(element, field), wanted));
}

const SUBSTRING = {
  co: (value, wanted) => value.includes(wanted),
  sw: (value, wanted) => value.startsWith(wanted),
  ew: (value, wanted) => value.endsWith(wanted),
};
const ORDER = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

function compare(operator, field, value, wanted) {
  if (value === undefined) return operator === "ne";
  if (operator in SUBSTRING) return SUBSTRING[operator](comparableText(field, value), cased(field, wanted));
  return ORDER[operator](orderOf(comparable(field, value), comparable(field, wanted)));
}

/** A value in a form whose order is that of the attribute. */
function comparable(field, value) {
  if (field.type === "boolean") return Number(value);
  return field.type === "dateTime" ? instant(value) : Buffer.from(comparableText(field, value));
}

/** UTF-8 keeps the order of code points, which UTF-16, and so JavaScript's `<`, does not. */
function orderOf(left, right) {
  return Buffer.isBuffer(left) ? Buffer.compare(left, right) : Number(left > right) - Number(left < right);
}

/** Spaces around a userName do not count. */
function comparableText(field, text) {
  return cased(field, field.name === "userName" ? text.trim() : text);
}

/** Folded; of case-exact values, the client's own identifiers are composed. */
function cased({ caseExact, name }, text) {
  if (caseExact) return name === "externalId" ? text.normalize("NFC") : text;
  return fold(text);
}

/** An xsd:dateTime as text that sorts: its second in UTC, then as many digits of the fraction as there are. */
function instant(text) {
  const [, second, fraction = "", zone = "Z"] = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  return `${new Date(second + zone).toISOString().slice(0, 19)}.${fraction.replace(/0+$/, "")}`;
}

/** The resources in the order of a field; given in order of insertion, which decides between equals. */
export function sorted(resources, field, descending) {
  const keyed = resources.map((resource) => ({ resource, key: sortKey(resource, field) }));
  const order = (left, right) => {
    if (left.key === undefined || right.key === undefined) {
      return Number(left.key === undefined) - Number(right.key === undefined);
    }
    return orderOf(left.key, right.key);
  };
  keyed.sort((left, right) => (descending ? -order(left, right) : order(left, right)));
  return keyed.map(({ resource }) => resource);
}

/** By the primary value, or else by the first; of long texts the beginning decides. */
function sortKey(resource, field) {
  const elements = elementsOf(resource, field);
  const chosen = elements.find((element) => element.primary === true) ?? elements[0];
  const value = assumed(chosen, field);
  if (value === undefined || field.type === "boolean" || field.type === "dateTime") {
    return value === undefined ? undefined : comparable(field, value);
  }
  const text = comparableText(field, value);
  // An index has names in their own order.
  const isName = field.name === "userName" || (field.name === "displayName" && resource.meta.resourceType === "Group");
  return Buffer.from(isName ? text : [...text].slice(0, 256).join(""));
}
