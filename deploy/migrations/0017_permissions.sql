-- Permissions of roles, and what a check of one needs to be found in few rows.

-- What roles allow in the product where an administrator has set it, as JSON; see crates/directory/src/permission.rs.
-- NULL: nothing is set.
ALTER TABLE organizations ADD COLUMN permissions TEXT CHECK (permissions IS NULL OR json_valid(permissions));
-- The `seq` of the groups of its own roles, as a JSON array. Triggers keep it, so that a check of what a person may do
-- looks only for memberships of these groups. Archived projects have none.
ALTER TABLE projects ADD COLUMN role_groups TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(role_groups));
-- The same for the roles of a team.
ALTER TABLE teams ADD COLUMN role_groups TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(role_groups));

UPDATE projects SET role_groups = (
  SELECT json_group_array(g.seq) FROM (
    SELECT seq FROM groups WHERE project_id = projects.id AND team_id IS NULL ORDER BY seq) g);
UPDATE teams SET role_groups = (
  SELECT json_group_array(g.seq) FROM (SELECT seq FROM groups WHERE team_id = teams.id ORDER BY seq) g);

-- Roles that projects have besides the built-in ones, for the list of all roles.
CREATE INDEX groups_by_custom_role ON groups (org_id, role)
WHERE team_id IS NULL AND role IS NOT NULL AND role <> 'Admin' AND role <> 'Member' AND role <> 'Read-Only';

CREATE TRIGGER groups_listed_insert AFTER INSERT ON groups WHEN NEW.project_id IS NOT NULL
BEGIN
  UPDATE projects SET role_groups = json_insert(role_groups, '$[#]', NEW.seq)
  WHERE id = NEW.project_id AND NEW.team_id IS NULL;
  UPDATE teams SET role_groups = json_insert(role_groups, '$[#]', NEW.seq) WHERE id = NEW.team_id;
END;
-- The groups of a team go with the team, or with their project when that is archived.
CREATE TRIGGER groups_listed_delete AFTER DELETE ON groups WHEN OLD.project_id IS NOT NULL AND OLD.team_id IS NULL
BEGIN
  UPDATE projects SET role_groups = (
    SELECT json_group_array(j.value) FROM json_each(role_groups) j WHERE j.value <> OLD.seq)
  WHERE id = OLD.project_id AND role_groups <> '[]';
END;
CREATE TRIGGER projects_unlist_groups AFTER UPDATE OF archived_at ON projects
WHEN NEW.archived_at IS NOT NULL AND OLD.archived_at IS NULL
BEGIN
  UPDATE projects SET role_groups = '[]' WHERE id = NEW.id;
  UPDATE teams SET role_groups = '[]' WHERE project_id = NEW.id;
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 17 AS version;
