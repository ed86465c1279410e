import { WebhookRefusedError } from "./errors.ts";
import type { Webhook } from "./types.ts";

/** How far the clocks of the two sides may be apart, in seconds. */
const TOLERANCE = 5 * 60;
const PREFIX = "whsec_";

/** What {@link verifyWebhook} reads. */
export interface ReceivedWebhook {
  headers: Headers | Record<string, string>;
  /** The body as it was received, before any parsing. */
  body: string;
}

/**
 * Checks by the Standard Webhooks specification that scim-edge has sent this, within the last five minutes, and returns
 * it. `secrets` are those of the endpoint, two while one replaces the other. A `Request` is read by this function.
 *
 * @throws {@link WebhookRefusedError} for anything else. Answer 400 then.
 */
export async function verifyWebhook(
  received: Request | ReceivedWebhook,
  secrets: string | readonly string[],
  { now = Date.now() }: { now?: number } = {},
): Promise<Webhook> {
  const headers = received.headers instanceof Headers ? received.headers : new Headers(received.headers);
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookRefusedError("webhook-timestamp is not a number of seconds.");
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE)
    throw new WebhookRefusedError("The webhook was not sent within the last five minutes.");
  const body = received instanceof Request ? await received.text() : received.body;
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    const key = await importKey(secret);
    for (const signature of signatures.split(" ")) {
      if (!signature.startsWith("v1,")) continue;
      const bytes = fromBase64(signature.slice(3));
      // Takes the same time wherever two signatures differ.
      if (bytes && (await crypto.subtle.verify("HMAC", key, bytes, signed))) return parsed(body);
    }
  }
  throw new WebhookRefusedError("No signature of the webhook fits a secret of this endpoint.");
}

function header(headers: Headers, name: string): string {
  const value = headers.get(name);
  if (value) return value;
  throw new WebhookRefusedError(`The header ${name} is missing.`);
}

async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = fromBase64(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret);
  if (!bytes || bytes.length === 0) throw new TypeError(`The secret of a webhook begins with ${PREFIX}, then base64.`);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function parsed(body: string): Webhook {
  try {
    return JSON.parse(body) as Webhook;
  } catch {
    throw new WebhookRefusedError("The body is not JSON.");
  }
}
