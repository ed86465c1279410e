//! Why the directory refuses a request.
//!
//! A [`Refusal`] knows neither HTTP nor SCIM: the callers choose the status and the `scimType` of the response. Its
//! [`code`](Refusal::code) is stored in audit logs; its text is for administrators, who read it in their identity
//! provider.

use std::fmt;

use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::characters::code_point;
use crate::org_role::OrgRole;
pub use crate::refusal_text::list_ids;
use crate::refusal_text::{group_name_taken, of_domains, place_after, slips, user_name_taken};

/// A reason to refuse a request. It is boxed, since many functions pass it on, and a pointer is less to move.
#[derive(PartialEq, Eq)]
pub struct Refusal(Box<RefusalKind>);

/// What a [`Refusal`] consists of.
#[derive(Debug, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(RefusalCode))]
#[strum_discriminants(
    doc = "The kind of a [`Refusal`]. Its name in snake case is stored and must not change."
)]
#[strum_discriminants(derive(Hash, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray))]
#[strum_discriminants(strum(serialize_all = "snake_case"))]
#[expect(missing_docs, reason = "the texts say what the fields are")]
pub enum RefusalKind {
    /// The request would demote, deactivate, delete or rename the Owner.
    #[error(
        "Owner cannot be modified: the organization's Owner cannot be demoted, deactivated, deleted or given another \
         userName. Transfer the ownership in the console first."
    )]
    OwnerProtected,
    /// The request would make a second Owner.
    #[error(
        "Cannot set multiple owners: an organization has exactly one Owner. Ownership is transferred in the console."
    )]
    SecondOwner,
    /// The value of the organization role is none of [`OrgRole::NAMES`].
    #[error(
        "\"{}\" is not an organization role: \"{attribute}\" must be one of {}.",
        shorten(value),
        OrgRole::NAMES.join(", ")
    )]
    OrgRoleUnknown { attribute: String, value: String },

    /// A new user is outside the organization's email domains.
    #[error("User {} is not allowed to be created in {}", shorten(user_name), of_domains(domains))]
    DomainNotAllowed { user_name: String, domains: Vec<String> },
    /// A change would move a user out of the organization's email domains.
    #[error("User {} would no longer belong to {}", shorten(user_name), of_domains(domains))]
    DomainChangeNotAllowed { user_name: String, domains: Vec<String> },
    /// `userName` or `emails` would change, and the organization does not let SCIM change them.
    #[error(
        "\"{attribute}\" cannot be changed over SCIM in this organization: it is \"{}\", the request says \"{}\". Set \
         it back in the identity provider, or have an administrator switch on email management in the organization's \
         settings.",
        shorten(stored),
        shorten(sent)
    )]
    EmailNotManaged { attribute: &'static str, stored: String, sent: String },
    /// The organization has as many users as it may have.
    #[error(
        "User {} cannot be created: this organization may have {limit} users and has {count}, deactivated ones \
         included. Have an operator of this service raise the limit in the organization's settings, or delete users.",
        shorten(user_name)
    )]
    UserLimitReached { user_name: String, limit: u64, count: u64 },
    /// Another user has the `userName`.
    #[error("{}", user_name_taken(user_name, holder.as_deref()))]
    UserNameTaken { user_name: String, holder: Option<String> },
    /// A member that SCIM does not manage has the `userName`.
    #[error(
        "userName \"{}\" is taken by a member who is not managed by SCIM, having been added in the console. An \
         administrator of the organization can remove that member there.",
        shorten(user_name)
    )]
    UserNameTakenUnmanaged { user_name: String },
    /// The attributes of one user are larger than what is stored.
    #[error(
        "The user's attributes come to {bytes} bytes; at most {limit} are stored. Send fewer or shorter values, for \
         example no photos as data URLs."
    )]
    UserTooLarge { bytes: usize, limit: usize },
    /// There is no user with the id.
    #[error("User \"{}\" was not found.", shorten(id))]
    UserNotFound { id: String },

    /// There is no group with the id.
    #[error("Group \"{}\" was not found.", shorten(id))]
    GroupNotFound { id: String },
    /// The body of a group is no JSON object.
    #[error("The body must be a JSON object describing a Group.")]
    GroupNotAnObject,
    /// Another group has the name.
    #[error("{}", group_name_taken(name, holder.as_deref()))]
    GroupNameTaken { name: String, holder: Option<String> },
    /// The group of a role would get another name.
    #[error(
        "\"displayName\" cannot be changed over SCIM: the group is \"{}\", the request says \"{}\". In Okta, switch \
         off \"Rename app groups to match group name in Okta\" under Push Groups, and link the group by its name here.",
        shorten(stored),
        shorten(sent)
    )]
    GroupRenameNotAllowed { stored: String, sent: String },
    /// The group of a project's role would be deleted.
    #[error(
        "Project deletion is not supported via SCIM: this group is a role of a project. Unlink it in the identity \
         provider without deleting it; nothing was changed."
    )]
    ProjectDeletion,

    /// A PATCH names a sub-attribute of `members`.
    #[error("The parts of a member cannot be changed; add or remove members by the path \"members\".")]
    MemberPartImmutable,
    /// A PATCH adds to or replaces members that a filter selects.
    #[error("A member cannot be changed, only added or removed: add with the path \"members\".")]
    MemberImmutable,
    /// The filters on `members` make too many comparisons.
    #[error(
        "The filters on \"members\" make more than {limit} comparisons, the most for those that ask for more than ids. \
         Name the members by their ids: members[value eq \"id\"], several joined with \"or\"."
    )]
    MemberFilterTooComplex { limit: usize },
    /// A filter on `members` selects more than can be removed at once.
    #[error(
        "The filter selects more than {limit} members, the most that are removed by one. Name the members to remove, \
         or replace \"members\" with those who shall stay."
    )]
    TooManyMembersSelected { limit: usize },
    /// An element of `members` has no id.
    #[error(
        "Each of \"members\" must be an object with a \"value\", the id of a user as this service issued it; one {}.",
        if *is_object { "has no \"members.value\" that is a string" } else { "is no object" }
    )]
    MemberIdMissing { is_object: bool },
    /// A member is a group.
    #[error(
        "The member \"{}\" in \"members\" is a group. Groups in groups are not supported: push the people who are in \
         it instead. Nothing was changed.",
        shorten(member)
    )]
    NestedGroup { member: String },
    /// No users have the ids of new members.
    #[error(
        "No user has the id {}; nothing was changed. Unassign the person in the identity provider and assign them \
         again, so that it learns their id here.",
        list_ids(ids)
    )]
    MembersUnknown { ids: Vec<String> },
    /// A new member is in as many groups as a user may be in.
    #[error(
        "The user \"{}\" is in {limit} groups, the most that a person may be in; nothing was changed. Remove them from \
         groups that they no longer need, or leave them out of this one.",
        shorten(user)
    )]
    TooManyGroups { user: String, limit: u32 },
    /// The project has as many teams as it may have.
    #[error(
        "The project has {limit} teams, the most that a project may have; nothing was changed. Delete teams that are \
         no longer needed, or use another project."
    )]
    TooManyTeams { limit: u32 },
    /// The project has as many roles as it may have.
    #[error(
        "The project has {limit} roles, the most that a project may have; nothing was changed. Delete roles that are \
         no longer needed, or use another project."
    )]
    TooManyRoles { limit: u32 },

    /// A new group is named like no group of a project, and the organization has no other groups.
    #[error(
        "Project creation is not supported via SCIM, and \"{}\" is not the name of a project's group: those begin with \
         \"{prefix}-\". Link the pushed group to an existing group, such as \"{prefix}-<Project>-Member\".{}",
        shorten(name),
        slips(name)
    )]
    NotAProjectGroup { prefix: String, name: String },
    /// A new group is named after a project that does not exist.
    #[error(
        "Project creation is not supported via SCIM: no project's name follows \"{prefix}-\" in \"{}\". Create the \
         project in the console, or correct the group's name.{}",
        shorten(name),
        slips(name)
    )]
    ProjectUnknown { prefix: String, name: String },
    /// A new group is named after the role Admin of a team that does not exist.
    #[error(
        "There is no team \"{}\" in project \"{project}\". Push \"{}\" to create the team; its \"-Admin\" group comes \
         with it and can be linked then.{}",
        shorten(team),
        shorten(team_group),
        slips(name)
    )]
    TeamUnknown { project: String, team: String, team_group: String, name: String },
    /// A new group is named like that of a team, without the team's name.
    #[error("The name of the team is missing: a team's group is named \"{example}\".{}", slips(name))]
    TeamNameMissing { example: String, name: String },
    /// A new group is named after a role that the project does not have.
    #[error(
        "Project \"{project}\" has no role \"{0}\", and roles are made in the console, not via SCIM. To create a team \
         named \"{0}\", push \"{1}\".{2}",
        shorten(role),
        shorten(team_group),
        slips(name)
    )]
    ProjectRoleUnknown { project: String, role: String, team_group: String, name: String },
    /// A group that belongs to no project is named like one of a project.
    #[error(
        "Names that begin with \"{prefix}-\" are kept for the groups of projects; \"{}\" is not one of them.{}",
        shorten(name),
        slips(name)
    )]
    PrefixReserved { prefix: String, name: String },
    /// A group's name looks like one of a project, with another character for the hyphen.
    #[error(
        "\"{}\" begins with what looks like \"{prefix}-\", but has the character {} for the hyphen. Names that look \
         so are kept for the groups of projects: write \"-\" (U+002D), or choose another name.",
        shorten(name),
        code_point(*character)
    )]
    PrefixImitated { prefix: String, name: String, character: char },
    /// The name of a new group begins or ends with a space.
    #[error(
        "The name \"{}\" begins or ends with a space. Remove the space in the identity provider, and push \"{}\".",
        shorten(name),
        shorten(name.trim())
    )]
    GroupNameNotTrimmed { name: String },
    /// The part of a group's name that names the role or the team begins or ends with a space.
    #[error(
        "In \"{}\", the name \"{}\" of a role or team begins or ends with a space. Remove the space in the identity \
         provider.",
        shorten(name),
        shorten(part)
    )]
    RoleNameNotTrimmed { name: String, part: String },

    /// A name is empty.
    #[error("The {what}'s name must not be empty.")]
    NameEmpty { what: String },
    /// A name begins or ends with a space.
    #[error("The {what}'s name \"{}\" must not begin or end with a space.", shorten(name))]
    NameNotTrimmed { what: String, name: String },
    /// A name is too long.
    #[error("The {what}'s name must not be longer than {limit} characters.")]
    NameTooLong { what: String, limit: usize },
    /// A text is longer than an index of the storage takes.
    #[error("\"{attribute}\" is longer than {limit} bytes.")]
    TextTooLong { attribute: &'static str, limit: usize },
    /// A text has a character that cannot be seen.
    #[error(
        "{what} must not contain the invisible character {}, which it has {}. Remove the character, or type the text \
         anew.",
        code_point(*character),
        place_after(before)
    )]
    InvisibleCharacter { what: String, character: char, before: String },
    /// A text consists of spaces and other blank characters.
    #[error("{what} must not consist of blank characters alone, such as {}.", code_point(*character))]
    BlankText { what: String, character: char },

    /// An organization would have too many email domains.
    #[error("An organization has at most {limit} mail domains.")]
    TooManyEmailDomains { limit: usize },
    /// An email domain is longer than RFC 1035 allows.
    #[error("The mail domain \"{}\" has {length} characters; a domain has at most {limit}.", shorten(domain))]
    EmailDomainTooLong { domain: String, length: usize, limit: usize },
    /// A label of an email domain is longer than RFC 1035 allows.
    #[error(
        "The mail domain \"{}\" has a label of {length} characters; a label, which is what stands between two dots, \
         has at most {limit}.",
        shorten(domain)
    )]
    EmailDomainLabelTooLong { domain: String, length: usize, limit: usize },
    /// A text is not an email domain.
    #[error("\"{}\" is not a mail domain; write it like \"example.com\".", shorten(domain))]
    NotAnEmailDomain { domain: String },

    /// More people would lose access within an hour than the organization allows.
    #[error(
        "Nothing was changed: the access brake of this organization is engaged{}. It engages when more than {percent} \
         % of the people, and more than 25, would lose access within an hour. What gives or keeps access goes on. What \
         takes access is refused until an administrator decides at {console}: let it through, or keep the people and \
         undo what went. Send this again later.",
        since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default()
    )]
    AccessBrake { percent: u64, since: Option<String>, console: String },
    /// An administrator has paused the writes of identity providers.
    #[error(
        "Nothing was changed: {by} paused the writes of identity providers to this organization at {since}. Reads go \
         on. An administrator resumes the writes at {console}. Send this again later."
    )]
    WritesPaused { since: String, by: String, console: String },
    /// The deployment has another attribute of the organization role than when the identity provider was set up.
    #[error(
        "Nothing was read or changed: the identity provider of this organization was set up with the attribute \
         \"{known}\" for the organization role, and this deployment's ORG_ROLE_ATTRIBUTE is now \"{now}\". Either the \
         operator sets it back, or an administrator maps \"{now}\" in the identity provider, and then confirms that at \
         {settings}."
    )]
    OrgRoleAttributeChanged { known: String, now: String, settings: String },

    /// The protocol forbids the request.
    #[error("{}", .0.detail)]
    Protocol(ScimError),
    /// An operation of a PATCH is refused.
    #[error("Operations[{index}]: {refusal}")]
    InOperation { index: usize, refusal: Refusal },
}

impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Refusal {
    /// What it consists of.
    pub fn into_kind(self) -> RefusalKind {
        *self.0
    }

    /// The kind of refusal. Of an operation of a PATCH it is why the operation is refused.
    pub fn code(&self) -> RefusalCode {
        match &*self.0 {
            RefusalKind::InOperation { refusal, .. } => refusal.code(),
            other => other.into(),
        }
    }

    /// The error of the protocol, if it is why the request is refused.
    pub fn protocol_error(&self) -> Option<&ScimError> {
        match &*self.0 {
            RefusalKind::InOperation { refusal, .. } => refusal.protocol_error(),
            RefusalKind::Protocol(error) => Some(error),
            _ => None,
        }
    }
}

impl RefusalCode {
    /// The name under which the code is stored.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<ScimError> for Refusal {
    fn from(error: ScimError) -> Self {
        RefusalKind::Protocol(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_never_change() {
        let codes: Vec<&str> = RefusalCode::VARIANTS.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "owner_protected",
                "second_owner",
                "org_role_unknown",
                "domain_not_allowed",
                "domain_change_not_allowed",
                "email_not_managed",
                "user_limit_reached",
                "user_name_taken",
                "user_name_taken_unmanaged",
                "user_too_large",
                "user_not_found",
                "group_not_found",
                "group_not_an_object",
                "group_name_taken",
                "group_rename_not_allowed",
                "project_deletion",
                "member_part_immutable",
                "member_immutable",
                "member_filter_too_complex",
                "too_many_members_selected",
                "member_id_missing",
                "nested_group",
                "members_unknown",
                "too_many_groups",
                "too_many_teams",
                "too_many_roles",
                "not_a_project_group",
                "project_unknown",
                "team_unknown",
                "team_name_missing",
                "project_role_unknown",
                "prefix_reserved",
                "prefix_imitated",
                "group_name_not_trimmed",
                "role_name_not_trimmed",
                "name_empty",
                "name_not_trimmed",
                "name_too_long",
                "text_too_long",
                "invisible_character",
                "blank_text",
                "too_many_email_domains",
                "email_domain_too_long",
                "email_domain_label_too_long",
                "not_an_email_domain",
                "access_brake",
                "writes_paused",
                "org_role_attribute_changed",
                "protocol",
                "in_operation",
            ]
        );
    }

    #[test]
    fn an_operation_has_the_code_of_its_refusal() {
        let refusal = Refusal::from(RefusalKind::InOperation {
            index: 2,
            refusal: RefusalKind::MemberImmutable.into(),
        });
        assert_eq!(refusal.code(), RefusalCode::MemberImmutable);
        assert!(refusal.to_string().starts_with("Operations[2]: A member cannot be changed"));
    }

    #[test]
    fn long_lists_are_cut() {
        let domains = (0..20).map(|number| format!("d{number}.test")).collect();
        let refusal = RefusalKind::DomainNotAllowed { user_name: "ann".to_owned(), domains };
        assert!(refusal.to_string().contains("d9.test, …. Assign"), "{refusal}");
        let ids: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(list_ids(&ids), "\"0\", \"1\", \"2\", \"3\", \"4\" and 2 others");
    }
}
