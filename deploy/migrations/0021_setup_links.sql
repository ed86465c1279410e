-- Links with which the identity provider of an organization is set up, without an account. Only an HMAC is kept.
CREATE TABLE IF NOT EXISTS setup_links (
  org_id       TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id           TEXT NOT NULL,
  hash         TEXT NOT NULL,
  created_at   TEXT NOT NULL,
  -- The actor who made it, as in the log.
  created_by   TEXT NOT NULL,
  expires_at   TEXT NOT NULL,
  revoked_at   TEXT,
  -- How often it was opened, and when it was last.
  uses         INTEGER NOT NULL DEFAULT 0,
  last_used_at TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 21 AS version;
