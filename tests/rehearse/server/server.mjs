// A SCIM server in memory which has, if told so, one fault. Without one it does what the steps of a rehearsal ask for.

import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { SCHEMA } from "../../helpers/schema.mjs";
import { Directory } from "./directory.mjs";
import { ScimError } from "./error.mjs";
import { Lists } from "./lists.mjs";
import { config, documentsOf } from "./schemas.mjs";

export const KEY = "the-key-of-the-server-in-memory";

const NO_ENDPOINT = "There is no such endpoint.";

/** Milliseconds of a slow answer: more than Okta's SPEC test allows for a list of groups. */
const SLOW = 650;

/**
 * Starts it on a free port.
 * @param fault the name of its fault, one of those in faults.mjs
 * @param intercept gets each request before it is answered, and may answer it itself by returning true
 */
export async function startScimServer({ fault, intercept = () => false } = {}) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${server.address().port}/scim`;
  const scim = new ScimServer(base, (name) => name === fault);
  server.on("request", async (request, response) => {
    const body = await text(request);
    if (fault === "groups-are-slow" && request.url.endsWith("/Groups")) await sleep(SLOW);
    if (!(await intercept(request, response, body))) scim.handle(request, response, body);
  });
  return {
    base,
    key: KEY,
    directory: scim.directory,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

class ScimServer {
  #has;
  #lists;

  constructor(base, has) {
    this.#has = has;
    this.directory = new Directory(base, has);
    this.#lists = new Lists(this.directory, has);
  }

  handle(request, response, text) {
    try {
      this.#check(request);
      const { path, query } = addressOf(request.url, this.#has("plus-is-plus"));
      const body = text === "" ? undefined : parsed(text, this.#has("broken-json-is-500") ? 500 : 400);
      this.#send(response, this.#answer(request.method, path, query, body, request.headers));
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      const body = this.#has("error-status-is-number") ? { ...error.body, status: error.status } : error.body;
      if (error.status === 401 && this.#has("401-is-text")) response.writeHead(401).end("Unauthorized");
      else if (this.#has("unknown-endpoint-is-page") && error.message === NO_ENDPOINT)
        response.writeHead(404).end("<p>");
      else if (error.status === 404 && this.#has("404-is-empty")) response.writeHead(404).end();
      else this.#send(response, { status: error.status, body });
    }
  }

  #check({ headers }) {
    if (headers.authorization !== `Bearer ${KEY}` && !this.#has("no-key-needed"))
      throw new ScimError(401, "The key is wrong.");
    if (this.#has("accept-refused") && headers.accept === "*/*") throw new ScimError(406, "Not acceptable.");
    if (
      this.#has("plain-json-refused") &&
      headers["content-type"] === "application/json" &&
      headers["content-length"]
    ) {
      throw new ScimError(415, "The content type has to be application/scim+json.");
    }
  }

  #send(response, { status, body, headers = {} }) {
    const type = this.#has("content-type-is-text") ? "text/plain" : "application/scim+json";
    const authenticate = status === 401 ? { "www-authenticate": "Bearer" } : {};
    const content = body === undefined ? {} : { "content-type": type };
    response.writeHead(status, { ...content, ...authenticate, ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  #answer(method, path, query, body, headers) {
    const [endpoint, id] = path;
    if (endpoint === "Users" || endpoint === "Groups") {
      return id === undefined
        ? this.#collection(method, endpoint, query, body)
        : this.#resource(method, endpoint, id, query, body, headers);
    }
    if (endpoint === "Bulk" && method === "POST") return this.#bulk(body);
    if (endpoint === "ServiceProviderConfig") {
      return { status: 200, body: this.#has("sort-not-told") ? { ...config, sort: undefined } : config };
    }
    const documents = documentsOf(endpoint, this.#has);
    if (!documents || method !== "GET") throw new ScimError(404, NO_ENDPOINT);
    if (id === undefined)
      return { status: 200, body: { schemas: [SCHEMA.list], totalResults: documents.length, Resources: documents } };
    const found = this.#has("single-documents-missing") ? undefined : documents.find((each) => each.id === id);
    if (!found) throw new ScimError(404, `There is no ${id}.`);
    return { status: 200, body: found };
  }

  #collection(method, type, query, body) {
    if (method === "GET") {
      const page = this.#lists.page(type, query);
      return { status: 200, body: { ...page, Resources: page.Resources.map((each) => this.#projected(each, query)) } };
    }
    if (method !== "POST") throw new ScimError(405, "The method is not allowed.");
    const made = this.directory.create(type, body);
    return {
      status: this.#has("created-is-200") ? 200 : 201,
      body: this.#has("created-is-empty") ? undefined : made,
      headers: this.#has("no-location") ? {} : { location: made.meta.location },
    };
  }

  #resource(method, type, id, query, body, headers) {
    if (this.#has("put-creates") && method === "PUT") return this.#shown(this.directory.replace(type, id, body), query);
    const present = this.directory.get(type, id);
    const { version } = present.meta;
    if (method === "GET") {
      if (headers["if-none-match"] === version && !this.#has("not-modified-is-200")) return { status: 304 };
      return this.#shown(present, query);
    }
    const expected = headers["if-match"];
    if (expected && expected !== version && !this.#has("if-match-ignored"))
      throw new ScimError(412, "The version differs.");
    if (method === "PUT") return this.#shown(this.directory.replace(type, id, body), query);
    if (method === "PATCH") return this.#shown(this.directory.patch(type, id, body.Operations), query);
    if (method !== "DELETE") throw new ScimError(405, "The method is not allowed.");
    if (this.#has("people-stay") && type === "Users") throw new ScimError(405, "People cannot be deleted.");
    this.directory.delete(type, id);
    return this.#has("deleted-is-200") ? { status: 200, body: {} } : { status: 204 };
  }

  #shown(resource, query) {
    const etag = this.#has("etag-differs") ? 'W/"0"' : resource.meta.version;
    return { status: 200, body: this.#projected(resource, query), headers: { etag } };
  }

  #projected(resource, { attributes, excludedAttributes }) {
    if (this.#has("projection-ignored")) return resource;
    const listed = (text) => text.split(",").map((name) => name.trim());
    if (attributes) {
      const wanted = ["id", "schemas", ...listed(attributes)];
      return Object.fromEntries(Object.entries(resource).filter(([name]) => wanted.includes(name)));
    }
    const unwanted = excludedAttributes ? listed(excludedAttributes) : [];
    return Object.fromEntries(Object.entries(resource).filter(([name]) => !unwanted.includes(name)));
  }

  #bulk({ Operations }) {
    if (this.#has("bulk-missing")) throw new ScimError(501, "Bulk is not implemented.");
    const results = Operations.map(({ method, path, data }) => {
      const { status } = this.#answer(method, path.slice(1).split("/"), {}, data, {});
      return { method, location: path, status: String(status) };
    });
    return { status: 200, body: { schemas: [SCHEMA.bulkResponse], Operations: results } };
  }
}

/** @param isPlus whether a plus in the query stays one, which is wrong */
function addressOf(url, isPlus) {
  const [pathname, search = ""] = url.split("?");
  if (!pathname.startsWith("/scim/")) throw new ScimError(404, NO_ENDPOINT);
  const pairs = search.split("&").filter((pair) => pair !== "");
  const decoded = (part) => decodeURIComponent(isPlus ? part : part.replaceAll("+", " "));
  const query = Object.fromEntries(
    pairs.map((pair) => pair.split("=")).map(([name, value = ""]) => [decoded(name), decoded(value)]),
  );
  return { path: pathname.split("/").slice(2).map(decodeURIComponent), query };
}

function parsed(text, refusal) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ScimError(refusal, "The body is no JSON.", "invalidSyntax");
  }
}
