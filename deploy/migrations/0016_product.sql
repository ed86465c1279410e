-- Products: their keys, and the secret that signs the cursors of the feed.

-- Keys of products, which read the directory and never write it. Only a SHA-256 of the key is kept, as hexadecimal.
CREATE TABLE IF NOT EXISTS product_keys (
  id             TEXT PRIMARY KEY,
  org_id         TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  hash           TEXT NOT NULL,
  -- What administrators call it.
  name           TEXT NOT NULL,
  -- What it may do, as a JSON array: no name of a scope is part of another.
  scopes         TEXT NOT NULL,
  -- Whose progress in the feed its acknowledgements are: the id of the first key of those that replaced each other.
  consumer       TEXT NOT NULL,
  created_at     TEXT NOT NULL,
  -- The actor who generated it, as in the log.
  created_by     TEXT NOT NULL,
  expires_at     TEXT,
  deactivated_at TEXT,
  -- Written at most every five minutes, after the answer.
  last_used_at   TEXT,
  -- 1: its organization is deleted; it is good again once that is restored.
  is_stopped     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS product_keys_by_org ON product_keys (org_id, created_at);
CREATE INDEX IF NOT EXISTS product_keys_not_deactivated ON product_keys (org_id, created_at)
WHERE deactivated_at IS NULL;

CREATE TRIGGER IF NOT EXISTS organizations_stop_product_keys AFTER UPDATE OF deleted_at ON organizations
BEGIN
  UPDATE product_keys SET is_stopped = NEW.deleted_at IS NOT NULL WHERE org_id = NEW.id AND deactivated_at IS NULL;
END;

-- How far each consumer of the feed is, as its newest acknowledgement says.
CREATE TABLE IF NOT EXISTS consumers (
  org_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- As product_keys.consumer, or the name that a service binding gives itself.
  id     TEXT NOT NULL,
  name   TEXT NOT NULL,
  -- It has applied all events up to this one, since that time.
  seq    INTEGER NOT NULL,
  at     TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- The acknowledgements of a consumer: the first with the seq of an event or a higher one is that of the event. Each
-- takes the place of two that are older than 30 days.
CREATE TABLE IF NOT EXISTS acknowledgements (
  org_id   TEXT NOT NULL,
  consumer TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  at       TEXT NOT NULL,
  PRIMARY KEY (org_id, consumer, seq),
  FOREIGN KEY (org_id, consumer) REFERENCES consumers (org_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- After how many minutes without the acknowledgement of a deactivation administrators are alerted; 0: never.
ALTER TABLE organizations ADD COLUMN revocation_minutes INTEGER NOT NULL DEFAULT 5;

-- Signs the cursors of the organization's feed.
ALTER TABLE organizations ADD COLUMN feed_secret TEXT;
UPDATE organizations SET feed_secret = lower(hex(randomblob(32)));
CREATE TRIGGER IF NOT EXISTS organizations_feed_secret AFTER INSERT ON organizations WHEN NEW.feed_secret IS NULL
BEGIN
  UPDATE organizations SET feed_secret = lower(hex(randomblob(32))) WHERE id = NEW.id;
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 16 AS version;
