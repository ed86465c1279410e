//! What a user may become: creation, replacement, modification and removal of people.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::organization::email_domain;
use super::visible::check_visible;
use super::{Catalog, OrgRole, Organization, check_length, deactivation, person_name};
use scim_protocol::budget::{Budget, object_size};
use scim_protocol::bulk::is_reference;
use scim_protocol::error::shorten;
use scim_protocol::json::{self, object};
use scim_protocol::patch::ChangeSet;
use scim_protocol::text::fold;
use scim_protocol::{Object, ScimError, resource};

/// Most bytes that one person's attributes may come to.
pub const MAX_DOC_BYTES: usize = 64 * 1024;

/// A person, as they are or as they shall be.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The attributes that clients set, in canonical form, but for the two below.
    pub doc: Object,
    /// Whether the person belongs to the organization.
    pub active: bool,
    /// Role in the organization. An inactive person gets it when they become active.
    pub org_role: OrgRole,
}

/// What a PUT or PATCH makes of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The person afterwards.
    pub user: User,
    /// Whether the request sets `active` to false; see [`super::deactivation`].
    pub deactivates: bool,
    /// The reasons why parts of the request are not carried out. Only a deactivation can have any.
    pub refused: Vec<ScimError>,
}

/// Reasons against parts of a change that the person and the organization do not tell.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// The error for the new userName, if the database has refused it because somebody else has it.
    pub user_name_taken: Option<ScimError>,
    /// The error for values with a `bulkId` that stands for nothing.
    pub unresolved: Option<ScimError>,
}

impl User {
    /// The role that the person has at present: an inactive person has no rights.
    pub fn role_in_force(&self) -> OrgRole {
        if self.active { self.org_role } else { OrgRole::Member }
    }

    /// `userName` as it was sent.
    pub fn user_name(&self) -> &str {
        self.doc.get("userName").and_then(Value::as_str).unwrap_or_default()
    }

    /// `userName` as it is looked up; see [`fold_user_name`].
    pub fn folded_user_name(&self) -> String {
        fold_user_name(self.user_name())
    }

    /// `externalId`, the client's own identifier.
    pub fn external_id(&self) -> Option<&str> {
        self.doc.get("externalId").and_then(Value::as_str)
    }

    /// The mail addresses with what they are for, folded, each pair once.
    pub fn folded_emails(&self) -> Vec<FoldedEmail> {
        let emails = self.doc.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let part = |email: &Value, name: &str| email.get(name).and_then(Value::as_str).map(fold);
        let mut folded: Vec<FoldedEmail> = emails
            .iter()
            .filter_map(|email| {
                Some(FoldedEmail {
                    value: part(email, "value")?,
                    r#type: part(email, "type").unwrap_or_default(),
                })
            })
            .collect();
        folded.sort_unstable();
        folded.dedup();
        folded
    }

    /// The folded domain of the address that identifies the person: `userName` if it is one, else the
    /// primary address, else the first.
    pub fn email_domain(&self) -> Option<String> {
        email_domain(self.user_name()).or_else(|| {
            let emails = self.doc.get("emails").and_then(Value::as_array)?;
            let addresses = || emails.iter().filter(|email| email.get("value").is_some());
            let primary = addresses().find(|email| email.get("primary") == Some(&Value::Bool(true)));
            email_domain(primary.or_else(|| addresses().next())?.get("value")?.as_str()?)
        })
    }
}

/// A mail address as it is looked up: folded, and what it is for, folded (empty where nothing is said).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FoldedEmail {
    /// The address.
    pub value: String,
    /// Its type, such as `work`.
    pub r#type: String,
}

/// The form in which userNames are unique: without regard to case and to spaces around them, which only
/// a slip of the hand can have put there.
pub fn fold_user_name(user_name: &str) -> String {
    fold(user_name.trim())
}

/// What a request says of the two attributes that are kept apart from the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) active: Option<bool>,
    pub(crate) org_role: Option<OrgRole>,
}

impl Standing {
    /// Takes them out of a resource.
    fn take(catalog: &Catalog, doc: &mut Object) -> Result<Self, ScimError> {
        Ok(Self { active: take_active(doc), org_role: take_org_role(catalog, doc)? })
    }
}

pub(crate) fn take_active(doc: &mut Object) -> Option<bool> {
    doc.shift_remove("active").and_then(|value| value.as_bool())
}

