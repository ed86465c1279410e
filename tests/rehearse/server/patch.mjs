// PATCH (RFC 7644 section 3.5.2) of resources in memory, with the spellings of Okta and Microsoft Entra ID.

import { SCHEMA } from "../../helpers/schema.mjs";
import { ScimError } from "./error.mjs";
import { keyOf, pathOf, readFilter } from "./filter.mjs";
import { MULTI_VALUED } from "./schemas.mjs";

const PATH = /^([^[\]]+)(?:\[([^[\]]+)\](?:\.(\w+))?)?$/;
const READ_ONLY = ["id", "meta", "groups", "schemas"];

const syntax = (detail) => new ScimError(400, detail, "invalidSyntax");

/**
 * Carries the operations out on the resource itself.
 * @param has says whether the server has the fault of this name
 */
export function patch(resource, operations, has) {
  if (!Array.isArray(operations)) throw syntax("Operations is no array.");
  for (const { op, path, value } of has("first-operation-only") ? operations.slice(0, 1) : operations) {
    const verb = has("operations-exact") ? op : String(op).toLowerCase();
    if (!["add", "replace", "remove"].includes(verb)) throw syntax(`There is no operation ${op}.`);
    if (path !== undefined) {
      change(resource, verb, path, value, has);
      continue;
    }
    if (has("path-required")) throw syntax("path is missing.");
    if (value === null || typeof value !== "object") throw syntax("value is no object.");
    for (const [name, each] of Object.entries(value)) {
      const isLiteral = has("dotted-keys-literal") && name.includes(".") && !name.startsWith("urn:");
      if (!isLiteral) change(resource, verb, name, each, has);
    }
    if (has("rename-loses-members") && "displayName" in value && "members" in resource) resource.members = [];
  }
}

function change(resource, verb, path, value, has) {
  const match = PATH.exec(path);
  if (!match && has("unknown-path-ignored")) return;
  if (!match) throw new ScimError(400, `The path ${path} cannot be read.`, "invalidPath");
  const [, plain, filter, sub] = match;
  const names = pathOf(plain);
  if (READ_ONLY.includes(names[0])) return;
  const holder = names.slice(0, -1).reduce((inner, name) => inside(inner, name), resource);
  if (names[0] === "password" && has("password-refused")) throw new ScimError(400, "No passwords.", "invalidValue");
  const name = keyOf(holder, names.at(-1)) ?? names.at(-1);
  if (has("patch-drops-siblings") && names[0] === "name") for (const each of Object.keys(holder)) delete holder[each];
  if (filter) changeElements({ holder, name, filter, sub, verb, value, has });
  else if (MULTI_VALUED.includes(name)) changeAll({ holder, name, verb, value, has });
  else if (verb === "remove" || value === null) delete holder[name];
  else holder[name] = single(name, value, has);
  if (Object.keys(resource[SCHEMA.enterprise] ?? { some: true }).length === 0) delete resource[SCHEMA.enterprise];
}

function inside(holder, name) {
  const key = keyOf(holder, name) ?? name;
  holder[key] ??= {};
  return holder[key];
}

/** A value that is no list: Entra ID wraps some of them, and writes booleans as text. */
function single(name, value, has) {
  if (has("manager-in-array-refused") && name === "manager") throw new ScimError(400, "No array.", "invalidValue");
  const unwrapped = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (name === "manager") return { value: unwrapped?.value ?? unwrapped };
  if (name !== "active" && name !== "primary") return unwrapped?.value ?? unwrapped;
  if (typeof unwrapped === "boolean") return unwrapped;
  if (has("boolean-text-refused")) throw new ScimError(400, "active is no boolean.", "invalidValue");
  return has("boolean-text-true") ? Boolean(unwrapped) : String(unwrapped).toLowerCase() === "true";
}

const asElements = (value) =>
  [value].flat().map((each) => (typeof each === "object" ? { value: each.value, ...typed(each) } : { value: each }));

const typed = ({ type }) => (type === undefined ? {} : { type });

function changeAll({ holder, name, verb, value, has }) {
  if (has("replace-members-missing") && verb === "replace" && name === "members") {
    throw new ScimError(501, "All members cannot be replaced.");
  }
  const present = holder[name] ?? [];
  const given = value === undefined || value === null ? undefined : asElements(value);
  const isGiven = (element) => given?.some((each) => each.value === element.value);
  if (verb === "remove" && given && !has("remove-array-removes-all")) {
    holder[name] = present.filter((element) => !isGiven(element));
  } else if (verb === "remove") {
    delete holder[name];
  } else if (verb === "add" && !has("add-replaces")) {
    holder[name] = [...present.filter((element) => !isGiven(element)), ...given];
  } else {
    holder[name] = given ?? [];
  }
}

function changeElements({ holder, name, filter, sub, verb, value, has }) {
  const matches = has("path-filter-ignored") ? () => true : readFilter(filter, has);
  const elements = holder[name] ?? [];
  const found = elements.filter(matches);
  if (verb === "remove") {
    if (found.length === 0 && has("absent-member-refused")) throw new ScimError(400, "No such member.", "noTarget");
    if (sub) for (const element of found) delete element[sub];
    else holder[name] = elements.filter((element) => !found.includes(element));
    return;
  }
  const target = found.length > 0 ? found : [created(filter, has)];
  if (found.length === 0) holder[name] = [...elements, ...target];
  for (const element of target) Object.assign(element, sub ? { [sub]: value } : value);
}

/** An element that satisfies a filter of one comparison. */
function created(filter, has) {
  const [, name, value] = /^(\w+) eq "([^"]*)"$/i.exec(filter) ?? [];
  if (name === undefined || has("no-target")) throw new ScimError(400, "The filter matches nothing.", "noTarget");
  return { [name]: value };
}
