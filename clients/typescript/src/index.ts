/**
 * The product's side of scim-edge: who may do what, and what has changed.
 *
 * @module
 */
import { type Drained, type DrainOptions, drain } from "./drain.ts";
import { errorOf, ScimEdgeError, UnreachableError } from "./errors.ts";
import type {
  Acknowledged,
  Decision,
  Evaluation,
  FeedEvent,
  FeedPage,
  PeoplePage,
  PersonWithAccess,
  Semantic,
  SetupLink,
} from "./types.ts";

export type { ProductBinding, ShortEvaluation } from "./binding.ts";
export { CURSOR_TABLE, type D1, d1Cursor } from "./d1.ts";
export { type CursorStore, type Drained, type DrainOptions, drain } from "./drain.ts";
export * from "./errors.ts";
export type * from "./types.ts";
export { type ReceivedWebhook, verifyWebhook } from "./webhook.ts";

/** Where scim-edge is, and with what key. */
export interface Options {
  /** The address of scim-edge, such as `https://scim-edge.example.workers.dev`. */
  url: string;
  /** A product key, `scimp-…`. Not needed where `fetch` is that of a service binding. */
  key?: string;
  /** In place of the global one: that of a service binding, or one with a log of its own. */
  fetch?: (request: Request) => Promise<Response>;
  /** After how many milliseconds without an answer a request fails. 30,000 unless given. */
  timeout?: number;
}

/** Which events {@link ScimEdge.events} reads. */
export interface EventsQuery {
  /** The cursor of the page before. Without it and `rangeStart`: from the oldest event that is kept. */
  after?: string;
  /** From the first event at or after this time. */
  rangeStart?: Date;
  /** At most how many: 1 to 1000. */
  limit?: number;
  /** Only these types; `access.lost` and `access.gained` are events that took or gave rights. */
  types?: readonly string[];
  /** For how many seconds, up to 25, to wait for an event if there is none yet. */
  wait?: number;
}

/** A snapshot while it is read. */
export interface Snapshot {
  /** Events after this cursor lead from the snapshot to the present state. */
  cursor: string;
  people: AsyncIterable<PersonWithAccess>;
}

/** One organization of scim-edge, seen by a product. */
export class ScimEdge {
  readonly #base: string;
  readonly #options: Options;

