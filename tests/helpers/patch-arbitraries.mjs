// Random users and random PATCH operations: what an operation means, for the oracle, and on the wire one of the many
// spellings that it may have. There are few texts, so that filters often match.

import fc from "fast-check";
import { CORE, ENTERPRISE } from "./patch-values.mjs";
import { SCHEMA } from "./schema.mjs";

const { array, boolean, constant, constantFrom, oneof, tuple, uniqueArray } = fc;
const record = (model, constraints) => fc.record(model, { noNullPrototype: true, ...constraints });
const weighted = (...choices) => oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const mapped = (table, arbitrary) =>
  Object.fromEntries(Object.entries(table).map(([name, attribute]) => [name, arbitrary(attribute)]));

const filled = constantFrom("work", "Work", "ΟΔΟΣ", "οδοσ", "οδος", 'x"]y.z');
const nothing = constantFrom(null, "", " ", [], [[]]);
const letters = constantFrom("own", "lower", "upper");

function spelled(word, letters) {
  if (letters === "own") return word;
  return letters === "lower" ? word.toLowerCase() : word.toUpperCase();
}

const renamed = (object, letters) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [spelled(name, letters), value]));

// Values as they are stored.

function stored(attribute) {
  const { several, parts, flag, among } = attribute;
  if (several) return array(stored({ ...attribute, several: false }), { maxLength: 3 }).map(withOnePrimary);
  if (parts) return record(mapped(parts, stored), { requiredKeys: parts.value ? ["value"] : [] });
  if (flag) return boolean();
  return among ? constantFrom(...among) : filled;
}

function withOnePrimary(elements) {
  const first = elements.find(({ primary }) => primary);
  return elements.map((element) => (element.primary && element !== first ? { ...element, primary: false } : element));
}

// Values as clients send them.

function sent(attribute) {
  const { several, parts, flag, among } = attribute;
  if (several) return weighted([3, array(sentOne(parts), { maxLength: 3 })], [2, sentOne(parts)], [1, nothing]);
  if (parts) return weighted([6, sentOne(parts)], [1, sentOne(parts).map((one) => [one])], [1, nothing]);
  if (flag) return weighted([8, constantFrom(true, false, "True", "FALSE", [true])], [1, nothing]);
  if (among) return weighted([4, constantFrom("admin", "MEMBER")], [1, nothing]);
  return weighted([8, filled], [1, filled.map((value) => [{ $ref: null, value }])], [2, nothing]);
}

function sentOne(parts) {
  const object = record(mapped(parts, sent), { requiredKeys: Object.keys(parts).slice(0, 1) });
  const inAnyCase = tuple(object, letters).map((both) => renamed(...both));
  return parts.value ? weighted([6, inAnyCase], [1, filled]) : inAnyCase;
}

function wrong({ parts, flag, among }) {
  if (among) return constantFrom("Emperor", "Owner", 7);
  if (parts) return constantFrom(7, [true], [[7]]);
  return constantFrom(7, flag ? "perhaps" : true, ["a", "b"]);
}

// Filters.

function filters(parts) {
  const leaf = oneof(
    ...Object.entries(parts).map(([name, { flag, binary }]) => {
      const part = constant(name);
      const equality = constantFrom("eq", "ne");
      const operators = flag || binary ? equality : constantFrom("ne", "co", "sw", "ew", "gt", "ge", "lt", "le");
      const operator = weighted([4, constant("eq")], [1, operators]);
      return weighted(
        [12, record({ part, operator, literal: flag ? boolean() : filled })],
        [1, record({ part, operator: equality, literal: constant(null) })],
        [1, record({ part, operator: constant("pr") })],
      );
    }),
  );
  const leaves = uniqueArray(leaf, { minLength: 2, maxLength: 3, selector: ({ part }) => part });
  const some = record({ any: leaves });
  const branch = oneof(record({ all: leaves }), some, record({ not: leaf }));
  const nested = oneof(
    record({ all: tuple(some, leaf) }),
    record({ any: tuple(branch, leaf) }),
    record({ not: branch }),
  );
  return weighted([12, leaf], [3, branch], [1, nested]);
}

/** RFC 7644 §3.4.2.2: `and` binds more than `or`, so that only an `or` inside another filter needs parentheses. */
function filterText({ all, any, not, part, operator, literal }, letters, inside = false) {
  const between = (word) => ` ${spelled(word, letters)} `;
  if (all) return all.map((filter) => filterText(filter, letters, true)).join(between("and"));
  if (any) {
    const whole = any.map((filter) => filterText(filter, letters)).join(between("or"));
    return inside ? `(${whole})` : whole;
  }
  if (not) return `${spelled("not", letters)} (${filterText(not, letters)})`;
  const name = spelled(part, letters);
  if (operator === "pr") return name + between(operator).trimEnd();
  // Entra ID writes booleans as strings.
  const entra = typeof literal === "boolean" && letters === "upper";
  return name + between(operator) + JSON.stringify(entra ? String(literal) : literal);
}

// What is set to what: a target, a value, and how the target is spelled.

