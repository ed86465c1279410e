//! Limits of storage and of the hourly maintenance.

use super::rendering::{NOTHING, Row, duration, number};
use crate::d1::{people_counts, refolding, retry, totals};
use crate::health;
use crate::jobs::{self, pruning};
use crate::kv::revocation;
use crate::runtime::deadline;

pub(super) fn rows() -> Vec<Row> {
    vec![
        ("time that a request waits for D1", duration(deadline::REQUEST_MILLIS), "429"),
        ("time that it waits for KV", duration(revocation::READ_LIMIT.as_secs() * 1000), "D1 decides alone"),
        ("time for writing a revocation to KV", duration(revocation::WRITE_LIMIT.as_secs() * 1000), "logged"),
        ("retries after a transient error", number(retry::PAUSES.len()), "429"),
        ("time that `/healthz` waits for a database", duration(health::LIMIT_MILLIS), "503"),
        ("time for which an isolate gives the same answer there", duration(health::MEMORY_MILLIS), NOTHING),
        ("time for which a revocation stays in KV", duration(revocation::LIFETIME_SECONDS * 1000), NOTHING),
        ("steps that renew folded columns before a request", number(refolding::STEPS_OF_REQUEST), "429"),
        ("rows of such a step", number(refolding::step::MOST_ROWS), "next step"),
        ("log entries that maintenance deletes at once", number(pruning::MAX_ROWS), "next statement"),
        ("statements of one run of maintenance", number(pruning::MAX_STATEMENTS), "next run"),
        (
            "steps of undos in one run of maintenance, in a database",
            number(jobs::undo::MAX_STEPS),
            "next run",
        ),
        (
            "steps of changes of many people in one run of maintenance, in a database",
            number(jobs::bulk::MAX_STEPS),
            "next run",
        ),
        (
            "entries of deleted organizations that one run erases in KV, for a database",
            number(jobs::kv::MAX_ENTRIES),
            "next run",
        ),
        ("organizations for which it looks into KV", number(jobs::kv::MAX_ORGANIZATIONS), "next run"),
        (
            "names of organizations that one run folds, in a database",
            number(jobs::names::MAX_NAMES),
            "next run",
        ),
        (
            "organizations whose groups and projects one run counts, in a database",
            number(people_counts::MOST_ORGANIZATIONS),
            "next run",
        ),
        (
            "groups or projects that are counted at once",
            number(people_counts::MOST_AT_ONCE),
            "next statement",
        ),
        (
            "statements that count them in one run, in a database",
            number(jobs::people::MAX_STATEMENTS),
            "next run",
        ),
        ("deleted people whom maintenance erases at once", number(pruning::MAX_PEOPLE), "next statement"),
        (
            "organizations whose active people one run counts anew, in a database",
            number(totals::MOST_ORGANIZATIONS),
            "next run",
        ),
        ("inactive people who are counted for it at once", number(totals::MOST_OF_PIECE), "next piece"),
        ("pieces of one run, in a database", number(jobs::totals::MAX_PIECES), "next run"),
        ("time of one run of maintenance", duration(pruning::MAX_MILLIS), "next run"),
    ]
}
