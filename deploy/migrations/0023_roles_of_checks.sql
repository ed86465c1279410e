-- A check of a permission reads no row for each role of a person.

-- What it says of the roles in role_groups, as a JSON object by the group's `seq`. Triggers keep it.
ALTER TABLE projects ADD COLUMN roles TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(roles));
ALTER TABLE teams ADD COLUMN roles TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(roles));

-- Behind a megabyte the rows of the groups are read.
UPDATE projects SET roles = (
  SELECT json_group_object(CAST(g.seq AS TEXT),
    json_object('on', 'project', 'role', g.role, 'group_id', g.id, 'group', g.display_name))
  FROM (SELECT * FROM groups WHERE project_id = projects.id AND team_id IS NULL ORDER BY seq LIMIT 500) g);
UPDATE teams SET roles = (
  SELECT json_group_object(CAST(g.seq AS TEXT),
    json_object('on', 'team', 'role', g.role, 'group_id', g.id, 'group', g.display_name))
  FROM groups g WHERE g.team_id = teams.id);

DROP TRIGGER groups_listed_insert;
DROP TRIGGER groups_listed_delete;
DROP TRIGGER projects_unlist_groups;
CREATE TRIGGER groups_listed_insert AFTER INSERT ON groups WHEN NEW.project_id IS NOT NULL
BEGIN
  UPDATE projects SET role_groups = json_insert(role_groups, '$[#]', NEW.seq),
    roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'project', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.project_id AND NEW.team_id IS NULL;
  UPDATE teams SET role_groups = json_insert(role_groups, '$[#]', NEW.seq),
    roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'team', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.team_id;
END;
CREATE TRIGGER groups_listed_update AFTER UPDATE OF role, display_name ON groups
WHEN NEW.project_id IS NOT NULL AND (NEW.role <> OLD.role OR NEW.display_name <> OLD.display_name)
BEGIN
  UPDATE projects SET roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'project', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.project_id AND NEW.team_id IS NULL;
  UPDATE teams SET roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'team', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.team_id;
END;
-- The groups of a team go with the team, or with their project when that is archived.
CREATE TRIGGER groups_listed_delete AFTER DELETE ON groups
WHEN OLD.project_id IS NOT NULL AND OLD.team_id IS NULL
BEGIN
  UPDATE projects SET role_groups = (
    SELECT json_group_array(j.value) FROM json_each(role_groups) j WHERE j.value <> OLD.seq),
    roles = json_remove(roles, '$."' || OLD.seq || '"')
  WHERE id = OLD.project_id AND role_groups <> '[]';
END;
CREATE TRIGGER projects_unlist_groups AFTER UPDATE OF archived_at ON projects
WHEN NEW.archived_at IS NOT NULL AND OLD.archived_at IS NULL
BEGIN
  UPDATE projects SET role_groups = '[]', roles = '{}' WHERE id = NEW.id;
  UPDATE teams SET role_groups = '[]', roles = '{}' WHERE project_id = NEW.id;
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 23 AS version;
