-- The product's own database.

-- A copy of the people of scim-edge.
CREATE TABLE people (
  id          TEXT PRIMARY KEY,
  user_name   TEXT,
  external_id TEXT,
  active      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each of them may do, and through which group.
CREATE TABLE rights (
  person_id  TEXT NOT NULL,
  group_id   TEXT NOT NULL,
  project_id TEXT,
  team_id    TEXT,
  role       TEXT,
  PRIMARY KEY (person_id, group_id)
) STRICT, WITHOUT ROWID;

-- Sessions and API keys: hashes of their secrets, and to whom they belong.
CREATE TABLE credentials (
  hash       TEXT PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind = 'session' OR kind = 'api key'),
  person_id  TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_person ON credentials (person_id);

-- Every event that was applied. One that came twice would break its primary key, and with it the whole batch.
CREATE TABLE applied_events (
  id   TEXT PRIMARY KEY,
  at   TEXT NOT NULL,
  type TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the copy is.
CREATE TABLE scim_edge_cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
