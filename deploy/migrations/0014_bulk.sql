-- Changes of many people at once.

CREATE TABLE bulk_runs (
  org_id     TEXT NOT NULL,
  id         TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  -- What is done to the people, as JSON.
  change     TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status = 'running' OR status = 'stopped' OR status = 'finished'),
  -- The story of its events. NULL: there are none yet.
  story      INTEGER,
  -- How far it is, as JSON.
  counts     TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bulk_people (
  org_id    TEXT NOT NULL,
  run_id    TEXT NOT NULL,
  person_id TEXT NOT NULL,
  -- What became of them. NULL: they were not looked at yet.
  result    TEXT,
  PRIMARY KEY (org_id, run_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_people_waiting ON bulk_people (org_id, run_id, person_id) WHERE result IS NULL;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 14 AS version;
