//! Renders the tables of docs/limits.md from the constants and compares; `UPDATE=1 cargo test --lib limits` rewrites
//! them.

mod rendering;
mod storage;

use std::fs;

use crate::admin_api::types::query as console_query;
use crate::admin_api::{
    body as call_body, brake as brake_calls, idempotency, import_comparison, keys as key_calls,
    organizations, projects as project_calls, setup_links as link_calls, undo as undo_calls,
};
use crate::auth::cloudflare_access::{jwks, jwt};
use crate::auth::{admin_token, known_keys};
use crate::d1::events::{access, read};
use crate::d1::filter::{compiler, load, sort};
use crate::d1::health as health_rows;
use crate::d1::imports::{kept as stored_imports, shown, snapshot};
use crate::d1::limits::{LIMITS, MOST_GROUPS};
use crate::d1::product::feed;
use crate::d1::webhooks::{self as stored_webhooks, delivery};
use crate::d1::{
    audit_log, brake, bulk, console_sessions, erasure, export, group_people, idempotent_calls, keys,
    organization_list, people, permissions, product, project_views, projects, session, setup_links, undo,
};
use crate::http::rate_limits::{self, Rate};
use crate::http::{address, body_budget, request};
use crate::kv::revocation;
use crate::product_api::authzen;
use crate::product_api::feed as product_feed;
use crate::redaction::audit_log::{self as kept, body as kept_body};
use crate::webhooks::{run, sender};
use crate::{console, deployment, jobs};
use directory::{
    MAX_DOC_BYTES, MAX_INDEXED_BYTES, Shard, group_name, membership, organization, permission, webhook,
};

use rendering::{NOTHING, Row, bytes, duration, megabytes, number, section, tenths};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/limits.md");
const WRANGLER: &str = include_str!("../wrangler.toml");
const BEGIN: &str = "<!-- limits -->\n";
const END: &str = "<!-- /limits -->";

/// The texts below name these two.
const _: () = assert!(body_budget::LARGE == 2 * 1024 * 1024 && body_budget::SMALL == 64 * 1024);

const TOO_MANY: &str = "400 `tooMany`";
const INVALID_FILTER: &str = "400 `invalidFilter`";
const INVALID_VALUE: &str = "400 `invalidValue`";
const KEY_FIRST: &str = "the key is looked up first";
const CUT: &str = "cut";

#[test]
fn limits_are_documented() {
    let sections = [
        ("Requests", requests()),
        ("Rates", rates()),
        ("Lists, filters, PATCH and bulk", protocol()),
        ("People, groups and organizations", directory()),
        ("Keys and sessions", keys_and_sessions()),
        ("Products", products()),
        ("Admin API", admin_api()),
        ("Logs", logs()),
        ("Storage and maintenance", storage::rows()),
        ("Webhooks", webhooks()),
    ];
    let text = fs::read_to_string(PATH).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let tables: String = sections.into_iter().map(|(title, rows)| section(title, &rows)).collect();
    let expected = format!("{before}{BEGIN}\n{tables}{END}{after}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(PATH, expected).unwrap();
    } else {
        assert!(
            text == expected,
            "docs/limits.md is not what the constants say: UPDATE=1 cargo test --lib limits"
        );
    }
}

#[test]
fn rate_limits_in_wrangler_toml_are_the_defaults() {
    for rate in [Rate::Failures, Rate::Requests, Rate::Scans] {
        let (binding, _, default) = rate.setting();
        let (_, after) = WRANGLER.split_once(&format!("name = \"{binding}\"")).unwrap();
        let simple = after.lines().find(|line| line.starts_with("simple = ")).unwrap();
        assert_eq!(simple, format!("simple = {{ limit = {default}, period = 60 }}"), "{binding}");
    }
}

