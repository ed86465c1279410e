-- Text is compared in one width, case and composition. SQL cannot fold: the Worker makes the folded columns of an
-- organization anew before it answers the next request, or in the hourly maintenance.

ALTER TABLE organizations ADD COLUMN fold_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN folded_to TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN external_id_sent TEXT;
ALTER TABLE archived_groups ADD COLUMN external_id_sent TEXT;

-- An upgrade that folds more than before can give two people or groups the same folded name. One of them has the name;
-- the others have `char(1) || 'SAME NAME '` and their id behind it. When the name becomes free, the first of the others
-- gets it.
CREATE TRIGGER IF NOT EXISTS users_name_freed_delete AFTER DELETE ON users
BEGIN
  UPDATE users SET user_name_fold = OLD.user_name_fold WHERE seq = (
    SELECT min(seq) FROM users
    WHERE org_id = OLD.org_id AND user_name_fold > OLD.user_name_fold || char(1) || 'SAME NAME '
      AND user_name_fold < OLD.user_name_fold || char(1) || 'SAME NAMF');
END;
CREATE TRIGGER IF NOT EXISTS users_name_freed_update AFTER UPDATE OF user_name_fold ON users
WHEN substr(NEW.user_name_fold, 1, length(OLD.user_name_fold) + 1) <> OLD.user_name_fold || char(1)
BEGIN
  UPDATE users SET user_name_fold = OLD.user_name_fold WHERE OLD.user_name_fold <> NEW.user_name_fold AND seq = (
    SELECT min(seq) FROM users
    WHERE org_id = OLD.org_id AND user_name_fold > OLD.user_name_fold || char(1) || 'SAME NAME '
      AND user_name_fold < OLD.user_name_fold || char(1) || 'SAME NAMF');
END;

CREATE TRIGGER IF NOT EXISTS projects_name_freed_update AFTER UPDATE OF name_fold ON projects
WHEN substr(NEW.name_fold, 1, length(OLD.name_fold) + 1) <> OLD.name_fold || char(1)
BEGIN
  UPDATE projects SET name_fold = OLD.name_fold WHERE OLD.name_fold <> NEW.name_fold AND id = (
    SELECT min(id) FROM projects
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF');
END;
CREATE TRIGGER IF NOT EXISTS groups_name_freed_delete AFTER DELETE ON groups
BEGIN
  UPDATE groups SET name_fold = OLD.name_fold WHERE seq = (
    SELECT min(seq) FROM groups
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF')
    AND NOT EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
      WHERE a.name_fold = OLD.name_fold AND p.org_id = OLD.org_id AND p.archived_at IS NOT NULL);
END;
CREATE TRIGGER IF NOT EXISTS groups_name_freed_update AFTER UPDATE OF name_fold ON groups
WHEN substr(NEW.name_fold, 1, length(OLD.name_fold) + 1) <> OLD.name_fold || char(1)
BEGIN
  UPDATE groups SET name_fold = OLD.name_fold WHERE OLD.name_fold <> NEW.name_fold AND seq = (
    SELECT min(seq) FROM groups
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF')
    AND NOT EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
      WHERE a.name_fold = OLD.name_fold AND p.org_id = OLD.org_id AND p.archived_at IS NOT NULL);
END;