pub(crate) fn take_org_role(catalog: &Catalog, doc: &mut Object) -> Result<Option<OrgRole>, ScimError> {
    match doc.shift_remove(&catalog.org_role_attribute) {
        Some(Value::String(text)) => OrgRole::parse_attribute(&catalog.org_role_attribute, &text).map(Some),
        _ => Ok(None),
    }
}

/// Whether a PUT or PATCH looks like a deactivation. True for every deactivation and few other requests: it prepares
/// the work, and decides nothing.
pub fn seems_to_deactivate(body: &Value) -> bool {
    fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
        value.as_object()?.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
    // With its URN or without.
    let is_named =
        |text: &str| text.trim().rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case("active"));
    let is_false = |value: &Value| match value {
        Value::Bool(active) => !active,
        Value::String(text) => text.eq_ignore_ascii_case("false"),
        // Entra ID's wrappers.
        Value::Array(_) | Value::Object(_) => json::write(value).to_ascii_lowercase().contains("false"),
        _ => false,
    };
    let sets_inactive = |values: &Value| {
        values
            .as_object()
            .is_some_and(|values| values.iter().any(|(name, value)| is_named(name) && is_false(value)))
    };
    // Core attributes may be nested under the core URN.
    let is_inactive = |values: &Value| {
        sets_inactive(values) || values.as_object().is_some_and(|values| values.values().any(sets_inactive))
    };
    let operations = member(body, "Operations").and_then(Value::as_array);
    is_inactive(body)
        || operations.into_iter().flatten().any(|operation| {
            let Some(value) = member(operation, "value") else { return false };
            match member(operation, "path").and_then(Value::as_str) {
                Some(path) if !path.trim().is_empty() => is_named(path) && is_false(value),
                _ => is_inactive(value),
            }
        })
}

/// The person that a POST describes. Whether the organization admits them, [`Organization::admit`] says.
///
/// # Errors
/// `invalidValue` for a missing or wrong value, or a second Owner.
pub fn create(catalog: &Catalog, body: &Value, budget: &Budget) -> Result<User, ScimError> {
    let mut doc = resource::read(&catalog.user, body, budget)?;
    let standing = Standing::take(catalog, &mut doc)?;
    fill_gaps(&mut doc);
    let active = standing.active.unwrap_or(true);
    let org_role = standing.org_role.unwrap_or(OrgRole::Member);
    if org_role == OrgRole::Owner {
        return Err(second_owner());
    }
    let user = User { doc, active, org_role };
    check_names(None, &user)?;
    check_size(&user)?;
    Ok(user)
}

/// The person after a PUT (RFC 7644 §3.5.1). What the body leaves out is cleared, save what no client can
/// mean to clear by silence: `active`, the organization role, and mail where SCIM does not manage it.
///
/// # Errors
/// As [`create`]; `mutability` where mail would change, or the Owner; `invalidValue` where the person would
/// leave the organization's mail domains. A deactivation fails for the Owner alone.
pub fn replace(
    catalog: &Catalog,
    organization: &Organization,
    current: &User,
    body: &Value,
    obstacles: &Obstacles,
    budget: &Budget,
) -> Result<Change, ScimError> {
    let changes =
        ChangeSet::from_resource(&catalog.user, resource::values(&catalog.user, body)?, &catalog.limits);
    let rules = Rules { catalog, organization, current, obstacles, budget, replaces: true };
    change(&rules, changes, Object::new())
}

/// The person after a PATCH (RFC 7644 §3.5.2).
///
/// # Errors
/// As [`replace`], and those of the PATCH itself.
pub fn modify(
    catalog: &Catalog,
    organization: &Organization,
    current: &User,
    body: &Value,
    obstacles: &Obstacles,
    budget: &Budget,
) -> Result<Change, ScimError> {
    let changes = ChangeSet::from_patch(&catalog.user, body, &catalog.limits)?;
    let rules = Rules { catalog, organization, current, obstacles, budget, replaces: false };
    change(&rules, changes, current.doc.clone())
}

/// Carries out a request on the attributes in `doc`.
fn change(rules: &Rules<'_>, mut changes: ChangeSet<'_>, doc: Object) -> Result<Change, ScimError> {
    if let Some(error) = &rules.obstacles.unresolved {
        changes.reject_strings(|text| is_reference(text).then(|| error.clone()));
    }
    let deactivates = changes.value_of("active") == Some(Value::Bool(false));
    match whole(rules, &changes, doc.clone()) {
        Ok(user) => Ok(Change { user, deactivates, refused: Vec::new() }),
        Err(_) if deactivates => deactivation::deactivate(rules, changes, doc),
        Err(error) => Err(error),
    }
}

