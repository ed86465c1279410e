//! The tables of docs/limits.md, made from the constants. `UPDATE=1 cargo test --lib limits` rewrites them.

use std::fs;
use std::time::Duration;

use crate::admin_api::{fields, idempotency, keys as key_calls, organizations, parameters, projects as project_calls};
use crate::auth::cloudflare_access::{jwks, jwt};
use crate::auth::{admin_token, known_keys};
use crate::d1::filter::load;
use crate::d1::imports::snapshot;
use crate::d1::{
    audit_log, console_sessions, filter as filter_sql, idempotent_calls, keys, memberships, projects, refolding, retry,
    session,
};
use crate::http::{body_budget, rate_limits::Rate, request};
use crate::kv::revocation;
use crate::redaction::kept::body as kept_body;
use crate::runtime::deadline;
use crate::{console, jobs};
use directory::{group, organization, shard, user};
use scim_protocol::{bulk, canonical, cursor, error, filter, list, patch, projection, work};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/limits.md");

/// What is limited, the limit, and the answer beyond it.
type Row = (&'static str, String, &'static str);

fn requests() -> Vec<Row> {
    vec![
        ("address with its query", bytes(request::ADDRESS_LIMIT), "414"),
        ("parameters of the query", number(request::PARAMETER_LIMIT), "400"),
        ("body", bytes(request::BODY.bytes), "413"),
        ("body that writes a group", bytes(request::GROUP_BODY.bytes), "413"),
        ("body with a `Content-Encoding`", "none".into(), "415"),
        (
            "body that is read before the key is known to be valid; one that writes a group; memory of its values",
            format!(
                "{}; {}; {}",
                bytes(request::BODY.bytes_of_strangers),
                bytes(request::GROUP_BODY.bytes_of_strangers),
                bytes(request::MEMORY_OF_STRANGERS)
            ),
            "the key is looked up first",
        ),
        ("values in a body", number(request::VALUE_LIMIT), "400 `tooMany`"),
        (
            "values in a body that writes a group; in one of at most 2 MiB. Arrays, and objects in arrays, count as 10 more",
            format!("{}; {}", number(request::GROUP_BODY.values), number(request::GROUP_BODY.values_of_small)),
            "400 `tooMany`",
        ),
        (
            "bodies above 2 MiB in an isolate at the same time; memory of all bodies above 64 KiB",
            format!("{}; {}", body_budget::MOST_LARGE, bytes(body_budget::MOST)),
            "429",
        ),
        (
            "text that a request compares, folds and copies, with all operations of a bulk request and all retries",
            bytes(work::MAX_WORK),
            "400 `tooMany`, also for the operations that follow",
        ),
        ("attempts at a write whose guard fails", number(session::ATTEMPTS), "429"),
    ]
}
