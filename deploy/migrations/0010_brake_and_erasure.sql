-- What the setting keep_access and an erasure need to find without reading more.

-- 1: the organization keeps access; as organizations.keep_access. Each write reads the row of its key anyway.
ALTER TABLE auth_keys ADD COLUMN keeps_access INTEGER NOT NULL DEFAULT 0;
UPDATE auth_keys SET keeps_access = 1 WHERE org_id IN (SELECT id FROM organizations WHERE keep_access = 1);
CREATE TRIGGER organizations_keep_access AFTER UPDATE OF keep_access ON organizations
WHEN NEW.keep_access <> OLD.keep_access
BEGIN
  UPDATE auth_keys SET keeps_access = NEW.keep_access WHERE org_id = NEW.id;
END;

-- Failures by the name that they are about: those of people without an id are found by it when a person is erased.
CREATE INDEX log_of_failures_by_name ON log (org_id, resource_name COLLATE NOCASE)
WHERE status >= 400 AND resource_name IS NOT NULL;

-- The number of the newest migration.
DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 10 AS version;
