-- A person is in at most 1,000 groups. The path of json_extract is invalid on purpose: its error names the person.
DROP TRIGGER IF EXISTS memberships_insert;
CREATE TRIGGER memberships_insert AFTER INSERT ON memberships
BEGIN
  UPDATE users SET version = version + iif(
    version > 1000 AND EXISTS (SELECT 1 FROM memberships WHERE user_seq = NEW.user_seq LIMIT 1 OFFSET 1000),
    json_extract('{}', 'full user ' || id), 1)
  WHERE seq = NEW.user_seq;
END;
