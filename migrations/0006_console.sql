-- Sessions of the console, what its administrators have accepted, and the answers to calls that may be repeated.

-- Sessions of the console that were begun with the admin token, in the first database only.
CREATE TABLE IF NOT EXISTS console_sessions (
  -- An HMAC of the cookie and the console's origin under the admin token: the cookie cannot be made from it.
  id       TEXT PRIMARY KEY,
  began_at TEXT NOT NULL,
  -- When it was last used; noted at most once a minute.
  used_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
