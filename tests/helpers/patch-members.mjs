// Random PATCH operations on the members of a group, and what they mean for the set of them. People are numbers, until
// an operation is put on the wire.

import fc from "fast-check";
import { SCHEMA } from "./schema.mjs";

const { array, boolean, constant, constantFrom, oneof, record, shuffledSubarray } = fc;

const ACTIVE = [0, 1, 2, 3];
/** The last of them is inactive. */
export const PEOPLE = [...ACTIVE, 4];
const STRANGER = 5;

const path = constantFrom("members", "MEMBERS", `${SCHEMA.group}:members`);
const setting = record({
  verb: constantFrom("add", "Add", "replace", "Replace"),
  who: shuffledSubarray(PEOPLE),
  path: fc.option(path),
  form: constantFrom("okta", "entra", "id"),
  single: boolean(),
});
const removing = record({
  verb: constantFrom("remove", "Remove"),
  who: shuffledSubarray([...PEOPLE, STRANGER], { minLength: 1 }),
  path,
  form: constantFrom("filter", "okta", "entra", "id"),
  single: boolean(),
});
const removingAll = record({ verb: constant("remove"), path, value: constantFrom(undefined, null) });
const addingNobody = record({ verb: constant("add"), path, value: constantFrom(null, []) });

export const someMembers = shuffledSubarray(ACTIVE);
export const memberOperations = array(oneof(setting, removing, removingAll, addingNobody), {
  minLength: 1,
  maxLength: 6,
});

/** RFC 7644 §3.5.2, of a set. Inactive users are in no group. */
export function membersAfter(members, operations) {
  let after = new Set(members);
  for (const { verb, who } of operations) {
    const op = verb.toLowerCase();
    if (op === "replace" || (op === "remove" && !who)) after = new Set();
    for (const one of who ?? []) op === "remove" ? after.delete(one) : after.add(one);
  }
  return ACTIVE.filter((one) => after.has(one));
}

const FORMS = {
  okta: (value) => ({ value, display: "x@okta.local" }),
  entra: (value) => ({ $ref: null, value }),
  id: (value) => value,
};

/** The operation as it is sent; `ids` are those of the people. */
export function wireOfMembers({ verb: op, who, path, form, single, value }, ids) {
  if (!who) return { op, path, value };
  const named = who.map((one) => ids[one] ?? "nobody-of-ours");
  if (form === "filter") return { op, path: `${path}[${named.map((id) => `value eq "${id}"`).join(" or ")}]` };
  const all = named.map(FORMS[form]);
  const members = single && all.length === 1 ? all[0] : all;
  return path ? { op, path, value: members } : { op, value: { members } };
}
