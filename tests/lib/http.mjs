// Plain HTTP with every header under the test's control. `fetch` adds headers of its own and refuses to set
// `Connection`, so it cannot send what an identity provider really sends.

import { Agent, request } from "node:http";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

const agent = new Agent({ keepAlive: true });

const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

/**
 * Sends one request and reads the whole answer. A body that is neither string nor Buffer goes out as JSON.
 * @returns {Promise<{method: string, path: string, status: number, headers: object, text: string, body: any}>}
 *   `body` is undefined when the answer is no JSON.
 */
export function send(method, url, { headers = {}, body } = {}) {
  const payload = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = decode(Buffer.concat(chunks), incoming.headers["content-encoding"]);
        const { pathname, search } = new URL(url);
        resolve({
          method,
          path: pathname + search,
          status: incoming.statusCode,
          headers: incoming.headers,
          text,
          body: parse(text),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(payload);
  });
}

function decode(bytes, encoding) {
  const decoder = decoders[encoding];
  return (decoder ? decoder(bytes) : bytes).toString("utf8");
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
