//! An event as it is stored: with its subject, its personal part, and what it does to the totals.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, SubjectType};
use crate::ByName;

/// The personal part of an event about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Personal {
    /// `userName` after the change, or before the deletion.
    pub user_name: String,
    /// The client's identifier, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name for display, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Each changed attribute by its name. Attributes of an extension have its URN before their name.
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    pub changes: ByName<AttributeChange>,
}

/// The value of an attribute before and after a change. `None`: it has no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Before the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// After the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// An event on its way into storage.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened.
    pub event: Event,
    /// What the subject is.
    pub subject_type: SubjectType,
    /// The subject's identifier.
    pub subject_id: String,
    /// The version of the subject that the change makes; `None`: the subject has none, or storage knows it.
    pub version: Option<i64>,
    /// The personal part.
    pub personal: Option<Personal>,
    /// How many people who are active and seen by SCIM there are more than before.
    pub active: i64,
    /// How many people lose access by it who have not lost any in the hour before.
    pub lost: i64,
}

impl NewEvent {
    /// An event about something other than a person.
    pub fn new(event: Event, subject_type: SubjectType, subject_id: &str) -> Self {
        let subject_id = subject_id.to_owned();
        Self { event, subject_type, subject_id, version: None, personal: None, active: 0, lost: 0 }
    }
}