fn requests() -> Vec<Row> {
    vec![
        ("address with its query", bytes(address::LIMIT), "414"),
        ("parameters of the query", number(address::PARAMETER_LIMIT), "400"),
        ("body", bytes(request::BODY.bytes), "413"),
        ("body that writes a group", bytes(request::GROUP_BODY.bytes), "413"),
        ("body with a `Content-Encoding`", "none".to_owned(), "415"),
        ("body before the key is known to be valid", bytes(request::BODY.bytes_before_auth), KEY_FIRST),
        ("body that writes a group, likewise", bytes(request::GROUP_BODY.bytes_before_auth), KEY_FIRST),
        ("memory of such a body's values", bytes(request::MEMORY_BEFORE_AUTH), KEY_FIRST),
        ("values in a body", number(request::VALUE_LIMIT), TOO_MANY),
        ("values in a body that writes a group", number(request::GROUP_BODY.values), TOO_MANY),
        ("values in such a body of at most 2 MiB", number(request::GROUP_BODY.values_of_small), TOO_MANY),
        ("bodies above 2 MiB in an isolate at a time", number(body_budget::MOST_LARGE), "429"),
        ("memory of all bodies above 64 KiB in an isolate", bytes(body_budget::MOST), "429"),
        (
            "text that is compared, folded and copied, with all operations and retries",
            bytes(LIMITS.max_work),
            TOO_MANY,
        ),
        ("attempts at a write that meets conflicts", number(session::ATTEMPTS), "429"),
    ]
}

fn rates() -> Vec<Row> {
    let rate = |rate: Rate| format!("{} a minute", number(rate.setting().2));
    vec![
        (
            "refused keys, tokens and assertions of an address (of IPv6 the /64 network)",
            rate(Rate::Failures),
            "429",
        ),
        ("requests with a valid SCIM key", rate(Rate::Requests), "429"),
        ("requests with a valid product key", rate(Rate::ProductRequests), "429"),
        ("filters without an index, with a valid SCIM key", rate(Rate::Scans), "429"),
        ("keys that are looked up for an address with too many failures", rate(Rate::LookUps), "429"),
        (
            "addresses and keys that an isolate counts without a binding",
            number(rate_limits::MOST_COUNTS),
            "not counted",
        ),
    ]
}

fn protocol() -> Vec<Row> {
    vec![
        ("`count`", number(LIMITS.max_page_size), "fewer are returned"),
        ("`count` by default", number(LIMITS.default_page_size), NOTHING),
        ("lifetime of a cursor", duration(LIMITS.cursor_timeout * 1000), "400 `expiredCursor`"),
        ("rows of a filtered list that is read by position", number(snapshot::MAX_BOUNDARIES), TOO_MANY),
        (
            "snapshots of an organization that were read within an hour",
            megabytes(snapshot::BUDGET),
            "429 at a first page",
        ),
        ("`attributes`, `excludedAttributes`", bytes(LIMITS.max_attribute_list_bytes), TOO_MANY),
        (
            "characters that count for sorting without an index",
            number(sort::SORTED_CHARACTERS),
            "order of insertion",
        ),
        ("filter", bytes(LIMITS.max_filter_bytes), INVALID_FILTER),
        ("nesting of a filter", number(LIMITS.max_filter_depth), INVALID_FILTER),
        ("value in a filter", bytes(LIMITS.max_filter_value_bytes), INVALID_FILTER),
        ("comparisons of a filter", number(LIMITS.max_filter_comparisons), TOO_MANY),
        ("one over all values of an attribute counts as", number(compiler::WEIGHT_OF_ELEMENTS), NOTHING),
        ("weight of a filter", number(load::MOST_COMPARISONS), TOO_MANY),
        ("weight of a comparison with an attribute in the document", tenths(load::IN_DOCUMENT), NOTHING),
        ("weight of one over elements in the document", tenths(load::ELEMENTS_IN_DOCUMENT), NOTHING),
        ("weight of one over addresses, groups or members", tenths(load::ELEMENTS_IN_TABLE), NOTHING),
        ("weight of one with a column", tenths(load::COLUMN), NOTHING),
        ("comparisons over members in the paths of a PATCH", number(membership::MAX_COMPARISONS), "400"),
        ("changes to a resource in one request", number(LIMITS.max_changes), "400"),
        ("values of one attribute", number(LIMITS.max_values), "400"),
        ("bulk request", bytes(LIMITS.max_bulk_payload_bytes), "413"),
        ("operations of a bulk request", number(LIMITS.max_bulk_operations), "413"),
    ]
}

