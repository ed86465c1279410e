// migrations/: the steps that lead from an older database to schema.sql. wrangler applies them to a deployment, this
// file to a local database, and both note in the same table which ones a database has.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { Problem, step } from "./run.mjs";

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`;

/** All migrations in order, each `{ name, sql }`. */
export function migrations() {
  const folder = join(root, "migrations");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => ({ name, sql: readFileSync(join(folder, name), "utf8") }));
}

/** Applies the migrations that a D1 database lacks, each in one batch; resolves with their names. */
export async function migrate(database) {
  await database.prepare(TABLE).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations ORDER BY id").all();
  const applied = results.map(({ name }) => name);
  const known = migrations();
  const unknown = applied.find((name) => !known.some((migration) => migration.name === name));
  if (unknown !== undefined) {
    throw new Problem(
      `The local data have the migration ${unknown}, which this checkout lacks: check out the newer version again, ` +
        "or begin anew with npm start -- --reset",
    );
  }
  const pending = known.filter(({ name }) => !applied.includes(name));
  for (const { name, sql } of pending) {
    await database.prepare(`${sql}\nINSERT INTO d1_migrations (name) VALUES ('${name}');`).run();
  }
  return pending.map(({ name }) => name);
}

/** As {@link migrate}, and prints the names. */
export async function migrateLocal(database) {
  await step("Bringing the local database up to date", () => migrate(database));
}
