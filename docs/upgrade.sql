-- For a database that was created before there was a console: run it once, before the new Worker is deployed. The old
-- Worker continues to work with the new columns.
--
--   npx wrangler d1 execute DB --remote --file docs/upgrade.sql
--   npx wrangler d1 migrations apply DB --remote
--
-- Each further database (DB_1, …) needs the same.

ALTER TABLE organizations ADD COLUMN key_lifetime_days INTEGER CHECK (key_lifetime_days > 0);
ALTER TABLE auth_keys ADD COLUMN created_by TEXT NOT NULL DEFAULT 'admin token';
ALTER TABLE projects ADD COLUMN archived_at TEXT;
ALTER TABLE groups ADD COLUMN pushed_at TEXT;
ALTER TABLE snapshots ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;
