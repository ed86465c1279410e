// A SCIM client with the headers of Okta or Entra ID. It asserts the rules that hold for all answers on each of them.

import { assertWellFormed } from "./assert.mjs";
import { send } from "./http.mjs";
import { SCHEMA } from "./schema.mjs";

/** The headers of Okta's provisioning agent, in its order. */
export const OKTA = {
  always: {
    Accept: "application/scim+json",
    "Accept-Charset": "utf-8",
    "User-Agent": "Okta SCIM Client 1.0.0",
    "Accept-Encoding": "gzip,deflate",
    Connection: "Keep-Alive",
  },
  withBody: { "Content-Type": "application/scim+json; charset=utf-8" },
};

/** The headers of Okta's SPEC test suite, which differ from the product's: a content type also on GET. */
export const OKTA_SPEC_TEST = {
  always: {
    Accept: "application/scim+json; charset=utf-8",
    "Accept-Charset": "utf-8",
    "User-Agent": "OKTA SCIM Integration",
    "Content-Type": "application/json",
  },
  withBody: {},
};

export const ENTRA = {
  always: { Accept: "application/scim+json" },
  withBody: { "Content-Type": "application/scim+json; charset=utf-8" },
};

export class ScimClient {
  /** @param {string} base the base URL, e.g. http://127.0.0.1:8787/scim */
  constructor(base, key, provider = OKTA) {
    this.base = base;
    this.key = key;
    this.provider = provider;
    this.requests = [];
  }

  /** The same client with another key, provider or base path. */
  with({ base = this.base, key = this.key, provider = this.provider }) {
    return new ScimClient(base, key, provider);
  }

  async send(method, path, body, headers = {}) {
    const answer = await send(method, this.base + path, {
      headers: {
        ...this.provider.always,
        ...(body === undefined ? {} : this.provider.withBody),
        ...(this.key ? { Authorization: `Bearer ${this.key}` } : {}),
        ...headers,
      },
      body,
    });
    this.requests.push(`${method} ${path}`);
    assertWellFormed(answer);
    return answer;
  }

  get(path) {
    return this.send("GET", path);
  }

  post(path, body) {
    return this.send("POST", path, body);
  }

  put(path, body) {
    return this.send("PUT", path, body);
  }

  patch(path, ...operations) {
    return this.send("PATCH", path, { schemas: [SCHEMA.patch], Operations: operations });
  }

  delete(path) {
    return this.send("DELETE", path);
  }

  /** GET of a collection; the parameters keep their order, the encoding is Okta's (%20, %22, %40). */
  list(path, parameters = {}) {
    const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return this.get(query.length === 0 ? path : `${path}?${query.join("&")}`);
  }

  /** A look-up as Okta sends it. */
  find(path, filter) {
    return this.list(path, { filter, startIndex: 1, count: 100 });
  }

  /** All pages of a collection as an import reads them, until startIndex passes totalResults. */
  async importPages(path, count = 100) {
    const pages = [];
    for (let startIndex = 1, total = 1; startIndex <= total; startIndex += count) {
      const page = await this.list(path, { startIndex, count });
      if (page.status !== 200) throw new Error(`${page.path} answered ${page.status}: ${page.text}`);
      total = page.body.totalResults;
      pages.push(page.body);
    }
    return pages;
  }

  async importAll(path, count) {
    return (await this.importPages(path, count)).flatMap((page) => page.Resources);
  }
}
