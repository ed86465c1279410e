//! A user and the forms in which its attributes are looked up.

use serde::Serialize;
use serde_json::Value;

use crate::org_role::OrgRole;
use crate::organization::{Organization, email_domain};
use scim_protocol::Object;
use scim_protocol::resource::is_primary;
use scim_protocol::text::fold;

/// A user of an organization.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The attributes that clients set, in canonical form, without `active` and the organization role.
    pub doc: Object,
    /// Whether the user may use the organization.
    pub active: bool,
    /// Role in the organization. An inactive user gets it when they become active.
    pub org_role: OrgRole,
}

impl User {
    /// The role at present: an inactive user has no rights.
    pub fn role_in_force(&self) -> OrgRole {
        if self.active { self.org_role } else { OrgRole::Member }
    }

    /// The role after a deactivation that says nothing about it: the one that an activation gives.
    pub fn role_when_inactive(&self, organization: &Organization) -> OrgRole {
        if self.active && !organization.keep_access { OrgRole::Member } else { self.org_role }
    }

    /// `userName` as it was sent.
    pub fn user_name(&self) -> &str {
        user_name_of(&self.doc)
    }

    /// `userName` as it is looked up; see [`fold_user_name`].
    pub fn folded_user_name(&self) -> String {
        fold_user_name(self.user_name())
    }

    /// `externalId`, the client's own identifier.
    pub fn external_id(&self) -> Option<&str> {
        self.doc.get("externalId").and_then(Value::as_str)
    }

    /// The email addresses with their types, folded, each pair once.
    pub fn folded_emails(&self) -> Vec<FoldedEmail> {
        let part = |email: &Value, name: &str| email.get(name).and_then(Value::as_str).map(fold);
        let mut folded: Vec<FoldedEmail> = emails_of(&self.doc)
            .iter()
            .filter_map(|email| {
                Some(FoldedEmail {
                    value: part(email, "value")?,
                    r#type: part(email, "type").unwrap_or_default(),
                })
            })
            .collect();
        folded.sort_by_cached_key(|email| email.r#type.clone());
        folded.sort_by_cached_key(|email| email.value.clone());
        folded.dedup();
        folded
    }

    /// The folded domain of the address that identifies the user: `userName` if it is an address, else the primary
    /// email address, else the first.
    pub fn email_domain(&self) -> Option<String> {
        email_domain(self.user_name()).or_else(|| {
            let addresses = || emails_of(&self.doc).iter().filter(|email| email.get("value").is_some());
            let primary = addresses().find(|email| is_primary(email));
            email_domain(primary.or_else(|| addresses().next())?.get("value")?.as_str()?)
        })
    }
}

/// An email address as it is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoldedEmail {
    /// The address, folded.
    pub value: String,
    /// Its type, such as `work`, folded; empty if there is none.
    pub r#type: String,
}

/// The form in which userNames are unique: without regard to case and to spaces around them, which are always a
/// mistake.
pub fn fold_user_name(user_name: &str) -> String {
    fold(user_name.trim())
}

pub(crate) fn user_name_of(doc: &Object) -> &str {
    doc.get("userName").and_then(Value::as_str).unwrap_or_default()
}

/// The values of `emails` that are addresses.
pub(crate) fn email_values(doc: &Object) -> impl Iterator<Item = &str> {
    emails_of(doc).iter().filter_map(|email| email.get("value").and_then(Value::as_str))
}

fn emails_of(doc: &Object) -> &[Value] {
    doc.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
