-- Sessions of the console, the invitations that its administrators have accepted or declined, and the answers to calls
-- that may be repeated.

-- Sessions of the console that were begun with the admin token, in the first database only.
CREATE TABLE IF NOT EXISTS console_sessions (
  -- An HMAC of the cookie and the console's origin under the admin token: the cookie cannot be made from it.
  id       TEXT PRIMARY KEY,
  began_at TEXT NOT NULL,
  -- When it was last used; noted at most once a minute.
  used_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which administrators have accepted or declined to administer an organization, by the mail address that Cloudflare
-- Access asserts. The administrators of an organization can make any person its Admin.
CREATE TABLE IF NOT EXISTS acceptances (
  org_id      TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  mail        TEXT NOT NULL,
  accepted_at TEXT,
  declined_at TEXT,
  PRIMARY KEY (org_id, mail),
  CHECK ((accepted_at IS NULL) <> (declined_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Calls of the console's API with an Idempotency-Key, and their answers, for a day: see src/d1/idempotent_calls.rs.
CREATE TABLE IF NOT EXISTS idempotent_calls (
  -- A hash of who calls and of the key.
  id       TEXT PRIMARY KEY,
  -- A hash of what is asked for.
  request  TEXT NOT NULL,
  began_at TEXT NOT NULL,
  -- 1: it has changed something. Written with the change.
  is_done  INTEGER NOT NULL DEFAULT 0 CHECK (is_done IN (0, 1)),
  -- NULL: not answered yet.
  status   INTEGER,
  -- The answer as JSON, without a new SCIM key.
  answer   TEXT,
  -- That SCIM key for a minute, encrypted under the admin token and the call's own key, which are not kept here.
  secret   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotent_calls_with_secret ON idempotent_calls (began_at) WHERE secret IS NOT NULL;

-- The present Owners have accepted. Present Admins accept once, in the console.
INSERT OR IGNORE INTO acceptances (org_id, mail, accepted_at)
SELECT org_id, lower(trim(doc ->> '$.userName')), created_at FROM users
WHERE org_role = 'Owner' AND trim(coalesce(doc ->> '$.userName', '')) <> '';
