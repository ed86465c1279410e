//! An organization and its settings.

use serde::Deserialize;

use crate::refusal::{Refusal, RefusalKind};
use scim_protocol::json::present;
use scim_protocol::text::fold;

/// Most email domains of an organization.
pub const MAX_EMAIL_DOMAINS: usize = 1_000;
/// Most characters of an email domain, and of each of its labels (RFC 1035 §2.3.4).
pub const MAX_DOMAIN_LENGTH: usize = 253;
/// Most characters of a label of an email domain.
pub const MAX_LABEL_LENGTH: usize = 63;

/// An organization and those of its settings that decide what SCIM may do.
///
/// It is read from JSON in which each field is present; other fields are ignored. The storage and the admin API call
/// `email_domains` "mail_domains", and `org_role_attribute` "confirmed_org_role_attribute".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// Identifier.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Whether SCIM may change `userName` and `emails`.
    pub email_management: bool,
    /// Whether SCIM may create groups that belong to no project.
    pub plain_groups: bool,
    /// Whether a deactivation keeps role and memberships for the next activation.
    pub keep_access: bool,
    /// Case-folded email domains that SCIM manages; empty: all.
    #[serde(rename = "mail_domains")]
    pub email_domains: Vec<String>,
    /// Number of users that SCIM manages.
    pub user_count: u64,
    /// Number of groups.
    pub group_count: u64,
    /// Maximum of `user_count`; `None`: no limit.
    #[serde(deserialize_with = "present")]
    pub user_limit: Option<u64>,
    /// What the names of its projects' groups begin with; `None`: it has had none yet. See
    /// [`crate::Catalog::group_prefix_of`].
    #[serde(deserialize_with = "present")]
    pub group_prefix: Option<String>,
    /// The attribute with which its identity provider sends organization roles; `None`: not known. See
    /// [`crate::Catalog::check_org_role_attribute`].
    #[serde(rename = "confirmed_org_role_attribute", deserialize_with = "present")]
    pub org_role_attribute: Option<String>,
}

impl Organization {
    /// Whether SCIM manages users with this email domain.
    pub fn manages(&self, email_domain: Option<&str>) -> bool {
        is_managed(email_domain, &self.email_domains)
    }

    /// Checks that a new user belongs to the organization's email domains.
    ///
    /// # Errors
    /// `RefusalKind::DomainNotAllowed`.
    pub fn check_domain(&self, user_name: &str, email_domain: Option<&str>) -> Result<(), Refusal> {
        match self.manages(email_domain) {
            true => Ok(()),
            false => Err(RefusalKind::DomainNotAllowed {
                user_name: user_name.to_owned(),
                domains: self.email_domains.clone(),
            }
            .into()),
        }
    }

    /// Checks that a user stays in the organization's email domains after a change.
    ///
    /// # Errors
    /// `RefusalKind::DomainChangeNotAllowed`.
    pub fn check_changed_domain(&self, user_name: &str, email_domain: Option<&str>) -> Result<(), Refusal> {
        match self.manages(email_domain) {
            true => Ok(()),
            false => Err(RefusalKind::DomainChangeNotAllowed {
                user_name: user_name.to_owned(),
                domains: self.email_domains.clone(),
            }
            .into()),
        }
    }

    /// Checks that the organization may have one more user.
    ///
    /// # Errors
    /// `RefusalKind::UserLimitReached`.
    pub fn check_user_limit(&self, user_name: &str) -> Result<(), Refusal> {
        match self.user_limit {
            Some(limit) if self.user_count >= limit => Err(RefusalKind::UserLimitReached {
                user_name: user_name.to_owned(),
                limit,
                count: self.user_count,
            }
            .into()),
            _ => Ok(()),
        }
    }
}

/// Whether SCIM manages users with this email domain in an organization with these domains. Without any, it manages
/// all.
pub fn is_managed(email_domain: Option<&str>, domains: &[String]) -> bool {
    domains.is_empty() || email_domain.is_some_and(|domain| domains.iter().any(|own| own == domain))
}

/// The folded domain of an email address: what follows its last `@` after folding, so that equal addresses have the
/// same domain. `None` if the text is no address.
pub fn email_domain(address: &str) -> Option<String> {
    let address = fold(address.trim());
    let (local, domain) = address.rsplit_once('@')?;
    if local.is_empty() || domain.is_empty() {
        return None;
    }
    Some(domain.to_owned())
}

