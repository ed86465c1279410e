/* What is measured. An operation's ith run is one request or several, in two forms: `scim` as an identity provider
   sends them, and `floor` as recipes of bench/workers/floor.js with their values. `right` checks the answers to the
   first, the last answer first; `read` sends a GET. `more` makes the request that follows an answer. Operations that
   add people come last. */

const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const PAGE = 100;
const IMPORT_PAGE = 200;

const patch = (path, operation) => ({
  method: "PATCH",
  path,
  body: JSON.stringify({ schemas: [PATCH], Operations: [operation] }),
});
const get = (path) => ({ method: "GET", path });
const page = (startIndex, count) => get(`/Users?startIndex=${startIndex}&count=${count}`);

const texts = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));

/** `heavy`: takes too long to run several at once. `members`: is about a group of all members. */
export const OPERATIONS = [
  {
    name: "get",
    scim: (d, i) => [get(`/Users/${d.personAt(i).id}`)],
    floor: (d, i) => [{ recipe: "get", values: { id: d.personAt(i).id } }],
    right: (d, i, [{ id }]) => id === d.personAt(i).id,
  },
  {
    name: "look up by userName",
    scim: (d, i) => {
      const filter = encodeURIComponent(`userName eq "${d.personAt(i).userName}"`);
      return [get(`/Users?filter=${filter}&startIndex=1&count=${PAGE}`)];
    },
    floor: (d, i) => [{ recipe: "look up", values: { user_name_fold: d.personAt(i).userName } }],
    right: (d, i, [{ totalResults, Resources }]) => totalResults === 1 && Resources[0].id === d.personAt(i).id,
  },
  {
    name: "list 100 at the end",
    scim: (d) => [page(d.size - PAGE + 1, PAGE)],
    floor: () => [{ recipe: "list", values: {} }],
    right: (_, __, [{ Resources }]) => Resources.length === PAGE,
  },
  {
    name: "PATCH active",
    scim: (d, i) => {
      const { id, on } = d.toggled(i);
      return [patch(`/Users/${id}`, { op: "replace", value: { active: !on } })];
    },
    floor: (d, i) => {
      const { id, on } = d.toggled(i);
      return [{ recipe: on ? "deactivate" : "activate", values: { id } }];
    },
    async right(d, i, _, read) {
      const { id, on } = d.toggled(i);
      return (await read(`/Users/${id}`)).active === !on;
    },
  },
  {
    name: "PATCH one member",
    members: true,
    scim: (d, i) => {
      const { id, on } = d.joining(i);
      const change = on
        ? { op: "add", path: "members", value: [{ value: id }] }
        : { op: "remove", path: `members[value eq "${id}"]` };
      return [patch(`/Groups/${d.patched}`, change)];
    },
    floor: (d, i) => {
      const { id, on } = d.joining(i);
      return [{ recipe: on ? "join" : "leave", values: { ids: JSON.stringify([id]) } }];
    },
    async right(d, i, _, read) {
      const { id, on } = d.joining(i);
      const { members } = await read(`/Groups/${d.patched}`);
      return members.some(({ value }) => value === id) === on;
    },
  },
  {
    name: "PUT all members, one changed",
    heavy: true,
    members: true,
    scim: (d, i) => [{ method: "PUT", path: `/Groups/${d.replaced}`, body: d.groupBody(i) }],
    floor: (d, i) => {
      const values = {
        ids: d.membersAt(i).toSorted(),
        joining: [d.replacing(i).seq],
        leaving: [d.replacing(i - 1).seq],
      };
      return [{ recipe: "replace", values: texts(values) }];
    },
    async right(d, i, _, read) {
      const { members } = await read(`/Groups/${d.replaced}`);
      return (
        members.length === d.size && new Set(members.map(({ value }) => value)).isSupersetOf(new Set(d.membersAt(i)))
      );
    },
  },
  {
    name: "import all users",
    heavy: true,
    scim: () => [page(1, IMPORT_PAGE)],
    more(text) {
      const of = (name) => Number(new RegExp(`"${name}": ?(\\d+)`).exec(text)[1]);
      const next = of("startIndex") + of("itemsPerPage");
      return next > of("totalResults") ? undefined : page(next, IMPORT_PAGE);
    },
    floor: (d) => d.pages(IMPORT_PAGE).map((startIndex) => ({ recipe: `page at ${startIndex}`, values: {} })),
    right(d, _, pages) {
      const ids = new Set(pages.flatMap(({ Resources }) => Resources.map(({ id }) => id)));
      return d.people.every(({ id }) => ids.has(id));
    },
  },
  {
    name: "create",
    scim: (d, i) => [{ method: "POST", path: "/Users", body: JSON.stringify(d.newcomer(i)) }],
    floor: (d, i) => [{ recipe: "create", values: d.columns(d.newcomer(i)) }],
    right: (d, i, [{ userName }]) => userName === d.newcomer(i).userName,
  },
];

/**
 * Makes an operation's first request.
 * @returns a function that sends it and those that follow, and resolves with the answers, the last one first
 */
export function prepared(operation, directory, i) {
  const [first] = operation.scim(directory, i);
  return async (send) => {
    const answers = [];
    for (let request = first; request; request = operation.more?.(answers[0].text))
      answers.unshift(await send(request));
    return answers;
  };
}
