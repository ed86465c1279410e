// The schema of a database, to compare two of them.

/** Tables that only the Worker before the last migrations uses. They are dropped once it cannot be running any more. */
const RETIRED = ["snapshots"];

/** Tables with their columns and foreign keys, indexes, triggers and views, whatever order they were made in. */
export async function shape(worker) {
  const columns = await worker.sql(
    `SELECT t.name AS tab, c.name, c.type, c."notnull", c.dflt_value, c.pk
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.name NOT GLOB '_cf_*' AND t.name NOT GLOB 'd1_*' AND t.name <> 'placeholder'
     ORDER BY 1, 2`,
  );
  const tables = await worker.sql(
    `SELECT t.name, t.wr, t.strict,
       (SELECT group_concat(f."table" || ' ' || f."from" || ' ' || f."to" || ' ' || f.on_delete ORDER BY f."from")
        FROM pragma_foreign_key_list(t.name) f) AS foreign_keys
     FROM pragma_table_list t WHERE t.schema = 'main' AND t.type = 'table'
       AND t.name NOT GLOB '_cf_*' AND t.name NOT GLOB 'd1_*' AND t.name NOT GLOB 'sqlite_*' AND t.name <> 'placeholder'
     ORDER BY 1`,
  );
  const others = await worker.sql(
    "SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL ORDER BY name",
  );
  const spaced = (sql) =>
    sql
      .replace(/--.*$/gm, "")
      .replace(/IF NOT EXISTS /g, "")
      .replace(/\s+/g, " ")
      .trim();
  const current = columns.filter(({ tab }) => !RETIRED.includes(tab));
  return {
    tables: tables.filter(({ name }) => !RETIRED.includes(name)),
    columns: current,
    others: others.map(({ name, sql }) => ({ name, sql: spaced(sql) })),
  };
}
