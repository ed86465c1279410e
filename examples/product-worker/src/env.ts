/** The bindings of wrangler.toml. */
export interface Env {
  DB: D1Database;
  /** scim-edge, by its entrypoint for products; the organization stands in the binding's `props`. */
  SCIM_EDGE: Fetcher;
  /** The secrets of the webhook's endpoint, separated by spaces: two while one replaces the other. */
  WEBHOOK_SECRETS?: string;
}
