//! A request that takes access away is not refused because of what else it asks for.
//!
//! Microsoft Entra ID renames people in the request that deactivates them. If the new userName made the request fail,
//! the person would keep their access, and the identity provider would repeat the request without end. So the parts of
//! such a request that are not allowed are ignored, the others are carried out, and the audit log names the ignored
//! ones.

use crate::org_role::OrgRole;
use crate::refusal::{Refusal, RefusalKind};
use crate::user::User;
use crate::user_rules::{Rules, StatusAndRole, take_active, take_org_role};
use scim_protocol::budget::object_size;
use scim_protocol::patch::ChangeSet;
use scim_protocol::text::in_order;
use scim_protocol::{Object, resource};

/// Most refused parts that the audit log names.
const NAMED_PARTS: usize = 10;
/// How often the attributes are tried that break a rule.
const ROUNDS: usize = 2;

/// Carries out a deactivation, and the other parts of the request that are allowed, on the attributes in `doc`. Returns
/// the user, and why the other parts are refused.
///
/// # Errors
/// `RefusalKind::OwnerProtected`.
pub(crate) fn deactivate(
    rules: &Rules<'_>,
    changes: ChangeSet<'_>,
    doc: Object,
) -> Result<(User, Vec<Refusal>), Refusal> {
    let current = rules.current;
    if current.org_role == OrgRole::Owner {
        return Err(RefusalKind::OwnerProtected.into());
    }
    let mut refused = Vec::new();
    let user = apply_allowed(rules, changes, doc, &mut refused).unwrap_or_else(|refusal| {
        refused.push(refusal);
        User {
            doc: current.doc.clone(),
            active: false,
            org_role: current.role_when_inactive(rules.organization),
        }
    });
    Ok((user, refused))
}

/// The user after the parts that are allowed.
fn apply_allowed(
    rules: &Rules<'_>,
    changes: ChangeSet<'_>,
    mut doc: Object,
    refused: &mut Vec<Refusal>,
) -> Result<User, Refusal> {
    let current = rules.current;
    let errors = changes.apply_possible(&mut doc, &current.doc, "active", rules.budget)?;
    refused.extend(errors.into_iter().map(Refusal::from));
    take_active(&mut doc);
    let org_role = take_org_role(rules.catalog, &mut doc).and_then(|role| match role {
        Some(OrgRole::Owner) => Err(RefusalKind::SecondOwner.into()),
        other => Ok(other),
    });
    let org_role = org_role.unwrap_or_else(|refusal| {
        refused.push(refusal);
        None
    });
    let sent = StatusAndRole { active: Some(false), org_role };
    let doc = match rules.resolve(doc.clone(), sent) {
        Ok(user) => return Ok(user),
        Err(_) => allowed_attributes(rules, sent, &doc, refused),
    };
    rules.resolve(resource::in_order(&rules.catalog.user, doc)?, sent)
}

/// The stored attributes with those of the wanted ones that break no rule.
///
/// The attributes are tried one by one, because a rule does not say which of them breaks it. A second round takes those
/// that are allowed only beside another one, such as an address of another domain beside a new userName.
fn allowed_attributes(
    rules: &Rules<'_>,
    sent: StatusAndRole,
    wanted: &Object,
    refused: &mut Vec<Refusal>,
) -> Object {
    let mut doc = rules.current.doc.clone();
    let names = in_order(wanted.keys().chain(doc.keys()).map(String::as_str).collect());
    let differs = |name: &&str| doc.get(*name) != wanted.get(*name);
    let mut left: Vec<(String, Option<Refusal>)> =
        names.into_iter().filter(differs).map(|name| (name.to_owned(), None)).collect();
    for _ in 0..ROUNDS {
        left.retain_mut(|(name, reason)| {
            let copies = object_size(&doc).saturating_add(object_size(wanted));
            if let Err(error) = rules.budget.spend(1, copies) {
                *reason = Some(error.into());
                return true;
            }
            let mut tried = doc.clone();
            match wanted.get(name) {
                Some(value) => tried.insert(name.clone(), value.clone()),
                None => tried.shift_remove(name),
            };
            *reason = rules.resolve(tried.clone(), sent).err();
            if reason.is_none() {
                doc = tried;
            }
            reason.is_some()
        });
    }
    refused.extend(left.into_iter().filter_map(|(_, reason)| reason));
    doc
}

/// A sentence for the audit log about the refused parts of a request; `None` if there are none.
pub fn describe_refused(refused: &[Refusal]) -> Option<String> {
    if refused.is_empty() {
        return None;
    }
    let mut text = "Not carried out beside the deactivation:".to_owned();
    for (number, refusal) in (1_usize..).zip(refused).take(NAMED_PARTS) {
        text.push_str(&format!(" ({number}) {refusal}"));
    }
    match refused.len().checked_sub(NAMED_PARTS) {
        None | Some(0) => {}
        Some(more) => text.push_str(&format!(" … and {more} more.")),
    }
    Some(text)
}
