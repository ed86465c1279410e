// The server under rehearsal: its requests are recorded, what they make is listed, and what the rehearsal has not made
// cannot be changed.

import { setTimeout as sleep } from "node:timers/promises";
import { send } from "../../tests/helpers/http.mjs";
import { SCHEMA } from "../../tests/helpers/schema.mjs";
import { ComeBackLater, connectionText, NoAnswer } from "./failures.mjs";

/** An id that no resource has. */
export const UNKNOWN = "ed1f7a52-2f0c-4f0a-9b7e-3f6d5b0a7c11";

/** How often a request is repeated after a 429. */
const RETRIES = 3;

/** Seconds that the rehearsal waits at most, and without a Retry-After, which has to be a number for Okta too. */
const LONGEST_WAIT = 90;
const USUAL_WAIT = 5;

/** Headers of an answer that a report shows; others may be secrets, as cookies are. */
const SHOWN = ["content-type", "location", "etag", "retry-after", "www-authenticate"];

const RESOURCE = /^\/(Users|Groups)\/([^/?]+)(?:\?|$)/;
const COLLECTION = /^\/(Users|Groups)(?:\?|$)/;

/** RFC 7643 section 3.1 has text alone; a number is what some servers send. */
const isId = (id) => typeof id === "string" || typeof id === "number";

export class Endpoint {
  #key;
  #timeout;
  #secrets;

  /**
   * @param timeout seconds that an answer may take
   * @param signal ends the rehearsal
   * @param onWait called with the seconds that the server asks to wait
   */
  constructor({ base, key, timeout, secrets, ledger, signal, onWait }) {
    Object.assign(this, { base, ledger, signal, onWait });
    this.#key = key;
    this.#timeout = timeout;
    this.#secrets = secrets;
    this.exchanges = [];
    this.isScimEdge = false;
    /** The ids of people that may have changed; deleting a group may change all. */
    this.written = new Set();
  }

  /** Begins a new record of requests and answers. */
  record() {
    this.exchanges = [];
    return this.exchanges;
  }

