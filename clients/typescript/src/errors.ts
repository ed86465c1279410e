/** An answer of scim-edge that is not a success. */
export class ScimEdgeError extends Error {
  override readonly name: string = "ScimEdgeError";
  /** The HTTP status. */
  readonly status: number;
  /** Why, in a word that does not change: compare this one, and show `message` to people. */
  readonly code: string | undefined;
  /** The id of the request, which the logs of scim-edge have, too. */
  readonly requestId: string | undefined;

  constructor(message: string, details: { status: number; code?: string | undefined; requestId?: string | undefined }) {
    super(message);
    this.status = details.status;
    this.code = details.code;
    this.requestId = details.requestId;
  }
}

/** The key is missing, unknown, expired or deactivated (401), or lacks the scope (403). */
export class NotAllowedError extends ScimEdgeError {
  override readonly name = "NotAllowedError";
}

/** The cursor is older than the events that are kept: begin again with a snapshot. */
export class CursorExpiredError extends ScimEdgeError {
  override readonly name = "CursorExpiredError";
}

/** Too many requests: try again after `retryAfter` seconds. */
export class RateLimitedError extends ScimEdgeError {
  override readonly name = "RateLimitedError";
  readonly retryAfter: number;

  constructor(message: string, details: ConstructorParameters<typeof ScimEdgeError>[1] & { retryAfter: number }) {
    super(message, details);
    this.retryAfter = details.retryAfter;
  }
}

/** The request did not get an answer: the network, a timeout, or scim-edge is not there. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The webhook is not from scim-edge, or too old: answer 400 and do not read it. */
export class WebhookRefusedError extends Error {
  override readonly name = "WebhookRefusedError";
}

interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  request_id?: string;
}

/** The error that an answer stands for. */
export async function errorOf(response: Response): Promise<ScimEdgeError> {
  const text = await response.text();
  let body: ProblemBody = {};
  try {
    body = JSON.parse(text) as ProblemBody;
  } catch {
    // Something before scim-edge has answered; its text says what.
  }
  const message = body.detail ?? body.title ?? (text.slice(0, 200) || `HTTP ${response.status}`);
  const details = { status: response.status, code: body.code, requestId: body.request_id };
  if (response.status === 401 || response.status === 403) return new NotAllowedError(message, details);
  if (response.status === 410) return new CursorExpiredError(message, details);
  if (response.status === 429) {
    const retryAfter = Number(response.headers.get("retry-after") ?? "1");
    return new RateLimitedError(message, { ...details, retryAfter: Number.isFinite(retryAfter) ? retryAfter : 1 });
  }
  return new ScimEdgeError(message, details);
}
