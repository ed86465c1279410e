//! The rules that each change of a user obeys.

use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::org_role::OrgRole;
use crate::organization::{Organization, email_domain};
use crate::person_name;
use crate::refusal::{Refusal, RefusalKind};
use crate::text::{check_length, check_visible};
use crate::user::{User, email_values, fold_user_name, user_name_of};
use scim_protocol::budget::Budget;
use scim_protocol::text::{fold, in_order};
use scim_protocol::{Object, ScimError};

/// Most bytes of one user's attributes as JSON.
pub const MAX_DOC_BYTES: usize = 64 * 1024;

/// Reasons against parts of a change that are found outside the user and the organization.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// Whether the database has found the new userName taken.
    pub user_name_is_taken: bool,
    /// The error for values with a `bulkId` that cannot be resolved.
    pub unresolved: Option<ScimError>,
}

/// The values that a request gives to the two attributes that are stored apart from the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusAndRole {
    pub(crate) active: Option<bool>,
    pub(crate) org_role: Option<OrgRole>,
}

impl StatusAndRole {
    /// Takes the attributes out of a resource.
    pub(crate) fn take(catalog: &Catalog, doc: &mut Object) -> Result<Self, Refusal> {
        Ok(Self { active: take_active(doc), org_role: take_org_role(catalog, doc)? })
    }
}

pub(crate) fn take_active(doc: &mut Object) -> Option<bool> {
    doc.shift_remove("active").and_then(|value| value.as_bool())
}

pub(crate) fn take_org_role(catalog: &Catalog, doc: &mut Object) -> Result<Option<OrgRole>, Refusal> {
    match doc.shift_remove(&catalog.org_role_attribute) {
        Some(Value::String(text)) => parse_org_role(&catalog.org_role_attribute, &text).map(Some),
        _ => Ok(None),
    }
}

/// Reads an organization role from the attribute with that name.
///
/// # Errors
/// `RefusalKind::OrgRoleUnknown`.
pub fn parse_org_role(attribute: &str, text: &str) -> Result<OrgRole, Refusal> {
    OrgRole::parse(text).ok_or_else(|| {
        RefusalKind::OrgRoleUnknown { attribute: attribute.to_owned(), value: text.to_owned() }.into()
    })
}

/// What a change of a stored user is checked against.
pub(crate) struct Rules<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) organization: &'a Organization,
    pub(crate) current: &'a User,
    pub(crate) obstacles: &'a Obstacles,
    /// What the request may still make this service compute.
    pub(crate) budget: &'a Budget,
    /// Whether the request is a PUT.
    pub(crate) replaces: bool,
}

impl Rules<'_> {
    /// The user with these attributes, if no rule forbids them.
    pub(crate) fn resolve(&self, mut doc: Object, sent: StatusAndRole) -> Result<User, Refusal> {
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
        let active = sent.active.unwrap_or(current.active);
        let org_role = sent.org_role.unwrap_or(current.org_role);
        if current.org_role == OrgRole::Owner {
            let is_renamed = fold_user_name(user_name_of(&doc)) != current.folded_user_name();
            if !active || org_role != OrgRole::Owner || is_renamed {
                return Err(RefusalKind::OwnerProtected.into());
            }
            // The console finds the Owner by the spelling of the userName.
            doc.insert("userName".to_owned(), current.user_name().into());
        } else if org_role == OrgRole::Owner {
            return Err(RefusalKind::SecondOwner.into());
        }
        if !organization.email_management {
            keep_emails(&current.doc, &mut doc)?;
        }
        person_name::refresh_formatted(&current.doc, &mut doc);
        // A deactivation removes the role, also if the request repeats it, because Okta sends back what it has read.
        // Another role is stored for the activation, and the same one if the organization keeps access.
        let loses_role =
            current.active && !active && org_role == current.org_role && !organization.keep_access;
        let user = User { doc, active, org_role: if loses_role { OrgRole::Member } else { org_role } };
        if user.email_domain() != current.email_domain() {
            organization.check_changed_domain(user.user_name(), user.email_domain().as_deref())?;
        }
        check_names(Some(current), &user)?;
        check_size(&user)?;
        if self.obstacles.user_name_is_taken && user.folded_user_name() != current.folded_user_name() {
            let user_name = user.user_name().to_owned();
            return Err(RefusalKind::UserNameTaken { user_name, holder: None }.into());
        }
        Ok(user)
    }
}

/// Gives a user who has no names or no address some: an identity provider cannot import a user without.
pub(crate) fn fill_gaps(doc: &mut Object) {
    let user_name = user_name_of(doc).to_owned();
    person_name::fill(doc, &user_name);
    if email_values(doc).next().is_some() || email_domain(&user_name).is_none() {
        return;
    }
    match doc.get_mut("emails").and_then(Value::as_array_mut).and_then(|emails| emails.first_mut()) {
        // The client has sent the type of an address, but not the address.
        Some(Value::Object(email)) => {
            email.insert("value".to_owned(), user_name.into());
        }
        _ => {
            let email = json!({"value": user_name, "type": "work", "primary": true});
            doc.insert("emails".to_owned(), vec![email].into());
        }
    }
}

/// Refuses invisible characters in `userName` and email addresses, by which people are told apart. Stored ones may
/// stay.
pub(crate) fn check_names(before: Option<&User>, user: &User) -> Result<(), Refusal> {
    let mut stored = Vec::new();
    if let Some(before) = before {
        stored.push(before.user_name());
        stored.extend(email_values(&before.doc));
        stored = in_order(stored);
    }
    let names = std::iter::once(("\"userName\"", user.user_name()));
    let addresses = email_values(&user.doc).map(|address| ("\"emails.value\"", address));
    for (attribute, text) in names.chain(addresses) {
        if stored.binary_search(&text).is_err() {
            check_visible(attribute, text)?;
        }
    }
    Ok(())
}

/// Refuses another `userName` and other email addresses. Case does not count: the stored spelling stays.
fn keep_emails(before: &Object, after: &mut Object) -> Result<(), Refusal> {
    let (stored, sent) = (user_name_of(before).to_owned(), user_name_of(after).to_owned());
    if fold_user_name(&stored) != fold_user_name(&sent) {
        return Err(RefusalKind::EmailNotManaged { attribute: "userName", stored, sent }.into());
    }
    after.insert("userName".to_owned(), stored.into());

    // The spelling of each address by its folded form.
    let mut stored = Object::new();
    for value in email_values(before) {
        stored.entry(fold(value)).or_insert_with(|| value.into());
    }
    if stored.is_empty() {
        // RFC 7644 §3.5.1: an immutable attribute without a value takes the new one.
        return Ok(());
    }
    let sent = in_order(email_values(after).map(fold).collect());
    if sent.len() != stored.len() || !sent.iter().all(|address| stored.contains_key(address)) {
        let listed = |doc: &Object| email_values(doc).collect::<Vec<_>>().join(", ");
        return Err(RefusalKind::EmailNotManaged {
            attribute: "emails",
            stored: listed(before),
            sent: listed(after),
        }
        .into());
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

pub(crate) fn check_size(user: &User) -> Result<(), Refusal> {
    check_length("userName", user.user_name())?;
    check_length("externalId", user.external_id().unwrap_or_default())?;
    let bytes = Value::Object(user.doc.clone()).to_string().len();
    match bytes > MAX_DOC_BYTES {
        true => Err(RefusalKind::UserTooLarge { bytes, limit: MAX_DOC_BYTES }.into()),
        false => Ok(()),
    }
}
