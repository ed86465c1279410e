// A product with a key of its own.

import assert from "node:assert/strict";
import { assertProblem } from "./admin.mjs";
import { send } from "./http.mjs";

export const ALL_SCOPES = ["read", "events", "check", "setup-links"];

/** A product key of an organization, and a client that uses it. */
export async function createProduct(organization, { name = "Product", scopes = ALL_SCOPES, ...rest } = {}) {
  const key = await organization.admin.create(organization.path("/product-keys"), { name, scopes, ...rest });
  return new ProductClient(organization.worker, key);
}

export class ProductClient {
  constructor(worker, key) {
    this.worker = worker;
    this.key = key;
  }

  /** One request, whatever its outcome. */
  send(method, path, body, headers = {}) {
    return send(method, this.worker.url + path, {
      headers: {
        ...(this.key === undefined ? {} : { Authorization: `Bearer ${this.key.key}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body,
    });
  }

  /** One request that must succeed. Resolves with its body. */
  async call(method, path, body) {
    const answer = await this.send(method, path, body);
    assert.equal(answer.status, 200, `${method} ${answer.path} -> ${answer.status} ${answer.text}`);
    return answer.body;
  }

  get(path) {
    return this.call("GET", path);
  }

  async refused(status, code, method, path, body, headers) {
    const answer = await this.send(method, path, body, headers);
    assertProblem(answer, status);
    assert.equal(answer.body.code, code, answer.text);
    return answer;
  }
}
