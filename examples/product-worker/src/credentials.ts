// Sessions and API keys of this product. Only hashes of their secrets are stored.
import type { Env } from "./env.ts";

export interface Person {
  id: string;
  user_name: string;
}

/** A new secret for a person. */
export async function issue(env: Env, kind: "session" | "api key", person: string): Promise<string> {
  const secret = crypto.randomUUID() + crypto.randomUUID();
  await env.DB.prepare("INSERT INTO credentials VALUES (?, ?, ?, ?)")
    .bind(await hashOf(secret), kind, person, new Date().toISOString())
    .run();
  return secret;
}

/** Whose session or API key a request has. */
export async function personOf(env: Env, request: Request): Promise<Person | null> {
  const secret =
    /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ??
    /(?:^|; )session=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  if (secret === undefined) return null;
  return env.DB.prepare(
    "SELECT p.id, p.user_name FROM credentials c JOIN people p ON p.id = c.person_id WHERE c.hash = ? AND p.active = 1",
  )
    .bind(await hashOf(secret))
    .first<Person>();
}

async function hashOf(secret: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
