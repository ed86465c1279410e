-- What identity providers were shown: each list of all users or groups that was read by position; see
-- src/d1/imports/shown.rs. Kept for LOG_RETENTION_DAYS.
CREATE TABLE IF NOT EXISTS imports (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Begins with the time of its first page. The id of its reading, if it has several pages.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- The key with which it was read first.
  key_id    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  -- The totalResults of its pages.
  total     INTEGER NOT NULL,
  -- When its last page so far was read.
  read_at   TEXT NOT NULL,
  -- 1: the last page of the list was read.
  is_done   INTEGER NOT NULL,
  -- The seq of the newest event when its first page had been read; 0: there was none.
  event_seq INTEGER NOT NULL,
  -- Its pages by their numbers, as JSON: of each the least and the greatest `seq` on it, its rows, its size, and a hash
  -- of who is on it; null: that is not in KV.
  pages     TEXT NOT NULL CHECK (json_valid(pages)),
  -- Why KV did not take a page, the last time.
  failed    TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- How many pages of imports were written to KV on a day (UTC), for IMPORT_PAGES_PER_DAY.
CREATE TABLE IF NOT EXISTS import_days (
  day   TEXT PRIMARY KEY,
  pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 12 AS version;
