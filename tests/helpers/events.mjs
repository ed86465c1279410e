// The stored events of an organization.

import assert from "node:assert/strict";

/**
 * The events of an organization with their fields, behind `after`, the oldest first. `subjects` has the rows of
 * event_subjects by the ids.
 */
export async function storedEvents(worker, organization, { after = 0, database = 0 } = {}) {
  const [rows, subjects] = await Promise.all([
    worker.sqlIn(
      database,
      "SELECT * FROM events WHERE org_id = ?1 AND seq > CAST(?2 AS INTEGER) ORDER BY seq",
      organization,
      String(after),
    ),
    worker.sqlIn(
      database,
      "SELECT * FROM event_subjects WHERE org_id = ?1 AND seq > CAST(?2 AS INTEGER) ORDER BY seq, subject_id",
      organization,
      String(after),
    ),
  ]);
  const events = rows.map((row) => ({ ...row, data: JSON.parse(row.data), subjects: {} }));
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  for (const { subject_id, seq, since, personal } of subjects) {
    const event = bySeq.get(seq);
    assert.ok(event, `event_subjects has ${subject_id} of the event ${seq}, which does not exist`);
    event.subjects[subject_id] = { since, personal: JSON.parse(personal) };
  }
  return events;
}

/** The `seq` of the newest event. */
export async function newestEvent(worker, organization, database = 0) {
  const [{ seq }] = await worker.sqlIn(
    database,
    "SELECT coalesce(max(seq), 0) AS seq FROM events WHERE org_id = ?1",
    organization,
  );
  return seq;
}

/** Asserts what holds for all events of an organization: no gaps, times in order, right totals, subjects. */
export async function assertEventsAreSound(worker, organization) {
  const events = await storedEvents(worker, organization);
  let before = { seq: events[0].seq - 1, at: "", active_total: events[0].active_total - events[0].active };
  before.lost_total = events[0].lost_total - events[0].lost;
  for (const event of events) {
    assert.equal(event.seq, before.seq + 1, "a gap");
    assert.ok(event.at >= before.at, `${event.at} after ${before.at}`);
    assert.equal(event.active_total, before.active_total + event.active, `active_total of ${event.seq}`);
    assert.equal(event.lost_total, before.lost_total + event.lost, `lost_total of ${event.seq}`);
    assert.ok(event.story <= event.seq && event.story > 0, `the story ${event.story} of ${event.seq}`);
    assert.ok(event.subjects[event.subject_id], `${event.type} ${event.seq} is not among those of its subject`);
    before = event;
  }
  const [{ active }] = await worker.sql(
    "SELECT count(*) AS active FROM users WHERE org_id = ?1 AND active = 1 AND managed = 1",
    organization,
  );
  assert.equal(before.active_total, active, "active_total is the number of active people that SCIM sees");
  return events;
}