fn directory() -> Vec<Row> {
    vec![
        ("attributes of a user", bytes(MAX_DOC_BYTES), INVALID_VALUE),
        (
            "`userName`, `externalId`, `displayName` of a group, id of a member",
            bytes(MAX_INDEXED_BYTES),
            INVALID_VALUE,
        ),
        (
            "characters of a name of a project, role, team or group",
            number(group_name::MAX_NAME_LENGTH),
            INVALID_VALUE,
        ),
        ("groups of a person", number(MOST_GROUPS), INVALID_VALUE),
        ("teams of a project", number(projects::MOST_TEAMS), INVALID_VALUE),
        ("roles of a project", number(projects::MOST_ROLES), INVALID_VALUE),
        ("email domains of an organization", number(organization::MAX_EMAIL_DOMAINS), "400"),
        ("characters of an email domain", number(organization::MAX_DOMAIN_LENGTH), "400"),
        ("characters of a label of it", number(organization::MAX_LABEL_LENGTH), "400"),
        ("people who may always lose access over SCIM within an hour", number(brake::ALWAYS), NOTHING),
        (
            "the same in % of the people, unless `brake_percent` says otherwise",
            number(brake::DEFAULT_PERCENT),
            "429 until an administrator decides",
        ),
        ("databases of a deployment", number(usize::from(Shard::LAST) + 1), NOTHING),
    ]
}

fn products() -> Vec<Row> {
    vec![
        ("events of a page of the feed", number(feed::MOST_EVENTS), "400"),
        (
            "people and groups that the events of a page list",
            number(feed::MOST_LISTED),
            "the page ends behind it",
        ),
        ("time that a request waits for events", duration(product_feed::MOST_WAITED * 1000), "400"),
        ("time between two looks for events, each of two rows", duration(product_feed::LOOKS_EVERY), NOTHING),
    ]
}

fn keys_and_sessions() -> Vec<Row> {
    vec![
        ("valid SCIM keys of an organization", number(keys::MOST_GOOD), "409"),
        ("valid product keys of an organization", number(product::keys::MOST_GOOD), "409"),
        ("permissions of a role", number(permission::MOST_OF_ROLE), "400"),
        ("name of a permission, in characters", number(permission::MAX_NAME_LENGTH), "400"),
        ("permissions of an organization that are set", bytes(permission::MAX_BYTES), "400"),
        ("custom roles that *Permissions* lists", number(permissions::MOST_LISTED), CUT),
        ("body of a check", bytes(authzen::BODY_LIMIT), "413"),
        ("results of a search for permissions", number(product::search::MOST_FOUND), "next page"),
        ("reads that fill such a page", number(authzen::search::MOST_READS), "next page"),
        ("days for which acknowledgements are kept", number(product::acknowledgements::KEPT_DAYS), "deleted"),
        (
            "groups of an event of an archived project",
            number(directory::event::MAX_GROUPS_LISTED),
            "another event",
        ),
        (
            "time for which answers are kept one by one after a set-up was looked at",
            duration(setup_links::WATCHED_FOR),
            "with the time of last use only",
        ),
        ("`evaluations` of a check", number(product::check::MOST_QUESTIONS), "400"),
        (
            "roles of a project that a check need not read one by one",
            number(product::check::MOST_PROBED),
            "a row for each",
        ),
        ("deactivated keys that are listed, and others", number(keys::MOST_LISTED), "the newest"),
        ("failures that are counted for keys today", number(keys::MOST_FAILURES), "the newest"),
        ("lifetime of a SCIM key, if it has one", duration(key_calls::MAX_LIFETIME * 1000), "400"),
        ("validity of a key after its replacement", duration(key_calls::MAX_OVERLAP * 1000), "400"),
        (
            "time for which an isolate knows that a key was valid",
            duration(known_keys::GOOD_FOR),
            "looked up first",
        ),
        (
            "time for which an isolate refuses a key that was refused",
            duration(known_keys::REFUSED_FOR),
            "looked up again",
        ),
        (
            "time for which an isolate uses \"not revoked\"",
            duration(revocation::MEMORY_MILLIS),
            "asked again",
        ),
        ("shortest admin token, in characters", number(admin_token::MIN_LENGTH), "503"),
        ("session without use", duration(console_sessions::IDLE_MILLIS), "sign in again"),
        ("session", duration(console_sessions::LONGEST_MILLIS), "sign in again"),
        ("Access assertion", bytes(jwt::MAX_LENGTH), "401"),
        ("public keys of the Access team", bytes(jwks::MAX_DOCUMENT), "503"),
        ("time for which they are used", duration(jwks::LIFETIME), "fetched again"),
        ("pause before they are fetched for an unknown key", duration(jwks::UNKNOWN_KEY_INTERVAL), "401"),
    ]
}