const how = record({ letters, urn: boolean(), nested: boolean() });
const places = [CORE, ENTERPRISE].flatMap((table) =>
  Object.entries(table).map(([name, attribute]) => ({ extension: table === ENTERPRISE, name, attribute })),
);
const writable = places.filter(({ attribute }) => !attribute.readOnly);

function edits({ extension, name, attribute }, { values, selections = filters }) {
  const edit = (target, value) =>
    record({ target: record({ extension: constant(extension), name: constant(name), ...target }), value, how });
  const whole = edit({}, values(attribute));
  if (!attribute.parts) return whole;
  const ofParts = (target) =>
    oneof(
      ...Object.entries(attribute.parts).map(([part, one]) => edit({ ...target, part: constant(part) }, values(one))),
    );
  if (!attribute.several) return weighted([2, whole], [3, ofParts({})]);
  const filter = selections(attribute.parts);
  const selected = edit({ filter }, values({ ...attribute, several: false }));
  return weighted([3, whole], [1, ofParts({})], [2, selected], [4, ofParts({ filter })]);
}

const values = (attribute) => weighted([40, sent(attribute)], [1, wrong(attribute)]);
const extensionEdit = record({
  target: constant({ extension: true }),
  value: weighted([4, record(mapped(ENTERPRISE, sent), { requiredKeys: [] })], [1, constant(null)]),
  how,
});
const anyEdit = weighted(
  [30, oneof(...writable.map((place) => edits(place, { values })))],
  [1, oneof(...places.map((place) => edits(place, { values })))],
  [2, extensionEdit],
);

// Operations.

const verb = constantFrom("add", "replace");
const withPath = tuple(verb, anyEdit).map(([verb, edit]) => ({ verb, ...edit }));
const removal = tuple(anyEdit, boolean(), filled).map(([{ target, how }, named, value]) => {
  // Entra ID names the values to remove from an attribute.
  const all = !target.extension && !target.filter && !target.part && CORE[target.name].parts?.value;
  return { verb: "remove", target, how, value: all && named ? [{ $ref: null, value }] : undefined };
});
const withoutPath = record({
  verb,
  entries: uniqueArray(anyEdit, { minLength: 1, maxLength: 4, selector: (edit) => entry(edit)[0].toLowerCase() }),
  how,
});
const nonsense = constantFrom(
  [{ op: "move", path: "title", value: "a" }, "invalidSyntax"],
  [{ op: "remove" }, "noTarget"],
  [{ op: "replace", path: "title" }, "invalidValue"],
  [{ op: "add", path: "nonsense", value: "a" }, "invalidPath"],
  [{ op: "remove", path: "roles[type]" }, "invalidFilter"],
  [{ op: "remove", path: "meta.created" }, "mutability"],
).map(([body, refused]) => ({ body, refused }));

const LISTED = { minLength: 1, maxLength: 6 };
export const operations = array(weighted([10, withPath], [5, removal], [4, withoutPath], [1, nonsense]), LISTED);

/**
 * Operations that change nothing when they are carried out again: adding and replacing, one for each attribute, and
 * none that changes what its filter asks for. A `formatted` name is left out, because it follows its parts.
 */
export const settlingOperations = uniqueArray(
  tuple(
    verb,
    oneof(
      ...writable.map((place) => {
        const { type, formatted, displayName, ...parts } = place.attribute.parts ?? {};
        const attribute = place.attribute.parts ? { ...place.attribute, parts } : place.attribute;
        const selections = () => record({ part: constant("type"), operator: constant("eq"), literal: filled });
        return edits({ ...place, attribute }, { values: sent, selections });
      }),
    ),
  ).map(([verb, edit]) => ({ verb, ...edit })),
  { ...LISTED, selector: ({ target }) => target.name },
);

export const users = record(
  { ...mapped(CORE, stored), [SCHEMA.enterprise]: record(mapped(ENTERPRISE, stored), { requiredKeys: [] }) },
  { requiredKeys: [] },
);

// The wire.

function pathOf({ extension, name, filter, part }, { letters, urn }) {
  const schema = spelled(extension ? SCHEMA.enterprise : SCHEMA.user, letters);
  if (!name) return schema;
  const selection = filter ? `[${filterText(filter, letters)}]` : "";
  return `${urn ? `${schema}:` : ""}${spelled(name, letters)}${selection}${part ? `.${spelled(part, letters)}` : ""}`;
}

/** A key of an operation without a path, and its value. */
function entry({ target, value, how }) {
  const { extension, name, filter, part } = target;
  if (!how.nested || !name || filter || (extension && part)) return [pathOf(target, how), value];
  return [pathOf({ extension }, how), { [pathOf(target, { ...how, urn: false })]: value }];
}

/** Read-only and unknown attributes, which are ignored in an operation without a path. */
const NOISE = { id: "mine", schemas: [], groups: [{ value: "a" }], nonsense: { a: 1 }, "roles[": "a", "name.x": 1 };

/** The operation as it is sent. */
export function wire({ body, verb, entries, target, value, how }) {
  if (body) return body;
  const op = spelled(verb, how.letters);
  if (!entries) return { op, path: pathOf(target, how), value };
  return { op, value: { ...(how.urn ? NOISE : {}), ...Object.fromEntries(entries.map(entry)) } };
}
