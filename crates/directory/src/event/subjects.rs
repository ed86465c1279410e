//! What events are about, and the groups and people that they name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[cfg(doc)]
use super::MAX_LISTED;

/// What makes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// An identity provider, over SCIM.
    Scim,
    /// An administrator, in the console or by its API.
    Console,
    /// A scheduled job of the Worker.
    Job,
}

impl Source {
    /// Its name in the log and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Console => "console",
            Self::Job => "job",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// A person: a SCIM user, or a member whom SCIM does not see.
    Person,
    /// A group: a role of a project or team, or a plain group.
    Group,
    /// A project.
    Project,
    /// A team.
    Team,
    /// A SCIM key.
    Key,
    /// A product key.
    #[serde(rename = "product_key")]
    ProductKey,
    /// The organization itself.
    Organization,
    /// A list that an identity provider reads page by page.
    Import,
    /// A webhook.
    Webhook,
    /// A setup link.
    #[serde(rename = "setup_link")]
    SetupLink,
}

impl SubjectType {
    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Group => "group",
            Self::Project => "project",
            Self::Team => "team",
            Self::Key => "key",
            Self::ProductKey => "product_key",
            Self::Organization => "organization",
            Self::Import => "import",
            Self::Webhook => "webhook",
            Self::SetupLink => "setup_link",
        }
    }
}

/// A project or team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NamedThen)]
pub struct Named {
    /// Identifier.
    pub id: String,
    /// Name at that time.
    pub name: String,
}

/// A group, and what membership of it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupRef {
    /// Identifier.
    pub id: String,
    /// `displayName` at that time.
    pub name: String,
    /// The client's identifier.
    #[serde(default)]
    #[schema(required)]
    pub external_id: Option<String>,
    /// The project of which it is a role.
    #[serde(default)]
    #[schema(required)]
    pub project: Option<Named>,
    /// The team of which it is a role.
    #[serde(default)]
    #[schema(required)]
    pub team: Option<Named>,
    /// The role; a plain group has none.
    #[serde(default)]
    #[schema(required)]
    pub role: Option<String>,
    /// Of a membership that ended with a person: the sequence number of the event that began it; 0: it began before
    /// events were kept.
    #[serde(default)]
    #[schema(required)]
    pub since: Option<i64>,
}

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonRef {
    /// Identifier.
    pub id: String,
    /// Of a membership that ended: the sequence number of the event that began it; 0: it began before events were kept.
    #[serde(default)]
    #[schema(required)]
    pub since: Option<i64>,
}

/// Memberships that began or ended: each of the people, in each of the groups. Either list has one element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Memberships {
    /// The groups.
    pub groups: Vec<GroupRef>,
    /// The people, at most [`MAX_LISTED`].
    pub people: Vec<PersonRef>,
}

/// A value before and after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transition<T> {
    /// Before the change.
    pub before: T,
    /// After the change.
    pub after: T,
}