fn admin_api() -> Vec<Row> {
    vec![
        ("`count`", number(console_query::MAX_COUNT), "400"),
        ("`count` by default", number(console_query::DEFAULT_COUNT), NOTHING),
        (
            "`count` of organizations, and of projects with their roles",
            number(console_query::MAX_LONG_COUNT),
            "400",
        ),
        (
            "organizations of a database that a search looks at",
            number(organization_list::MOST_SEARCHED),
            "next page",
        ),
        (
            "invitations of a list of organizations, and deleted organizations, of a database",
            number(organizations::MOST_BESIDE),
            "left out",
        ),
        (
            "organizations that a page names to switch to",
            number(organization_list::MOST_SWITCHED),
            "the search",
        ),
        (
            "projects, teams or plain groups that a search looks at",
            number(project_views::MOST_SEARCHED),
            "left out",
        ),
        (
            "the same, sorted by people or by the last push",
            number(project_views::MOST_SORTED),
            "left out, and said",
        ),
        (
            "memberships of a project, team or group that a list counts",
            number(project_views::MOST_COUNTED),
            "the number of the hourly maintenance",
        ),
        (
            "memberships of a role that its page counts",
            number(project_views::MOST_COUNTED_OF_ONE),
            "the number of the hourly maintenance",
        ),
        (
            "members of a role that the page of a team names",
            number(project_views::MOST_NAMED),
            "the role's page",
        ),
        ("people that a search of members looks at", number(people::MOST_SEARCHED), "next search"),
        ("members that a search within a group looks at", number(group_people::MOST_SEARCHED), "next page"),
        ("rows of a query of an export", number(export::MOST_ROWS), "next query"),
        (
            "text of a query of an export",
            format!("about {} characters", number(export::WANTED_CHARACTERS)),
            "next query",
        ),
        ("people of a change of many", number(bulk::MOST_PEOPLE), "400"),
        ("windows of its search, of as many people as a search looks at", number(bulk::MOST_WINDOWS), "400"),
        ("people of a step of it", number(bulk::MOST_OF_STEP), "next step"),
        ("people that its preview lists", number(bulk::MOST_PREVIEWED), CUT),
        ("good setup links of an organization", number(setup_links::MOST_GOOD), "409"),
        ("setup links that are listed", number(setup_links::MOST_LISTED), "left out"),
        ("days for which a setup link is good", number(link_calls::MAX_DAYS), "400"),
        ("form of the sign-in page", bytes(console::SIGN_IN_LIMIT), "413"),
        ("values in a body", number(call_body::MAX_VALUES), "400"),
        ("roles that a project is created with", number(project_calls::MOST_ROLES), "400"),
        ("`user_limit`, if there is one", number(organizations::MAX_USER_LIMIT), "400"),
        ("minutes for which the access brake is lifted", number(brake_calls::MAX_MINUTES), "400"),
        ("events between the first and the last of an undo", number(undo::MOST_EVENTS), "400"),
        ("sequence numbers of an undo", number(undo_calls::MOST_SELECTED), "400"),
        ("types of events of an undo", number(undo_calls::MOST_TYPES), "400"),
        ("people or groups of a step of an undo", number(undo::MOST_SUBJECTS), "next step"),
        ("teams of a step of an undo", number(undo::step::MOST_TEAMS), "next step"),
        (
            "memberships of a step of an undo, of several people",
            number(undo::planning::MOST_MEMBERSHIPS),
            "next step",
        ),
        (
            "what is read for a step of an undo",
            format!("about {} bytes", number(undo::planning::MOST_BYTES)),
            "next step",
        ),
        (
            "what is read of one person or thing of an undo",
            format!("about {} bytes", number(undo::planning::MOST_BYTES_OF_ONE)),
            "left as it is",
        ),
        ("attempts at a step of an undo", number(undo::step::ATTEMPTS), "409"),
        (
            "people and things of a preview in the console",
            number(console::UNDO_PREVIEWED),
            "said on the page",
        ),
        (
            "entries of a list of what an undo leaves, in the console",
            number(console::UNDO_LISTED),
            "said on the page",
        ),
        ("`Idempotency-Key`, in characters", number(idempotency::MAX_LENGTH), "400"),
        ("time for which its answer is kept", duration(idempotent_calls::KEPT_MILLIS), "carried out again"),
        ("the same for a new SCIM key", duration(idempotent_calls::SECRET_MILLIS), "left out of the answer"),
    ]
}