  constructor(options: Options) {
    this.#base = options.url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** One page of the feed. */
  events({ after, rangeStart, limit, types, wait }: EventsQuery = {}): Promise<FeedPage> {
    const query = new URLSearchParams();
    if (after !== undefined) query.set("after", after);
    if (rangeStart !== undefined) query.set("range_start", rangeStart.toISOString());
    if (limit !== undefined) query.set("limit", String(limit));
    if (types !== undefined) query.set("types", types.join(","));
    if (wait !== undefined) query.set("wait", String(wait));
    return this.#json("GET", `/product/v1/events?${query}`, undefined, (wait ?? 0) * 1000);
  }

  /** Events as they happen, without end. It waits at the server, so that each arrives within a second or two. */
  async *follow(after?: string, types?: readonly string[]): AsyncGenerator<FeedEvent & { cursor: string }> {
    let cursor = after;
    for (;;) {
      const query: EventsQuery = { limit: 100, wait: 25 };
      if (cursor !== undefined) query.after = cursor;
      if (types !== undefined) query.types = types;
      const page = await this.events(query);
      for (const event of page.events) yield { ...event, cursor: page.cursor };
      cursor = page.cursor;
    }
  }

  /** Applies all events after a stored cursor, each exactly once; see {@link DrainOptions}. */
  drain<Change>(options: DrainOptions<Change>): Promise<Drained> {
    return drain((after, limit) => this.events({ after, limit }), options);
  }

  /** All people with what they may do. */
  async snapshot(): Promise<Snapshot> {
    const lines = linesOf(await this.#send("GET", "/product/v1/snapshot"));
    const first = await lines.next();
    const head = first.done ? undefined : (JSON.parse(first.value) as { cursor?: string });
    if (head?.cursor === undefined) throw new UnreachableError("The snapshot has no first line with its cursor.");
    return { cursor: head.cursor, people: peopleOf(lines) };
  }

  /** A person by id, userName or externalId; undefined: there is none. */
  async person(id: string): Promise<PersonWithAccess | undefined> {
    try {
      return await this.#json("GET", `/product/v1/people/${encodeURIComponent(id)}`);
    } catch (error) {
      if (error instanceof ScimEdgeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Who has which role in a project, by its id or name: a page, whose `next` is the `after` of the next one. */
  peopleOf(project: string, { role, after }: { role?: string; after?: string } = {}): Promise<PeoplePage> {
    const query = new URLSearchParams();
    if (role !== undefined) query.set("role", role);
    if (after !== undefined) query.set("after", after);
    return this.#json("GET", `/product/v1/projects/${encodeURIComponent(project)}/people?${query}`);
  }

  /** Whether a subject may do something, and why. An unknown subject, action or resource is a denial, not an error. */
  check(evaluation: Evaluation): Promise<Decision> {
    return this.#json("POST", "/access/v1/evaluation", evaluation);
  }

  /** Several questions in one round trip. What a question leaves out is taken from `defaults`. */
  async checkAll(
    evaluations: readonly Partial<Evaluation>[],
    { semantic = "execute_all", defaults = {} }: { semantic?: Semantic; defaults?: Partial<Evaluation> } = {},
  ): Promise<Decision[]> {
    const body = { ...defaults, evaluations, options: { evaluations_semantic: semantic } };
    const answer = await this.#json<{ evaluations: Decision[] }>("POST", "/access/v1/evaluations", body);
    return answer.evaluations;
  }

  /** Tells that all events up to the cursor have had their effect. The console shows how long that took. */
  acknowledge(cursor: string): Promise<Acknowledged> {
    return this.#json("POST", "/product/v1/acknowledgements", { cursor });
  }

  /** A link with which the customer's administrator sets up the identity provider, without an account. */
  createSetupLink({ expiresInDays }: { expiresInDays?: number } = {}): Promise<SetupLink> {
    return this.#json("POST", "/product/v1/setup-links", { expires_in_days: expiresInDays });
  }

  async #json<Answer>(method: string, path: string, body?: unknown, waiting = 0): Promise<Answer> {
    const response = await this.#send(method, path, body, waiting);
    return (await response.json()) as Answer;
  }

  async #send(method: string, path: string, body?: unknown, waiting = 0): Promise<Response> {
    const { key, fetch: send = (request: Request) => fetch(request), timeout = 30_000 } = this.#options;
    const headers = new Headers({ accept: "application/json" });
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    if (body !== undefined) headers.set("content-type", "application/json");
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeout + waiting) };
    if (body !== undefined) init.body = JSON.stringify(body);
    let response: Response;
    try {
      response = await send(new Request(`${this.#base}${path}`, init));
    } catch (cause) {
      throw new UnreachableError(`${method} ${this.#base}${path} got no answer: ${String(cause)}`, { cause });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

async function* linesOf(response: Response): AsyncGenerator<string, void> {
  let rest = "";
  const chunks = response.body?.pipeThrough(new TextDecoderStream()) ?? [];
  for await (const chunk of chunks as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** The people of a snapshot. One that was cut off is an error, not a smaller organization. */
async function* peopleOf(lines: AsyncGenerator<string, void>): AsyncGenerator<PersonWithAccess> {
  let count = 0;
  for await (const line of lines) {
    const value = JSON.parse(line) as PersonWithAccess | { people: number; end: true };
    if ("end" in value) {
      if (value.people === count) return;
      break;
    }
    count += 1;
    yield value;
  }
  throw new UnreachableError("The snapshot ended before its last line: take another one.");
}
