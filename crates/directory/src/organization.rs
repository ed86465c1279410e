//! An organization and its settings.

use serde::Deserialize;

use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use scim_protocol::text::fold;

/// Most mail domains of an organization.
const MOST_EMAIL_DOMAINS: usize = 1_000;
/// Most characters of a mail domain, and of each of its labels (RFC 1035 §2.3.4).
const LONGEST_DOMAIN: usize = 253;
const LONGEST_LABEL: usize = 63;
/// Most domains that a refusal names.
const NAMED_EMAIL_DOMAINS: usize = 10;

/// An organization and those of its settings that decide what SCIM may do.
///
/// It is read from JSON in which each field is present; other fields are ignored. The storage and the admin API call
/// `email_domains` "mail_domains".
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
    /// Case-folded email domains that SCIM manages; empty: all.
    #[serde(rename = "mail_domains")]
    pub email_domains: Vec<String>,
    /// Number of users that SCIM manages.
    pub user_count: u64,
    /// Number of groups.
    pub group_count: u64,
    /// Maximum of `user_count`; `None`: no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    pub user_limit: Option<u64>,
}

impl Organization {
    /// Whether SCIM sees people with this mail domain.
    pub fn manages(&self, email_domain: Option<&str>) -> bool {
        is_among(email_domain, &self.email_domains)
    }

    /// Refuses a person outside the organization's mail domains.
    ///
    /// # Errors
    /// `invalidValue`, in the words the product's documentation uses.
    pub fn admit(&self, user_name: &str, email_domain: Option<&str>) -> Result<(), ScimError> {
        self.check(user_name, email_domain, "is not allowed to be created in")
    }

    /// Refuses one more user where there are as many as may be.
    ///
    /// # Errors
    /// 403.
    pub fn check_room(&self, user_name: &str) -> Result<(), ScimError> {
        match self.user_limit {
            Some(limit) if self.user_count >= limit => Err(ScimError::forbidden(format!(
                "User {} cannot be created: this organization may have {limit} users and has {}, deactivated ones included. \
                 Have an operator of this service raise the limit in the organization's settings, or delete users.",
                shorten(user_name),
                self.user_count
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses a change that takes a person out of the organization's mail domains.
    ///
    /// # Errors
    /// `invalidValue`.
    pub fn keep(&self, user_name: &str, email_domain: Option<&str>) -> Result<(), ScimError> {
        self.check(user_name, email_domain, "would no longer belong to")
    }

    fn named_email_domains(&self) -> String {
        let mut named =
            self.email_domains.iter().take(NAMED_EMAIL_DOMAINS).cloned().collect::<Vec<_>>().join(", ");
        if self.email_domains.len() > NAMED_EMAIL_DOMAINS {
            named.push_str(", …");
        }
        named
    }

    fn check(&self, user_name: &str, email_domain: Option<&str>, verdict: &str) -> Result<(), ScimError> {
        if self.manages(email_domain) {
            return Ok(());
        }
        Err(ScimError::invalid_value(format!(
            "User {} {verdict} this organization: its mail domains are {}. Assign people of these domains, or have an \
             administrator add the domain in the organization's settings.",
            shorten(user_name),
            self.named_email_domains()
        )))
    }
}

/// Whether a mail domain is one of an organization's; an organization that lists none takes all.
pub fn is_among(email_domain: Option<&str>, domains: &[String]) -> bool {
    domains.is_empty() || email_domain.is_some_and(|domain| domains.iter().any(|own| own == domain))
}

/// The folded domain of a mail address, or `None` if it is not one. Addresses that are equal have the same domain: it
/// is what follows the last `@` of the folded address.
pub fn email_domain(address: &str) -> Option<String> {
    let address = fold(address.trim());
    let (local, domain) = address.rsplit_once('@')?;
    if local.is_empty() || domain.is_empty() {
        return None;
    }
    Some(domain.to_owned())
}

/// Mail domains as they are folded now, each once.
pub fn refold_email_domains(domains: &[String]) -> Vec<String> {
    let mut folded: Vec<String> = Vec::with_capacity(domains.len());
    for domain in domains.iter().map(|domain| fold(domain)) {
        if !folded.contains(&domain) {
            folded.push(domain);
        }
    }
    folded
}

/// Reads mail domains from an administrator's hand: folded, without a leading `@`, each once.
///
/// # Errors
/// A sentence naming what is not a domain.
pub fn parse_email_domains(domains: &[String]) -> Result<Vec<String>, String> {
    if domains.len() > MOST_EMAIL_DOMAINS {
        return Err(format!("An organization has at most {MOST_EMAIL_DOMAINS} mail domains."));
    }
    let mut read: Vec<String> = Vec::with_capacity(domains.len());
    for domain in domains {
        let folded = fold(domain.trim().trim_start_matches('@'));
        let length = folded.chars().count();
        if length > LONGEST_DOMAIN {
            return Err(format!(
                "The mail domain \"{}\" has {length} characters; a domain has at most {LONGEST_DOMAIN}.",
                shorten(domain)
            ));
        }
        if let Some(label) = folded.split('.').find(|label| label.chars().count() > LONGEST_LABEL) {
            return Err(format!(
                "The mail domain \"{}\" has a label of {} characters; a label, which is what stands between two dots, has at \
                 most {LONGEST_LABEL}.",
                shorten(domain),
                label.chars().count()
            ));
        }
        let well_formed = folded.contains('.')
            && folded.split('.').all(|label| !label.is_empty())
            && folded.chars().all(|character| character.is_alphanumeric() || matches!(character, '.' | '-'));
        if !well_formed {
            return Err(format!(
                "\"{}\" is not a mail domain; write it like \"example.com\".",
                shorten(domain)
            ));
        }
        if !read.contains(&folded) {
            read.push(folded);
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_of_an_organization_must_be_present() {
        let json = json!({
            "id": "o", "name": "O", "email_management": false, "plain_groups": true, "mail_domains": ["acme.test"],
            "user_count": 2, "group_count": 1, "user_limit": null, "created_at": "2026",
        });
        let organization = Organization::deserialize(&json).unwrap();
        assert_eq!(
            (organization.email_domains, organization.user_limit),
            (vec!["acme.test".to_owned()], None)
        );
        for name in ["id", "email_management", "mail_domains", "user_count", "user_limit"] {
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
        assert!(read(format!("{longest}b")).unwrap_err().contains("254 characters"));
        assert!(read(format!("{label}a.com")).unwrap_err().contains("a label of 64 characters"));
        assert!(read("a.".repeat(500_000)).unwrap_err().len() < 300);
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
