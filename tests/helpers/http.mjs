// Plain HTTP with every header under the test's control. `fetch` adds headers of its own and refuses to set
// `Connection`, so it cannot send what an identity provider really sends.

import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

const protocols = {
  "http:": { request: http.request, agent: new http.Agent({ keepAlive: true }) },
  "https:": { request: https.request, agent: new https.Agent({ keepAlive: true }) },
};

const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

/**
 * Sends one request and reads the whole answer. A body that is neither string nor Buffer goes out as JSON. An aborted
 * `signal` ends it with an error.
 * @returns {Promise<{method: string, path: string, status: number, headers: object, text: string, body: any}>}
 *   `body` is undefined when the answer is no JSON.
 */
export async function send(method, url, { headers = {}, body, signal } = {}) {
  const payload = bytesOf(body);
  const { request, agent } = protocols[new URL(url).protocol];
  const outgoing = request(url, { method, headers: { ...lengthOf(payload, headers), ...headers }, agent, signal });
  const response = once(outgoing, "response");
  // A server may refuse a body by its declared length and close without reading it. Who is still writing then gets
  // EPIPE and no answer, so a large body waits a moment for the refusal, as curl's does.
  if (payload.length > 1024 * 1024) {
    outgoing.flushHeaders();
    await Promise.race([response, sleep(1_000)]);
  }
  if (!outgoing.res) outgoing.end(payload);
  const [incoming] = await response;
  const text = decode(await buffer(incoming), incoming.headers["content-encoding"]);
  if (!outgoing.writableEnded) outgoing.destroy();
  const { pathname, search } = new URL(url);
  return {
    method,
    path: pathname + search,
    status: incoming.statusCode,
    headers: incoming.headers,
    text,
    body: parse(text),
  };
}

function bytesOf(body = "") {
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function lengthOf(payload, headers) {
  return payload.length === 0 || "Transfer-Encoding" in headers ? {} : { "Content-Length": payload.length };
}

function decode(bytes, encoding) {
  // A 204 names an encoding too, of nothing.
  const decoder = bytes.length > 0 && decoders[encoding];
  return (decoder ? decoder(bytes) : bytes).toString("utf8");
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
