-- Organizations can be deleted for a while before their rows are, and people of large groups are counted beforehand.

-- Since when it is deleted, and the administrator who deleted it. Its keys are stopped; operators can restore it until
-- the hourly maintenance deletes its rows, after DELETED_RETENTION_DAYS.
ALTER TABLE organizations ADD COLUMN deleted_at TEXT;
ALTER TABLE organizations ADD COLUMN deleted_by TEXT;
CREATE INDEX IF NOT EXISTS organizations_deleted ON organizations (deleted_at) WHERE deleted_at IS NOT NULL;
-- The seq of the event up to which the people of its groups are counted; see people_counts.
ALTER TABLE organizations ADD COLUMN people_counted_to INTEGER NOT NULL DEFAULT 0;

-- 1: deactivated with its organization; active again once that is restored.
ALTER TABLE auth_keys ADD COLUMN is_stopped INTEGER NOT NULL DEFAULT 0;

-- How many people large groups and projects have, as the hourly maintenance has counted them.
CREATE TABLE IF NOT EXISTS people_counts (
  org_id     TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Of a group or project.
  id         TEXT NOT NULL,
  people     INTEGER NOT NULL,
  counted_at TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
-- A project without one of its groups has fewer people.
CREATE TRIGGER IF NOT EXISTS people_counts_group_deleted AFTER DELETE ON groups
BEGIN
  DELETE FROM people_counts WHERE org_id = OLD.org_id AND (id = OLD.id OR id = OLD.project_id);
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 13 AS version;
