// The faults that the server in memory can have, and what a rehearsal finds of each: all steps that fail, warn or are
// skipped because of it. The first of those that fail, or else of those that warn, is the step that is about the fault.

/** Faults of requests. The server … */
export const inRequests = {
  "no-key-needed": {
    what: "answers any request, whatever its key",
    failed: ["connection.no-key", "okta-spec.wrong-key"],
  },
  "401-is-text": {
    what: "refuses a wrong key with plain text",
    failed: ["okta-spec.wrong-key"],
    warned: ["connection.no-key"],
  },
  "404-is-empty": {
    what: "answers 404 without a body",
    failed: [
      "okta-spec.unknown-user",
      "okta-put.unknown-user",
      "okta-oin.unknown-user",
      "entra.delete",
      "groups.delete",
    ],
    warned: ["errors.no-such-endpoint"],
  },
  "accept-refused": { what: "refuses Accept: */*", failed: ["connection.accept"] },
  "content-type-is-text": { what: "sends JSON as text/plain", failed: ["connection.content-type"] },
  "plain-json-refused": {
    what: "refuses a body of application/json",
    failed: ["okta-spec.create", "okta-spec.duplicate"],
  },
  "error-status-is-number": {
    what: "has a number as the status of errors",
    warned: [
      "okta-spec.unknown-user",
      "okta-spec.duplicate",
      "okta-spec.wrong-key",
      "okta-put.duplicate-case",
      "okta-put.unknown-user",
      "okta-oin.atomic",
      "okta-oin.unknown-user",
      "entra.delete",
      "filters.invalid",
      "errors.broken-json",
      "errors.no-user-name",
      "errors.unknown-path",
      "versions.precondition",
      "groups.delete",
    ],
  },
  "broken-json-is-500": { what: "fails because of a body that is no JSON", failed: ["errors.broken-json"] },
  "no-user-name-is-500": { what: "fails because of a person without userName", failed: ["errors.no-user-name"] },
  "unknown-path-ignored": { what: "ignores a path that cannot be read", failed: ["errors.unknown-path"] },
  "unknown-endpoint-is-page": { what: "answers an unknown endpoint with HTML", warned: ["errors.no-such-endpoint"] },
  "types-without-endpoint": { what: "lists types without their endpoints", failed: ["discovery.resource-types"] },
  "schema-of-no-type": { what: "lists attributes of a type that does not exist", failed: ["discovery.schemas"] },
  "schema-with-null": { what: "lists attributes with a characteristic of null", warned: ["discovery.schemas"] },
  "schema-lists-too-much": { what: "ignores an attribute that its schema lists", failed: ["discovery.attributes"] },
  "single-documents-missing": { what: "shows no single schema or type", warned: ["discovery.single-documents"] },
  "sort-not-told": { what: "does not say whether it sorts", failed: ["discovery.config"], skipped: ["discovery.sort"] },
  "sort-ignored": { what: "says that it sorts, and does not", failed: ["discovery.sort"] },
  "bulk-missing": { what: "says that it takes bulk requests, and does not", failed: ["discovery.bulk"] },
  "etag-differs": {
    what: "has another ETag than meta.version",
    failed: ["versions.etag", "versions.precondition"],
    warned: ["versions.not-modified"],
  },
  "not-modified-is-200": { what: "ignores If-None-Match", warned: ["versions.not-modified"] },
  "if-match-ignored": { what: "ignores If-Match", failed: ["versions.precondition"] },
  "version-stays": { what: "keeps the version when a person changes", failed: ["versions.precondition"] },
};

