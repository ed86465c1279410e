/** A person of an event or a right. What is null is not known, or was erased. */
export interface PersonRef {
  id: string;
  user_name: string | null;
  external_id: string | null;
}

/** What a person may do through one group. */
export interface Right {
  group_id: string;
  group: string;
  project_id: string | null;
  project: string | null;
  team_id: string | null;
  team: string | null;
  role: string | null;
}

/** What an event did to the rights of one person. */
export interface AccessChange {
  person: PersonRef;
  /** Whether the person may use the organization now. */
  active: boolean;
  /** True: with this event the person lost all access. */
  is_lost: boolean;
  lost: Right[];
  gained: Right[];
}

/** One event of the feed. docs/events.md lists the types, and the fields that `data` has. */
export interface FeedEvent {
  /** The same in the feed, in webhooks and in queues. */
  id: string;
  /** Grows by 1 within the organization. */
  seq: number;
  at: string;
  type: string;
  organization: string;
  subject: { type: string; id: string; user_name?: string | null; external_id?: string | null; name?: string | null };
  version: number | null;
  story: number;
  cause: { source: "scim" | "console" | "job"; actor: string; request_id: string | null };
  data: Record<string, unknown>;
  access: AccessChange[];
}

/** A page of the feed. */
export interface FeedPage {
  events: FeedEvent[];
  /** Behind the last event that was read, also of those that `types` left out. */
  cursor: string;
  has_more: boolean;
}

/** The body of a webhook, and of a message in a queue. */
export interface Webhook {
  type: string;
  timestamp: string;
  data: FeedEvent;
}

/** A person with all they may do. */
export interface PersonWithAccess {
  person: PersonRef & { name: string | null; email: string | null; active: boolean; org_role: string; version: number };
  access: (Right & { since: string | null })[];
}

/** Who asks: by the person's id, userName or externalId. */
export interface Subject {
  type: "user";
  id: string;
}

/** What is asked for: a permission. */
export interface Action {
  name: string;
}

/** On what: by its id or name. */
export interface Resource {
  type: "project" | "team" | "organization";
  id: string;
}

/** A question of AuthZEN 1.0. */
export interface Evaluation {
  subject: Subject;
  action: Action;
  resource: Resource;
  context?: Record<string, unknown>;
}

/** Its answer. */
export interface Decision {
  decision: boolean;
  context?: Record<string, unknown>;
}

/** How many of several questions are answered. */
export type Semantic = "execute_all" | "deny_on_first_deny" | "permit_on_first_permit";
