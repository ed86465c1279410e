// A client of the console's JSON API. Each call of each test is compared with openapi.json, the request and the answer.

import assert from "node:assert/strict";
import { assertCostIsTold } from "./assert.mjs";
import { send } from "./http.mjs";
import { checkCall } from "./openapi.mjs";

export class AdminApi {
  constructor({ url, adminToken }) {
    this.base = new URL("/console/api", url).href;
    this.token = adminToken;
  }

  /** One call, whatever its outcome. */
  async send(method, path, body, headers = {}) {
    const answer = await send(method, this.base + path, {
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body,
    });
    assertCostIsTold(answer);
    checkCall({ ...answer, requestBody: body, contentType: answer.headers["content-type"] });
    return answer;
  }

  /** One call that must succeed. Resolves with its body. */
  async call(method, path, body, status) {
    const answer = await this.send(method, path, body);
    assert.equal(answer.status, status, `${method} ${answer.path} -> ${answer.status} ${answer.text}`);
    return answer.body;
  }

  get(path) {
    return this.call("GET", path, undefined, 200);
  }

  /** A POST that creates something. */
  create(path, body = {}) {
    return this.call("POST", path, body, 201);
  }

  patch(path, body) {
    return this.call("PATCH", path, body, 200);
  }
}

/** Asserts an error of the admin API: RFC 9457, with a `detail` that says what to do. */
export function assertProblem(answer, status, detail) {
  assert.equal(answer.status, status, `${answer.method} ${answer.path} -> ${answer.status} ${answer.text}`);
  assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
  assert.equal(answer.body.status, status);
  assert.ok(answer.body.title?.length > 0, answer.text);
  assert.match(answer.body.code ?? "", /^[a-z_]+$/, answer.text);
  assert.ok(answer.body.detail?.length > 0, answer.text);
  if (detail) assert.match(answer.body.detail, detail);
}
