// A receiver of security event tokens (RFC 8935): a real HTTP server, which verifies each token with the npm package
// jose by the keys at the issuer's JWKS address.

import { createServer } from "node:http";
import { after } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";

/**
 * Starts a receiver for a test. `answer(token, number)` decides on the answer to a token, by default 202: a status, or
 * `{ status, body, delay }`. `tokens` has all that came, in order: `{ jti, payload, header, headers, status }`.
 */
export async function startSetReceiver(worker, { answer = () => 202 } = {}) {
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", worker.url));
  const receiver = {
    tokens: [],
    answer,
    /** The tokens that it took. */
    taken: () => receiver.tokens.filter(({ status }) => status === 202).map(({ payload }) => payload),
  };
  let number = 0;
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const token = { text, headers: request.headers };
    try {
      const { payload, protectedHeader } = await jwtVerify(text, keys, { issuer: worker.url });
      Object.assign(token, { payload, header: protectedHeader });
    } catch (error) {
      Object.assign(token, { error });
    }
    const decided = await receiver.answer(token, number++);
    const { status, body, delay = 0 } = typeof decided === "object" ? decided : { status: decided };
    receiver.tokens.push({ ...token, status });
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay).unref());
    response.writeHead(status, { "Content-Type": "application/json" }).end(body && JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${server.address().port}/sets`;
  after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return receiver;
}

/** Adds a webhook to an organization that pushes tokens to a receiver. */
export function addSetReceiver(organization, receiver, settings = {}) {
  return organization.admin.create(organization.path("/webhooks"), {
    address: receiver.url,
    format: "security-event-tokens",
    ...settings,
  });
}
