-- Change events with what hangs on them: history, undo, the brake, and deleted people who can come back.

-- What happened; see crates/directory/src/event.rs and src/d1/events/. An event has no personal data.
CREATE TABLE events (
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
CREATE TABLE event_subjects (
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
CREATE VIEW new_events AS SELECT *, NULL AS personal, NULL AS others FROM events WHERE FALSE;
CREATE TRIGGER new_events_insert INSTEAD OF INSERT ON new_events
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

-- The seq of the event that began the membership; 0: it began before events were kept.
ALTER TABLE memberships ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- When the person last lost access: the brake counts a person once an hour.
ALTER TABLE users ADD COLUMN lost_at TEXT;

-- For each minute in which people lost access over SCIM: how many had lost it ever, and how many were active, before.
CREATE TABLE access_losses (
  org_id        TEXT NOT NULL,
  -- As 2026-01-01T00:00.
  minute        TEXT NOT NULL,
  total_before  INTEGER NOT NULL,
  active_before INTEGER NOT NULL,
  PRIMARY KEY (org_id, minute)
) STRICT, WITHOUT ROWID;

-- Of how many people in a hundred SCIM may take access within an hour, at least of 25; 0: of any number.
ALTER TABLE organizations ADD COLUMN brake_percent INTEGER NOT NULL DEFAULT 20;
-- Since when more are refused, and the id of the key whose request was refused first.
ALTER TABLE organizations ADD COLUMN brake_engaged_at TEXT;
ALTER TABLE organizations ADD COLUMN brake_engaged_by TEXT;
-- Until when nothing is refused.
ALTER TABLE organizations ADD COLUMN brake_lifted_until TEXT;
-- Since when SCIM may not write, and the administrator who paused it.
ALTER TABLE organizations ADD COLUMN paused_at TEXT;
ALTER TABLE organizations ADD COLUMN paused_by TEXT;
-- 1: an administrator has paused the organization's identity providers; as organizations.paused_at. Each write reads
-- the row of its key anyway.
ALTER TABLE auth_keys ADD COLUMN is_paused INTEGER NOT NULL DEFAULT 0;
-- 1: a deactivation keeps the role and the memberships that it takes, for the next activation.
ALTER TABLE organizations ADD COLUMN keep_access INTEGER NOT NULL DEFAULT 0;

-- Refuses what takes access from too many people within an hour. The hour begins with a whole minute, so that it may be
-- up to a minute longer. What an administrator has let through does not count: brake_lifted_until is a whole minute.
CREATE TRIGGER events_access_lost AFTER INSERT ON events WHEN NEW.lost > 0
BEGIN
  INSERT INTO access_losses (org_id, minute, total_before, active_before)
  VALUES (NEW.org_id, substr(NEW.at, 1, 16), NEW.lost_total - NEW.lost, NEW.active_total - NEW.active)
  ON CONFLICT DO NOTHING;
  SELECT RAISE(ABORT, 'access brake') FROM organizations o WHERE o.id = NEW.org_id AND o.brake_percent > 0
    AND coalesce(o.brake_lifted_until, '') <= NEW.at
    AND (o.brake_engaged_at IS NOT NULL OR EXISTS (
      SELECT 1 FROM (
        SELECT total_before, active_before FROM access_losses l
        WHERE l.org_id = NEW.org_id AND l.minute >= max(
          strftime('%Y-%m-%dT%H:%M', NEW.at, '-1 hour'), coalesce(substr(o.brake_lifted_until, 1, 16), ''))
        ORDER BY l.minute LIMIT 1)
      WHERE (NEW.lost_total - total_before) * 100 > max(2500, o.brake_percent * active_before)));
END;

-- Minutes before the hour are no longer needed.
CREATE TRIGGER access_losses_prune AFTER INSERT ON access_losses
BEGIN
  DELETE FROM access_losses
  WHERE org_id = NEW.org_id AND minute < strftime('%Y-%m-%dT%H:%M', NEW.minute, '-1 hour');
END;

-- The memberships that a deactivation took and the next activation gives back, where the organization keeps them.
CREATE TABLE kept_memberships (
  user_seq  INTEGER NOT NULL REFERENCES users (seq) ON DELETE CASCADE,
  group_seq INTEGER NOT NULL REFERENCES groups (seq) ON DELETE CASCADE,
  PRIMARY KEY (user_seq, group_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_memberships_by_group ON kept_memberships (group_seq);

-- Deleted people who can come back under their id. Their memberships are in the events of the deletion.
CREATE TABLE deleted_people (
  org_id     TEXT NOT NULL,
  id         TEXT NOT NULL,
  deleted_at TEXT NOT NULL,
  -- The seq of the event of the deletion.
  event_seq  INTEGER NOT NULL,
  -- The row of users, as JSON.
  person     TEXT NOT NULL,
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_people_by_time ON deleted_people (deleted_at);

-- Undoing of selected changes, in steps.
CREATE TABLE undo_runs (
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
CREATE INDEX undo_runs_under_way ON undo_runs (org_id, id) WHERE status = 'running';

-- The people and groups that an undo looks at.
CREATE TABLE undo_subjects (
  org_id     TEXT NOT NULL,
  undo_id    TEXT NOT NULL,
  -- The order of the steps: 0: a group; 1: a person.
  place      INTEGER NOT NULL,
  subject_id TEXT NOT NULL,
  -- What was left as it is, and why, as JSON; NULL: nothing, or not looked at yet.
  left_out   TEXT,
  PRIMARY KEY (org_id, undo_id, place, subject_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX undo_subjects_left_out ON undo_subjects (org_id, undo_id, place, subject_id)
WHERE left_out IS NOT NULL;

-- Of an entry of a change the id of the resource, which is not in resource_id then: its events are found by subject, so
-- that the index of resource_id has only entries without events.
ALTER TABLE log ADD COLUMN changed_id TEXT;
-- Of an entry of a change the seq that its first event has, if it has events.
ALTER TABLE log ADD COLUMN first_event INTEGER;
-- Requests that changed nothing: failures, and those that asked for what was there already.
CREATE INDEX log_without_events ON log (org_id, id) WHERE first_event IS NULL;

-- As before, and with the time at which a person lost a role.
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
  WHERE seq = OLD.group_seq AND changes() = 0;
END;

-- Where the history of the present organizations begins.
INSERT INTO events (org_id, seq, at, type, story, source, actor, subject_type, subject_id, data, active_total,
  lost_total)
SELECT o.id, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'history.started', 1, 'job', 'migration', 'organization', o.id,
  '{}', (SELECT count(*) FROM users u WHERE u.org_id = o.id AND u.active = 1 AND u.managed = 1), 0
FROM organizations o;
INSERT INTO event_subjects (org_id, subject_id, seq) SELECT org_id, subject_id, seq FROM events;
