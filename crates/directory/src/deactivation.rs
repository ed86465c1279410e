//! A request that takes access away is not refused because of what else it asks for.
//!
//! Microsoft Entra ID renames people in the request that deactivates them. If the new userName made the request fail,
//! the person would keep their access, and the identity provider would repeat the request without end. So the parts of
//! such a request that are not allowed stay as stored, all others are carried out, and the log names the refused ones.

use std::collections::BTreeSet;

use super::OrgRole;
use super::user::{
    Change, Rules, Standing, User, owner_untouchable, second_owner, take_active, take_org_role,
};
use scim_protocol::budget::object_size;
use scim_protocol::patch::ChangeSet;
use scim_protocol::{Object, ScimError, resource};

/// Most refused parts that the log names.
const NAMED_PARTS: usize = 10;
/// How often the attributes are tried that break a rule.
const ROUNDS: usize = 2;

/// Carries out a deactivation, and the other parts of the request that are allowed, on the attributes in `doc`.
///
/// # Errors
/// `mutability` for the Owner.
pub(crate) fn deactivate(
    rules: &Rules<'_>,
    changes: ChangeSet<'_>,
    doc: Object,
) -> Result<Change, ScimError> {
    let current = rules.current;
    if current.org_role == OrgRole::Owner {
        return Err(owner_untouchable());
    }
    let mut refused = Vec::new();
    let user = possible(rules, changes, doc, &mut refused).unwrap_or_else(|error| {
        refused.push(error);
        User { doc: current.doc.clone(), active: false, org_role: role_without(current) }
    });
    Ok(Change { user, deactivates: true, refused })
}

/// The role after a deactivation that names none.
fn role_without(current: &User) -> OrgRole {
    if current.active { OrgRole::Member } else { current.org_role }
}

/// The person after the parts that are allowed.
fn possible(
    rules: &Rules<'_>,
    changes: ChangeSet<'_>,
    mut doc: Object,
    refused: &mut Vec<ScimError>,
) -> Result<User, ScimError> {
    let current = rules.current;
    refused.extend(changes.apply_possible(&mut doc, &current.doc, "active", rules.budget)?);
    take_active(&mut doc);
    let org_role = take_org_role(rules.catalog, &mut doc).and_then(|role| match role {
        Some(OrgRole::Owner) => Err(second_owner()),
        other => Ok(other),
    });
    let org_role = org_role.unwrap_or_else(|error| {
        refused.push(error);
        None
    });
    let standing = Standing { active: Some(false), org_role };
    let doc = match rules.settle(doc.clone(), standing) {
        Ok(user) => return Ok(user),
        Err(_) => allowed(rules, standing, &doc, refused),
    };
    rules.settle(resource::in_order(&rules.catalog.user, doc)?, standing)
}

/// The stored attributes with those of the wanted ones that break no rule.
///
/// The attributes are tried one by one, because a rule does not say which of them breaks it. A second round takes those
/// that are allowed only beside another one, such as an address of another domain beside a new userName.
fn allowed(rules: &Rules<'_>, standing: Standing, wanted: &Object, refused: &mut Vec<ScimError>) -> Object {
    let mut doc = rules.current.doc.clone();
    let names: BTreeSet<&String> = wanted.keys().chain(doc.keys()).collect();
    let differs = |name: &&String| doc.get(*name) != wanted.get(*name);
    let mut left: Vec<(String, Option<ScimError>)> =
        names.into_iter().filter(differs).map(|name| (name.clone(), None)).collect();
    for _ in 0..ROUNDS {
        left.retain_mut(|(name, reason)| {
            let copies = object_size(&doc).saturating_add(object_size(wanted));
            if let Err(error) = rules.budget.spend(1, copies) {
                *reason = Some(error);
                return true;
            }
            let mut tried = doc.clone();
            match wanted.get(name) {
                Some(value) => tried.insert(name.clone(), value.clone()),
                None => tried.shift_remove(name),
            };
            *reason = rules.settle(tried.clone(), standing).err();
            if reason.is_none() {
                doc = tried;
            }
            reason.is_some()
        });
    }
    refused.extend(left.into_iter().filter_map(|(_, reason)| reason));
    doc
}

/// The log's sentence about the refused parts of a request; `None` if there are none.
pub fn not_done(refused: &[ScimError]) -> Option<String> {
    if refused.is_empty() {
        return None;
    }
    let mut text = "Not carried out beside the deactivation:".to_owned();
    for (number, error) in (1_usize..).zip(refused).take(NAMED_PARTS) {
        text.push_str(&format!(" ({number}) {}", error.detail));
    }
    match refused.len().checked_sub(NAMED_PARTS) {
        None | Some(0) => {}
        Some(more) => text.push_str(&format!(" … and {more} more.")),
    }
    Some(text)
}
