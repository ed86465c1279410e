//! Changes of many people at once.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Repeatable;
use super::consequences::Consequences;
use super::query::Count;
use crate::d1::bulk::{Change, Counts, Person, Run};

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBulk {
    pub(crate) change: Change,
    /// Ids of people. This or `query` must be there.
    #[schema(min_items = 1, max_items = 10000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<Vec<String>>,
    /// The people whom a list of members finds with this query, such as `status=inactive&domain=example.com`. Empty:
    /// all people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBulk {
    pub(crate) change: Change,
    /// As in a preview.
    #[schema(min_items = 1, max_items = 10000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<Vec<String>>,
    /// As in a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// How many people the change takes access from. If it would be another number by now, nothing is changed. Must be
    /// there where the change takes it from more people than SCIM may within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) confirm_people: Option<u64>,
}

/// What would become of people, if the change were made now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkPreview {
    /// How many there are with each result.
    pub(crate) counts: Counts,
    pub(crate) consequences: Consequences,
    /// At most 1,000 of them.
    #[schema(max_items = 1000)]
    pub(crate) people: Vec<Person>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkQuery {
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    /// Most people of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A run with a page of its people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkResults {
    pub(crate) run: Run,
    pub(crate) people: Vec<Person>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

impl Repeatable for Run {}
