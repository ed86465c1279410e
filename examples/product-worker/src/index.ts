/**
 * A small product that takes its people from scim-edge: it mirrors who has which role, ends sessions and API keys when
 * access ends, and guards a route by a check.
 */
import { verifyWebhook, WebhookRefusedError } from "scim-edge-client";
import { issue, personOf } from "./credentials.ts";
import type { Env } from "./env.ts";
import { catchUp, scimEdge } from "./mirror.ts";

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/webhooks/scim-edge") return webhook(request, env);
    // So that a deactivation holds for the very next request. Without this line it holds as soon as the webhook or the
    // cron job has come: seconds later, and with one call less for each request.
    await catchUp(env);
    if (request.method === "POST" && pathname === "/sign-in") return signIn(request, env);
    const person = await personOf(env, request);
    if (person === null) return json(401, { error: "Sign in first." });
    if (request.method === "POST" && pathname === "/api-keys") {
      return json(201, { key: await issue(env, "api key", person.id) });
    }
    const launch = /^\/projects\/([^/]+)\/launch$/.exec(pathname)?.[1];
    if (request.method === "POST" && launch !== undefined) return launchIn(env, person.id, decodeURIComponent(launch));
    if (request.method === "GET" && pathname === "/me") return me(env, person);
    return json(404, { error: "There is nothing at this address." });
  },

  /** What a lost webhook has missed. */
  async scheduled(_event, env): Promise<void> {
    await catchUp(env);
  },
} satisfies ExportedHandler<Env>;

/** Stands for the product's own way to sign in, such as OpenID Connect. */
async function signIn(request: Request, env: Env): Promise<Response> {
  const { user_name } = (await request.json()) as { user_name?: string };
  const person = await env.DB.prepare("SELECT id FROM people WHERE user_name = ? AND active = 1")
    .bind(user_name ?? "")
    .first<{ id: string }>();
  if (person === null) return json(403, { error: "You have no access. Ask your administrator." });
  const session = await issue(env, "session", person.id);
  const cookie = `session=${session}; HttpOnly; Secure; SameSite=Lax; Path=/`;
  return json(200, { session }, { "set-cookie": cookie });
}

async function me(env: Env, person: { id: string; user_name: string }): Promise<Response> {
  const { results } = await env.DB.prepare(
    "SELECT group_id, project_id, team_id, role FROM rights WHERE person_id = ? ORDER BY group_id",
  )
    .bind(person.id)
    .all();
  return json(200, { ...person, rights: results });
}

/** Something that only a role with the permission may do, as it is at this moment. */
async function launchIn(env: Env, person: string, project: string): Promise<Response> {
  const { decision, context } = await scimEdge(env).check({
    subject: { type: "user", id: person },
    action: { name: "launch_to_production" },
    resource: { type: "project", id: project },
  });
  if (!decision) return json(403, { error: "Your role does not allow to launch here.", ...context });
  return json(200, { launched: project, ...context });
}

/** A webhook only says that something is new: what it is, the feed has, in order and without gaps. */
async function webhook(request: Request, env: Env): Promise<Response> {
  if (!env.WEBHOOK_SECRETS) return json(503, { error: "WEBHOOK_SECRETS is not set." });
  try {
    await verifyWebhook(request, env.WEBHOOK_SECRETS.split(" "));
  } catch (error) {
    if (error instanceof WebhookRefusedError) return json(400, { error: error.message });
    throw error;
  }
  await catchUp(env);
  return new Response(null, { status: 204 });
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });
