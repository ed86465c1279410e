import type { CursorStore } from "./drain.ts";

/** What this uses of a D1 database. */
export interface D1<Statement> {
  prepare(sql: string): { bind(...values: unknown[]): Statement & { first<Row>(): Promise<Row | null> } };
  batch(statements: Statement[]): Promise<unknown>;
}

/** The table that {@link d1Cursor} uses. */
export const CURSOR_TABLE =
  "CREATE TABLE IF NOT EXISTS scim_edge_cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";

// The path is invalid on purpose: a batch of D1 is all or nothing, and its error undoes the rest.
const GUARD = "SELECT iif(changes() = 1, 1, json_extract('{}', 'scim-edge cursor moved'))";

/**
 * A cursor in the product's own D1 database, in the table of {@link CURSOR_TABLE}. Changes are prepared statements,
 * which are executed in one batch with it.
 */
export function d1Cursor<Statement>(database: D1<Statement>, name = "scim-edge"): CursorStore<Statement> {
  return {
    async read() {
      const row = await database
        .prepare("SELECT value FROM scim_edge_cursors WHERE name = ?")
        .bind(name)
        .first<{ value: string }>();
      return row?.value;
    },
    async commit(from, to, changes) {
      const move =
        from === undefined
          ? database.prepare("INSERT INTO scim_edge_cursors VALUES (?, ?) ON CONFLICT DO NOTHING").bind(name, to)
          : database
              .prepare("UPDATE scim_edge_cursors SET value = ? WHERE name = ? AND value = ?")
              .bind(to, name, from);
      try {
        await database.batch([move, database.prepare(GUARD).bind(), ...changes]);
        return true;
      } catch (error) {
        if (String(error).includes("scim-edge cursor moved")) return false;
        throw error;
      }
    },
  };
}