/// Email domains folded again by the present rules of folding, each once.
pub fn refold_email_domains(domains: &[String]) -> Vec<String> {
    let mut folded: Vec<String> = Vec::with_capacity(domains.len());
    for domain in domains.iter().map(|domain| fold(domain)) {
        if !folded.contains(&domain) {
            folded.push(domain);
        }
    }
    folded
}

/// Reads email domains as an administrator writes them: folded, without a leading `@`, each once.
///
/// # Errors
/// A refusal that names the first text that is not a domain.
pub fn parse_email_domains(domains: &[String]) -> Result<Vec<String>, Refusal> {
    if domains.len() > MAX_EMAIL_DOMAINS {
        return Err(RefusalKind::TooManyEmailDomains { limit: MAX_EMAIL_DOMAINS }.into());
    }
    let mut parsed: Vec<String> = Vec::with_capacity(domains.len());
    for domain in domains {
        let folded = parse_email_domain(domain)?;
        if !parsed.contains(&folded) {
            parsed.push(folded);
        }
    }
    Ok(parsed)
}

fn parse_email_domain(domain: &str) -> Result<String, Refusal> {
    let folded = fold(domain.trim().trim_start_matches('@'));
    let length = folded.chars().count();
    if length > MAX_DOMAIN_LENGTH {
        let domain = domain.to_owned();
        return Err(RefusalKind::EmailDomainTooLong { domain, length, limit: MAX_DOMAIN_LENGTH }.into());
    }
    let mut lengths = folded.split('.').map(|label| label.chars().count());
    if let Some(length) = lengths.find(|length| *length > MAX_LABEL_LENGTH) {
        let domain = domain.to_owned();
        return Err(RefusalKind::EmailDomainLabelTooLong { domain, length, limit: MAX_LABEL_LENGTH }.into());
    }
    let is_well_formed = folded.contains('.')
        && folded.split('.').all(|label| !label.is_empty())
        && folded.chars().all(|character| character.is_alphanumeric() || matches!(character, '.' | '-'));
    match is_well_formed {
        true => Ok(folded),
        false => Err(RefusalKind::NotAnEmailDomain { domain: domain.to_owned() }.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_of_an_organization_must_be_present() {
        let json = json!({
            "id": "o", "name": "O", "email_management": false, "plain_groups": true, "keep_access": false,
            "mail_domains": ["acme.test"],
            "user_count": 2, "group_count": 1, "user_limit": null, "group_prefix": null,
            "confirmed_org_role_attribute": null, "created_at": "2026",
        });
        let organization = Organization::deserialize(&json).unwrap();
        assert_eq!(
            (organization.email_domains, organization.user_limit),
            (vec!["acme.test".to_owned()], None)
        );
        for name in ["id", "email_management", "mail_domains", "user_count", "user_limit", "group_prefix"] {
            let mut json = json.clone();
            json.as_object_mut().unwrap().remove(name);
            assert!(Organization::deserialize(&json).unwrap_err().to_string().contains(name));
        }
    }

    #[test]
    fn the_domain_is_what_follows_the_last_at() {
        assert_eq!(email_domain("a@b@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(email_domain("a＠Example．com").as_deref(), Some("example.com"));
        assert_eq!(email_domain("nobody"), None);
        assert_eq!(email_domain("@example.com"), None);
        assert_eq!(email_domain("a@"), None);
    }

    #[test]
    fn domains_are_no_longer_than_the_domain_name_system_has_them() {
        let read = |domain: String| parse_email_domains(&[domain]);
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(read(longest.clone()).unwrap(), std::slice::from_ref(&longest));
        assert!(read(format!("{longest}b")).unwrap_err().to_string().contains("254 characters"));
        assert!(read(format!("{label}a.com")).unwrap_err().to_string().contains("a label of 64 characters"));
        assert!(read("a.".repeat(500_000)).unwrap_err().to_string().len() < 300);
    }

    #[test]
    fn domains_are_read_leniently_but_not_blindly() {
        let read = |list: &[&str]| {
            parse_email_domains(&list.iter().map(|&domain| domain.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(&["@Example.com", "example.com "]).unwrap(), ["example.com"]);
        assert!(read(&["a@example.com"]).is_err());
        assert!(read(&["localhost"]).is_err());
        assert!(read(&[".com"]).is_err());
        assert_eq!(read(&["E\u{301}cole．fr", "école.fr"]).unwrap(), ["école.fr"]);
    }
}
