-- The whole database of scim-edge, for reading and for tests. A deployment gets it from migrations/, which lead here
-- from any older state; tests/storage/migrations.test.mjs compares the two. On a database in use this file fails at its
-- first table, and changes nothing.
--
-- Conventions:
-- - Every table is STRICT.
-- - Times are ISO 8601 in UTC with milliseconds, so that they compare as text.
-- - Columns `*_fold` hold the form in which text is compared. Rust makes it (scim_protocol::text::fold). Unique indexes
--   and look-ups use it.
-- - `seq` is the order of insertion, which is the order of every list. AUTOINCREMENT keeps the `seq` of a deleted row
--   from being used again: what one round trip decided about a `seq` must not be done to a new row by the next.
-- - No CHECK has IN with more than two values: SQLite reads a row for each evaluation, and D1 bills it.

CREATE TABLE organizations (
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
  -- The rules by which its folded columns were made (scim_protocol::text::FOLD_VERSION; 0: before they were numbered),
  -- and the progress of making them anew: see src/d1/refolding/.
  fold_version     INTEGER NOT NULL DEFAULT 0,
  folded_to        TEXT NOT NULL DEFAULT '',
  -- How many users SCIM sees (users.managed = 1). Triggers keep it, so that a list need not count.
  user_count       INTEGER NOT NULL DEFAULT 0,
  -- How many groups SCIM sees. Triggers keep it, so that the work of a filter is known beforehand.
  group_count      INTEGER NOT NULL DEFAULT 0,
  -- How many users SCIM may see at most, inactive ones included; NULL: any number. More are not created.
  user_limit       INTEGER CHECK (user_limit > 0),
  -- How many times an existing user became visible to SCIM by another email domain (users.reveal).
  reveals          INTEGER NOT NULL DEFAULT 0,
  created_at       TEXT NOT NULL,
  last_modified    TEXT NOT NULL,
  -- Of how many people in a hundred SCIM may take access within an hour, at least of 25; 0: of any number.
  brake_percent    INTEGER NOT NULL DEFAULT 20,
  -- Since when more are refused, and the id of the key whose request was refused first.
  brake_engaged_at TEXT,
  brake_engaged_by TEXT,
  -- Until when nothing is refused.
  brake_lifted_until TEXT,
  -- Since when SCIM may not write, and the administrator who paused it.
  paused_at        TEXT,
  paused_by        TEXT,
  -- 1: a deactivation keeps the role and the memberships that it takes, for the next activation.
  keep_access      INTEGER NOT NULL DEFAULT 0,
  -- What the names of its projects' groups begin with. NULL: it has had none yet. A trigger sets it with the first.
  group_prefix     TEXT,
  -- The attribute with which its identity provider sends organization roles. NULL: not known; the hourly maintenance
  -- then sets what ORG_ROLE_ATTRIBUTE says.
  org_role_attribute TEXT,
  -- Since when it is deleted, and the administrator who deleted it. Its keys are stopped; operators can restore it
  -- until the hourly maintenance deletes its rows, after DELETED_RETENTION_DAYS.
  deleted_at       TEXT,
  deleted_by       TEXT,
  -- The seq of the event up to which the people of its groups are counted; see people_counts.
  people_counted_to INTEGER NOT NULL DEFAULT 0,
  -- After how many minutes without the acknowledgement of a deactivation administrators are alerted; 0: never.
  revocation_minutes INTEGER NOT NULL DEFAULT 5,
  -- Signs the cursors of the organization's feed.
  feed_secret      TEXT,
  -- What roles allow in the product where an administrator has set it, as JSON; see crates/directory/src/permission.rs.
  -- NULL: nothing is set.
  permissions      TEXT CHECK (permissions IS NULL OR json_valid(permissions)),
  -- The name in the form in which it is compared. Empty: the hourly maintenance makes it.
  name_fold        TEXT NOT NULL DEFAULT '',
  -- How many webhooks are not disabled, and how many are for failures. Each request reads the row anyway.
  webhooks INTEGER NOT NULL DEFAULT 0,
  failed_webhooks INTEGER NOT NULL DEFAULT 0,
  -- Until when each answer to the organization's keys is kept: its set-up is being looked at. Each request reads the
  -- row anyway.
  watched_until TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS organizations_deleted ON organizations (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS organizations_by_name ON organizations (name_fold, id);
CREATE INDEX IF NOT EXISTS organizations_by_creation ON organizations (created_at, id);

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
  last_used_at   TEXT,
  -- 1: an administrator has paused the organization's identity providers; as organizations.paused_at. Each write reads
  -- the row of its key anyway.
  is_paused      INTEGER NOT NULL DEFAULT 0,
  -- 1: the organization keeps access; as organizations.keep_access. Each write reads the row of its key anyway.
  keeps_access   INTEGER NOT NULL DEFAULT 0,
  -- 1: deactivated with its organization; active again once that is restored.
  is_stopped     INTEGER NOT NULL DEFAULT 0,
  -- What administrators call it. NULL: it has no name.
  name           TEXT,
  -- Where the request of last_used_at came from, as Cloudflare has it: the country (ISO 3166-1 alpha-2) and the name of
  -- the network. NULL: not known.
  last_used_country TEXT,
  last_used_network TEXT,
  -- How many requests were counted on that day (UTC); see src/auth/key_use.rs.
  counted_on     TEXT,
  requests       INTEGER NOT NULL DEFAULT 0,
  -- The last answer as JSON, without names: written with last_used_at, and at once while the set-up is looked at.
  last_answer    TEXT CHECK (last_answer IS NULL OR json_valid(last_answer))
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS auth_keys_by_org ON auth_keys (org_id, created_at);
-- Keys that were not deactivated: few, of however many there were.
CREATE INDEX IF NOT EXISTS auth_keys_not_deactivated ON auth_keys (org_id, created_at) WHERE deactivated_at IS NULL;

CREATE TRIGGER IF NOT EXISTS organizations_keep_access AFTER UPDATE OF keep_access ON organizations
WHEN NEW.keep_access <> OLD.keep_access
BEGIN
  UPDATE auth_keys SET keeps_access = NEW.keep_access WHERE org_id = NEW.id;
END;

CREATE TABLE IF NOT EXISTS users (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id         TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id             TEXT NOT NULL,
  user_name_fold TEXT NOT NULL,
  -- In Unicode's composed form, for comparison; the document has it as it was sent.
  external_id    TEXT,
  active         INTEGER NOT NULL CHECK (active IN (0, 1)),
  -- An inactive person is shown as Member; this role counts when they become active.
  org_role       TEXT NOT NULL CHECK (org_role = 'Member' OR org_role = 'Admin' OR org_role = 'Owner'),
  -- Folded domain of the address that identifies the person; NULL if there is none.
  mail_domain    TEXT,
  -- 1: SCIM sees this person. 0: added in the console, outside the organization's email domains.
  managed        INTEGER NOT NULL CHECK (managed IN (0, 1)),
  -- The value of organizations.reveals when this user last became visible to SCIM; 0: at insertion. Snapshots of lists
  -- that are older leave the user out.
  reveal         INTEGER NOT NULL DEFAULT 0,
  -- The SCIM attributes that clients set, as canonical JSON, without `active` and the organization role.
  doc            TEXT NOT NULL,
  -- The same with its texts folded, for filters; NULL where SQLite's lower(), which knows ASCII only, is the same.
  doc_fold       TEXT,
  version        INTEGER NOT NULL DEFAULT 1,
  created_at     TEXT NOT NULL,
  last_modified  TEXT NOT NULL,
  -- When the person last lost access: the brake counts a person once an hour.
  lost_at        TEXT
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
-- The organizations of an administrator, of however many there are.
CREATE INDEX IF NOT EXISTS users_administrators ON users (user_name_fold, org_id)
  WHERE active = 1 AND org_role <> 'Member';

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

-- An upgrade that folds more than before can give two people or groups the same folded name. One of them has the name;
-- the others have `char(1) || 'SAME NAME '` and their id behind it. When the name becomes free, the first of the others
-- gets it.
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
  -- The `seq` of the groups of its own roles, as a JSON array. Triggers keep it, so that a check of what a person may
  -- do looks only for memberships of these groups. Archived projects have none.
  role_groups TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(role_groups)),
  -- What a check says of these roles, as a JSON object by the group's `seq`, so that it reads no row for each. Triggers
  -- keep it. Behind a megabyte the rows are read.
  roles TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(roles)),
  UNIQUE (org_id, name_fold)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS projects_by_creation ON projects (org_id, created_at, name_fold);

CREATE TABLE IF NOT EXISTS teams (
  id         TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  name_fold  TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- As of a project.
  role_groups TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(role_groups)),
  roles TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(roles)),
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
  -- In Unicode's composed form, for comparison; and as it was sent, if that differs.
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
-- One name, one group. So `Statsig-A-B-Member` cannot be a role of project A-B and of a team B of project A.
CREATE UNIQUE INDEX IF NOT EXISTS groups_by_name ON groups (org_id, name_fold);
CREATE INDEX IF NOT EXISTS groups_in_order ON groups (org_id, seq);
CREATE INDEX IF NOT EXISTS groups_by_external_id ON groups (org_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_project ON groups (project_id) WHERE project_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS groups_by_team ON groups (team_id) WHERE team_id IS NOT NULL;
-- Roles that projects have besides the built-in ones, for the list of all roles.
CREATE INDEX IF NOT EXISTS groups_by_custom_role ON groups (org_id, role)
WHERE team_id IS NULL AND role IS NOT NULL AND role <> 'Admin' AND role <> 'Member' AND role <> 'Read-Only';

CREATE TRIGGER IF NOT EXISTS groups_listed_insert AFTER INSERT ON groups WHEN NEW.project_id IS NOT NULL
BEGIN
  UPDATE projects SET role_groups = json_insert(role_groups, '$[#]', NEW.seq),
    roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'project', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.project_id AND NEW.team_id IS NULL;
  UPDATE teams SET role_groups = json_insert(role_groups, '$[#]', NEW.seq),
    roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'team', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.team_id;
END;
CREATE TRIGGER IF NOT EXISTS groups_listed_update AFTER UPDATE OF role, display_name ON groups
WHEN NEW.project_id IS NOT NULL AND (NEW.role <> OLD.role OR NEW.display_name <> OLD.display_name)
BEGIN
  UPDATE projects SET roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'project', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.project_id AND NEW.team_id IS NULL;
  UPDATE teams SET roles = iif(octet_length(roles) < 1000000,
    json_set(roles, '$."' || NEW.seq || '"', json_object('on', 'team', 'role', NEW.role, 'group_id', NEW.id,
      'group', NEW.display_name)),
    json_remove(roles, '$."' || NEW.seq || '"'))
  WHERE id = NEW.team_id;
END;
-- The groups of a team go with the team, or with their project when that is archived.
CREATE TRIGGER IF NOT EXISTS groups_listed_delete AFTER DELETE ON groups
WHEN OLD.project_id IS NOT NULL AND OLD.team_id IS NULL
BEGIN
  UPDATE projects SET role_groups = (
    SELECT json_group_array(j.value) FROM json_each(role_groups) j WHERE j.value <> OLD.seq),
    roles = json_remove(roles, '$."' || OLD.seq || '"')
  WHERE id = OLD.project_id AND role_groups <> '[]';
END;
CREATE TRIGGER IF NOT EXISTS projects_unlist_groups AFTER UPDATE OF archived_at ON projects
WHEN NEW.archived_at IS NOT NULL AND OLD.archived_at IS NULL
BEGIN
  UPDATE projects SET role_groups = '[]', roles = '{}' WHERE id = NEW.id;
  UPDATE teams SET role_groups = '[]', roles = '{}' WHERE project_id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS groups_count_insert AFTER INSERT ON groups
BEGIN
  UPDATE organizations
  SET group_count = group_count + 1,
    group_prefix = iif(NEW.project_id IS NULL, group_prefix, coalesce(group_prefix, (
      SELECT substr(NEW.display_name, 1, length(NEW.display_name) - length(n.rest)) FROM (
        SELECT '-' || p.name || coalesce('-' || t.name, '') || '-' || NEW.role AS rest
        FROM projects p LEFT JOIN teams t ON t.id = NEW.team_id WHERE p.id = NEW.project_id) n
      WHERE substr(NEW.display_name, -length(n.rest)) = n.rest)))
  WHERE id = NEW.org_id;
END;
CREATE TRIGGER IF NOT EXISTS groups_count_delete AFTER DELETE ON groups
BEGIN
  UPDATE organizations SET group_count = group_count - 1 WHERE id = OLD.org_id;
END;

-- How many people large groups and projects have, as the hourly maintenance has counted them.
CREATE TABLE IF NOT EXISTS people_counts (
  org_id     TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Of a group or project.
  id         TEXT NOT NULL,
  people     INTEGER NOT NULL,
  counted_at TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
-- A project without one of its groups has fewer people.
CREATE TRIGGER IF NOT EXISTS people_counts_group_deleted AFTER DELETE ON groups
BEGIN
  DELETE FROM people_counts WHERE org_id = OLD.org_id AND (id = OLD.id OR id = OLD.project_id);
END;

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
  external_id_sent TEXT,
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

-- Members of groups. An inactive user is in no group.
CREATE TABLE IF NOT EXISTS memberships (
  group_seq INTEGER NOT NULL REFERENCES groups (seq) ON DELETE CASCADE,
  user_seq  INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  -- The seq of the event that began the membership; 0: it began before events were kept.
  since     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (group_seq, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_seq);

-- A user's version moves with each group joined and left. Deactivation moves it once for all. A person is in at most
-- 1,000 groups (src/d1/limits.rs). Since joining moves the version, groups are counted only for a person with a
-- higher version. The path of json_extract is invalid on purpose: its error names the person.
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
  -- A change in the console does not count as a loss: the newest event tells what makes the change.
  UPDATE users SET version = version + 1, lost_at = iif(
    coalesce(lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') AND (
      SELECT g.role IS NOT NULL AND (
        SELECT e.source = 'scim' FROM events e WHERE e.org_id = g.org_id ORDER BY e.seq DESC LIMIT 1)
      FROM groups g WHERE g.seq = OLD.group_seq),
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), lost_at)
  WHERE seq = OLD.user_seq AND active = 1;
  -- If no row was changed, the person was deactivated or deleted. Then the group is what changed.
  UPDATE groups SET version = version + 1, last_modified = max(last_modified, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE seq = iif(changes() = 0, OLD.group_seq, NULL);
END;

-- Lists that are read page by page by position, as they were with the first page: see src/d1/imports/snapshot.rs. A
-- snapshot never changes.
CREATE TABLE IF NOT EXISTS list_snapshots (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Hash of resource and filter.
  list      TEXT NOT NULL,
  -- Begins with the time of its creation.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- As the client sent it; empty if there is none.
  filter    TEXT NOT NULL,
  -- Hash of the key's id and of the client's User-Agent.
  reader    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  begun_at  TEXT NOT NULL,
  -- How many positions come before its first row. More than 0: it unites several readings that look the same.
  base      INTEGER NOT NULL,
  -- How many rows are between two page boundaries.
  step      INTEGER NOT NULL,
  -- How many rows it has.
  listed    INTEGER NOT NULL,
  -- The totalResults of its pages.
  total     INTEGER NOT NULL,
  -- The value of organizations.reveals.
  reveals   INTEGER NOT NULL,
  -- The page boundaries: a `seq` before the first row, then the `seq` of every row of a filtered list, else of the last
  -- row of each page. Each has ten digits and a comma.
  posts     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id)
) STRICT, WITHOUT ROWID;

-- The progress of each reading of a list: see src/d1/imports/reading.rs. Without a row, only the first page was read.
CREATE TABLE IF NOT EXISTS readings (
  org_id      TEXT NOT NULL,
  list        TEXT NOT NULL,
  -- The snapshot of the first page, and the one from which the next page is read.
  id          TEXT NOT NULL,
  snapshot    TEXT NOT NULL,
  -- Where the page that was read last begins and ends, and its size.
  page_offset INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  page_size   INTEGER NOT NULL,
  -- 1: it was the last page of the list.
  is_done     INTEGER NOT NULL,
  read_at     TEXT NOT NULL,
  PRIMARY KEY (org_id, list, id),
  FOREIGN KEY (org_id, list, id) REFERENCES list_snapshots ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What identity providers were shown: each list of all users or groups that was read by position; see
-- src/d1/imports/shown.rs. Kept for LOG_RETENTION_DAYS.
CREATE TABLE IF NOT EXISTS imports (
  org_id    TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  -- Begins with the time of its first page. The id of its reading, if it has several pages.
  id        TEXT NOT NULL,
  resource  TEXT NOT NULL CHECK (resource IN ('Users', 'Groups')),
  -- The key with which it was read first.
  key_id    TEXT NOT NULL,
  page_size INTEGER NOT NULL,
  -- The totalResults of its pages.
  total     INTEGER NOT NULL,
  -- When its last page so far was read.
  read_at   TEXT NOT NULL,
  -- 1: the last page of the list was read.
  is_done   INTEGER NOT NULL,
  -- The seq of the newest event when its first page had been read; 0: there was none.
  event_seq INTEGER NOT NULL,
  -- Its pages by their numbers, as JSON: of each the least and the greatest `seq` on it, its rows, its size, and a hash
  -- of who is on it; null: that is not in KV.
  pages     TEXT NOT NULL CHECK (json_valid(pages)),
  -- Why KV did not take a page, the last time.
  failed    TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- How many pages of imports were written to KV on a day (UTC), for IMPORT_PAGES_PER_DAY.
CREATE TABLE IF NOT EXISTS import_days (
  day   TEXT PRIMARY KEY,
  pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The provisioning log: changes by identity providers and administrators, and failed requests of identity providers;
-- see src/d1/audit_log.rs. Entries are kept for LOG_RETENTION_DAYS.
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
  -- Of a failed request the code of the reason: see src/error.rs.
  code          TEXT,
  -- Of an entry of a change the id of the resource, which is not in resource_id then: its events are found by subject,
  -- so that the index of resource_id has only entries without events.
  changed_id    TEXT,
  -- Of an entry of a change the seq that its first event has, if it has events.
  first_event   INTEGER,
  -- The id of the request, as in the Worker's log and in the text of an error. Operations of a bulk request have one.
  request_id    TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_by_resource ON log (org_id, resource_id, id) WHERE resource_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS log_of_failures ON log (org_id, id) WHERE status >= 400;
-- Failures by the name that they are about: those of people without an id are found by it when a person is erased.
CREATE INDEX IF NOT EXISTS log_of_failures_by_name ON log (org_id, resource_name COLLATE NOCASE)
WHERE status >= 400 AND resource_name IS NOT NULL;
-- Requests that changed nothing: failures, and those that asked for what was there already.
CREATE INDEX IF NOT EXISTS log_without_events ON log (org_id, id) WHERE first_event IS NULL;
CREATE INDEX IF NOT EXISTS log_of_console ON log (org_id, id) WHERE source = 'console';

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

-- What happened; see crates/directory/src/event.rs and src/d1/events/. An event has no personal data.
CREATE TABLE IF NOT EXISTS events (
  org_id       TEXT NOT NULL,
  -- Grows by 1 within the organization. The newest event of an organization is never deleted.
  seq          INTEGER NOT NULL,
  -- Never earlier than that of the event before.
  at           TEXT NOT NULL,
  type         TEXT NOT NULL,
  -- The seq of the first event of the story: of the request, or of the whole undo.
  story        INTEGER NOT NULL,
  -- The entry of the request in the log; NULL: a scheduled job, or a migration.
  log_id       TEXT,
  source       TEXT NOT NULL CHECK (source = 'scim' OR source = 'console' OR source = 'job'),
  -- A key's hint, an administrator's email address, or the name of a job.
  actor        TEXT NOT NULL,
  key_id       TEXT,
  subject_type TEXT NOT NULL,
  subject_id   TEXT NOT NULL,
  -- The version of the subject that the change made.
  version      INTEGER,
  -- The fields of the event, as JSON.
  data         TEXT NOT NULL,
  -- By how many the people who are active and seen by SCIM became more, and how many there were afterwards.
  active       INTEGER NOT NULL DEFAULT 0,
  active_total INTEGER NOT NULL,
  -- How many people lost access over SCIM who had not lost any in the hour before, and how many did so ever.
  lost         INTEGER NOT NULL DEFAULT 0,
  lost_total   INTEGER NOT NULL,
  PRIMARY KEY (org_id, seq)
) STRICT, WITHOUT ROWID;

-- The events by what they are about. An event has a row for its subject, and one for each other person or group whose
-- membership ended by it. (Memberships that exist name the event that began them.)
CREATE TABLE IF NOT EXISTS event_subjects (
  org_id     TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  seq        INTEGER NOT NULL,
  -- Of a membership that ended: the seq of the event that began it; 0: it began before events were kept.
  since      INTEGER,
  -- The personal part of an event about a person, as JSON.
  personal   TEXT,
  PRIMARY KEY (org_id, subject_id, seq)
) STRICT, WITHOUT ROWID;

-- New events are inserted here: each with its subjects in one statement. `personal` is that of the subject; `others`
-- are the other rows of event_subjects, as a JSON array of objects with id and since.
CREATE VIEW IF NOT EXISTS new_events AS SELECT *, NULL AS personal, NULL AS others FROM events WHERE FALSE;
CREATE TRIGGER IF NOT EXISTS new_events_insert INSTEAD OF INSERT ON new_events
BEGIN
  INSERT INTO events (org_id, seq, at, type, story, log_id, source, actor, key_id, subject_type, subject_id, version,
    data, active, active_total, lost, lost_total)
  VALUES (NEW.org_id, NEW.seq, NEW.at, NEW.type, NEW.story, NEW.log_id, NEW.source, NEW.actor, NEW.key_id,
    NEW.subject_type, NEW.subject_id, NEW.version, NEW.data, NEW.active, NEW.active_total, NEW.lost, NEW.lost_total);
  INSERT INTO event_subjects (org_id, subject_id, seq, personal)
  VALUES (NEW.org_id, NEW.subject_id, NEW.seq, NEW.personal);
  INSERT INTO event_subjects (org_id, subject_id, seq, since)
  SELECT NEW.org_id, j.value ->> 'id', NEW.seq, j.value ->> 'since' FROM json_each(NEW.others) j;
END;

-- For each minute in which people lost access over SCIM: how many had lost it ever, and how many were active, before.
CREATE TABLE IF NOT EXISTS access_losses (
  org_id        TEXT NOT NULL,
  -- As 2026-01-01T00:00.
  minute        TEXT NOT NULL,
  total_before  INTEGER NOT NULL,
  active_before INTEGER NOT NULL,
  PRIMARY KEY (org_id, minute)
) STRICT, WITHOUT ROWID;

-- Refuses what takes access from too many people within an hour. The hour begins with a whole minute, so that it may be
-- up to a minute longer. What an administrator has let through does not count: brake_lifted_until is a whole minute.
CREATE TRIGGER IF NOT EXISTS events_access_lost AFTER INSERT ON events WHEN NEW.lost > 0
BEGIN
  INSERT INTO access_losses (org_id, minute, total_before, active_before)
  VALUES (NEW.org_id, substr(NEW.at, 1, 16), NEW.lost_total - NEW.lost, NEW.active_total - NEW.active)
  ON CONFLICT DO NOTHING;
  SELECT RAISE(ABORT, 'access brake') FROM organizations o WHERE o.id = NEW.org_id AND o.brake_percent > 0
    AND coalesce(o.brake_lifted_until, '') <= NEW.at
    AND (o.brake_engaged_at IS NOT NULL OR (
      SELECT (NEW.lost_total - l.total_before) * 100 > max(2500, o.brake_percent * l.active_before)
      FROM access_losses l
      WHERE l.org_id = NEW.org_id AND l.minute >= max(
        strftime('%Y-%m-%dT%H:%M', NEW.at, '-1 hour'), coalesce(substr(o.brake_lifted_until, 1, 16), ''))
      ORDER BY l.minute LIMIT 1));
END;

-- Minutes before the hour are no longer needed.
CREATE TRIGGER IF NOT EXISTS access_losses_prune AFTER INSERT ON access_losses
BEGIN
  DELETE FROM access_losses
  WHERE org_id = NEW.org_id AND minute < strftime('%Y-%m-%dT%H:%M', NEW.minute, '-1 hour');
END;

-- The memberships that a deactivation took and the next activation gives back, where the organization keeps them.
CREATE TABLE IF NOT EXISTS kept_memberships (
  user_seq  INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  group_seq INTEGER NOT NULL REFERENCES groups (seq) ON DELETE CASCADE,
  PRIMARY KEY (user_seq, group_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_memberships_by_group ON kept_memberships (group_seq);

-- Deleted people who can come back under their id. Their memberships are in the events of the deletion.
CREATE TABLE IF NOT EXISTS deleted_people (
  org_id     TEXT NOT NULL,
  id         TEXT NOT NULL,
  deleted_at TEXT NOT NULL,
  -- The seq of the event of the deletion.
  event_seq  INTEGER NOT NULL,
  -- The row of users, as JSON.
  person     TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deleted_people_by_time ON deleted_people (deleted_at);

-- Undoing of selected changes, in steps.
CREATE TABLE IF NOT EXISTS undo_runs (
  org_id     TEXT NOT NULL,
  id         TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  -- Which changes, as JSON.
  selection  TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status = 'running' OR status = 'stopped' OR status = 'finished'),
  -- The seq of the event with which it began.
  story      INTEGER NOT NULL,
  -- What is done, and where the next step begins, as JSON.
  progress   TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS undo_runs_under_way ON undo_runs (org_id, id) WHERE status = 'running';

-- The people and groups that an undo looks at.
CREATE TABLE IF NOT EXISTS undo_subjects (
  org_id     TEXT NOT NULL,
  undo_id    TEXT NOT NULL,
  -- The order of the steps: 0: a group; 1: a person.
  place      INTEGER NOT NULL,
  subject_id TEXT NOT NULL,
  -- What was left as it is, and why, as JSON; NULL: nothing, or not looked at yet.
  left_out   TEXT,
  PRIMARY KEY (org_id, undo_id, place, subject_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS undo_subjects_left_out ON undo_subjects (org_id, undo_id, place, subject_id)
WHERE left_out IS NOT NULL;

-- Changes of many people at once, in steps.
CREATE TABLE IF NOT EXISTS bulk_runs (
  org_id     TEXT NOT NULL,
  id         TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  -- What is done to the people, as JSON.
  change     TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status = 'running' OR status = 'stopped' OR status = 'finished'),
  -- The story of its events. NULL: there are none yet.
  story      INTEGER,
  -- How far it is, as JSON.
  counts     TEXT NOT NULL,
  -- When the last step was.
  stepped_at TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bulk_runs_under_way ON bulk_runs (org_id, id) WHERE status = 'running';

-- The people of such a change.
CREATE TABLE IF NOT EXISTS bulk_people (
  org_id    TEXT NOT NULL,
  run_id    TEXT NOT NULL,
  person_id TEXT NOT NULL,
  -- What became of them. NULL: they were not looked at yet.
  result    TEXT,
  PRIMARY KEY (org_id, run_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bulk_people_waiting ON bulk_people (org_id, run_id, person_id) WHERE result IS NULL;

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

CREATE TRIGGER IF NOT EXISTS organizations_feed_secret AFTER INSERT ON organizations WHEN NEW.feed_secret IS NULL
BEGIN
  UPDATE organizations SET feed_secret = lower(hex(randomblob(32))) WHERE id = NEW.id;
END;

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

-- Where events are delivered to, and how far that is. See src/d1/webhooks/.
CREATE TABLE IF NOT EXISTS webhooks (
  org_id      TEXT NOT NULL,
  id          TEXT NOT NULL,
  -- One of the two: an https address, or the binding of a queue.
  address     TEXT,
  queue       TEXT,
  description TEXT NOT NULL,
  -- The types of events that are delivered, as a JSON array; empty: all.
  types       TEXT NOT NULL,
  -- The secret that signs, and the one that signs as well until a time. They are needed in clear for that.
  secret      TEXT NOT NULL,
  previous_secret TEXT,
  previous_until  TEXT,
  created_at  TEXT NOT NULL,
  created_by  TEXT NOT NULL,
  -- Since when it is disabled, and why: 'administrator', 'failures' or 'gone'.
  disabled_at TEXT,
  disabled_because TEXT,
  -- All events up to this seq are delivered, but for those of the subjects in webhook_failures.
  position    INTEGER NOT NULL,
  -- The events that are delivered once more: the next one, and the last. NULL: none.
  replay_next  INTEGER,
  replay_until INTEGER,
  -- The run that delivers. It counts until a time, in case that it breaks off. NULL: none; then the time is its end.
  lease        TEXT,
  leased_until TEXT NOT NULL,
  -- Until when only the sweep delivers, since the receiver was slow.
  slow_until   TEXT NOT NULL DEFAULT '',
  -- How many attempts at deliveries there were.
  attempts     INTEGER NOT NULL DEFAULT 0,
  -- 'standard-webhooks' or 'security-event-tokens'. Of the latter, `secret` is the value of the header Authorization,
  -- or empty.
  format       TEXT NOT NULL DEFAULT 'standard-webhooks',
  -- Of tokens: for whom they are. NULL: for the address.
  audience     TEXT,
  -- Of tokens: who issues them. It is the origin at which the webhook was added.
  issuer       TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- The subjects of which an event could not be delivered. That event and the later ones of the subject, up to
-- webhooks.position, are not delivered yet.
CREATE TABLE IF NOT EXISTS webhook_failures (
  org_id     TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  -- The event.
  seq        INTEGER NOT NULL,
  -- How many attempts have failed, and when the next is due.
  attempts   INTEGER NOT NULL,
  next_at    TEXT NOT NULL,
  -- How many tokens of the event were delivered.
  part       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, webhook_id, subject_id)
) STRICT, WITHOUT ROWID;

-- The newest attempts at deliveries.
CREATE TABLE IF NOT EXISTS webhook_attempts (
  org_id     TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  -- The number of the attempt, modulo the number of attempts that are kept: a later attempt takes the place.
  slot       INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  at         TEXT NOT NULL,
  -- NULL: it was a test.
  event_seq  INTEGER,
  type       TEXT NOT NULL,
  -- Which attempt at the event.
  attempt    INTEGER NOT NULL,
  -- The HTTP status; 0: there was no answer, and `answer` says why. Of a queue 200: it took the message.
  status     INTEGER NOT NULL,
  millis     INTEGER NOT NULL,
  -- The beginning of the answer.
  answer     TEXT NOT NULL,
  -- What a receiver of tokens has called the error.
  error      TEXT,
  PRIMARY KEY (org_id, webhook_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS webhooks_insert AFTER INSERT ON webhooks
BEGIN
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = NEW.org_id) WHERE id = NEW.org_id;
END;
CREATE TRIGGER IF NOT EXISTS webhooks_update AFTER UPDATE OF disabled_at ON webhooks
WHEN (NEW.disabled_at IS NULL) <> (OLD.disabled_at IS NULL)
BEGIN
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = NEW.org_id) WHERE id = NEW.org_id;
END;
CREATE TRIGGER IF NOT EXISTS webhooks_delete AFTER DELETE ON webhooks
BEGIN
  DELETE FROM webhook_failures WHERE org_id = OLD.org_id AND webhook_id = OLD.id;
  DELETE FROM webhook_attempts WHERE org_id = OLD.org_id AND webhook_id = OLD.id;
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = OLD.org_id) WHERE id = OLD.org_id;
END;

-- Links with which the identity provider of an organization is set up, without an account. Only an HMAC is kept.
CREATE TABLE IF NOT EXISTS setup_links (
  org_id       TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  id           TEXT NOT NULL,
  hash         TEXT NOT NULL,
  created_at   TEXT NOT NULL,
  -- The actor who made it, as in the log.
  created_by   TEXT NOT NULL,
  expires_at   TEXT NOT NULL,
  revoked_at   TEXT,
  -- How often it was opened, and when it was last.
  uses         INTEGER NOT NULL DEFAULT 0,
  last_used_at TEXT,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- The number of the newest migration.
CREATE VIEW schema_version AS SELECT 23 AS version;