fn logs() -> Vec<Row> {
    vec![
        (
            "days that entries are kept, without `LOG_RETENTION_DAYS`",
            number(jobs::LOG_RETENTION_DAYS),
            "deleted",
        ),
        ("pages of an import that are kept", number(shown::MOST_PAGES), "noted without who was on them"),
        (
            "pages of imports that a database keeps in a day, without `IMPORT_PAGES_PER_DAY`",
            number(deployment::IMPORT_PAGES_PER_DAY),
            "noted without who was on them",
        ),
        ("rows of the pages of an import, at least", number(snapshot::SMALL_PAGE), "not on record"),
        (
            "pages of two imports that are compared at once",
            number(import_comparison::MOST_PAGES),
            "next part",
        ),
        (
            "events since an import at which the look ahead looks",
            number(stored_imports::MOST_EVENTS),
            "said on the page",
        ),
        (
            "failures of a day that are counted in the console",
            number(health_rows::MOST_FAILURES),
            "\"or more\"",
        ),
        (
            "days that events are kept, without `EVENT_RETENTION_DAYS`",
            number(jobs::EVENT_RETENTION_DAYS),
            "deleted, but the newest of an organization",
        ),
        (
            "days that deleted people can come back, without `DELETED_RETENTION_DAYS`",
            number(jobs::DELETED_RETENTION_DAYS),
            "erased, with their names in the history",
        ),
        ("failures of an organization", format!("{} a minute", audit_log::FAILURES_A_MINUTE), "not logged"),
        ("\"nothing had to be changed\"", "once an hour for each resource".to_owned(), "not logged"),
        ("address", format!("{} bytes", number(audit_log::LONGEST_PATH)), CUT),
        ("detail", format!("{} bytes", number(audit_log::LONGEST_DETAIL)), CUT),
        ("body", format!("about {} bytes", number(kept_body::MAX_BODY)), CUT),
        ("nesting of a body", number(kept_body::MAX_DEPTH), CUT),
        ("values of an array", number(kept_body::MAX_ELEMENTS), CUT),
        ("names of attributes", format!("{} bytes", number(kept::MAX_NAME)), CUT),
        (
            "events at which a page of deeds looks, or a count of them",
            number(read::MOST_SCANNED),
            "next page",
        ),
        ("the same, for a part of a name", number(read::MOST_SCANNED_FOR_NAMES), "next page"),
        (
            "people in the list of an event whose names are searched",
            number(read::MOST_NAMED),
            "found by the beginning of userName",
        ),
        ("people who are found so, in longer lists", number(read::MOST_BEGINNING), "not found by name"),
        ("events of which a difference of access is made", number(access::MOST_COMPARED), "next part"),
        ("people in their lists", number(read::MOST_SCANNED), "next part"),
        ("deeds that are counted", number(read::MOST_COUNTED), "\"more than\""),
        ("events of the history of a person or group", number(read::MOST_OF_SUBJECT), "by days only"),
        (
            "newest failures whose text *Erase now* reads",
            number(erasure::MOST_FAILURES),
            "found by userName, name or address only",
        ),
        ("events of a deed on a page", number(read::MOST_SHOWN), CUT),
        ("people and groups in an event on a page", number(read::MOST_LISTED), CUT),
    ]
}

fn webhooks() -> Vec<Row> {
    vec![
        ("webhooks of an organization", number(webhook::MOST_WEBHOOKS), "409"),
        ("bytes of an address", number(webhook::LONGEST_ADDRESS), "400"),
        (
            "bytes of the header `Authorization`, or of an audience",
            number(webhook::LONGEST_AUTHORIZATION),
            "400",
        ),
        ("attempts at an event", number(webhook::MOST_ATTEMPTS), "disabled"),
        ("subjects with a failed event", number(webhook::MOST_FAILED), "one event at a time"),
        ("time for an answer", duration(sender::TIMEOUT.into()), "a failure"),
        ("bytes of an answer that are read", number(sender::MOST_READ), CUT),
        ("bytes of an answer that are kept", number(sender::MOST_ANSWER), CUT),
        ("bytes of a message of a queue", number(sender::MOST_MESSAGE), "shortened"),
        ("attempts that are kept of a webhook", number(stored_webhooks::MOST_KEPT), "the oldest go"),
        ("days for which they are kept", number(stored_webhooks::KEPT_DAYS), "deleted"),
        ("deliveries of an invocation", number(run::MOST_DELIVERIES), "next one"),
        ("webhooks of a database in a sweep", number(delivery::MOST_SWEPT), "next one"),
    ]
}
