//! Change events: what happened to people, groups, projects, keys and settings.
//!
//! The code that decides on a change describes it as [`Event`]s, which are written in the batch of the change. An event
//! has two parts. The frame (type, subject, cause, and the fields of [`Event`]) has no personal data, and is kept for
//! the retention of the deployment. [`Personal`] has names and attribute values. It is stored under the person, and is
//! deleted when the person is erased; the frame still counts then.

mod record;
mod subjects;
mod wire;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::ByName;
use crate::key_scope::KeyScope;
use crate::org_role::OrgRole;
use crate::permission::RoleKind;

pub use record::{AttributeChange, NewEvent, Personal};
pub use subjects::{GroupRef, Memberships, Named, PersonRef, Source, SubjectType, Transition};

/// Most people or groups that one event of memberships or visibility lists. A change of more has several events.
pub const MAX_LISTED: usize = 500;
/// Most bytes of the groups that one event of memberships lists, up to its last group.
pub const MAX_LISTED_BYTES: usize = 100_000;

/// Most groups that one event of an archived or restored project lists. A project of more has several events.
pub const MAX_GROUPS_LISTED: usize = 200;

/// A change, without personal data. Serialized, `type` is its name and `data` has its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, EnumDiscriminants, ToSchema)]
#[strum_discriminants(name(EventType))]
#[strum_discriminants(doc = "The type of an [`Event`].")]
#[strum_discriminants(derive(EnumString, IntoStaticStr, VariantArray))]
#[serde(remote = "Self")]
pub enum Event {
    /// Events are kept from here on.
    #[serde(rename = "history.started")]
    #[strum_discriminants(strum(serialize = "history.started"))]
    HistoryStarted {},
    /// A person was added.
    #[serde(rename = "person.created")]
    #[strum_discriminants(strum(serialize = "person.created"))]
    PersonCreated {
        /// Whether they may use the organization.
        active: bool,
        /// Their organization role.
        org_role: OrgRole,
        /// Whether SCIM sees them.
        visible: bool,
    },
    /// Attributes of a person changed.
    #[serde(rename = "person.updated")]
    #[strum_discriminants(strum(serialize = "person.updated"))]
    PersonUpdated {
        /// The names of the attributes. Their values are personal.
        attributes: Vec<String>,
    },
    /// A person lost access. Memberships that went with it have an event of their own in the same story.
    #[serde(rename = "person.deactivated")]
    #[strum_discriminants(strum(serialize = "person.deactivated"))]
    PersonDeactivated {
        /// The organization role before, and the one that the person gets back with their access.
        org_role: Transition<OrgRole>,
    },
    /// A person got access again.
    #[serde(rename = "person.restored")]
    #[strum_discriminants(strum(serialize = "person.restored"))]
    PersonRestored {
        /// The organization role kept while they were inactive, and the one they have now.
        org_role: Transition<OrgRole>,
    },
    /// A person was deleted.
    #[serde(rename = "person.deleted")]
    #[strum_discriminants(strum(serialize = "person.deleted"))]
    PersonDeleted {
        /// Whether they could use the organization.
        active: bool,
        /// Their organization role.
        org_role: OrgRole,
        /// Whether SCIM saw them.
        visible: bool,
    },
    /// A deleted person came back under their identifier.
    #[serde(rename = "person.undeleted")]
    #[strum_discriminants(strum(serialize = "person.undeleted"))]
    PersonUndeleted {
        /// Whether they may use the organization.
        active: bool,
        /// Their organization role.
        org_role: OrgRole,
        /// Whether SCIM sees them.
        visible: bool,
    },
    /// What was kept of a person was erased.
    #[serde(rename = "person.erased")]
    #[strum_discriminants(strum(serialize = "person.erased"))]
    PersonErased {},
    /// SCIM no longer sees people, since the mail domains or their addresses changed.
    #[serde(rename = "person.hidden")]
    #[strum_discriminants(strum(serialize = "person.hidden"))]
    PersonHidden {
        /// The people, at most [`MAX_LISTED`].
        people: Vec<PersonRef>,
    },
    /// SCIM sees people that it did not see before.
    #[serde(rename = "person.shown")]
    #[strum_discriminants(strum(serialize = "person.shown"))]
    PersonShown {
        /// The people, at most [`MAX_LISTED`].
        people: Vec<PersonRef>,
    },
    /// The organization role of a person changed. That of an inactive person counts when they become active.
    #[serde(rename = "org_role.changed")]
    #[strum_discriminants(strum(serialize = "org_role.changed"))]
    OrgRoleChanged {
        /// The role.
        org_role: Transition<OrgRole>,
        /// Whether the person is active, so that the role counts.
        active: bool,
    },
    /// Another person owns the organization. Their roles are in it: the new Owner's is `Owner`, the previous one's
    /// `Admin`.
    #[serde(rename = "ownership.transferred")]
    #[strum_discriminants(strum(serialize = "ownership.transferred"))]
    OwnershipTransferred {
        /// The previous Owner and the new one.
        owner: Transition<String>,
        /// The new Owner's role before.
        role_before: OrgRole,
    },
    /// Memberships began.
    #[serde(rename = "membership.added")]
    #[strum_discriminants(strum(serialize = "membership.added"))]
    MembershipAdded(Memberships),
    /// Memberships ended.
    #[serde(rename = "membership.removed")]
    #[strum_discriminants(strum(serialize = "membership.removed"))]
    MembershipRemoved(Memberships),
    /// A group was created, or a deleted one came back under its identifier.
    #[serde(rename = "group.created")]
    #[strum_discriminants(strum(serialize = "group.created"))]
    GroupCreated {
        /// The group.
        group: GroupRef,
    },
    /// The name or the client's identifier of a group changed.
    #[serde(rename = "group.updated")]
    #[strum_discriminants(strum(serialize = "group.updated"))]
    GroupUpdated {
        /// Its `displayName`.
        name: Transition<String>,
        /// The client's identifier.
        external_id: Transition<Option<String>>,
    },
    /// A group was deleted.
    #[serde(rename = "group.deleted")]
    #[strum_discriminants(strum(serialize = "group.deleted"))]
    GroupDeleted {
        /// The group as it was.
        group: GroupRef,
        /// When it was created.
        created_at: String,
        /// When an identity provider last wrote it.
        #[schema(required)]
        pushed_at: Option<String>,
    },
    /// A project was created.
    #[serde(rename = "project.created")]
    #[strum_discriminants(strum(serialize = "project.created"))]
    ProjectCreated {
        /// Its name.
        name: String,
    },
    /// A project got another name, and with it its groups.
    #[serde(rename = "project.renamed")]
    #[strum_discriminants(strum(serialize = "project.renamed"))]
    ProjectRenamed {
        /// Its name.
        name: Transition<String>,
    },
    /// A project was archived. Its groups lost their members.
    #[serde(rename = "project.archived")]
    #[strum_discriminants(strum(serialize = "project.archived"))]
    ProjectArchived {
        /// Its name.
        name: String,
    },
    /// An archived project was restored, with its groups and without their members.
    #[serde(rename = "project.restored")]
    #[strum_discriminants(strum(serialize = "project.restored"))]
    ProjectRestored {
        /// Its name.
        name: String,
    },
    /// SCIM no longer sees groups, since their project was archived.
    #[serde(rename = "group.hidden")]
    #[strum_discriminants(strum(serialize = "group.hidden"))]
    GroupHidden {
        /// The name of the project.
        name: String,
        /// The groups with their `displayName`, at most [`MAX_GROUPS_LISTED`].
        groups: Vec<Named>,
    },
    /// SCIM sees groups again, since their project was restored.
    #[serde(rename = "group.shown")]
    #[strum_discriminants(strum(serialize = "group.shown"))]
    GroupShown {
        /// The name of the project.
        name: String,
        /// The groups with their `displayName`, at most [`MAX_GROUPS_LISTED`].
        groups: Vec<Named>,
    },
    /// A role of a project was created.
    #[serde(rename = "role.created")]
    #[strum_discriminants(strum(serialize = "role.created"))]
    RoleCreated {
        /// The group of the role.
        group: GroupRef,
    },
    /// A role of a project got another name, and with it its group.
    #[serde(rename = "role.renamed")]
    #[strum_discriminants(strum(serialize = "role.renamed"))]
    RoleRenamed {
        /// Its name.
        role: Transition<String>,
        /// Its project.
        project: Named,
    },
    /// A team was created with the groups of its roles, or a deleted one came back under its identifier.
    #[serde(rename = "team.created")]
    #[strum_discriminants(strum(serialize = "team.created"))]
    TeamCreated {
        /// Its name.
        name: String,
        /// Its project.
        project: Named,
    },
    /// A team got another name, and with it its groups.
    #[serde(rename = "team.renamed")]
    #[strum_discriminants(strum(serialize = "team.renamed"))]
    TeamRenamed {
        /// Its name.
        name: Transition<String>,
        /// Its project.
        project: Named,
    },
    /// A team was deleted, with the groups of its roles.
    #[serde(rename = "team.deleted")]
    #[strum_discriminants(strum(serialize = "team.deleted"))]
    TeamDeleted {
        /// Its name.
        name: String,
        /// Its project.
        project: Named,
        /// When it was created.
        created_at: String,
    },
    /// A SCIM key was generated.
    #[serde(rename = "key.created")]
    #[strum_discriminants(strum(serialize = "key.created"))]
    KeyCreated {
        /// What may be shown of the key.
        hint: String,
        /// When it expires.
        #[schema(required)]
        expires_at: Option<String>,
        /// The key that it replaces.
        #[schema(required)]
        replaces: Option<String>,
        /// What administrators call it. Events from before keys had names have none.
        #[serde(default)]
        #[schema(required)]
        name: Option<String>,
    },
    /// A SCIM key got another name, or lost its name.
    #[serde(rename = "key.renamed")]
    #[strum_discriminants(strum(serialize = "key.renamed"))]
    KeyRenamed {
        /// What may be shown of the key.
        hint: String,
        /// Its name.
        name: Transition<Option<String>>,
    },
    /// A SCIM key expires earlier than before, since another one replaces it.
    #[serde(rename = "key.expiry_changed")]
    #[strum_discriminants(strum(serialize = "key.expiry_changed"))]
    KeyExpiryChanged {
        /// What may be shown of the key.
        hint: String,
        /// When it expires.
        expires_at: String,
    },
    /// A SCIM key was deactivated.
    #[serde(rename = "key.deactivated")]
    #[strum_discriminants(strum(serialize = "key.deactivated"))]
    KeyDeactivated {
        /// What may be shown of the key.
        hint: String,
    },
    /// A product key was generated.
    #[serde(rename = "product_key.created")]
    #[strum_discriminants(strum(serialize = "product_key.created"))]
    ProductKeyCreated {
        /// What may be shown of the key.
        hint: String,
        /// What administrators call it.
        name: String,
        /// What it may do.
        scopes: Vec<KeyScope>,
        /// When it expires.
        #[schema(required)]
        expires_at: Option<String>,
        /// The key that it replaces.
        #[schema(required)]
        replaces: Option<String>,
    },
    /// A product key got another name.
    #[serde(rename = "product_key.renamed")]
    #[strum_discriminants(strum(serialize = "product_key.renamed"))]
    ProductKeyRenamed {
        /// What may be shown of the key.
        hint: String,
        /// Its name.
        name: Transition<String>,
    },
    /// A product key expires earlier than before, since another one replaces it.
    #[serde(rename = "product_key.expiry_changed")]
    #[strum_discriminants(strum(serialize = "product_key.expiry_changed"))]
    ProductKeyExpiryChanged {
        /// What may be shown of the key.
        hint: String,
        /// When it expires.
        expires_at: String,
    },
    /// A product key was deactivated.
    #[serde(rename = "product_key.deactivated")]
    #[strum_discriminants(strum(serialize = "product_key.deactivated"))]
    ProductKeyDeactivated {
        /// What may be shown of the key.
        hint: String,
    },
    /// The organization was created.
    #[serde(rename = "organization.created")]
    #[strum_discriminants(strum(serialize = "organization.created"))]
    OrganizationCreated {
        /// Its name.
        name: String,
    },
    /// The organization was deleted: its keys are refused. It can be restored for a while.
    #[serde(rename = "organization.deleted")]
    #[strum_discriminants(strum(serialize = "organization.deleted"))]
    OrganizationDeleted {
        /// Its name.
        name: String,
    },
    /// The deleted organization was restored, and its keys are good again.
    #[serde(rename = "organization.restored")]
    #[strum_discriminants(strum(serialize = "organization.restored"))]
    OrganizationRestored {
        /// Its name.
        name: String,
    },
    /// A person accepted to administer the organization.
    #[serde(rename = "invitation.accepted")]
    #[strum_discriminants(strum(serialize = "invitation.accepted"))]
    InvitationAccepted {},
    /// A person declined to administer the organization.
    #[serde(rename = "invitation.declined")]
    #[strum_discriminants(strum(serialize = "invitation.declined"))]
    InvitationDeclined {},
    /// Settings of the organization changed.
    #[serde(rename = "settings.changed")]
    #[strum_discriminants(strum(serialize = "settings.changed"))]
    SettingsChanged {
        /// Each changed setting by its name.
        #[schema(value_type = std::collections::BTreeMap<String, Transition<Value>>)]
        settings: ByName<Transition<Value>>,
    },
    /// What a role allows in the product changed.
    #[serde(rename = "role.permissions_changed")]
    #[strum_discriminants(strum(serialize = "role.permissions_changed"))]
    RolePermissionsChanged {
        /// What it is a role of.
        on: RoleKind,
        /// The role. It allows the same in every project or team.
        role: String,
        /// The names of the permissions.
        permissions: Transition<Vec<String>>,
    },
    /// A webhook was added, changed, disabled or removed.
    #[serde(rename = "webhook.changed")]
    #[strum_discriminants(strum(serialize = "webhook.changed"))]
    WebhookChanged {
        /// The address or the queue to which it delivers.
        target: String,
        /// Each changed setting by its name. Secrets are not among them.
        #[schema(value_type = std::collections::BTreeMap<String, Transition<Value>>)]
        settings: ByName<Transition<Value>>,
    },
    /// A setup link was made, with which an identity provider is set up without an account.
    #[serde(rename = "setup_link.created")]
    #[strum_discriminants(strum(serialize = "setup_link.created"))]
    SetupLinkCreated {
        /// What may be shown of the link.
        hint: String,
        /// When it expires.
        expires_at: String,
    },
    /// A setup link was opened.
    #[serde(rename = "setup_link.opened")]
    #[strum_discriminants(strum(serialize = "setup_link.opened"))]
    SetupLinkOpened {
        /// What may be shown of the link.
        hint: String,
    },
    /// A setup link was revoked.
    #[serde(rename = "setup_link.revoked")]
    #[strum_discriminants(strum(serialize = "setup_link.revoked"))]
    SetupLinkRevoked {
        /// What may be shown of the link.
        hint: String,
    },
    /// An identity provider began to read a list page by page: it asked for the second page.
    #[serde(rename = "import.started")]
    #[strum_discriminants(strum(serialize = "import.started"))]
    ImportStarted {
        /// `Users` or `Groups`.
        resource: String,
        /// How many resources the list has.
        total: i64,
        /// When the first page was read.
        first_page_at: String,
    },
    /// An identity provider read the last page of a list.
    #[serde(rename = "import.finished")]
    #[strum_discriminants(strum(serialize = "import.finished"))]
    ImportFinished {
        /// `Users` or `Groups`.
        resource: String,
        /// How many resources the list has.
        total: i64,
        /// When the first page was read.
        first_page_at: String,
    },
    /// More people would have lost access within an hour than the organization allows: such requests are refused.
    #[serde(rename = "brake.engaged")]
    #[strum_discriminants(strum(serialize = "brake.engaged"))]
    BrakeEngaged {
        /// How many people had lost access within the hour before.
        lost: i64,
        /// Most people who may lose access within an hour.
        limit: i64,
    },
    /// An administrator released the brake.
    #[serde(rename = "brake.released")]
    #[strum_discriminants(strum(serialize = "brake.released"))]
    BrakeReleased {
        /// Until when it does not engage again.
        #[schema(required)]
        lifted_until: Option<String>,
    },
    /// Active people were counted: there are more or fewer than events say. A version without events changed some.
    #[serde(rename = "people.counted")]
    #[strum_discriminants(strum(serialize = "people.counted"))]
    PeopleCounted {
        /// How many people are active and seen by SCIM: by the events so far, and as counted.
        active: Transition<i64>,
    },
    /// An administrator paused the writes of identity providers.
    #[serde(rename = "writes.paused")]
    #[strum_discriminants(strum(serialize = "writes.paused"))]
    WritesPaused {},
    /// An administrator allowed the writes of identity providers again.
    #[serde(rename = "writes.resumed")]
    #[strum_discriminants(strum(serialize = "writes.resumed"))]
    WritesResumed {},
    /// An administrator began to undo changes.
    #[serde(rename = "undo.started")]
    #[strum_discriminants(strum(serialize = "undo.started"))]
    UndoStarted {
        /// The identifier of the run.
        undo: String,
    },
    /// All that can be undone of the selected changes is undone.
    #[serde(rename = "undo.finished")]
    #[strum_discriminants(strum(serialize = "undo.finished"))]
    UndoFinished {
        /// The identifier of the run.
        undo: String,
        /// How many people, groups, teams, projects and settings were changed.
        restored: i64,
        /// How many were left as they are.
        skipped: i64,
    },
}
