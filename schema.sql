-- The whole database of scim-edge, for reading and for tests. A deployment gets it from migrations/, which lead here
-- from any older state; tests/storage/migrations.test.mjs compares the two.
--
-- Conventions: every table is STRICT; times are ISO 8601 in UTC with milliseconds, so that they compare
-- as text; `*_fold` columns hold the form made in Rust in which text is compared (scim::text::fold) and carry
-- the uniqueness and the look-ups; a CHECK with IN and more than two values reads a row each time; `seq` is the order
-- of insertion, which is the order of every list.
-- AUTOINCREMENT, so that the `seq` of somebody deleted never comes back: what one round trip has decided
-- about a `seq`, the next may not do to a newcomer.

CREATE TABLE IF NOT EXISTS organizations (
  id               TEXT PRIMARY KEY,
  name             TEXT NOT NULL,
  -- 1: userName and mail may be changed over SCIM.
  email_management INTEGER NOT NULL DEFAULT 0 CHECK (email_management IN (0, 1)),
  -- 1: groups of any name may be created over SCIM, tied to no project.
  plain_groups     INTEGER NOT NULL DEFAULT 0 CHECK (plain_groups IN (0, 1)),
  -- JSON array of case-folded domains; empty: every domain is allowed.
  mail_domains     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(mail_domains)),
  -- For how many days a new key is good by default; NULL: until it is deactivated.
  key_lifetime_days INTEGER CHECK (key_lifetime_days > 0),
  -- Which rules its folded columns were made by (scim::text::FOLD_VERSION; 0: those before they were numbered), and how
  -- far they are made anew, if they are: see src/d1/refolding/.
  fold_version     INTEGER NOT NULL DEFAULT 0,
  folded_to        TEXT NOT NULL DEFAULT '',
  -- How many users SCIM sees (users.managed = 1). Kept by the triggers below, so that a list need not count.
  user_count       INTEGER NOT NULL DEFAULT 0,
  -- How many groups SCIM sees. Kept by triggers as well, so that the work of a filter is known before it is done.
  group_count      INTEGER NOT NULL DEFAULT 0,
  -- Most users that SCIM may see, deactivated ones included; NULL: any number. More are not created.
  user_limit       INTEGER CHECK (user_limit > 0),
  -- How many times a user who was stored before became visible to SCIM, by another mail domain (users.reveal).
  reveals          INTEGER NOT NULL DEFAULT 0,
  created_at       TEXT NOT NULL,
  last_modified    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- SCIM keys. Only a SHA-256 of the key is kept, as hexadecimal.
