-- Security event tokens: their keys, and how far each receiver is.

-- The keys with which security event tokens are signed; in the first database only.
CREATE TABLE IF NOT EXISTS signing_keys (
  -- Its thumbprint (RFC 7638).
  id          TEXT PRIMARY KEY,
  -- The private key, as a JSON Web Key.
  private_key TEXT NOT NULL,
  created_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the receivers of security event tokens are; see src/product_api/sets.rs.
CREATE TABLE IF NOT EXISTS security_event_streams (
  org_id          TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- The consumer of the product key, or what a product without a key calls itself.
  consumer        TEXT NOT NULL,
  -- The tokens of all events up to this one are acknowledged.
  acknowledged_to INTEGER NOT NULL,
  -- Tokens after it that are acknowledged, as a JSON array.
  acknowledged    TEXT NOT NULL CHECK (json_valid(acknowledged)),
  polled_at       TEXT NOT NULL,
  PRIMARY KEY (org_id, consumer)
) STRICT, WITHOUT ROWID;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 19 AS version;
