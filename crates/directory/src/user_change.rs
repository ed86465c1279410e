//! Creation, replacement, modification and removal of users.

use serde_json::Value;

use crate::catalog::Catalog;
use crate::deactivation;
use crate::org_role::OrgRole;
use crate::organization::Organization;
use crate::refusal::{Refusal, RefusalKind};
use crate::user::User;
pub use crate::user_rules::{Obstacles, parse_org_role};
use crate::user_rules::{Rules, StatusAndRole, check_names, check_size, fill_gaps};
use scim_protocol::budget::{Budget, object_size};
use scim_protocol::bulk::is_reference;
use scim_protocol::patch::ChangeSet;
use scim_protocol::{IgnoreCase, Object, resource};

/// What a PUT or PATCH makes of a user.
#[derive(Debug, PartialEq)]
pub struct Change {
    /// The user afterwards.
    pub user: User,
    /// Whether the request sets `active` to false; see [`deactivation`].
    pub deactivates: bool,
    /// Why parts of the request are not carried out. Empty unless `deactivates`.
    pub refused: Vec<Refusal>,
}

/// Whether a PUT or PATCH looks like a deactivation. True for each deactivation and few other requests. It decides only
/// what is read beforehand.
pub fn seems_to_deactivate(body: &Value) -> bool {
    // With its URN or without.
    let is_named =
        |text: &str| text.trim().rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case("active"));
    let is_false = |value: &Value| match value {
        Value::Bool(active) => !active,
        Value::String(text) => text.eq_ignore_ascii_case("false"),
        // Entra ID's wrappers.
        Value::Array(_) | Value::Object(_) => value.to_string().to_ascii_lowercase().contains("false"),
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
    let operations = body.get_ignore_case("Operations").and_then(Value::as_array);
    is_inactive(body)
        || operations.into_iter().flatten().any(|operation| {
            let Some(value) = operation.get_ignore_case("value") else { return false };
            match operation.get_ignore_case("path").and_then(Value::as_str) {
                Some(path) if !path.trim().is_empty() => is_named(path) && is_false(value),
                _ => is_inactive(value),
            }
        })
}

/// The user that a POST creates. [`Organization::check_domain`] and [`Organization::check_user_limit`] are up to the
/// caller.
///
/// # Errors
/// A refusal of a missing or wrong value, or of a second Owner.
pub fn create(catalog: &Catalog, body: &Value, budget: &Budget) -> Result<User, Refusal> {
    let mut doc = resource::read(&catalog.user, body, budget)?;
    let sent = StatusAndRole::take(catalog, &mut doc)?;
    fill_gaps(&mut doc);
    let active = sent.active.unwrap_or(true);
    let org_role = sent.org_role.unwrap_or(OrgRole::Member);
    if org_role == OrgRole::Owner {
        return Err(RefusalKind::SecondOwner.into());
    }
    let user = User { doc, active, org_role };
    check_names(None, &user)?;
    check_size(&user)?;
    Ok(user)
}

/// The user after a PUT (RFC 7644 §3.5.1). Attributes that the body leaves out are cleared, except `active`, the
/// organization role, and emails that SCIM does not manage.
///
/// # Errors
/// As [`create`]; also refusals to change the Owner, `emails`, or the email domain. A deactivation fails for
/// the Owner alone.
pub fn replace(
    catalog: &Catalog,
    organization: &Organization,
    current: &User,
    body: &Value,
    obstacles: &Obstacles,
    budget: &Budget,
) -> Result<Change, Refusal> {
    let changes =
        ChangeSet::from_resource(&catalog.user, resource::values(&catalog.user, body)?, &catalog.limits);
    let rules = Rules { catalog, organization, current, obstacles, budget, replaces: true };
    change(&rules, changes, Object::new())
}

/// The user after a PATCH (RFC 7644 §3.5.2).
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
) -> Result<Change, Refusal> {
    let changes = ChangeSet::from_patch(&catalog.user, body, &catalog.limits)?;
    let rules = Rules { catalog, organization, current, obstacles, budget, replaces: false };
    change(&rules, changes, current.doc.clone())
}

/// Carries out a request on the attributes in `doc`.
fn change(rules: &Rules<'_>, mut changes: ChangeSet<'_>, doc: Object) -> Result<Change, Refusal> {
    if let Some(error) = &rules.obstacles.unresolved {
        changes.reject_strings(|text| is_reference(text).then(|| error.clone()));
    }
    let deactivates = changes.value_of("active") == Some(Value::Bool(false));
    match apply_whole(rules, &changes, doc.clone()) {
        Ok(user) => Ok(Change { user, deactivates, refused: Vec::new() }),
        Err(_) if deactivates => {
            let (user, refused) = deactivation::deactivate(rules, changes, doc)?;
            Ok(Change { user, deactivates, refused })
        }
        Err(refusal) => Err(refusal),
    }
}

/// The user after all that a request asks for.
fn apply_whole(rules: &Rules<'_>, changes: &ChangeSet<'_>, mut doc: Object) -> Result<User, Refusal> {
    rules.budget.spend(1, object_size(&doc))?;
    changes.apply(&mut doc, rules.budget)?;
    let sent = StatusAndRole::take(rules.catalog, &mut doc)?;
    rules.resolve(doc, sent)
}

/// Checks that a user may be removed from the organization.
///
/// # Errors
/// `RefusalKind::OwnerProtected`.
pub fn check_removable(current: &User) -> Result<(), Refusal> {
    if current.org_role == OrgRole::Owner { Err(RefusalKind::OwnerProtected.into()) } else { Ok(()) }
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