/** Faults of people. The server … */
export const inPeople = {
  "created-is-200": {
    what: "answers a creation with 200",
    failed: ["okta-put.create", "okta-spec.create", "entra.create", "entra.delete", "groups.create"],
  },
  "created-is-empty": {
    what: "answers a creation without a body",
    failed: ["okta-put.create", "okta-spec.create", "entra.create", "entra.delete", "groups.create"],
  },
  "no-location": { what: "answers a creation without Location", failed: ["okta-put.create", "groups.create"] },
  "password-shown": { what: "shows passwords", failed: ["okta-put.create"] },
  "user-name-lowered": { what: "turns user names into small letters", failed: ["okta-spec.create"] },
  "duplicates-accepted": {
    what: "takes the same person twice",
    failed: [
      "okta-spec.duplicate",
      "okta-spec.lookup-case",
      "okta-put.duplicate-case",
      "okta-put.lookup",
      "okta-put.lookup-inactive",
    ],
    warned: ["groups.create"],
  },
  "duplicate-is-400": {
    what: "refuses a duplicate with 400",
    failed: ["okta-spec.duplicate", "okta-put.duplicate-case"],
    warned: ["groups.create"],
  },
  "duplicate-case-accepted": {
    what: "takes the same person in another case",
    failed: ["okta-put.duplicate-case", "okta-put.lookup", "okta-put.lookup-inactive"],
  },
  "no-scim-type": { what: "refuses a duplicate without scimType", failed: ["okta-spec.duplicate"] },
  "user-name-case-exact": { what: "compares user names letter by letter", failed: ["okta-spec.lookup-case"] },
  "no-match-is-404": {
    what: "answers 404 where nothing matches",
    failed: [
      "okta-spec.no-match",
      "entra.connection",
      "entra.probe-id",
      "entra.delete",
      "filters.operators",
      "groups.create",
      "groups.delete",
    ],
    warned: ["groups-entra.probe"],
  },
  "formatted-wins": { what: "takes the names from name.formatted", failed: ["okta-put.profile", "okta-put.repeat"] },
  "put-adds-addresses": { what: "adds the addresses of a PUT to those it has", failed: ["okta-put.repeat"] },
  "put-keeps": { what: "keeps what a PUT does not have, or has as null", failed: ["okta-put.clears"] },
  "put-creates": {
    what: "makes a person of a PUT",
    failed: ["okta-put.unknown-user", "okta-oin.unknown-user", "versions.precondition"],
  },
  "other-id-refused": {
    what: "refuses an id in the body",
    failed: ["okta-put.foreign-attributes"],
  },
  "unknown-attributes-refused": { what: "refuses unknown attributes", warned: ["okta-put.foreign-attributes"] },
  "deactivation-deletes": {
    what: "deletes a person who is deactivated",
    failed: [
      "okta-put.deactivate",
      "okta-put.lookup-inactive",
      "okta-put.reactivate",
      "okta-oin.deactivate",
      "okta-oin.reactivate",
      "entra.disable",
      "entra.restore",
    ],
  },
  "inactive-hidden": { what: "does not find people who are inactive", failed: ["okta-put.lookup-inactive"] },
  "path-required": {
    what: "refuses a PATCH without a path",
    failed: ["okta-oin.deactivate", "okta-oin.reactivate", "entra.dotted-keys", "groups-oin.same-name"],
    warned: ["groups-oin.rename"],
  },
  "patch-drops-siblings": { what: "drops the other names when one is changed", failed: ["okta-oin.profile"] },
  "patch-in-part": { what: "keeps the first operations of a PATCH that fails", failed: ["okta-oin.atomic"] },
  "first-operation-only": {
    what: "carries out the first operation alone",
    failed: ["groups-oin.both", "okta-oin.profile", "okta-oin.atomic"],
  },
  "operations-exact": {
    what: "refuses operations in capital letters",
    failed: [
      "entra.profile",
      "entra.new-element",
      "entra.disable",
      "entra.restore",
      "groups-entra.add",
      "groups-entra.remove",
    ],
    warned: ["entra.manager"],
  },
  "boolean-text-refused": { what: "refuses the text False for active", failed: ["entra.disable", "entra.restore"] },
  "boolean-text-true": { what: "reads the text False as true", failed: ["entra.disable"] },
  "dotted-keys-literal": { what: "ignores keys with a dot", failed: ["entra.dotted-keys"] },
  "no-target": { what: "refuses a path whose filter matches nothing", failed: ["entra.new-element"] },
  "manager-in-array-refused": { what: "refuses a manager in an array", warned: ["entra.manager"] },
  "deleted-is-200": { what: "answers a deletion with 200", failed: ["entra.delete", "groups.delete"] },
  "delete-deactivates": {
    what: "deactivates a person who is deleted",
    failed: ["entra.delete"],
    warned: ["groups.deleted-member"],
  },
  "people-stay": {
    what: "does not delete people",
    failed: ["entra.delete"],
    skipped: ["groups.deleted-member", "paging-change.removal"],
  },
};

