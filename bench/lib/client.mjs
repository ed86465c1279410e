// A load generator: it keeps connections open, reads each response to its end, and stops at the first error.
import { Agent, request } from "node:http";

export class Client {
  constructor(base, headers) {
    this.base = new URL(base);
    this.headers = headers;
    this.agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  /** @returns {Promise<{status: number, headers: object, text: string}>} */
  send({ method, path, body, headers = {} }) {
    const { hostname, port, pathname } = this.base;
    const payload = body === undefined ? undefined : Buffer.from(body);
    const length = payload ? { "content-type": "application/scim+json", "content-length": payload.length } : {};
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.agent,
        hostname,
        port,
        method,
        path: pathname.replace(/\/$/, "") + path,
        headers: { ...this.headers, ...length, ...headers },
      });
      outgoing.on("error", (error) => {
        // A server may close a connection that was idle during the turns of the others: it is repeated on a new one.
        const wasIdle = outgoing.reusedSocket && error.code === "ECONNRESET";
        wasIdle ? resolve(this.send({ method, path, body, headers })) : reject(error);
      });
      outgoing.on("response", (incoming) => {
        const chunks = [];
        incoming.on("data", (chunk) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode, headers: incoming.headers, text });
        });
      });
      outgoing.end(payload);
    });
  }

  /** A request that must succeed. */
  async expect(what) {
    const answer = await this.send(what);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Error(`${what.method} ${what.path} was answered with ${answer.status}: ${answer.text.slice(0, 400)}`);
  }

  close() {
    this.agent.destroy();
  }
}
