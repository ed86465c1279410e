-- A snapshot for each reading of a list, instead of one for each list. Old snapshots are not copied: the next page of a
-- list that is being read is counted from the start. The table `snapshots` stays for the previous Worker, which runs
-- until the new one is deployed; a later migration deletes it.
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
  -- Begins with the time of its creation.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- As the client sent it; empty if there is none.
  filter    TEXT NOT NULL,
  -- Hash of the key's id and of the client's User-Agent.
  reader    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  begun_at  TEXT NOT NULL,
  -- How many positions come before its first row. More than 0: it unites several readings that look the same.
  base      INTEGER NOT NULL,
  -- How many rows are between two page boundaries.
  step      INTEGER NOT NULL,
  -- How many rows it has.
  listed    INTEGER NOT NULL,
  -- The totalResults of its pages.
  total     INTEGER NOT NULL,
  -- The value of organizations.reveals.
  reveals   INTEGER NOT NULL,
  -- The page boundaries: a `seq` before the first row, then the `seq` of every row of a filtered list, else of the last
  -- row of each page. Each has ten digits and a comma.
  posts     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id)
) STRICT, WITHOUT ROWID;

-- The progress of each reading of a list. Without a row, only the first page was read.
CREATE TABLE readings (
  org_id      TEXT NOT NULL,
  list        TEXT NOT NULL,
  -- The snapshot of the first page, and the one from which the next page is read.
  id          TEXT NOT NULL,
  snapshot    TEXT NOT NULL,
  -- Where the page that was read last begins and ends, and its size.
  page_offset INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  page_size   INTEGER NOT NULL,
  -- 1: it was the last page of the list.
  is_done     INTEGER NOT NULL,
  read_at     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id),
  FOREIGN KEY (org_id, list, id) REFERENCES list_snapshots ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
