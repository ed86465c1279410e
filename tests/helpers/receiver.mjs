// A receiver of webhooks: a real HTTP server, which verifies each message with the library of Standard Webhooks.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after } from "node:test";
import { Webhook } from "standardwebhooks";

/**
 * Starts a receiver for a test. `answer(message, number)` decides on the answer to a message, by default 200: a status,
 * or `{ status, headers, body, delay }`, or nothing for a connection that is closed.
 */
export async function startReceiver({ answer = () => 200 } = {}) {
  const receiver = {
    /**
     * The messages in their order of arrival: `{ id, type, seq, subject, body, verified, at, status }`, and `arrived`
     * and `answered`, which count what happens at the receiver.
     */
    messages: [],
    secrets: [],
    answer,
    /** Of the messages that it took, the sequence numbers. */
    taken: () => receiver.messages.filter(({ status }) => status === 200).map(({ seq }) => seq),
  };
  let [number, happened] = [0, 0];
  const server = createServer(async (request, response) => {
    let text = "";
    try {
      for await (const chunk of request) text += chunk;
    } catch {
      return; // The Worker ended while it sent the message.
    }
    const { headers } = request;
    const body = JSON.parse(text);
    const verified = receiver.secrets.map((secret) => verifies(secret, text, headers));
    const { seq, subject } = body.data;
    const message = {
      text,
      id: headers["webhook-id"],
      type: body.type,
      seq,
      subject: subject?.id,
      body,
      verified,
      headers,
    };
    const answer = await receiver.answer(message, number++);
    const {
      status,
      delay = 0,
      body: content = "ok",
      ...rest
    } = typeof answer === "object" ? answer : { status: answer };
    const arrived = { ...message, at: Date.now(), status, arrived: ++happened };
    receiver.messages.push(arrived);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay).unref());
    if (status === undefined) return request.socket.destroy();
    arrived.answered = ++happened;
    response.writeHead(status, rest.headers).end(content);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${server.address().port}`;
  receiver.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  after(receiver.close);
  return receiver;
}

function verifies(secret, text, headers) {
  try {
    new Webhook(secret).verify(text, headers);
    return true;
  } catch {
    return false;
  }
}

/** Adds a webhook to an organization that delivers to a receiver. Resolves with it, its secret included. */
export async function addWebhook(organization, receiver, settings = {}) {
  const webhook = await organization.admin.create(organization.path("/webhooks"), {
    address: `${receiver.url}/hook`,
    ...settings,
  });
  receiver.secrets.push(webhook.secret);
  return webhook;
}

/** Asserts that all messages are of events, in order for each subject, and signed. */
export function assertInOrder(messages) {
  const last = new Map();
  for (const { seq, subject, verified } of messages) {
    assert.ok(verified.every(Boolean), `message ${seq} is not signed`);
    assert.ok(seq > (last.get(subject) ?? 0), `${seq} of ${subject} comes after ${last.get(subject)}`);
    last.set(subject, seq);
  }
}
