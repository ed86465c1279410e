//! What a change takes from people.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query;

/// What a change would take from people, if it were made now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Consequences {
    /// How many people would lose access: SCIM would not see them any more, they would lose roles, or leave.
    pub(crate) people: u64,
    /// How many memberships of groups would end.
    pub(crate) memberships: u64,
    /// How many people are active and seen by SCIM.
    pub(crate) of: u64,
    /// Whether the change has to be confirmed: with `people` as its `confirm_people`.
    pub(crate) needs_confirmation: bool,
}

/// Confirms a change that takes access from many people.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// How many people the change takes access from. If it would be another number by now, nothing is changed. Must be
    /// there where the change takes it from more people than SCIM may within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) confirm_people: Option<u64>,
}

/// As [`Confirmation`], of a call without a body.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfirmationQuery {
    /// How many people the change takes access from. If it would be another number by now, nothing is changed. Must be
    /// there where the change takes it from more people than SCIM may within an hour.
    #[serde(default, deserialize_with = "query::number")]
    pub(crate) confirm_people: Option<u64>,
}
