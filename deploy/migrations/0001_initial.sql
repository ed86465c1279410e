-- The database as it was before there were migrations. Every statement may be applied again, so that a database made
-- from schema.sql of that time takes this migration without a change.

CREATE TABLE IF NOT EXISTS organizations (
  id               TEXT PRIMARY KEY,
  name             TEXT NOT NULL,
  -- 1: SCIM may change userName and email addresses.
  email_management INTEGER NOT NULL DEFAULT 0 CHECK (email_management IN (0, 1)),
  -- 1: SCIM may create groups of any name, which belong to no project.
  plain_groups     INTEGER NOT NULL DEFAULT 0 CHECK (plain_groups IN (0, 1)),
  -- JSON array of folded domains; empty: every domain is allowed.
  mail_domains     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(mail_domains)),
  -- For how many days a new key is valid by default; NULL: until it is deactivated.
  key_lifetime_days INTEGER CHECK (key_lifetime_days > 0),
  -- How many users SCIM sees (users.managed = 1). Triggers keep it, so that a list need not count.
  user_count       INTEGER NOT NULL DEFAULT 0,
  created_at       TEXT NOT NULL,
  last_modified    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- SCIM keys. Only a SHA-256 of the key is kept, as hexadecimal.
CREATE TABLE IF NOT EXISTS auth_keys (
  id             TEXT PRIMARY KEY,
  org_id         TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  hash           TEXT NOT NULL,
  created_at     TEXT NOT NULL,
  -- The actor who generated it, as in the log.
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
  external_id    TEXT,
  active         INTEGER NOT NULL CHECK (active IN (0, 1)),
  org_role       TEXT NOT NULL CHECK (org_role = 'Member' OR org_role = 'Admin' OR org_role = 'Owner'),
  -- Folded domain of the address that identifies the person; NULL if there is none.
  mail_domain    TEXT,
  -- 1: SCIM sees this person. 0: added in the console, outside the organization's email domains.
  managed        INTEGER NOT NULL CHECK (managed IN (0, 1)),
  -- The SCIM attributes that clients set, as canonical JSON, without `active` and the organization role.
  doc            TEXT NOT NULL,
  -- The same folded as a whole, where that is more than SQLite's lower() does (which knows ASCII only): what filters
  -- compare. NULL elsewhere.
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
-- For the console's list of members: conditions that few users satisfy, in its order.
CREATE INDEX IF NOT EXISTS users_inactive ON users (org_id, user_name_fold) WHERE active = 0;
CREATE INDEX IF NOT EXISTS users_with_org_role ON users (org_id, org_role, user_name_fold) WHERE org_role <> 'Member';
-- An organization has one Owner. The rules refuse a second one; this index makes it impossible.
CREATE UNIQUE INDEX IF NOT EXISTS users_one_owner ON users (org_id) WHERE org_role = 'Owner';

-- SCIM sees the people within the organization's email domains. That is decided before the row is written. If the
-- domains have changed since, the write fails, and the request starts again.
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
CREATE TRIGGER IF NOT EXISTS users_count_update AFTER UPDATE OF managed ON users
BEGIN
  UPDATE organizations SET user_count = user_count + NEW.managed - OLD.managed
  WHERE id = NEW.org_id AND NEW.managed = (
    json_array_length(mail_domains) = 0
    OR coalesce(NEW.mail_domain IN (SELECT value FROM json_each(mail_domains)), 0));
  SELECT RAISE(ABORT, 'stale organization') WHERE changes() = 0;
END;

-- Every email address of every user, for `emails.value eq` and `emails[type eq "work" and value eq …]`.
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
  -- When it was archived; its groups are in archived_groups then. NULL: it is not archived.
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

-- A SCIM group is a role of a project (project_id and role), a role of a team (team_id as well), or a plain group
-- (neither). The row is the role: no other table lists a project's roles.
CREATE TABLE IF NOT EXISTS groups (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id        TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id            TEXT NOT NULL,
  project_id    TEXT REFERENCES projects (id) ON DELETE CASCADE,
  team_id       TEXT REFERENCES teams (id) ON DELETE CASCADE,
  role          TEXT,
  display_name  TEXT NOT NULL,
  name_fold     TEXT NOT NULL,
  external_id   TEXT,
  -- When an identity provider last changed it. NULL: never.
  pushed_at     TEXT,
  version       INTEGER NOT NULL DEFAULT 1,
  created_at    TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  CHECK ((project_id IS NULL) = (role IS NULL)),
  CHECK (team_id IS NULL OR project_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS groups_by_id ON groups (org_id, id);
-- One name, one group. So `Statsig-A-B-Member` cannot be a role of project A-B and of a team B of project A.
CREATE UNIQUE INDEX IF NOT EXISTS groups_by_name ON groups (org_id, name_fold);
CREATE INDEX IF NOT EXISTS groups_in_order ON groups (org_id, seq);
CREATE INDEX IF NOT EXISTS groups_by_external_id ON groups (org_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_project ON groups (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_team ON groups (team_id) WHERE team_id IS NOT NULL;

-- The groups of archived projects, without members. SCIM does not see them. Restoring a project brings them back under
-- their ids.
CREATE TABLE IF NOT EXISTS archived_groups (
  id            TEXT PRIMARY KEY,
  project_id    TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  team_id       TEXT REFERENCES teams (id) ON DELETE CASCADE,
  role          TEXT NOT NULL,
  display_name  TEXT NOT NULL,
  name_fold     TEXT NOT NULL,
  external_id   TEXT,
  version       INTEGER NOT NULL,
  created_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS archived_groups_by_name ON archived_groups (name_fold);
CREATE INDEX IF NOT EXISTS archived_groups_by_project ON archived_groups (project_id);
CREATE INDEX IF NOT EXISTS archived_groups_by_team ON archived_groups (team_id) WHERE team_id IS NOT NULL;

-- The names of archived projects' groups stay reserved: otherwise a push of such a name could create a team of another
-- project, and put people into the wrong group.
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

-- Members of groups. An inactive user is in no group.
CREATE TABLE IF NOT EXISTS memberships (
  group_seq INTEGER NOT NULL REFERENCES groups (seq) ON DELETE CASCADE,
  user_seq  INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  PRIMARY KEY (group_seq, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_seq);

-- A user's version moves with the groups joined and left. Deactivation moves it once by itself.
CREATE TRIGGER IF NOT EXISTS memberships_insert AFTER INSERT ON memberships
BEGIN
  UPDATE users SET version = version + 1 WHERE seq = NEW.user_seq;
END;
DROP TRIGGER IF EXISTS memberships_delete;
CREATE TRIGGER memberships_delete AFTER DELETE ON memberships
BEGIN
  UPDATE users SET version = version + 1 WHERE seq = OLD.user_seq AND active = 1;
  -- If no row was changed, the person was deactivated or deleted. Then the group is what changed.
  UPDATE groups SET version = version + 1, last_modified = max(last_modified, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE seq = OLD.group_seq AND changes() = 0;
END;

-- Lists that a client reads by position, as they were when it began: at most one row for each list of an organization,
-- however often it is read.
CREATE TABLE IF NOT EXISTS snapshots (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- As the client sent it; empty if there is none.
  filter    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  begun_at  TEXT NOT NULL,
  -- When the first page was read last, and when another page was (empty: none); written once a minute.
  first_at  TEXT NOT NULL,
  read_at   TEXT NOT NULL DEFAULT '',
  -- How many readers have seen the first page, but not the last.
  readers   INTEGER NOT NULL DEFAULT 1,
  -- The last position that was read, as of read_at.
  reached   INTEGER NOT NULL DEFAULT 0,
  -- How many positions there are, also of rows that have gone since.
  total     INTEGER NOT NULL,
  -- The greatest `seq` that has a position.
  newest    INTEGER NOT NULL,
  -- Each `seq` of a filtered list, else that of the last row of each page: ten digits and a comma.
  posts     TEXT NOT NULL,
  PRIMARY KEY (org_id, resource, filter, page_size)
) STRICT, WITHOUT ROWID;

-- The provisioning log: changes by identity providers and administrators, and failed requests of identity providers.
-- Entries are kept for LOG_RETENTION_DAYS.
CREATE TABLE IF NOT EXISTS log (
  org_id        TEXT NOT NULL,
  -- The time and a random number: the order of the log.
  id            TEXT NOT NULL,
  source        TEXT NOT NULL CHECK (source IN ('scim', 'console')),
  -- A key's hint, or an administrator's email address.
  actor         TEXT NOT NULL,
  method        TEXT NOT NULL,
  path          TEXT NOT NULL,
  status        INTEGER NOT NULL,
  -- The resource, with its name at that time.
  resource_type TEXT CHECK (
    resource_type = 'User' OR resource_type = 'Group' OR resource_type = 'Project' OR resource_type = 'Key'),
  resource_id   TEXT,
  resource_name TEXT,
  -- What failed, or what was done.
  detail        TEXT,
  -- The redacted body, as JSON.
  body          TEXT,
  -- Milliseconds from the arrival of the request until this entry was written.
  duration      INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_by_resource ON log (org_id, resource_id, id) WHERE resource_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_of_failures ON log (org_id, id) WHERE status >= 400;
CREATE INDEX IF NOT EXISTS log_of_console ON log (org_id, id) WHERE source = 'console';
