// What PATCH of a user means (RFC 7644 §3.5.2, with the decisions of ARCHITECTURE.md), in plain code on
// objects in memory. Operations are given by their meaning, not by their spelling; see patch-arbitraries.mjs.

import { isDeepStrictEqual as equal } from "node:util";
import {
  CORE,
  clearsValue,
  ENTERPRISE,
  find,
  isLabel,
  isNothing,
  isObject,
  once,
  Refusal,
  read,
  readOne,
  refuse,
} from "./patch-values.mjs";
import { SCHEMA } from "./schema.mjs";

/**
 * The user after the operations; the one given stays as it is.
 * @throws {Refusal}
 */
export function patched(user, operations) {
  const after = structuredClone(user);
  after[SCHEMA.enterprise] ??= {};
  const each = (step) =>
    operations.forEach((operation, index) => {
      try {
        step(operation);
      } catch (error) {
        throw error instanceof Refusal ? new Refusal(error.scimType, index) : error;
      }
    });
  // The whole request is understood before anything of it is carried out.
  each(understand);
  each(({ verb, entries, target, value }) => {
    if (!entries) return carryOut(after, { ...target, verb, value });
    // An operation without a path changes the attributes of the extension that it names, and no others.
    for (const entry of entries) carryOut(after, { ...entry.target, verb, value: entry.value, partly: true });
  });
  return settled(user, after);
}

/**
 * Whether the operations leave the user inactive, whatever happens to the others. Then the user is deactivated, even if
 * the rest of the request is not carried out.
 */
