//! Permissions of roles: what they let people do in the product.

use super::context::{AdminContext, InOrganization};
use super::reply::{Reply, json};
use super::types::permissions::{ChangePermissions, Permissions, Role};
use crate::d1::audit_log::Outcome;
use crate::d1::permissions::{self as stored, Stored};
use crate::d1::session::retry_on_conflict;
use crate::d1::{Batch, StorageError, Tenant, events};
use crate::http::Problem;
use directory::event::{Event, NewEvent, SubjectType, Transition};
use directory::group_name::fold_group_name;
use directory::permission::{RoleKind, RolePermissions, built_in};
use litemap::LiteMap;

/// Reads what each role allows.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<Permissions>, Problem> {
    let (organization, stored) = read(context, &context.tenant(org)).await?;
    let set = stored.permissions.clone().unwrap_or_default();
    let roles = roles_of(&stored, &set).into_iter().map(|(kind, role)| described(&set, kind, role)).collect();
    let in_use = set.in_use().into_iter().map(str::to_owned).collect();
    Ok(InOrganization { organization, answer: Permissions { roles, in_use } })
}

/// Reads what a role allows.
pub(crate) async fn role(
    context: &AdminContext<'_>,
    org: &str,
    kind: &str,
    role: &str,
) -> Result<InOrganization<Role>, Problem> {
    let (organization, stored) = read(context, &context.tenant(org)).await?;
    let set = stored.permissions.clone().unwrap_or_default();
    let (kind, role) = find(&stored, &set, kind, role)?;
    Ok(InOrganization { organization, answer: described(&set, kind, role) })
}

/// Sets what a role allows.
pub(crate) async fn change(
    context: &AdminContext<'_>,
    org: &str,
    kind: &str,
    role: &str,
    request: ChangePermissions,
) -> Result<Reply<Role>, Problem> {
    let tenant = context.tenant(org);
    retry_on_conflict(async || {
        let (_, stored) = read(context, &tenant).await?;
        let before = stored.permissions.clone().unwrap_or_default();
        let (kind, role) = find(&stored, &before, kind, role)?;
        let mut after = before.clone();
        after
            .set(kind, &role, request.permissions.clone())
            .map_err(|invalid| Problem::new(400, invalid.to_string()))?;
        let answer = described(&after, kind, role.clone());
        if after == before {
            return Ok(Reply::ok(answer));
        }
        let names = |of: &RolePermissions| of.of(kind, &role).into_iter().map(str::to_owned).collect();
        let permissions = Transition { before: names(&before), after: names(&after) };
        let event = Event::RolePermissionsChanged { on: kind, role: role.clone(), permissions };
        let event = NewEvent::new(event, SubjectType::Organization, org);
        let text = (after != RolePermissions::default()).then(|| json(&after)).transpose()?;
        let mut batch = Batch::from_iter(stored::update(&tenant, stored.text.as_deref(), text.as_deref()));
        batch.extend(events::record(&tenant, &[event]));
        let outcome = Outcome::done(200, format!("Changed what the {} role {role} allows.", kind.as_str()));
        context.write(&tenant, &outcome, batch).await?;
        Ok(Reply::ok(answer))
    })
    .await
}

async fn read(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
) -> Result<(Box<super::types::organizations::Organization>, Stored), Problem> {
    let InOrganization { organization, answer } = context.select(tenant, stored::stored(tenant)).await?;
    let stored = answer.into_iter().next().ok_or_else(StorageError::stale)?;
    Ok((organization, stored))
}

/// All roles: the built-in ones, then those that projects have besides. A role of no project is listed as long as its
/// permissions are set.
fn roles_of(stored: &Stored, set: &RolePermissions) -> Vec<(RoleKind, String)> {
    let mut custom: LiteMap<String, &str> = LiteMap::new();
    for role in set.roles_of_projects() {
        custom.insert(role.to_owned(), role);
    }
    for role in &stored.custom_roles {
        custom.insert(fold_group_name(role), role);
    }
    let known: Vec<(RoleKind, String)> = built_in().map(|(kind, role)| (kind, role.to_owned())).collect();
    for (kind, role) in &known {
        if *kind == RoleKind::Project {
            custom.remove(&fold_group_name(role));
        }
    }
    known.into_iter().chain(custom.values().map(|role| (RoleKind::Project, (*role).to_owned()))).collect()
}

/// The role that a path names.
fn find(
    stored: &Stored,
    set: &RolePermissions,
    kind: &str,
    role: &str,
) -> Result<(RoleKind, String), Problem> {
    let wanted = (RoleKind::parse(kind), fold_group_name(role));
    let found =
        roles_of(stored, set).into_iter().find(|(kind, role)| (Some(*kind), fold_group_name(role)) == wanted);
    found.ok_or_else(|| {
        Problem::new(
            404,
            "There is no such role. GET of /permissions lists the roles: those of kind \"organization\", \"project\" \
             and \"team\". A role that no project has yet is created in the project first.",
        )
    })
}

fn described(set: &RolePermissions, kind: RoleKind, role: String) -> Role {
    let permissions = set.of(kind, &role).into_iter().map(str::to_owned).collect();
    Role { on: kind, permissions, is_default: !set.is_set(kind, &role), role }
}