CREATE TABLE IF NOT EXISTS auth_keys (
  id             TEXT PRIMARY KEY,
  org_id         TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  hash           TEXT NOT NULL,
  created_at     TEXT NOT NULL,
  -- Who generated it, as the log names them.
  created_by     TEXT NOT NULL,
  expires_at     TEXT,
  deactivated_at TEXT,
  -- Written at most every five minutes, after the answer.
  last_used_at   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS auth_keys_by_org ON auth_keys (org_id, created_at);

CREATE TABLE IF NOT EXISTS users (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id         TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id             TEXT NOT NULL,
  user_name_fold TEXT NOT NULL,
  -- In Unicode's composed form, for comparison; the document has it as it was sent.
  external_id    TEXT,
  active         INTEGER NOT NULL CHECK (active IN (0, 1)),
  -- Of an inactive person the one that counts once they are active; it is shown as Member until then.
  org_role       TEXT NOT NULL CHECK (org_role = 'Member' OR org_role = 'Admin' OR org_role = 'Owner'),
  -- Case-folded domain of the address that identifies the person; NULL where there is none.
  mail_domain    TEXT,
  -- 1: SCIM sees this person. 0: added in the console, outside the organization's mail domains.
  managed        INTEGER NOT NULL CHECK (managed IN (0, 1)),
  -- The value of organizations.reveals when this user last became visible to SCIM; 0: with the insertion. A list that
  -- began to be read before leaves the user out.
  reveal         INTEGER NOT NULL DEFAULT 0,
  -- The SCIM attributes a client may set, as canonical JSON, without the columns `active` and `org_role`.
  doc            TEXT NOT NULL,
  -- The same with its texts and names folded, where that is more than SQLite's lower() does (which knows ASCII only):
  -- what filters compare. NULL elsewhere.
  doc_fold       TEXT,
  version        INTEGER NOT NULL DEFAULT 1,
  created_at     TEXT NOT NULL,
  last_modified  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS users_by_id ON users (org_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_user_name ON users (org_id, user_name_fold);
CREATE INDEX IF NOT EXISTS users_in_order ON users (org_id, managed, seq);
CREATE INDEX IF NOT EXISTS users_by_external_id ON users (org_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS users_by_last_modified ON users (org_id, last_modified);
-- The few among the many, in the order of the console's list of members.
CREATE INDEX IF NOT EXISTS users_inactive ON users (org_id, user_name_fold) WHERE active = 0;
CREATE INDEX IF NOT EXISTS users_with_org_role ON users (org_id, org_role, user_name_fold) WHERE org_role <> 'Member';
-- Exactly one Owner: the rules refuse a second, this makes one impossible.
CREATE UNIQUE INDEX IF NOT EXISTS users_one_owner ON users (org_id) WHERE org_role = 'Owner';

-- SCIM sees whom the organization's mail domains admit. Whether it does is decided before the row is written; the
-- domains may have changed since, and then the write fails and is decided anew.
CREATE TRIGGER IF NOT EXISTS users_count_insert AFTER INSERT ON users
BEGIN
  UPDATE organizations SET user_count = user_count + NEW.managed
  WHERE id = NEW.org_id AND NEW.managed = (
    json_array_length(mail_domains) = 0
    OR coalesce(NEW.mail_domain IN (SELECT value FROM json_each(mail_domains)), 0));
  SELECT RAISE(ABORT, 'stale organization') WHERE changes() = 0;
END;
CREATE TRIGGER IF NOT EXISTS users_count_delete AFTER DELETE ON users WHEN OLD.managed = 1
BEGIN
  UPDATE organizations SET user_count = user_count - 1 WHERE id = OLD.org_id;
END;
DROP TRIGGER IF EXISTS users_count_update;
CREATE TRIGGER users_count_update AFTER UPDATE OF managed ON users
BEGIN
  UPDATE organizations
  SET user_count = user_count + NEW.managed - OLD.managed, reveals = reveals + (NEW.managed > OLD.managed)
  WHERE id = NEW.org_id AND NEW.managed = (
    json_array_length(mail_domains) = 0
    OR coalesce(NEW.mail_domain IN (SELECT value FROM json_each(mail_domains)), 0));
  SELECT RAISE(ABORT, 'stale organization') WHERE changes() = 0;
  UPDATE users SET reveal = (SELECT reveals FROM organizations WHERE id = NEW.org_id)
  WHERE seq = NEW.seq AND NEW.managed > OLD.managed;
END;

-- Two people or groups may have the same folded name since an upgrade that folds more than before: one of them has the
-- name, the others have it with `char(1) || 'SAME NAME '` and their id behind it (src/d1/refolding/). Once the name
-- is free, the first of the others gets it.
CREATE TRIGGER IF NOT EXISTS users_name_freed_delete AFTER DELETE ON users
BEGIN
  UPDATE users SET user_name_fold = OLD.user_name_fold WHERE seq = (
    SELECT min(seq) FROM users
    WHERE org_id = OLD.org_id AND user_name_fold > OLD.user_name_fold || char(1) || 'SAME NAME '
      AND user_name_fold < OLD.user_name_fold || char(1) || 'SAME NAMF');
END;
CREATE TRIGGER IF NOT EXISTS users_name_freed_update AFTER UPDATE OF user_name_fold ON users
WHEN substr(NEW.user_name_fold, 1, length(OLD.user_name_fold) + 1) <> OLD.user_name_fold || char(1)
BEGIN
  UPDATE users SET user_name_fold = OLD.user_name_fold WHERE OLD.user_name_fold <> NEW.user_name_fold AND seq = (
    SELECT min(seq) FROM users
    WHERE org_id = OLD.org_id AND user_name_fold > OLD.user_name_fold || char(1) || 'SAME NAME '
      AND user_name_fold < OLD.user_name_fold || char(1) || 'SAME NAMF');
END;

-- Every mail address of every user, for `emails.value eq` and `emails[type eq "work" and value eq …]`.
CREATE TABLE IF NOT EXISTS user_emails (
  org_id     TEXT NOT NULL,
  value_fold TEXT NOT NULL,
  -- Empty where the address has no type.
  type_fold  TEXT NOT NULL,
  user_seq   INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  PRIMARY KEY (org_id, value_fold, user_seq, type_fold)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS user_emails_by_user ON user_emails (user_seq);

CREATE TABLE IF NOT EXISTS projects (
  id         TEXT PRIMARY KEY,
  org_id     TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  name_fold  TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- When it was archived: its groups are in archived_groups then. NULL: it is not.
  archived_at TEXT,
  UNIQUE (org_id, name_fold)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS teams (
  id         TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  name_fold  TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (project_id, name_fold)
) STRICT, WITHOUT ROWID;

-- A SCIM group is a role of a project (project_id and role), a role of a team (team_id as well), or a
-- plain group (neither). The row *is* the role: there is no second place that lists a project's roles.
CREATE TABLE IF NOT EXISTS groups (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id        TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id            TEXT NOT NULL,
  project_id    TEXT REFERENCES projects (id) ON DELETE CASCADE,
  team_id       TEXT REFERENCES teams (id) ON DELETE CASCADE,
  role          TEXT,
  display_name  TEXT NOT NULL,
  name_fold     TEXT NOT NULL,
  -- In Unicode's composed form, for comparison; and as it was sent, where that is another.
  external_id   TEXT,
  external_id_sent TEXT,
  -- When an identity provider last changed it. NULL: never.
  pushed_at     TEXT,
  version       INTEGER NOT NULL DEFAULT 1,
  created_at    TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  CHECK ((project_id IS NULL) = (role IS NULL)),
  CHECK (team_id IS NULL OR project_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS groups_by_id ON groups (org_id, id);
-- One name, one group: also what keeps `Statsig-A-B-Member` from meaning two things.
CREATE UNIQUE INDEX IF NOT EXISTS groups_by_name ON groups (org_id, name_fold);
CREATE INDEX IF NOT EXISTS groups_in_order ON groups (org_id, seq);
CREATE INDEX IF NOT EXISTS groups_by_external_id ON groups (org_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_project ON groups (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_team ON groups (team_id) WHERE team_id IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS groups_count_insert AFTER INSERT ON groups
BEGIN
  UPDATE organizations SET group_count = group_count + 1 WHERE id = NEW.org_id;
END;
CREATE TRIGGER IF NOT EXISTS groups_count_delete AFTER DELETE ON groups
BEGIN
  UPDATE organizations SET group_count = group_count - 1 WHERE id = OLD.org_id;
END;

-- The groups of archived projects, out of SCIM's sight, and empty. Each comes back under its id when the project does.
CREATE TABLE IF NOT EXISTS archived_groups (
  id            TEXT PRIMARY KEY,
  project_id    TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  team_id       TEXT REFERENCES teams (id) ON DELETE CASCADE,
  role          TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  name_fold     TEXT NOT NULL,
  external_id   TEXT,
  external_id_sent TEXT,
  version       INTEGER NOT NULL,
  created_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS archived_groups_by_name ON archived_groups (name_fold);
CREATE INDEX IF NOT EXISTS archived_groups_by_project ON archived_groups (project_id);
CREATE INDEX IF NOT EXISTS archived_groups_by_team ON archived_groups (team_id) WHERE team_id IS NOT NULL;

-- The names of archived projects' groups are kept for them: a push would otherwise find another meaning in one, and
-- put people into a wrong group.
CREATE TRIGGER IF NOT EXISTS groups_insert BEFORE INSERT ON groups
BEGIN
  SELECT RAISE(ABORT, 'UNIQUE constraint failed: groups.name_fold') FROM archived_groups a
  JOIN projects p ON p.id = a.project_id
  WHERE a.name_fold = NEW.name_fold AND p.org_id = NEW.org_id AND p.archived_at IS NOT NULL;
END;
CREATE TRIGGER IF NOT EXISTS groups_rename BEFORE UPDATE OF name_fold ON groups
BEGIN
  SELECT RAISE(ABORT, 'UNIQUE constraint failed: groups.name_fold') FROM archived_groups a
  JOIN projects p ON p.id = a.project_id
  WHERE a.name_fold = NEW.name_fold AND p.org_id = NEW.org_id AND p.archived_at IS NOT NULL;
END;

CREATE TRIGGER IF NOT EXISTS projects_name_freed_update AFTER UPDATE OF name_fold ON projects
WHEN substr(NEW.name_fold, 1, length(OLD.name_fold) + 1) <> OLD.name_fold || char(1)
BEGIN
  UPDATE projects SET name_fold = OLD.name_fold WHERE OLD.name_fold <> NEW.name_fold AND id = (
    SELECT min(id) FROM projects
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF');
END;
CREATE TRIGGER IF NOT EXISTS groups_name_freed_delete AFTER DELETE ON groups
BEGIN
  UPDATE groups SET name_fold = OLD.name_fold WHERE seq = (
    SELECT min(seq) FROM groups
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF')
    AND NOT EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
      WHERE a.name_fold = OLD.name_fold AND p.org_id = OLD.org_id AND p.archived_at IS NOT NULL);
END;
CREATE TRIGGER IF NOT EXISTS groups_name_freed_update AFTER UPDATE OF name_fold ON groups
WHEN substr(NEW.name_fold, 1, length(OLD.name_fold) + 1) <> OLD.name_fold || char(1)
BEGIN
  UPDATE groups SET name_fold = OLD.name_fold WHERE OLD.name_fold <> NEW.name_fold AND seq = (
    SELECT min(seq) FROM groups
    WHERE org_id = OLD.org_id AND name_fold > OLD.name_fold || char(1) || 'SAME NAME '
      AND name_fold < OLD.name_fold || char(1) || 'SAME NAMF')
    AND NOT EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
      WHERE a.name_fold = OLD.name_fold AND p.org_id = OLD.org_id AND p.archived_at IS NOT NULL);
END;

-- Who is in which group. An inactive user is in none.
CREATE TABLE IF NOT EXISTS memberships (
  group_seq INTEGER NOT NULL REFERENCES groups (seq) ON DELETE CASCADE,
  user_seq  INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  PRIMARY KEY (group_seq, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_seq);

-- A user's version moves with the groups joined and left. Deactivation moves it once by itself. A person is in at most
-- 1,000 groups (src/d1/memberships.rs). Joining one moves the version, so that groups are counted only for a person
-- with a higher version. The path of json_extract is invalid on purpose: its error names the person.
DROP TRIGGER IF EXISTS memberships_insert;
CREATE TRIGGER memberships_insert AFTER INSERT ON memberships
BEGIN
  UPDATE users SET version = version + iif(
    version > 1000 AND EXISTS (SELECT 1 FROM memberships WHERE user_seq = NEW.user_seq LIMIT 1 OFFSET 1000),
    json_extract('{}', 'full user ' || id), 1)
  WHERE seq = NEW.user_seq;
END;
DROP TRIGGER IF EXISTS memberships_delete;
CREATE TRIGGER memberships_delete AFTER DELETE ON memberships
BEGIN
  UPDATE users SET version = version + 1 WHERE seq = OLD.user_seq AND active = 1;
  -- If no row was changed, the person left by being deactivated or deleted: then the group is what changed.
  UPDATE groups SET version = version + 1, last_modified = max(last_modified, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE seq = OLD.group_seq AND changes() = 0;
END;

-- Lists that a client reads by position, as they were when it read the first page: see src/d1/imports/snapshot.rs. A
-- snapshot does not change.
CREATE TABLE IF NOT EXISTS list_snapshots (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Hash of resource and filter.
  list      TEXT NOT NULL,
  -- Begins with the time at which it was made.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- As the client sent it; blank where there is none.
  filter    TEXT NOT NULL,
  -- Hash of the key's id and of the client's name (User-Agent).
  reader    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  begun_at  TEXT NOT NULL,
  -- How many positions come before its first row. More than 0: it continues several readings that could not be told
  -- apart.
  base      INTEGER NOT NULL,
  -- How many rows lie between two posts.
  step      INTEGER NOT NULL,
  -- How many rows it has.
  listed    INTEGER NOT NULL,
  -- The total that its readers are told.
  total     INTEGER NOT NULL,
  -- The value of organizations.reveals.
  reveals   INTEGER NOT NULL,
  -- A `seq` behind which the first row is, and the `seq` of every row of a filtered list, else of the last row of each
  -- page: ten digits and a comma.
  posts     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id)
) STRICT, WITHOUT ROWID;

-- How far the readers of lists have come: see src/d1/imports/reading.rs. Without a row, only the first page was read.
CREATE TABLE IF NOT EXISTS readings (
  org_id      TEXT NOT NULL,
  list        TEXT NOT NULL,
  -- The snapshot that was made with the first page, and the one that says what the next page is.
  id          TEXT NOT NULL,
  snapshot    TEXT NOT NULL,
  -- Where the last page that was read begins and ends, and its size.
  page_offset INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  page_size   INTEGER NOT NULL,
  -- 1: that was the last page of the list.
  is_done     INTEGER NOT NULL,
  read_at     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id),
  FOREIGN KEY (org_id, list, id) REFERENCES list_snapshots ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What identity providers and administrators did, and what identity providers tried in vain: see src/d1/log.rs. Kept
-- for LOG_RETENTION_DAYS.
CREATE TABLE IF NOT EXISTS log (
  org_id        TEXT NOT NULL,
  -- The time, and something random behind it: the order of the log.
  id            TEXT NOT NULL,
  source        TEXT NOT NULL CHECK (source IN ('scim', 'console')),
  -- Of a key its hint, of an administrator the mail address.
  actor         TEXT NOT NULL,
  method        TEXT NOT NULL,
  path          TEXT NOT NULL,
  status        INTEGER NOT NULL,
  -- What it was about, and what that was called then.
  resource_type TEXT CHECK (
    resource_type = 'User' OR resource_type = 'Group' OR resource_type = 'Project' OR resource_type = 'Key'),
  resource_id   TEXT,
  resource_name TEXT,
  -- What was wrong, or what was done.
  detail        TEXT,
  -- The body as far as it may be kept, as JSON.
  body          TEXT,
  -- Milliseconds from the request's arrival until this was written.
  duration      INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_by_resource ON log (org_id, resource_id, id) WHERE resource_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_of_failures ON log (org_id, id) WHERE status >= 400;
CREATE INDEX IF NOT EXISTS log_of_console ON log (org_id, id) WHERE source = 'console';

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
