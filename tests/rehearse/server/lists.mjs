// Lists of the server: filters, order, pages.

import { SCHEMA } from "../../helpers/schema.mjs";
import { ScimError } from "./error.mjs";
import { readFilter } from "./filter.mjs";

export class Lists {
  #directory;
  #has;
  /** The ids that a first page has found, by the list that it belongs to: later pages show the same. */
  #snapshots = new Map();

  constructor(directory, has) {
    this.#directory = directory;
    this.#has = has;
  }

  /** The answer to GET of a collection. @param query the decoded parameters */
  page(type, query) {
    const all = this.#chosen(type, query);
    if ("cursor" in query) return this.#cursorPage(all, query);
    const startIndex = Math.max(1, Number(query.startIndex ?? 1));
    const count = Math.min(Math.max(0, Number(query.count ?? 100)), 200);
    const ids = this.#snapshot(type, query, startIndex, all);
    const isGrown = this.#has("addition-skips-one") && startIndex > 1 && all.length > ids.length;
    const first = this.#has("start-index-from-0") || isGrown ? startIndex : startIndex - 1;
    const size = count === 0 && this.#has("count-0-is-all") ? ids.length : count;
    const present = new Map(all.map((resource) => [resource.id, resource]));
    const wanted = ids.slice(first, first + size);
    const Resources = wanted.filter((id) => present.has(id)).map((id) => present.get(id));
    if (this.#has("list-lacks-last-group") && type === "Groups" && query.filter === undefined) Resources.pop();
    if (this.#has("names-are-missing") && count === 1) for (const user of Resources) delete user.name;
    if (this.#has("small-pages-reversed") && count < 5) Resources.reverse();
    return {
      schemas: [SCHEMA.list],
      totalResults: this.#has("total-of-page") ? Resources.length : ids.length,
      startIndex: this.#has("start-index-is-text") ? String(startIndex) : startIndex,
      itemsPerPage: this.#has("items-per-page-is-count") ? count : Resources.length,
      Resources,
    };
  }

  #chosen(type, { filter, sortBy, sortOrder }) {
    const all = this.#directory.all(type);
    const found = filter === undefined ? all : all.filter(this.#filter(filter));
    if (filter !== undefined && found.length === 0 && this.#has("no-match-is-404")) {
      throw new ScimError(404, "No resource matches.");
    }
    if (sortBy !== "userName" || this.#has("sort-ignored")) return found;
    const direction = sortOrder === "descending" ? -1 : 1;
    return found.sort((a, b) => (a.userName < b.userName ? -direction : direction));
  }

  #filter(text) {
    if (this.#has("filter-by-external-id-refused") && text.startsWith("externalId")) {
      throw new ScimError(400, "externalId cannot be filtered by.", "invalidFilter");
    }
    if (this.#has("group-names-not-filtered") && text.startsWith("displayName")) return () => true;
    try {
      const matches = readFilter(text, this.#has);
      return this.#has("inactive-hidden") ? (user) => user.active !== false && matches(user) : matches;
    } catch (error) {
      if (this.#has("invalid-filter-ignored") && error instanceof ScimError) return () => true;
      throw error;
    }
  }

  #snapshot(type, { filter, sortBy, sortOrder }, startIndex, all) {
    const key = JSON.stringify([type, filter, sortBy, sortOrder]);
    const ids = all.map(({ id }) => id);
    if (startIndex === 1) this.#snapshots.set(key, ids);
    return this.#has("pages-by-offset") || this.#has("order-of-changes") ? ids : (this.#snapshots.get(key) ?? ids);
  }

  #cursorPage(all, { cursor, count = "100" }) {
    const first = cursor === "" ? 0 : all.findIndex(({ id }) => id === cursor);
    const size = Math.min(Number(count), this.#has("cursor-repeats") ? 2 : 50);
    const Resources = all.slice(first, first + size);
    const next = all[first + size - (this.#has("cursor-repeats") ? 1 : 0)];
    const isLast = next === undefined || first + size >= all.length;
    return {
      schemas: [SCHEMA.list],
      totalResults: all.length,
      itemsPerPage: Resources.length,
      ...(isLast ? {} : { nextCursor: next.id }),
      Resources,
    };
  }
}