export function deactivates(operations) {
  const alone = { [SCHEMA.enterprise]: {} };
  for (const { refused, entries, verb, target, value } of operations) {
    if (refused || (!entries && verb !== "remove" && value === undefined)) continue;
    for (const entry of entries ?? [{ target, value }]) {
      if (entry.target.name !== "active") continue;
      try {
        carryOut(alone, { ...entry.target, verb, value: entry.value });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
  return alone.active === false;
}

function understand({ refused, entries, verb, target, value }) {
  if (refused) refuse(refused);
  if (entries) return; // what cannot be set without a path is ignored
  if (verb !== "remove" && value === undefined) refuse("invalidValue");
  if (!target.name) return;
  const attribute = tableOf(target)[target.name];
  if (attribute.readOnly || attribute.parts?.[target.part]?.readOnly) refuse("mutability");
}

const tableOf = ({ extension }) => (extension ? ENTERPRISE : CORE);

function carryOut(user, edit) {
  const { extension, name, filter, part, verb, value } = edit;
  if (!name) return changeExtension(user, edit);
  const container = extension ? user[SCHEMA.enterprise] : user;
  const attribute = tableOf(edit)[name];
  if (attribute.readOnly || attribute.forgotten || attribute.parts?.[part]?.readOnly) return;
  if (filter) changeSelected(container, attribute, edit);
  else if (part) changeParts(container, attribute, edit);
  else if (verb === "remove") remove(container, attribute, edit);
  else assign(container, name, attribute, verb, value);
  tidy(container, name);
}

function changeExtension(user, { verb, value, partly }) {
  if (verb !== "add" && !(partly && isObject(value))) user[SCHEMA.enterprise] = {};
  if (verb === "remove" || value === null) return;
  if (!isObject(value)) refuse("invalidValue");
  for (const [name, attribute] of Object.entries(ENTERPRISE)) {
    const [there, given] = find(value, name);
    if (there) assign(user[SCHEMA.enterprise], name, attribute, verb, given);
    tidy(user[SCHEMA.enterprise], name);
  }
}

function assign(container, name, attribute, verb, sent) {
  const value = read(attribute, sent);
  if (value === undefined) {
    if (verb === "add") return; // nothing is added
    if (attribute.required) refuse("invalidValue");
    delete container[name];
  } else if (attribute.several && verb === "add") {
    container[name] = appended(container[name] ?? [], value);
  } else if (attribute.parts && !attribute.several) {
    // §3.5.2.1, §3.5.2.3: the sub-attributes given are set, the others stay.
    const set = Object.entries(value).filter(([, given]) => given !== undefined || verb === "replace");
    container[name] = { ...container[name], ...Object.fromEntries(set) };
  } else {
    container[name] = value;
  }
}

/** §3.5.2.1: an existing value is not added again, nor is one with fewer parts. */
function appended(elements, values) {
  const added = [];
  for (const value of values)
    if (![...elements, ...added].some((there) => saysNothingNew(value, there))) added.push(value);
  return withOnePrimary([...elements, ...added], added);
}

function saysNothingNew(element, there) {
  if (element.value === undefined) return equal(element, there);
  return Object.entries(element).every(
    ([name, part]) => (there[name] ?? (name === "primary" ? false : undefined)) === part,
  );
}

/** §3.5.2.2. Entra ID names the values to remove, which are known by their `value`. */
function remove(container, attribute, { name, value }) {
  if (attribute.required) refuse("mutability");
  if (attribute.several && value !== undefined && value !== null) {
    const unwanted = read(attribute, value) ?? [];
    const known = (element) => (one) => (one.value === undefined ? equal(element, one) : element.value === one.value);
    container[name] = container[name]?.filter((element) => !unwanted.some(known(element)));
  } else {
    delete container[name];
  }
}

/** A path to a sub-attribute: of all values, where there are several. */
function changeParts(container, attribute, { name, part, verb, value }) {
  const elements = attribute.several ? (container[name] ?? []) : [container[name] ?? {}];
  // §3.5.2.3: an attribute that does not exist is added.
  if (elements.length === 0 && verb !== "remove") elements.push({});
  for (const element of elements) setPart(element, attribute.parts[part], { part, verb, value });
  container[name] = attribute.several ? withOnePrimary(elements, elements) : elements[0];
}

function setPart(element, attribute, { part, verb, value }) {
  const hadValue = element.value !== undefined;
  if (verb === "remove") delete element[part];
  else assign(element, part, attribute, verb, value);
  if (hadValue && element.value === undefined && isLabel(element)) become(element);
}

/** §3.5.2.3, with one decision: a filter that implies a new value creates it, and is not noTarget. */
function changeSelected(container, attribute, { name, filter, part, verb, value }) {
  const elements = container[name] ?? [];
  const selected = elements.filter((element) => holds(attribute.parts, filter, element));
  const described = description(filter);
  if (verb !== "remove" && selected.length === 0 && !isNothing(value)) {
    selected.push({ ...(described ?? refuse("noTarget")) });
    elements.push(...selected);
  }
  // An array of one value stands for the value.
  const one = value?.length === 1 ? value[0] : value;
  const given = part || verb === "remove" || isNothing(one) ? undefined : readOne(attribute, one);
  for (const element of selected) {
    if (part) setPart(element, attribute.parts[part], { part, verb, value });
    else if (verb === "add") Object.assign(element, given);
    // What is replaced stays what the filter says it is, so that the same request finds it again.
    else become(element, given && { ...described, ...given });
    if (!part && clearsValue(one) && isLabel(element)) become(element);
  }
  container[name] = withOnePrimary(elements, selected);
}

/** Replaces the value of an element. Without a value it becomes empty, and an empty element is removed. */
function become(element, parts = {}) {
  for (const part of Object.keys(element)) delete element[part];
  Object.assign(element, parts);
}

/** §3.5.2: a value that becomes primary replaces the one before; of several, the last is primary. */
function withOnePrimary(elements, touched) {
  const primary = elements.findLast((element) => element.primary && touched.includes(element));
  if (primary) for (const element of elements) if (element.primary) element.primary = element === primary;
  return elements;
}

/** The value that a filter of equalities describes. */
function description({ all, operator, part, literal }) {
  if (all) {
    const parts = all.map(description);
    return parts.every(Boolean) ? Object.assign({}, ...parts) : undefined;
  }
  return operator === "eq" && literal !== null ? { [part]: literal } : undefined;
}

function holds(parts, { all, any, not, part, operator, literal }, element) {
  if (all) return all.every((filter) => holds(parts, filter, element));
  if (any) return any.some((filter) => holds(parts, filter, element));
  if (not) return !holds(parts, not, element);
  const value = element[part];
  if (operator === "pr") return value !== undefined;
  if (literal === null) return (value === undefined) === (operator === "eq");
  // RFC 7643 §2.4: a value without `primary` is not primary.
  if (parts[part].flag) return ((value ?? false) === literal) === (operator === "eq");
  if (value === undefined) return operator === "ne";
  return compare[operator](...[value, literal].map(parts[part].exact ? String : fold));
}

const order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const compare = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  co: (a, b) => a.includes(b),
  sw: (a, b) => a.startsWith(b),
  ew: (a, b) => a.endsWith(b),
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
};

/** Character by character, so that a sigma at the end of a word is one like any other. */
const fold = (value) => Array.from(value, (character) => character.toLowerCase().replace("ς", "σ")).join("");

/** Removes empty values. */
function tidy(container, name) {
  const value = container[name];
  const kept = Array.isArray(value) ? value.filter((element) => Object.keys(element).length > 0) : value;
  if (isObject(kept)) for (const part of Object.keys(kept)) if (kept[part] === undefined) delete kept[part];
  if (kept === undefined || (typeof kept === "object" && Object.keys(kept).length === 0)) delete container[name];
  else container[name] = kept;
}

/** The rules that hold for every user after every operation. */
function settled(before, after) {
  for (const [name, { several }] of Object.entries(CORE)) {
    if (several && after[name]) after[name] = once(after[name]);
    tidy(after, name);
  }
  after.active ??= before.active;
  after.statsigOrgRole = roleOf(after.statsigOrgRole ?? before.statsigOrgRole);
  if (!after.active) after.statsigOrgRole = "Member";
  const { formatted, ...parts } = after.name ?? {};
  const { formatted: stored, ...old } = before.name ?? {};
  const whole = ({ givenName, middleName, familyName }) =>
    [givenName, middleName, familyName].filter(Boolean).join(" ");
  if (formatted !== undefined && formatted === stored && formatted === whole(old)) {
    // A formatted name that is nothing but its parts follows them; any other stays.
    after.name.formatted = whole(parts) || undefined;
    tidy(after, "name");
  }
  const extended = Object.keys(after[SCHEMA.enterprise]).length > 0;
  if (!extended) delete after[SCHEMA.enterprise];
  return { ...after, schemas: extended ? [SCHEMA.user, SCHEMA.enterprise] : [SCHEMA.user] };
}

function roleOf(text) {
  return CORE.statsigOrgRole.among.find((role) => fold(role) === fold(text.trim())) ?? refuse("invalidValue");
}
