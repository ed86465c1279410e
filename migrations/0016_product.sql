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

-- Signs the cursors of the organization's feed.
ALTER TABLE organizations ADD COLUMN feed_secret TEXT;
UPDATE organizations SET feed_secret = lower(hex(randomblob(32)));
CREATE TRIGGER IF NOT EXISTS organizations_feed_secret AFTER INSERT ON organizations WHEN NEW.feed_secret IS NULL
BEGIN
  UPDATE organizations SET feed_secret = lower(hex(randomblob(32))) WHERE id = NEW.id;
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 16 AS version;
