-- The limit of users of an organization, and how many groups it has.
ALTER TABLE organizations ADD COLUMN group_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN user_limit INTEGER CHECK (user_limit > 0);

UPDATE organizations SET group_count = (SELECT count(*) FROM groups WHERE org_id = organizations.id);

CREATE TRIGGER groups_count_insert AFTER INSERT ON groups
BEGIN
  UPDATE organizations SET group_count = group_count + 1 WHERE id = NEW.org_id;
END;
CREATE TRIGGER groups_count_delete AFTER DELETE ON groups
BEGIN
  UPDATE organizations SET group_count = group_count - 1 WHERE id = OLD.org_id;
END;
