-- A snapshot per reading of a list, instead of one per list. Snapshots are of use for an hour and are not taken along:
-- a list that is being read at that moment is counted from its start on the next page. The table `snapshots` stays for
-- the Worker of before, which runs until the new one is deployed; a later migration deletes it.
ALTER TABLE organizations ADD COLUMN reveals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN reveal INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER IF EXISTS users_count_update;
CREATE TRIGGER users_count_update AFTER UPDATE OF managed ON users
BEGIN
  UPDATE organizations
  SET user_count = user_count + NEW.managed - OLD.managed, reveals = reveals + (NEW.managed > OLD.managed)
  WHERE id = NEW.org_id AND NEW.managed = (
    json_array_length(mail_domains) = 0
    OR coalesce(NEW.mail_domain IN (SELECT value FROM json_each(mail_domains)), 0));
  SELECT RAISE(ABORT, 'stale organization') WHERE changes() = 0;
  UPDATE users SET reveal = (SELECT reveals FROM organizations WHERE id = NEW.org_id)
  WHERE seq = NEW.seq AND NEW.managed > OLD.managed;
END;

CREATE TABLE list_snapshots (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Hash of resource and filter.
  list      TEXT NOT NULL,
  -- Begins with the time at which it was made.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- As the client sent it; blank where there is none.
  filter    TEXT NOT NULL,
  -- Hash of the key's id and of the client's name (User-Agent).
  reader    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  begun_at  TEXT NOT NULL,
  -- How many positions come before its first row. More than 0: it continues several readings that could not be told
  -- apart.
  base      INTEGER NOT NULL,
  -- How many rows lie between two posts.
  step      INTEGER NOT NULL,
  -- How many rows it has.
  listed    INTEGER NOT NULL,
  -- The total that its readers are told.
  total     INTEGER NOT NULL,
  -- The value of organizations.reveals.
  reveals   INTEGER NOT NULL,
  -- A `seq` behind which the first row is, and the `seq` of every row of a filtered list, else of the last row of each
  -- page: ten digits and a comma.
  posts     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id)
) STRICT, WITHOUT ROWID;

-- How far the readers of lists have come: see src/d1/imports/reading.rs. Without a row, only the first page was read.
CREATE TABLE readings (
  org_id      TEXT NOT NULL,
  list        TEXT NOT NULL,
  -- The snapshot that was made with the first page, and the one that says what the next page is.
  id          TEXT NOT NULL,
  snapshot    TEXT NOT NULL,
  -- Where the last page that was read begins and ends, and its size.
  page_offset INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  page_size   INTEGER NOT NULL,
  -- 1: that was the last page of the list.
  is_done     INTEGER NOT NULL,
  read_at     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id),
  FOREIGN KEY (org_id, list, id) REFERENCES list_snapshots ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