/** Faults of filters and lists. The server … */
export const inLists = {
  "plus-is-plus": { what: "reads a plus in a query as a plus", failed: ["filters.encoding"] },
  "filter-names-exact": { what: "reads attribute names and operators in one case only", failed: ["filters.case"] },
  "and-ignored": {
    what: "ignores what follows and",
    failed: ["entra.probe-id", "filters.operators", "filters.logic"],
    warned: ["groups-entra.probe"],
  },
  "or-ignored": { what: "ignores what follows or", failed: ["filters.logic", "discovery.sort", "paging.filtered"] },
  "invalid-filter-ignored": { what: "lists everybody for a filter that it cannot read", failed: ["filters.invalid"] },
  "filter-by-external-id-refused": {
    what: "does not filter by externalId",
    failed: ["entra.lookup-external-id", "entra.connection"],
    warned: ["entra.lookup-unquoted"],
  },
  "value-paths-refused": { what: "does not filter by the work address", warned: ["entra.lookup-mail"] },
  "unquoted-refused": { what: "refuses filter values without quotes", warned: ["entra.lookup-unquoted"] },
  "projection-ignored": {
    what: "ignores attributes and excludedAttributes",
    warned: ["filters.attributes", "filters.excluded", "groups-entra.lookup"],
  },
  "names-are-missing": { what: "lists people without names", failed: ["okta-spec.users"] },
  "names-stay-absent": { what: "has no names for people without names", warned: ["paging.nameless"] },
  "start-index-is-text": {
    what: "has startIndex as text",
    failed: ["connection.test", "paging.import", "paging.order", "paging.groups"],
  },
  "items-per-page-is-count": {
    what: "has the count asked for as itemsPerPage",
    failed: ["paging.import", "connection.test", "paging.groups"],
  },
  "total-of-page": {
    what: "has the resources of the page as totalResults",
    failed: [
      "paging.order",
      "paging.out-of-range",
      "paging.filtered",
      "paging-change.profile",
      "paging-change.addition",
    ],
    warned: ["paging-change.removal"],
  },
  "start-index-from-0": {
    what: "counts positions from 0",
    failed: [
      "paging.import",
      "discovery.sort",
      "okta-spec.lookup-case",
      "okta-put.lookup",
      "okta-put.lookup-inactive",
      "entra.lookup-external-id",
      "entra.lookup-mail",
      "entra.probe-id",
      "filters.encoding",
      "filters.case",
      "filters.operators",
      "filters.logic",
      "filters.attributes",
      "groups.lookup",
      "groups-entra.lookup",
      "paging.filtered",
      "paging.groups",
    ],
    warned: ["entra.lookup-unquoted", "groups-entra.probe"],
  },
  "count-0-is-all": { what: "reads count=0 as no limit", failed: ["paging.out-of-range"] },
  "small-pages-reversed": { what: "has another order on small pages", failed: ["paging.order"] },
  "order-of-changes": {
    what: "lists people in the order of their changes",
    failed: ["paging-change.profile"],
    warned: ["paging-change.removal"],
  },
  "addition-skips-one": { what: "skips a person where one was added", failed: ["paging-change.addition"] },
  "pages-by-offset": { what: "moves the pages when a person is deleted", warned: ["paging-change.removal"] },
  "cursor-repeats": { what: "repeats a person on the next page by cursor", failed: ["paging.cursor"] },
  "list-lacks-last-group": { what: "leaves the last group out of lists", failed: ["paging.groups"] },
  "groups-are-slow": { what: "is slow to list groups", warned: ["okta-spec.groups"] },
};

/** Faults of groups. The server … */
export const inGroups = {
  "group-names-not-filtered": { what: "lists all groups for a look-up by name", failed: ["groups.create"] },
  "groups-of-people-missing": { what: "does not show the groups of people", warned: ["groups.user-groups"] },
  "unknown-member-is-500": { what: "fails because of an unknown member", failed: ["groups.unknown-member"] },
  "unknown-member-unnamed": { what: "does not name an unknown member", warned: ["groups.unknown-member"] },
  "deleted-members-stay": { what: "keeps a deleted person in groups", warned: ["groups.deleted-member"] },
  "group-takes-people": { what: "deletes the people of a deleted group", failed: ["groups.delete"] },
  "put-adds-members": {
    what: "adds the members of a PUT to those it has",
    failed: ["groups-put.members", "groups-put.empty"],
  },
  "members-truncated": {
    what: "shows two members at most",
    failed: ["groups-put.read-modify-write", "groups-oin.remove", "groups-entra.remove"],
  },
  "own-name-refused": {
    what: "refuses a group's own name",
    failed: ["groups-put.own-name", "groups-put.members", "groups-put.read-modify-write", "groups-put.empty"],
  },
  "rename-refused": { what: "does not rename groups", warned: ["groups-put.rename", "groups-oin.rename"] },
  "empty-members-ignored": { what: "ignores an empty array of members", failed: ["groups-put.empty"] },
  "add-replaces": {
    what: "replaces all members when one is added",
    failed: ["groups-oin.add", "groups-oin.both", "groups-entra.add"],
  },
  "path-filter-ignored": {
    what: "removes all members, whatever the filter",
    failed: ["groups-oin.remove", "groups-oin.remove-again", "groups-oin.both"],
  },
  "absent-member-refused": { what: "refuses to remove a person who is no member", warned: ["groups-oin.remove-again"] },
  "replace-members-missing": { what: "does not replace members", failed: ["groups-oin.replace"] },
  "rename-loses-members": {
    what: "loses the members of a renamed group",
    failed: ["groups-oin.rename", "groups-oin.same-name"],
  },
  "remove-array-removes-all": { what: "removes all members, whatever the array", failed: ["groups-entra.remove"] },
};
