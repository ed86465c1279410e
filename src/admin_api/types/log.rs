//! The audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::query::{Count, Moment};

/// Whether requests failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogStatus {
    Failed,
    Succeeded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogSource {
    Scim,
    Console,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum LogResource {
    User,
    Group,
    Project,
    Key,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only what failed (status 400 and above), or what did not.
    #[param(inline)]
    pub(crate) status: Option<LogStatus>,
    /// Only what identity providers did (`scim`), or administrators (`console`).
    #[param(inline)]
    pub(crate) source: Option<LogSource>,
    /// Only entries about the resource with this id, or the user or group with this name.
    pub(crate) resource: Option<String>,
    /// Only failures with this code, such as `owner_protected`.
    pub(crate) code: Option<String>,
    /// Only entries that are not older than this.
    pub(crate) from: Option<Moment>,
    /// Only entries that are older than this.
    pub(crate) to: Option<Moment>,
    /// Only entries older than the one with this id: the `next` of the previous page.
    pub(crate) before: Option<String>,
    /// Only entries newer than the one with this id.
    pub(crate) after: Option<String>,
    /// Most entries of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogEntry {
    /// Sorts by time.
    pub(crate) id: String,
    #[schema(format = DateTime)]
    pub(crate) at: String,
    #[schema(inline)]
    pub(crate) source: LogSource,
    /// A key's hint, an email address, or `admin token`.
    pub(crate) actor: String,
    pub(crate) method: String,
    /// With the query, if there was one.
    pub(crate) path: String,
    #[schema(minimum = 100, maximum = 599)]
    pub(crate) status: u16,
    #[schema(required, inline)]
    pub(crate) resource_type: Option<LogResource>,
    #[schema(required)]
    pub(crate) resource_id: Option<String>,
    /// The resource's name at that time.
    #[schema(required)]
    pub(crate) resource_name: Option<String>,
    /// What was wrong, or what was done.
    #[schema(required)]
    pub(crate) detail: Option<String>,
    /// The id of the request, as in the Worker's log and in problems: Cloudflare's Ray ID. null: it is older than these
    /// ids, or made by a job.
    #[schema(required)]
    pub(crate) request_id: Option<String>,
    /// The request's body, without secrets and shortened; null: it had none.
    pub(crate) body: Value,
    /// In milliseconds.
    pub(crate) duration: u64,
    /// The `seq` of the first event of what the request changed: `/events/{seq}` has it. Null: it changed nothing, or
    /// the event is not kept.
    #[schema(required)]
    pub(crate) first_event: Option<i64>,
    /// The code of the reason of a failed request, such as `owner_protected`. Null if the request succeeded, or if an
    /// older version of this service logged it.
    #[schema(required)]
    pub(crate) code: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogPage {
    pub(crate) entries: Vec<LogEntry>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}
