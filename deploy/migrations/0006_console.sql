-- Sessions of the console, invitations that administrators have accepted or declined, and answers of repeatable calls.

-- Sessions of the console that began with the admin token; in the first database only.
CREATE TABLE IF NOT EXISTS console_sessions (
  -- HMAC of the cookie and the console's origin under the admin token. The cookie cannot be derived from it.
  id       TEXT PRIMARY KEY,
  began_at TEXT NOT NULL,
  -- Time of last use; written at most once a minute.
  used_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Administrators who have accepted or declined an organization, by the address that Cloudflare Access asserts. The
-- administrators of an organization can make any person its Admin.
CREATE TABLE IF NOT EXISTS acceptances (
  org_id      TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  mail        TEXT NOT NULL,
  accepted_at TEXT,
  declined_at TEXT,
  PRIMARY KEY (org_id, mail),
  CHECK ((accepted_at IS NULL) <> (declined_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Calls of the console's API with an Idempotency-Key, and their answers, for a day.
CREATE TABLE IF NOT EXISTS idempotent_calls (
  -- Hash of the actor and the key.
  id       TEXT PRIMARY KEY,
  -- Hash of the request.
  request  TEXT NOT NULL,
  began_at TEXT NOT NULL,
  -- 1: the change was made. Written with the change.
  is_done  INTEGER NOT NULL DEFAULT 0 CHECK (is_done IN (0, 1)),
  -- NULL: not answered yet.
  status   INTEGER,
  -- The answer as JSON, without a new SCIM key.
  answer   TEXT,
  -- That SCIM key, for a minute, encrypted under the admin token and the call's own key, neither of which is stored.
  secret   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotent_calls_with_secret ON idempotent_calls (began_at) WHERE secret IS NOT NULL;

-- The present Owners have accepted. Present Admins accept once, in the console.
INSERT OR IGNORE INTO acceptances (org_id, mail, accepted_at)
SELECT org_id, lower(trim(doc ->> '$.userName')), created_at FROM users
WHERE org_role = 'Owner' AND trim(coalesce(doc ->> '$.userName', '')) <> '';
