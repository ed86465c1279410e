-- Webhooks: where events are delivered to, and how far that is. See src/d1/webhooks/.

CREATE TABLE webhooks (
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
  PRIMARY KEY (org_id, id)
) STRICT, WITHOUT ROWID;

-- The subjects of which an event could not be delivered. That event and the later ones of the subject, up to
-- webhooks.position, are not delivered yet.
CREATE TABLE webhook_failures (
  org_id     TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  -- The event.
  seq        INTEGER NOT NULL,
  -- How many attempts have failed, and when the next is due.
  attempts   INTEGER NOT NULL,
  next_at    TEXT NOT NULL,
  PRIMARY KEY (org_id, webhook_id, subject_id)
) STRICT, WITHOUT ROWID;

-- The newest attempts at deliveries.
CREATE TABLE webhook_attempts (
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
  PRIMARY KEY (org_id, webhook_id, slot)
) STRICT, WITHOUT ROWID;

-- How many webhooks are not disabled, and how many are for failures. Each request reads the row anyway.
ALTER TABLE organizations ADD COLUMN webhooks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN failed_webhooks INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER webhooks_insert AFTER INSERT ON webhooks
BEGIN
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = NEW.org_id) WHERE id = NEW.org_id;
END;
CREATE TRIGGER webhooks_update AFTER UPDATE OF disabled_at ON webhooks
WHEN (NEW.disabled_at IS NULL) <> (OLD.disabled_at IS NULL)
BEGIN
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = NEW.org_id) WHERE id = NEW.org_id;
END;
CREATE TRIGGER webhooks_delete AFTER DELETE ON webhooks
BEGIN
  DELETE FROM webhook_failures WHERE org_id = OLD.org_id AND webhook_id = OLD.id;
  DELETE FROM webhook_attempts WHERE org_id = OLD.org_id AND webhook_id = OLD.id;
  UPDATE organizations SET (webhooks, failed_webhooks) = (
    SELECT count(*) FILTER (WHERE w.disabled_at IS NULL), count(*) FILTER (WHERE w.disabled_because <> 'administrator')
    FROM webhooks w WHERE w.org_id = OLD.org_id) WHERE id = OLD.org_id;
END;

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 20 AS version;