/// The person after all that a request asks for.
fn whole(rules: &Rules<'_>, changes: &ChangeSet<'_>, mut doc: Object) -> Result<User, ScimError> {
    rules.budget.spend(1, object_size(&doc))?;
    changes.apply(&mut doc, rules.budget)?;
    let standing = Standing::take(rules.catalog, &mut doc)?;
    rules.settle(doc, standing)
}

/// Whether a person may be taken out of the organization.
///
/// # Errors
/// `mutability` for the Owner.
pub fn check_removable(current: &User) -> Result<(), ScimError> {
    if current.org_role == OrgRole::Owner { Err(owner_untouchable()) } else { Ok(()) }
}

/// Names and an address for who has none: an identity provider cannot import a person without.
fn fill_gaps(doc: &mut Object) {
    let user_name = doc.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    person_name::fill(doc, &user_name);
    if email_values(doc).next().is_some() || email_domain(&user_name).is_none() {
        return;
    }
    match doc.get_mut("emails").and_then(Value::as_array_mut).and_then(|emails| emails.first_mut()) {
        // The client has said what an address is for, but not the address.
        Some(Value::Object(email)) => {
            email.insert("value".to_owned(), user_name.into());
        }
        _ => {
            let email = object! {"value": user_name, "type": "work", "primary": true};
            doc.insert("emails".to_owned(), vec![email].into());
        }
    }
}

/// The rules that hold for every change of an existing person.
pub(crate) struct Rules<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) organization: &'a Organization,
    pub(crate) current: &'a User,
    pub(crate) obstacles: &'a Obstacles,
    /// What the request may still make this service compute.
    pub(crate) budget: &'a Budget,
    /// Whether it is a PUT.
    pub(crate) replaces: bool,
}

impl Rules<'_> {
    /// The person with these attributes.
    pub(crate) fn settle(&self, mut doc: Object, standing: Standing) -> Result<User, ScimError> {
        let Self { organization, current, .. } = self;
        if self.replaces {
            let gives_email = email_values(&doc).next().is_some();
            if let (false, false, Some(emails)) =
                (organization.email_management, gives_email, current.doc.get("emails"))
            {
                doc.insert("emails".to_owned(), emails.clone());
            }
            fill_gaps(&mut doc);
        }
        let active = standing.active.unwrap_or(current.active);
        let org_role = standing.org_role.unwrap_or(current.org_role);
        if current.org_role == OrgRole::Owner {
            let named = doc.get("userName").and_then(Value::as_str).unwrap_or_default();
            if !active || org_role != OrgRole::Owner || fold_user_name(named) != current.folded_user_name() {
                return Err(owner_untouchable());
            }
            // The console finds the Owner by the spelling of the userName.
            doc.insert("userName".to_owned(), current.user_name().into());
        } else if org_role == OrgRole::Owner {
            return Err(second_owner());
        }
        if !organization.email_management {
            keep_emails(&current.doc, &mut doc)?;
        }
        person_name::refresh_formatted(&current.doc, &mut doc);
        // A deactivation wipes the role that the person has, also if the request repeats it, because Okta sends back
        // what it has read. Another role is kept for the activation.
        let loses_role = current.active && !active && org_role == current.org_role;
        let user = User { doc, active, org_role: if loses_role { OrgRole::Member } else { org_role } };
        if user.email_domain() != current.email_domain() {
            organization.keep(user.user_name(), user.email_domain().as_deref())?;
        }
        check_names(Some(current), &user)?;
        check_size(&user)?;
        match &self.obstacles.user_name_taken {
            Some(error) if user.folded_user_name() != current.folded_user_name() => Err(error.clone()),
            _ => Ok(user),
        }
    }
}

/// Refuses what cannot be seen in `userName` and addresses, by which people are told apart. What is stored already may
/// stay.
fn check_names(before: Option<&User>, user: &User) -> Result<(), ScimError> {
    let mut stored = BTreeSet::new();
    if let Some(before) = before {
        stored.insert(before.user_name());
        stored.extend(email_values(&before.doc));
    }
    let names = std::iter::once(("\"userName\"", user.user_name()));
    let addresses = email_values(&user.doc).map(|address| ("\"emails.value\"", address));
    for (attribute, text) in names.chain(addresses) {
        if !stored.contains(text) {
            check_visible(attribute, text).map_err(ScimError::invalid_value)?;
        }
    }
    Ok(())
}

