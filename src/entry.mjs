// The main module of the Worker: what the compiled Worker exports, and the entrypoint for the Workers of products.
import { WorkerEntrypoint } from "cloudflare:workers";
import Service from "../build/index.js";

export * from "../build/index.js";
export { Service as default };

/** The host that requests over this entrypoint have. No request leaves for it. */
const HOST = "https://scim-edge.internal";

/**
 * What a product's Worker binds with `entrypoint = "Product"`. The organization is that of the binding's `props`, which
 * the Worker reads of its own context: no header and no address can name one, and no request from the internet has any.
 * Errors begin with the status and the code; clients/typescript/src/binding.ts has the types.
 */
export class Product extends WorkerEntrypoint {
  /** Any request of the product's side, as over HTTPS, without a key. */
  fetch(request) {
    return new Service(this.ctx, this.env).fetch(request);
  }

  /** Whether a person may do something. */
  check(subject, action, resource) {
    return this.#call("POST", "/access/v1/evaluation", question({ subject, action, resource }));
  }

  /** The same for several questions at once. */
  async checkAll(evaluations, semantic = "execute_all") {
    const options = { evaluations_semantic: semantic };
    const body = { evaluations: evaluations.map(question), options };
    return evaluations.length === 0 ? [] : (await this.#call("POST", "/access/v1/evaluations", body)).evaluations;
  }

  /** A person and their access, by id, userName or externalId. */
  person(id) {
    return this.#call("GET", `/product/v1/people/${encodeURIComponent(id)}`);
  }

  /** The people of a project, a page at a time. */
  peopleOf(project, options) {
    return this.#call("GET", `/product/v1/projects/${encodeURIComponent(project)}/people`, undefined, options);
  }

  /** A page of the feed. */
  events(options) {
    return this.#call("GET", "/product/v1/events", undefined, options);
  }

  /** Tells that all events up to the cursor are applied. */
  acknowledge(cursor) {
    return this.#call("POST", "/product/v1/acknowledgements", { cursor });
  }

  async #call(method, path, body, query = {}) {
    const url = new URL(path, HOST);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const init = { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) };
    const answer = await this.fetch(new Request(url, init));
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text);
    const isProblem = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
    const { code, detail } = isProblem ? JSON.parse(text) : { code: "refused", detail: text };
    const error = new Error(`${answer.status} ${code}: ${detail}`);
    error.name = "ScimEdgeError";
    throw error;
  }
}

/** A question in full: a text stands for a person, or for a permission. */
function question({ subject, action, resource }) {
  return {
    subject: typeof subject === "string" ? { type: "user", id: subject } : subject,
    action: typeof action === "string" ? { name: action } : action,
    resource,
  };
}
