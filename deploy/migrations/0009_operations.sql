-- What operators need to know: which migrations a database has, which request wrote an entry of the log, and which
-- names of the deployment an organization was set up with.

-- The number of the newest migration, which /healthz reads. Each later migration makes this view anew with its own
-- number.
CREATE VIEW schema_version AS SELECT 9 AS version;

ALTER TABLE log ADD COLUMN request_id TEXT;

ALTER TABLE organizations ADD COLUMN group_prefix TEXT;
ALTER TABLE organizations ADD COLUMN org_role_attribute TEXT;

DROP TRIGGER IF EXISTS groups_count_insert;
CREATE TRIGGER groups_count_insert AFTER INSERT ON groups
BEGIN
  UPDATE organizations
  SET group_count = group_count + 1,
    group_prefix = iif(NEW.project_id IS NULL, group_prefix, coalesce(group_prefix, (
      SELECT substr(NEW.display_name, 1, length(NEW.display_name) - length(n.rest)) FROM (
        SELECT '-' || p.name || coalesce('-' || t.name, '') || '-' || NEW.role AS rest
        FROM projects p LEFT JOIN teams t ON t.id = NEW.team_id WHERE p.id = NEW.project_id) n
      WHERE substr(NEW.display_name, -length(n.rest)) = n.rest)))
  WHERE id = NEW.org_id;
END;

-- The prefix of the oldest group of a project, also of an archived one.
UPDATE organizations SET group_prefix = (
  SELECT substr(n.display_name, 1, length(n.display_name) - length(n.rest)) FROM (
    SELECT g.display_name, g.created_at, '-' || p.name || coalesce('-' || t.name, '') || '-' || g.role AS rest
    FROM projects p JOIN groups g ON g.project_id = p.id LEFT JOIN teams t ON t.id = g.team_id
    WHERE p.org_id = organizations.id
    UNION ALL
    SELECT a.display_name, a.created_at, '-' || p.name || coalesce('-' || t.name, '') || '-' || a.role
    FROM projects p JOIN archived_groups a ON a.project_id = p.id LEFT JOIN teams t ON t.id = a.team_id
    WHERE p.org_id = organizations.id) n
  WHERE substr(n.display_name, -length(n.rest)) = n.rest
  ORDER BY n.created_at LIMIT 1);
