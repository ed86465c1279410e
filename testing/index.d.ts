/** What {@link startScimEdge} takes. */
export interface ScimEdgeOptions {
  /** The port on 127.0.0.1; a free one if not given. */
  port?: number;
  /** Variables of the Worker, such as `GROUP_PREFIX`, instead of those in wrangler.toml. */
  vars?: Record<string, string>;
  /** The admin token, of at least 32 characters; a random one if not given. */
  adminToken?: string;
  /** Gets each line of the Worker's log. */
  onLog?: (line: string) => void;
}

/** A running scim-edge with data of its own. */
export interface ScimEdge {
  /** The address of the server, such as `http://127.0.0.1:41234`. The console is at `/console`. */
  readonly url: string;
  /** The base URL for SCIM clients. */
  readonly baseUrl: string;
  /** A SCIM key of the demo organization. */
  readonly key: string;
  /** The id of the demo organization, for the admin API. */
  readonly organization: string;
  /** The admin token. */
  readonly adminToken: string;
  /**
   * Sends a POST to the admin API and resolves with its answer: `admin("organizations/<id>/members", { … })`. Rejects
   * if the answer is an error. The address `/console/api/openapi.json` describes all calls.
   */
  admin<Answer = unknown>(path: string, body: unknown): Promise<Answer>;
  /** Stops the server and deletes its data. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the compiled Worker in workerd, with an empty database and a demo organization: an owner, an administrator,
 * three people, two projects with roles, a team, and a SCIM key. It takes a second or two, and nothing is compiled.
 */
export function startScimEdge(options?: ScimEdgeOptions): Promise<ScimEdge>;
