-- For a database that was made before there was a console: once, before the new Worker is deployed. The old Worker goes
-- on with the new tables.
--
--   npx wrangler d1 execute DB --remote --file docs/upgrade.sql
--   npx wrangler d1 migrations apply DB --remote
--
-- Each further database (DB_1, …) wants the same.

ALTER TABLE organizations ADD COLUMN key_lifetime_days INTEGER CHECK (key_lifetime_days > 0);
ALTER TABLE auth_keys ADD COLUMN created_by TEXT NOT NULL DEFAULT 'admin token';
ALTER TABLE projects ADD COLUMN archived_at TEXT;
ALTER TABLE groups ADD COLUMN pushed_at TEXT;
ALTER TABLE snapshots ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;
