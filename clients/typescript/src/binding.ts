import type {
  Action,
  Decision,
  Evaluation,
  FeedPage,
  PeoplePage,
  PersonWithAccess,
  Resource,
  Semantic,
  Subject,
} from "./types.ts";

/** A question whose person is an id, userName or externalId, and whose action is the name of a permission. */
export interface ShortEvaluation {
  subject: string | Subject;
  action: string | Action;
  resource: Resource;
}

/**
 * The entrypoint `Product` of scim-edge, as a service binding has it. Errors are rejections whose message begins with
 * the status and the code, such as `404 person_not_found: …`.
 */
export interface ProductBinding {
  /** Any request of the product's side, as over HTTPS, without a key. */
  fetch(request: Request): Promise<Response>;
  check(subject: string | Subject, action: string | Action, resource: Resource): Promise<Decision>;
  checkAll(evaluations: (ShortEvaluation | Evaluation)[], semantic?: Semantic): Promise<Decision[]>;
  /** A person and their access, by id, userName or externalId. */
  person(id: string): Promise<PersonWithAccess>;
  /** The people of a project, a page at a time. */
  peopleOf(project: string, options?: { role?: string; after?: string }): Promise<PeoplePage>;
  events(options?: {
    after?: string;
    range_start?: string;
    limit?: number;
    types?: string;
    wait?: number;
  }): Promise<FeedPage>;
  /** Tells that all events up to the cursor are applied. */
  acknowledge(cursor: string): Promise<void>;
}
