-- Names of SCIM keys, and what is known of their use.

-- What administrators call it. NULL: it has no name.
ALTER TABLE auth_keys ADD COLUMN name TEXT;
-- Where the request of last_used_at came from, as Cloudflare has it: the country (ISO 3166-1 alpha-2) and the name of
-- the network. NULL: not known.
ALTER TABLE auth_keys ADD COLUMN last_used_country TEXT;
ALTER TABLE auth_keys ADD COLUMN last_used_network TEXT;
-- How many requests were counted on that day (UTC); see src/auth/key_use.rs.
ALTER TABLE auth_keys ADD COLUMN counted_on TEXT;
ALTER TABLE auth_keys ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;
-- Keys that were not deactivated: few, of however many there were.
CREATE INDEX auth_keys_not_deactivated ON auth_keys (org_id, created_at) WHERE deactivated_at IS NULL;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 15 AS version;