  /** @param authorization the header, null for none */
  async send(method, path, { headers, body, authorization = `Bearer ${this.#key}` }) {
    this.#guard(method, path, body);
    const entry = this.#intention(method, path, body);
    const sent = { ...headers, ...(authorization === null ? {} : { Authorization: authorization }) };
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#exchange(method, path, sent, body);
      if (answer.status !== 429) return this.#note(answer, entry);
      const asked = answer.headers["retry-after"];
      const wait = /^\d+$/.test(asked) ? Number(asked) : USUAL_WAIT;
      if (attempt === RETRIES || wait > LONGEST_WAIT) {
        this.#note(answer, entry);
        throw new ComeBackLater(answer, asked);
      }
      this.onWait(wait);
      await sleep(wait * 1000, undefined, { signal: this.signal });
    }
  }

  async #exchange(method, path, headers, body) {
    const started = performance.now();
    const exchange = {
      method,
      url: this.#secrets.hide(this.base + path),
      requestHeaders: this.#shownHeaders(headers),
      requestBody: this.#secrets.hideIn(body),
    };
    this.exchanges.push(exchange);
    try {
      const answer = await this.#answer(method, path, headers, body);
      exchange.status = answer.status;
      exchange.headers = this.#secrets.hideIn(
        Object.fromEntries(SHOWN.filter((name) => name in answer.headers).map((name) => [name, answer.headers[name]])),
      );
      exchange.body = this.#secrets.hideIn(this.#withoutOthers(method, path, answer.body ?? answer.text));
      return answer;
    } catch (error) {
      if (error instanceof NoAnswer) exchange.failure = this.#secrets.hide(error.message);
      throw error;
    } finally {
      exchange.millis = Math.round(performance.now() - started);
    }
  }

  async #answer(method, path, headers, body) {
    const late = AbortSignal.timeout(this.#timeout * 1000);
    const signal = AbortSignal.any([late, this.signal]);
    try {
      const answer = await send(method, this.base + path, { headers, body, signal });
      // The cost of a request, as scim-edge tells it.
      this.isScimEdge ||= /round_trips.*rows_written/.test(answer.headers["server-timing"] ?? "");
      return { ...answer, method, path };
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      const { host } = new URL(this.base);
      if (late.aborted) throw new NoAnswer(`${host} did not answer within ${this.#timeout} s.`);
      throw new NoAnswer(connectionText(error, host));
    }
  }

  /** Of people and groups of the organization a report has the ids alone. */
  #withoutOthers(method, path, body) {
    const [, type] = RESOURCE.exec(path) ?? COLLECTION.exec(path) ?? [];
    if (method !== "GET" || type === undefined || body === null || typeof body !== "object") return body;
    const own = (resource) => {
      const isOther = isId(resource?.id) && !this.ledger.owns(type, String(resource.id));
      return isOther ? { id: resource.id } : resource;
    };
    return Array.isArray(body.Resources) ? { ...body, Resources: body.Resources.map(own) } : own(body);
  }

  /** The people and groups of the organization are not ours to change. */
  #guard(method, path, body) {
    if (method === "GET" || (method === "POST" && COLLECTION.test(path))) return;
    if (method === "POST" && path === "/Bulk") {
      for (const operation of body.Operations) this.#guard(operation.method, operation.path, operation.data);
      return;
    }
    const [, type, id] = RESOURCE.exec(path) ?? [];
    if (id !== UNKNOWN && !this.ledger.owns(type, decodeURIComponent(id ?? ""))) {
      throw new Error(`The rehearsal has not made ${path} and must not change it.`);
    }
  }

  #intention(method, path, body) {
    const [, type] = method === "POST" ? (COLLECTION.exec(path) ?? []) : [];
    const name = body?.userName ?? body?.displayName;
    return type && name ? this.ledger.intend(type, name) : undefined;
  }

  #note(answer, entry) {
    const { method, path, status, body } = answer;
    if (method !== "GET") this.#noteWrite(method, path);
    const isDone = status >= 200 && status < 300;
    if (entry) {
      if (isDone && isId(body?.id)) this.ledger.made(entry, body.id);
      else if (status >= 400 && status < 500) this.ledger.drop(entry);
    }
    // A server that makes what a PUT replaces: that is listed too.
    if (method === "PUT" && isDone && body?.id === UNKNOWN) {
      const [, type] = RESOURCE.exec(path);
      this.ledger.made(this.ledger.intend(type, UNKNOWN), UNKNOWN);
    }
    if (method === "DELETE" && isDone) this.ledger.dropId(...RESOURCE.exec(path).slice(1));
    return answer;
  }

  #noteWrite(method, path) {
    const [, type, id] = RESOURCE.exec(path) ?? [];
    const isOne = type === "Users" && id !== undefined;
    const isMany = path === "/Bulk" || (type === "Groups" && method === "DELETE");
    if (isOne) this.written.add(decodeURIComponent(id));
    else if (isMany) for (const entry of this.ledger.entries) if (entry.id) this.written.add(entry.id);
  }

  #shownHeaders(headers) {
    const { Authorization, ...others } = headers;
    return { ...others, ...(Authorization === undefined ? {} : { Authorization: "***" }) };
  }
}

/** How one client of SCIM writes its requests. */
export class Client {
  #endpoint;
  #headers;

  /** @param headers `{ always, withBody }` */
  constructor(endpoint, headers) {
    this.#endpoint = endpoint;
    this.#headers = headers;
  }

  send(method, path, body, { headers = {}, authorization } = {}) {
    const { always, withBody } = this.#headers;
    const all = { ...always, ...(body === undefined ? {} : withBody), ...headers };
    return this.#endpoint.send(method, path, { headers: all, body, authorization });
  }

  get(path, options) {
    return this.send("GET", path, undefined, options);
  }

  post(path, body, options) {
    return this.send("POST", path, body, options);
  }

  put(path, body, options) {
    return this.send("PUT", path, body, options);
  }

  patch(path, ...operations) {
    return this.send("PATCH", path, { schemas: [SCHEMA.patch], Operations: operations });
  }

  delete(path) {
    return this.send("DELETE", path);
  }

  /** GET of a collection. The parameters keep their order. */
  list(path, parameters = {}) {
    const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return this.get(query.length === 0 ? path : `${path}?${query.join("&")}`);
  }

  /** A look-up as Okta sends it. */
  find(path, filter) {
    return this.list(path, { filter, startIndex: 1, count: 100 });
  }
}
