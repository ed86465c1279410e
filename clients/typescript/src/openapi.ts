// Generated from clients/openapi.json: UPDATE=1 npm test -- tests/product/openapi.test.mjs renews it.
export interface paths {
  "/access/v1/evaluation": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Whether a person may do something
     * @description Needs the scope `check`.
     */
    post: operations["evaluation"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/access/v1/evaluations": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Several questions
     * @description Needs the scope `check`.
     */
    post: operations["evaluations"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/access/v1/search/action": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * What a person may do
     * @description Needs the scope `check`.
     */
    post: operations["searchAction"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/access/v1/search/resource": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * On what a person may do something
     * @description Needs the scope `check`.
     */
    post: operations["searchResource"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/access/v1/search/subject": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Who may do something
     * @description Needs the scope `check`.
     */
    post: operations["searchSubject"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What the caller may do
     * @description Needs no scope.
     */
    get: operations["about"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/acknowledgements": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * How far the consumer is
     * @description Needs the scope `events`.
     */
    get: operations["progress"];
    put?: never;
    /**
     * All events up to a cursor have had their effect
     * @description Needs the scope `events`.
     */
    post: operations["acknowledge"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/events": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * A page of the feed
     * @description Needs the scope `events`.
     */
    get: operations["events"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/people/{who}": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * A person with their access
     * @description Needs the scope `read`.
     */
    get: operations["person"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/projects/{project}/people": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Who has which role in a project
     * @description Needs the scope `read`.
     */
    get: operations["peopleOfProject"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/sets/poll": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Security event tokens
     * @description Needs the scope `events`.
     */
    post: operations["pollSecurityEvents"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/setup-links": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * A link for the customer's administrator
     * @description Needs the scope `setup-links`.
     */
    post: operations["createSetupLink"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/product/v1/snapshot": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * All people with their access
     * @description Needs the scope `read`.
     */
    get: operations["snapshot"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description What a caller may do, and where. */
    About: {
      /** @description Whose progress acknowledgements are. */
      consumer: string;
      /** @description The feed. */
      events: {
        /**
         * Format: date-time
         * @description The time of the oldest event.
         */
        kept_since: string | null;
        /** @description Its address. */
        url: string;
      };
      /**
       * Format: date-time
       * @description When the key expires.
       */
      expires_at: string | null;
      /** @description The product. */
      name: string;
      /** @description The organization. */
      organization: {
        /** @description Its identifier. */
        id: string;
        /** @description Its name. */
        name: string;
      };
      /** @description What the caller may do. */
      scopes: ("read" | "events" | "check" | "setup-links")[];
      /** @description The snapshot. */
      snapshot: {
        /** @description Its address. */
        url: string;
      };
    };
    /** @description What an event did to the access of one person. */
    AccessChange: {
      /** @description Whether the person may use the organization after the event. */
      active: boolean;
      /** @description The rights that the event gave. */
      gained: components["schemas"]["Right"][];
      /** @description True: with this event the person got access. */
      is_gained: boolean;
      /** @description True: with this event the person lost all access. End their sessions, API keys and tokens. */
      is_lost: boolean;
      /** @description The rights that the event took. */
      lost: components["schemas"]["Right"][];
      /** @description The organization role, if it changed. */
      org_role: {
        /** @description After. */
        after: string;
        /** @description Before. */
        before: string;
      } | null;
      person: components["schemas"]["PersonRef"];
    };
    /** @description What a consumer has applied. */
    Acknowledge: {
      /** @description A cursor of the feed or of a snapshot. */
      cursor: string;
    };
    /** @description How far a consumer is. */
    Acknowledged: {
      /**
       * Format: date-time
       * @description When that was acknowledged.
       */
      at: string | null;
      /** @description How many events there are behind it. */
      behind: number | null;
      /** @description The consumer. */
      consumer: string;
      /** @description All events up to this one; null: none yet. */
      seq: number | null;
    };
    /** @description What: a permission. */
    Action: {
      /** @description Its name. */
      name: string;
      /** @description Not used. */
      properties?: {
        [key: string]: unknown;
      };
    };
    /** @description An answer. */
    Decision: {
      /** @description `reason` says through which group, or why not. */
      context?: {
        [key: string]: unknown;
      };
      /** @description Whether the person may. */
      decision: boolean;
    };
    /** @description Answers in the order of the questions. */
    Decisions: {
      /** @description The answers. */
      evaluations: components["schemas"]["Decision"][];
    };
    /** @description A question (AuthZEN 1.0). */
    Evaluation: {
      action: components["schemas"]["Action"];
      /** @description Not used. */
      context?: {
        [key: string]: unknown;
      };
      resource: components["schemas"]["Resource"];
      subject: components["schemas"]["Subject"];
    };
    /** @description Several questions. What one leaves out is taken from the top. */
    Evaluations: {
      action?: components["schemas"]["Action"];
      /** @description Not used. */
      context?: {
        [key: string]: unknown;
      };
      /** @description The questions. */
      evaluations?: {
        action?: components["schemas"]["Action"];
        /** @description Not used. */
        context?: {
          [key: string]: unknown;
        };
        resource?: components["schemas"]["Resource"];
        subject?: components["schemas"]["Subject"];
      }[];
      /** @description How they are answered. */
      options?: {
        evaluations_semantic?: components["schemas"]["Semantic"];
      };
      resource?: components["schemas"]["Resource"];
      subject?: components["schemas"]["Subject"];
    };
    /** @description What made a change. */
    EventCause: {
      /** @description The hint of a key, an administrator, or the name of a job. */
      actor: string;
      /** @description The entry of the request in the log. */
      log_id: string | null;
      /**
       * @description Who: an identity provider, an administrator, or a scheduled job.
       * @enum {string}
       */
      source: "scim" | "console" | "job";
    };
    /** @description What an event is about. */
    EventSubject: {
      /** @description Of a person. */
      email?: string | null;
      /** @description Of a person. */
      external_id?: string | null;
      /** @description Its identifier. */
      id: string;
      /** @description The name; null once it is erased. */
      name?: string | null;
      /** @description `person`, `group`, `project`, `team`, `key`, `product_key`, `organization`, `webhook`, `setup_link` or `import`. */
      type: string;
      /** @description Of a person. */
      user_name?: string | null;
    };
    /** @description One event. docs/events.md lists the types, and the fields that `data` has. */
    FeedEvent: {
      /** @description What it did to the access of people. */
      access: components["schemas"]["AccessChange"][];
      /**
       * Format: date-time
       * @description When.
       */
      at: string;
      cause: components["schemas"]["EventCause"];
      /** @description The fields of the type. */
      data: {
        [key: string]: unknown;
      };
      /** @description The same in the feed, in webhooks and in queues. */
      id: string;
      /** @description The organization. */
      organization: string;
      /** @description Grows by 1 within the organization, without gaps. */
      seq: number;
      /** @description The `seq` of the first event of the same request or undo. */
      story: number;
      subject: components["schemas"]["EventSubject"];
      /** @description What happened, such as `person.deactivated`. */
      type: string;
      /** @description The version of the subject that the change made. */
      version: number | null;
    };
    /** @description Events in order. */
    FeedPage: {
      /** @description Behind the last event that was read, also of those that `types` left out. */
      cursor: string;
      /** @description The events. */
      events: components["schemas"]["FeedEvent"][];
      /** @description Whether there are more by now. */
      has_more: boolean;
    };
    /** @description A right that a person has. */
    HeldRight: {
      /** @description The name of a plain group. */
      group: string | null;
      /** @description The group. */
      group_id: string;
      /** @description Its name. */
      project: string | null;
      /** @description The project; a plain group has none. */
      project_id: string | null;
      /** @description The role; a plain group has none. */
      role: string | null;
      /**
       * Format: date-time
       * @description Since when; null: longer than events are kept.
       */
      since: string | null;
      /** @description Its name. */
      team: string | null;
      /** @description The team, of a role of a team. */
      team_id: string | null;
    };
    /** @description How long a link is good. */
    NewSetupLink: {
      /**
       * @description For how many days.
       * @default 7
       */
      expires_in_days: number;
    };
    /** @description A page of a search. */
    Page: {
      /** @description Most results. */
      limit?: number;
      /** @description The `next_token` of the page before. */
      token?: string;
    };
    /** @description Who has which role in a project. */
    PeoplePage: {
      /** @description The `after` of the next page; null: there is none. */
      next: string | null;
      /** @description One entry for each role that a person has. */
      people: components["schemas"]["RoleHolder"][];
      /** @description The project. */
      project: {
        /** @description Its identifier. */
        id: string;
        /** @description Its name. */
        name: string;
      };
    };
    /** @description A person. */
    Person: {
      /** @description Whether they may use the organization. */
      active: boolean;
      /** @description The mail address. */
      email: string | null;
      /** @description The identity provider's identifier. */
      external_id: string | null;
      /** @description The identifier, which never changes. */
      id: string;
      /** @description The name. */
      name: string | null;
      /** @description The organization role; an inactive person has none. */
      org_role: string | null;
      /** @description The present `userName`, or the last one. */
      user_name: string | null;
      /** @description Grows with each change. */
      version: number;
    };
    /** @description A person of an event or a right. What is null is not known, or was erased. */
    PersonRef: {
      /** @description The identity provider's identifier. */
      external_id: string | null;
      /** @description The identifier, which never changes. */
      id: string;
      /** @description The present `userName`, or the last one. */
      user_name: string | null;
    };
    /** @description A person with all that they may do. */
    PersonWithAccess: {
      /** @description Their rights. */
      access: components["schemas"]["HeldRight"][];
      person: components["schemas"]["Person"];
    };
    /** @description Why a request fails. */
    Problem: {
      /** @description Why, in a word that does not change. */
      code?: string;
      /** @description What is wrong, and what to do. */
      detail: string;
      /** @description As in the logs. */
      request_id?: string;
      /** @description With `cursor_expired`: where to begin again. */
      snapshot?: string;
      /** @description The status. */
      status: number;
      /** @description The status in words. */
      title: string;
    };
    /** @description On what: by id or name. */
    Resource: {
      /** @description Which. */
      id: string;
      /** @description `project` of a team that is named. */
      properties?: {
        [key: string]: unknown;
      };
      /**
       * @description The kind.
       * @enum {string}
       */
      type: "project" | "team" | "organization";
    };
    /** @description What a person may do through one group. */
    Right: {
      /** @description The name of a plain group. */
      group: string | null;
      /** @description The group. */
      group_id: string;
      /** @description Its name. */
      project: string | null;
      /** @description The project; a plain group has none. */
      project_id: string | null;
      /** @description The role; a plain group has none. */
      role: string | null;
      /** @description Its name. */
      team: string | null;
      /** @description The team, of a role of a team. */
      team_id: string | null;
    };
    /** @description A person who has a role in a project. */
    RoleHolder: {
      /** @description The group. */
      group_id: string;
      person: components["schemas"]["PersonRef"];
      /** @description The role. */
      role: string | null;
      /**
       * Format: date-time
       * @description Since when; null: longer than events are kept.
       */
      since: string | null;
      /** @description Its name. */
      team: string | null;
      /** @description The team, of a role of a team. */
      team_id: string | null;
    };
    /** @description A search (AuthZEN 1.0). */
    SearchAction: {
      /** @description Not used. */
      context?: {
        [key: string]: unknown;
      };
      page?: components["schemas"]["Page"];
      resource: components["schemas"]["Resource"];
      subject: components["schemas"]["Subject"];
    };
    /** @description What a search found. A page may have fewer results than its limit, also none: the search ends with an empty token. */
    SearchAnswer: {
      /** @description Where it goes on. */
      page: {
        /** @description How many results the page has. */
        count?: number;
        /** @description Empty: the search has ended. */
        next_token: string;
        /** @description How many there are, where that is known. */
        total?: number;
      };
      /** @description The results. */
      results: {
        [key: string]: unknown;
      }[];
    };
    /** @description A search (AuthZEN 1.0). */
    SearchResource: {
      action: components["schemas"]["Action"];
      /** @description Not used. */
      context?: {
        [key: string]: unknown;
      };
      page?: components["schemas"]["Page"];
      /** @description Of which kind. */
      resource: {
        /** @description Not used. */
        properties?: {
          [key: string]: unknown;
        };
        /** @description The kind. */
        type: string;
      };
      subject: components["schemas"]["Subject"];
    };
    /** @description A search (AuthZEN 1.0). */
    SearchSubject: {
      action: components["schemas"]["Action"];
      /** @description Not used. */
      context?: {
        [key: string]: unknown;
      };
      page?: components["schemas"]["Page"];
      resource: components["schemas"]["Resource"];
      /** @description Of which kind. */
      subject?: {
        /** @description Not used. */
        properties?: {
          [key: string]: unknown;
        };
        /** @description The kind. */
        type: string;
      };
    };
    /**
     * @description Which of several questions are answered.
     * @enum {string}
     */
    Semantic: "execute_all" | "deny_on_first_deny" | "permit_on_first_permit";
    /** @description Tokens that are not acknowledged. */
    SetAnswer: {
      /** @description Whether there are more. */
      moreAvailable: boolean;
      /** @description The tokens by their `jti`. */
      sets: {
        [key: string]: string;
      };
    };
    /** @description What a receiver of security event tokens sends (RFC 8936). */
    SetPoll: {
      /** @description Tokens that are taken. */
      ack?: string[];
      /** @description Most tokens of the answer. */
      maxEvents?: number;
      /** @description There is no waiting. */
      returnImmediately?: boolean;
      /** @description Tokens that are refused, each with `err` and `description`. */
      setErrs?: {
        [key: string]: {
          /** @description In words. */
          description?: string;
          /** @description The code. */
          err: string;
        };
      };
    };
    /** @description A link with which the customer sets up an identity provider, without an account. */
    SetupLink: {
      /**
       * Format: date-time
       * @description When.
       */
      created_at: string;
      /** @description The product key. */
      created_by: string;
      /**
       * Format: date-time
       * @description Until when it is good.
       */
      expires_at: string;
      /** @description Its identifier. */
      id: string;
      /**
       * Format: date-time
       * @description When it was opened last.
       */
      last_used_at: string | null;
      /**
       * Format: date-time
       * @description When it was revoked.
       */
      revoked_at: string | null;
      /**
       * @description Whether it is good.
       * @enum {string}
       */
      status: "active" | "expired" | "revoked";
      /** @description Its address, which is a secret: send it to the customer's administrator. */
      url: string;
      /** @description How often it was opened. */
      uses: number;
    };
    /** @description The last line of a snapshot. Without it, the snapshot was broken off. */
    SnapshotEnd: {
      /** @description Always true. */
      end: boolean;
      /** @description How many people it has. */
      people: number;
    };
    /** @description The first line of a snapshot. */
    SnapshotHead: {
      /**
       * Format: date-time
       * @description When it was begun.
       */
      at: string;
      /** @description Events after it lead from the snapshot to the present state. */
      cursor: string;
      /** @description The organization. */
      organization: string;
      /** @description The number of the event before the cursor. */
      seq: number;
    };
    /** @description Who: a person by id, `userName` or `externalId`. */
    Subject: {
      /** @description Which. */
      id: string;
      /** @description `id_type` says which of the three `id` is. */
      properties?: {
        [key: string]: unknown;
      };
      /**
       * @description Always `user`.
       * @enum {string}
       */
      type: "user";
    };
    /** @description The body of a webhook, and of a message in a queue. */
    Webhook: {
      data: components["schemas"]["FeedEvent"];
      /**
       * Format: date-time
       * @description When the event happened.
       */
      timestamp: string;
      /** @description The type of the event. */
      type: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  evaluation: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["Evaluation"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Decision"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  evaluations: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["Evaluations"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Decisions"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  searchAction: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SearchAction"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SearchAnswer"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  searchResource: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SearchResource"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SearchAnswer"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  searchSubject: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SearchSubject"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SearchAnswer"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  about: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["About"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  progress: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Acknowledged"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  acknowledge: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["Acknowledge"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["Acknowledged"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  events: {
    parameters: {
      query?: {
        /** @description The cursor of the page before. */
        after?: string;
        /** @description Most events. */
        limit?: number;
        /** @description From the first event at or after this time. */
        range_start?: string;
        /** @description Types, separated by commas; also `access.lost` and `access.gained`. */
        types?: string;
        /** @description Seconds to wait for an event. */
        wait?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["FeedPage"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  person: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Identifier, `userName` or external identifier. */
        who: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["PersonWithAccess"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  peopleOfProject: {
    parameters: {
      query?: {
        /** @description The `next` of the page before. */
        after?: string;
        /** @description Most entries. */
        limit?: number;
        /** @description Only this role. */
        role?: string;
      };
      header?: never;
      path: {
        /** @description Identifier or name. */
        project: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["PeoplePage"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  pollSecurityEvents: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["SetPoll"];
      };
    };
    responses: {
      /** @description The answer. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SetAnswer"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  createSetupLink: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["NewSetupLink"];
      };
    };
    responses: {
      /** @description The answer. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["SetupLink"];
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  snapshot: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A line for each: a `SnapshotHead`, any number of `PersonWithAccess`, and a `SnapshotEnd`. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/x-ndjson": string;
        };
      };
      /** @description Why it fails. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
