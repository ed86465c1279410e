//! An organization and its settings.

use serde_json::Value;

use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use scim_protocol::text::fold;

/// Most mail domains of an organization.
const MOST_MAIL_DOMAINS: usize = 1_000;
/// Most characters of a mail domain, and of each of its labels (RFC 1035 §2.3.4).
const LONGEST_DOMAIN: usize = 253;
const LONGEST_LABEL: usize = 63;
/// Most domains that a refusal names.
const NAMED_MAIL_DOMAINS: usize = 10;

/// The organization a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Identifier.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether `userName` and mail may be changed over SCIM.
    pub email_management: bool,
    /// Whether groups of any name may be made over SCIM.
    pub plain_groups: bool,
    /// Case-folded mail domains of its people; empty: any.
    pub mail_domains: Vec<String>,
    /// How many users SCIM sees.
    pub user_count: u64,
    /// How many groups there are.
    pub group_count: u64,
    /// Most users that SCIM may see; `None`: as many as there are.
    pub user_limit: Option<u64>,
}

impl Organization {
    /// Reads an organization's record, of which every member must be there but may be among others.
    pub fn read(record: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let flag = |name: &str| record.get(name)?.as_bool();
        Some(Self {
            id: text(record.get("id")?)?,
            name: text(record.get("name")?)?,
            email_management: flag("email_management")?,
            plain_groups: flag("plain_groups")?,
            mail_domains: record.get("mail_domains")?.as_array()?.iter().map(text).collect::<Option<_>>()?,
            user_count: record.get("user_count")?.as_u64()?,
            group_count: record.get("group_count")?.as_u64()?,
            user_limit: match record.get("user_limit")? {
                Value::Null => None,
                limit => Some(limit.as_u64()?),
            },
        })
    }

    /// Whether SCIM sees people with this mail domain.
    pub fn manages(&self, mail_domain: Option<&str>) -> bool {
        is_among(mail_domain, &self.mail_domains)
    }

    /// Refuses a person outside the organization's mail domains.
    ///
    /// # Errors
    /// `invalidValue`, in the words the product's documentation uses.
    pub fn admit(&self, user_name: &str, mail_domain: Option<&str>) -> Result<(), ScimError> {
        self.check(user_name, mail_domain, "is not allowed to be created in")
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
    pub fn keep(&self, user_name: &str, mail_domain: Option<&str>) -> Result<(), ScimError> {
        self.check(user_name, mail_domain, "would no longer belong to")
    }

    fn named_mail_domains(&self) -> String {
        let mut named =
            self.mail_domains.iter().take(NAMED_MAIL_DOMAINS).cloned().collect::<Vec<_>>().join(", ");
        if self.mail_domains.len() > NAMED_MAIL_DOMAINS {
            named.push_str(", …");
        }
        named
    }

    fn check(&self, user_name: &str, mail_domain: Option<&str>, verdict: &str) -> Result<(), ScimError> {
        if self.manages(mail_domain) {
            return Ok(());
        }
        Err(ScimError::invalid_value(format!(
            "User {} {verdict} this organization: its mail domains are {}. Assign people of these domains, or have an \
             administrator add the domain in the organization's settings.",
            shorten(user_name),
            self.named_mail_domains()
        )))
    }
}

/// Whether a mail domain is one of an organization's; an organization that lists none takes all.
pub fn is_among(mail_domain: Option<&str>, domains: &[String]) -> bool {
    domains.is_empty() || mail_domain.is_some_and(|domain| domains.iter().any(|own| own == domain))
}

/// The folded domain of a mail address, or `None` if it is not one. Addresses that are equal have the same domain: it
/// is what follows the last `@` of the folded address.
pub fn mail_domain(address: &str) -> Option<String> {
    let address = fold(address.trim());
    let (local, domain) = address.rsplit_once('@')?;
    if local.is_empty() || domain.is_empty() {
        return None;
    }
    Some(domain.to_owned())
}

/// Mail domains as they are folded now, each once.
pub fn refolded_mail_domains(domains: &[String]) -> Vec<String> {
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
pub fn read_mail_domains(domains: &[String]) -> Result<Vec<String>, String> {
    if domains.len() > MOST_MAIL_DOMAINS {
        return Err(format!("An organization has at most {MOST_MAIL_DOMAINS} mail domains."));
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
    use super::*;

    #[test]
    fn the_domain_is_what_follows_the_last_at() {
        assert_eq!(mail_domain("a@b@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(mail_domain("a＠Example．com").as_deref(), Some("example.com"));
        assert_eq!(mail_domain("nobody"), None);
        assert_eq!(mail_domain("@example.com"), None);
        assert_eq!(mail_domain("a@"), None);
    }

    #[test]
    fn domains_are_no_longer_than_the_domain_name_system_has_them() {
        let read = |domain: String| read_mail_domains(&[domain]);
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
            read_mail_domains(&list.iter().map(|&domain| domain.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(read(&["@Example.com", "example.com "]).unwrap(), ["example.com"]);
        assert!(read(&["a@example.com"]).is_err());
        assert!(read(&["localhost"]).is_err());
        assert!(read(&[".com"]).is_err());
        assert_eq!(read(&["E\u{301}cole．fr", "école.fr"]).unwrap(), ["école.fr"]);
    }
}
