-- Webhooks whose messages are security event tokens, pushed by RFC 8935; and what an identity provider was answered
-- last, for the page of its set-up.

-- 'standard-webhooks' or 'security-event-tokens'. Of the latter, `secret` is the value of the header Authorization, or
-- empty.
ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'standard-webhooks';
-- Of tokens: for whom they are. NULL: for the address.
ALTER TABLE webhooks ADD COLUMN audience TEXT;
-- Of tokens: who issues them. It is the origin at which the webhook was added.
ALTER TABLE webhooks ADD COLUMN issuer TEXT;
-- How many tokens of the event were delivered.
ALTER TABLE webhook_failures ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
-- What a receiver of tokens has called the error.
ALTER TABLE webhook_attempts ADD COLUMN error TEXT;

-- Until when each answer to the organization's keys is kept: its set-up is being looked at. Each request reads the row
-- anyway.
ALTER TABLE organizations ADD COLUMN watched_until TEXT NOT NULL DEFAULT '';
-- The last answer as JSON, without names: written with last_used_at, and at once while the set-up is looked at.
ALTER TABLE auth_keys ADD COLUMN last_answer TEXT CHECK (last_answer IS NULL OR json_valid(last_answer));

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 22 AS version;