/// Refuses another `userName` or other addresses. A difference in case is none: the stored spelling stays.
fn keep_emails(before: &Object, after: &mut Object) -> Result<(), ScimError> {
    let name_of = |doc: &Object| doc.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (old, new) = (name_of(before), name_of(after));
    if fold_user_name(&old) != fold_user_name(&new) {
        return Err(email_not_managed("userName", &old, &new));
    }
    after.insert("userName".to_owned(), old.into());

    // How addresses are spelled, by their folded form.
    let mut stored = Object::new();
    for value in email_values(before) {
        stored.entry(fold(value)).or_insert_with(|| value.into());
    }
    if stored.is_empty() {
        // RFC 7644 §3.5.1: an immutable attribute without a value takes the new one.
        return Ok(());
    }
    let mut sent = BTreeSet::new();
    sent.extend(email_values(after).map(fold));
    if sent.len() != stored.len() || !sent.iter().all(|address| stored.contains_key(address)) {
        let listed = |doc: &Object| email_values(doc).collect::<Vec<_>>().join(", ");
        return Err(email_not_managed("emails", &listed(before), &listed(after)));
    }
    if let Some(Value::Array(emails)) = after.get_mut("emails") {
        for email in emails {
            if let Some(value) = email.get_mut("value")
                && let Some(own) = value.as_str().and_then(|value| stored.get(&fold(value)))
            {
                *value = own.clone();
            }
        }
    }
    Ok(())
}

fn email_values(doc: &Object) -> impl Iterator<Item = &str> {
    let emails = doc.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    emails.iter().filter_map(|email| email.get("value").and_then(Value::as_str))
}

fn email_not_managed(attribute: &str, old: &str, new: &str) -> ScimError {
    ScimError::mutability(format!(
        "\"{attribute}\" cannot be changed over SCIM in this organization: it is \"{}\", the request says \"{}\". Set it \
         back in the identity provider, or have an administrator switch on email management in the organization's \
         settings.",
        shorten(old),
        shorten(new)
    ))
}

pub(crate) fn owner_untouchable() -> ScimError {
    ScimError::mutability(
        "Owner cannot be modified: the organization's Owner cannot be demoted, deactivated, deleted or given another userName. Transfer the \
         ownership in the console first.",
    )
}

pub(crate) fn second_owner() -> ScimError {
    ScimError::invalid_value(
        "Cannot set multiple owners: an organization has exactly one Owner. Ownership is transferred in the console.",
    )
}

fn check_size(user: &User) -> Result<(), ScimError> {
    check_length("userName", user.user_name())?;
    check_length("externalId", user.external_id().unwrap_or_default())?;
    let bytes = json::write(&user.doc).len();
    if bytes > MAX_DOC_BYTES {
        return Err(ScimError::invalid_value(format!(
            "The user's attributes come to {bytes} bytes; at most {MAX_DOC_BYTES} are stored. Send fewer or shorter \
             values, for example no photos as data URLs."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_like_a_deactivation() {
        let patch = |operation: Value| json!({"Operations": [{"op": "add", "path": "title", "value": "x"}, operation]});
        for body in [
            json!({"userName": "a", "Active": false}),
            patch(json!({"op": "replace", "value": {"active": "False"}})),
            patch(json!({"op": "Replace", "path": "active", "value": false})),
            patch(json!({"op": "Replace", "path": "", "value": {"active": false}})),
            patch(
                json!({"op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:Active", "value": "FALSE"}),
            ),
            patch(json!({"op": "Replace", "path": "active", "value": [{"$ref": null, "value": "False"}]})),
            patch(
                json!({"op": "replace", "value": {"urn:ietf:params:scim:schemas:core:2.0:User": {"active": false}}}),
            ),
            json!({"userName": "a", "urn:ietf:params:scim:schemas:core:2.0:User:active": [false]}),
        ] {
            assert!(seems_to_deactivate(&body), "{body}");
        }
        for body in [
            json!({"userName": "a", "active": true}),
            json!({"userName": "a"}),
            json!(5),
            patch(json!({"op": "replace", "path": "title", "value": false})),
            patch(json!({"op": "remove", "path": "active"})),
        ] {
            assert!(!seems_to_deactivate(&body), "{body}");
        }
    }
}
