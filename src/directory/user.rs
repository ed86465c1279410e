//! What a user may become: creation, replacement, modification and removal of people.

use std::collections::BTreeSet;

use serde_json::Value;

use super::organization::mail_domain;
use super::{Catalog, OrgRole, Organization, check_length, person_name};
use crate::scim::json::{self, object};
use crate::scim::text::{fold, shorten};
use crate::scim::work::{Work, size_of_parts};
use crate::scim::{Object, ScimError, patch, resource};

/// Most bytes that one person's attributes may come to.
pub const MAX_DOC_BYTES: usize = 64 * 1024;

/// A person, as they are or as they shall be.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The attributes that clients set, in canonical form, but for the two below.
    pub doc: Object,
    /// Whether the person belongs to the organization.
    pub active: bool,
    /// Role in the organization; that of an inactive person is Member.
    pub org_role: OrgRole,
}

impl User {
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
    pub fn mail_domain(&self) -> Option<String> {
        mail_domain(self.user_name()).or_else(|| {
            let emails = self.doc.get("emails").and_then(Value::as_array)?;
            let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
            mail_domain(primary.or_else(|| emails.first())?.get("value")?.as_str()?)
        })
    }
}

/// A mail address as it is looked up: folded, and what it is for, folded (empty where nothing is said).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

/// What a body says of the two attributes that are kept apart from the others.
struct Standing {
    active: Option<bool>,
    org_role: Option<OrgRole>,
}

impl Standing {
    /// Takes them out of a resource.
    fn take(catalog: &Catalog, doc: &mut Object) -> Result<Self, ScimError> {
        let active = doc.shift_remove("active").and_then(|value| value.as_bool());
        let org_role = match doc.shift_remove(&catalog.org_role_attribute) {
            Some(Value::String(text)) => Some(OrgRole::parse_attribute(&catalog.org_role_attribute, &text)?),
            _ => None,
        };
        Ok(Self { active, org_role })
    }
}

/// Whether a PUT or PATCH looks as if it deactivated somebody. It is not decided by that, only prepared for.
pub fn seems_to_deactivate(body: &Value) -> bool {
    fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
        value.as_object()?.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
    let is_false = |value: &Value| match value {
        Value::Bool(active) => !active,
        Value::String(text) => text.eq_ignore_ascii_case("false"),
        _ => false,
    };
    let is_inactive = |value: &Value| member(value, "active").is_some_and(is_false);
    let operations = member(body, "Operations").and_then(Value::as_array);
    is_inactive(body)
        || operations.into_iter().flatten().any(|operation| {
            let Some(value) = member(operation, "value") else { return false };
            match member(operation, "path").and_then(Value::as_str) {
                Some(path) => path.trim().eq_ignore_ascii_case("active") && is_false(value),
                None => is_inactive(value),
            }
        })
}

/// The person that a POST describes. Whether the organization admits them, [`Organization::admit`] says.
///
/// # Errors
/// `invalidValue` for a missing or wrong value, or a second Owner.
pub fn create(catalog: &Catalog, body: &Value, work: &Work) -> Result<User, ScimError> {
    let mut doc = resource::read(&catalog.user, body, work)?;
    let standing = Standing::take(catalog, &mut doc)?;
    fill_gaps(&mut doc);
    let active = standing.active.unwrap_or(true);
    let org_role = standing.org_role.unwrap_or(OrgRole::Member);
    if org_role == OrgRole::Owner {
        return Err(second_owner());
    }
    let user = User { doc, active, org_role: if active { org_role } else { OrgRole::Member } };
    check_size(&user)?;
    Ok(user)
}

/// The person after a PUT (RFC 7644 §3.5.1). What the body leaves out is cleared, save what no client can
/// mean to clear by silence: `active`, the organization role, and mail where SCIM does not manage it.
///
/// # Errors
/// As [`create`]; `mutability` where mail would change, or the Owner; `invalidValue` where the person would
/// leave the organization's mail domains.
pub fn replace(
    catalog: &Catalog,
    organization: &Organization,
    current: &User,
    body: &Value,
    work: &Work,
) -> Result<User, ScimError> {
    let mut doc = resource::read(&catalog.user, body, work)?;
    let standing = Standing::take(catalog, &mut doc)?;
    if let (false, None, Some(emails)) =
        (organization.email_management, doc.get("emails"), current.doc.get("emails"))
    {
        doc.insert("emails".to_owned(), emails.clone());
    }
    fill_gaps(&mut doc);
    settle(organization, current, doc, &standing)
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
    work: &Work,
) -> Result<User, ScimError> {
    let edits = patch::parse(&catalog.user, body)?;
    let mut doc = current.doc.clone();
    doc.insert("active".to_owned(), current.active.into());
    doc.insert(catalog.org_role_attribute.clone(), current.org_role.as_str().into());
    work.spend(1, size_of_parts(&current.doc))?;
    patch::apply(&catalog.user, &mut doc, &edits, work)?;
    let standing = Standing::take(catalog, &mut doc)?;
    settle(organization, current, doc, &standing)
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
    if !doc.contains_key("emails") && mail_domain(&user_name).is_some() {
        let email = object! {"value": user_name, "type": "work", "primary": true};
        doc.insert("emails".to_owned(), vec![email].into());
    }
}

/// Applies the rules that hold for every change of an existing person.
fn settle(
    organization: &Organization,
    current: &User,
    mut doc: Object,
    standing: &Standing,
) -> Result<User, ScimError> {
    let active = standing.active.unwrap_or(current.active);
    let org_role = standing.org_role.unwrap_or(current.org_role);
    if current.org_role == OrgRole::Owner {
        // By the userName, the console knows the Owner.
        let named = doc.get("userName").and_then(Value::as_str).unwrap_or_default();
        if !active || org_role != OrgRole::Owner || fold_user_name(named) != current.folded_user_name() {
            return Err(owner_untouchable());
        }
    } else if org_role == OrgRole::Owner {
        return Err(second_owner());
    }
    if !organization.email_management {
        keep_mail(&current.doc, &mut doc)?;
    }
    person_name::refresh_formatted(&current.doc, &mut doc);
    // Deactivation takes the person out of the organization, and the role with it.
    let user = User { doc, active, org_role: if active { org_role } else { OrgRole::Member } };
    if user.mail_domain() != current.mail_domain() {
        organization.keep(user.user_name(), user.mail_domain().as_deref())?;
    }
    check_size(&user)?;
    Ok(user)
}

/// Refuses another `userName` or other addresses. A difference in case is none: the stored spelling stays.
fn keep_mail(before: &Object, after: &mut Object) -> Result<(), ScimError> {
    let name_of = |doc: &Object| doc.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (old, new) = (name_of(before), name_of(after));
    if fold_user_name(&old) != fold_user_name(&new) {
        return Err(mail_not_managed("userName", &old, &new));
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
        return Err(mail_not_managed("emails", &listed(before), &listed(after)));
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

fn mail_not_managed(attribute: &str, old: &str, new: &str) -> ScimError {
    ScimError::mutability(format!(
        "\"{attribute}\" cannot be changed over SCIM in this organization: it is \"{}\", the request says \"{}\". Set it \
         back in the identity provider, or have an administrator switch on email management in the organization's \
         settings.",
        shorten(old),
        shorten(new)
    ))
}

fn owner_untouchable() -> ScimError {
    ScimError::mutability(
        "Owner cannot be modified: the organization's Owner cannot be demoted, deactivated, deleted or given another userName. Transfer the \
         ownership in the console first.",
    )
}

fn second_owner() -> ScimError {
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
