// The attributes of the PATCH tests, and the meaning of the values that are sent for them.

import { isDeepStrictEqual as equal } from "node:util";

const text = {};
const exact = { exact: true };
const flag = { flag: true };
const readOnly = { readOnly: true };
const several = (value) => ({ several: true, parts: { value, display: text, type: text, primary: flag } });

/** Attributes of RFC 7643 §4.1, at least one of each kind. */
export const CORE = {
  id: readOnly,
  groups: { ...readOnly, several: true, parts: { value: exact, display: text } },
  password: { forgotten: true },
  externalId: exact,
  userName: { required: true },
  name: { parts: { formatted: text, givenName: text, familyName: text, middleName: text } },
  title: text,
  active: flag,
  emails: several(text),
  photos: several(exact),
  roles: several(text),
  x509Certificates: several({ exact: true, binary: true }),
  addresses: { several: true, parts: { locality: text, country: text, type: text, primary: flag } },
  statsigOrgRole: { among: ["Member", "Admin"] }, // there is one Owner, made in the console
};

/** The same of §4.3. */
export const ENTERPRISE = {
  department: text,
  costCenter: text,
  manager: { parts: { value: exact, $ref: exact, displayName: readOnly } },
};

/** An error answer: its `scimType`, and the index of the operation it is about, where it is about one. */
export class Refusal extends Error {
  constructor(scimType, operation) {
    super(scimType);
    this.scimType = scimType;
    this.operation = operation;
  }
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const isBlank = (value) =>
  value === undefined ||
  value === null ||
  (typeof value === "string" && value.trim() === "") ||
  (Array.isArray(value) && value.every(isBlank));

/** Whether a value means that the attribute has none. */
export function isNothing(value) {
  return isBlank(value) || (typeof value === "object" && Object.values(value).every(isNothing));
}

export const refuse = (scimType) => {
  throw new Refusal(scimType);
};

/** A value as the attribute has it; `undefined` says that it has none: null, [] and blank text (RFC 7643 §2.5). */
export function read(attribute, value) {
  if (!attribute.several) {
    // Entra ID wraps a single value in an array.
    if (Array.isArray(value) && value.length > 1) refuse("invalidValue");
    return readOne(attribute, Array.isArray(value) ? value[0] : value);
  }
  const elements = [value].flat().map((one) => readElement(attribute, one));
  const there = once(elements.filter(Boolean));
  if (there.filter(({ primary }) => primary).length > 1) refuse("invalidValue");
  return there.length > 0 ? there : undefined;
}

/** RFC 7643 §2.4: each element once. One without `primary` is not primary. */
export function once(elements) {
  const said = (element) => ({ ...element, primary: element.primary ?? false });
  return elements.filter((element, index) => index === elements.findIndex((one) => equal(said(one), said(element))));
}

/** Whether the `value` of an object is empty. */
export const clearsValue = (one) => isObject(one) && find(one, "value")[0] && isNothing(find(one, "value")[1]);

/** Whether an element has a type or so, but no value. */
export const isLabel = (element) => Object.keys(element).every((part) => ["type", "primary"].includes(part));

/** One value of several. The type of a number that the person does not have is none. */
function readElement(attribute, value) {
  const element = readOne(attribute, value);
  return element && clearsValue(value) && isLabel(element) ? undefined : element;
}

export function readOne(attribute, value) {
  if (isBlank(value)) return undefined;
  if (attribute.parts) return readParts(attribute, value);
  const bare = isObject(value) ? value.value : value; // Entra ID's {"$ref": null, "value": "…"}
  if (attribute.flag && /^(true|false)$/i.test(bare)) return String(bare).toLowerCase() === "true";
  if (attribute.flag || typeof bare !== "string") refuse("invalidValue");
  return bare;
}

/** In a single complex value, a sub-attribute that is `undefined` was said to have no value. */
function readParts({ parts, several }, value) {
  const sent = typeof value === "string" && parts.value ? { value } : value;
  if (!isObject(sent)) refuse("invalidValue");
  const given = {};
  for (const [name, part] of Object.entries(parts)) {
    const [there, one] = find(sent, name);
    if (!there || part.readOnly) continue;
    const value = read(part, one);
    if (value !== undefined || !several) given[name] = value;
  }
  const nothing = Object.values(given).every((part) => part === undefined);
  return nothing && several ? undefined : given;
}

/** Names are compared without case (RFC 7643 §2.1). */
export function find(object, name) {
  const key = Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());
  return [key !== undefined, object[key]];
}
