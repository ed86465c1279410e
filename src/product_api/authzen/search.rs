//! Searches (§8): who may do something with a resource, what a person may do something with, and what they may do.
//!
//! A search has parts, of which each page reads some: a token says how far it is. A page is filled by up to
//! [`MOST_READS`] reads; where they find too little, it has fewer results than its limit, also none. The search ends
//! with an empty token.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::super::context::ProductContext;
use super::request::{self, Body, JSON};
use crate::d1::Batch;
use crate::d1::product::check::{self, Question, What, Who};
use crate::d1::product::search::{self, Deciding, MOST_FOUND, Part, RoleGroup};
use crate::http::Problem;
use crate::http::response::HttpResponse;
use directory::permission::{HeldRole, RoleKind, RolePermissions};
use scim_protocol::text::in_order;

/// Most reads of a page, each of at most as many rows as results are missing.
pub(crate) const MOST_READS: u32 = 5;

/// A part of a search: one that is known already, or one that is read page by page.
enum Piece {
    /// Sorted, each once.
    Known(Vec<String>),
    Stored(Part),
}

impl Piece {
    fn known(names: Vec<String>) -> Self {
        Self::Known(in_order(names))
    }
}

/// `POST /access/v1/search/action` (§8.6).
pub(crate) async fn actions(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let body = request::read(context).await?;
    let asked = request::question(body.subject.as_ref(), body.resource.as_ref(), "")?;
    let seal = seal_of(&("actions", json!(asked).to_string(), body.page.limit));
    let mut batch = Batch::new();
    let facts = batch.push(check::facts(context.tenant(), &[asked])?);
    let facts = context.open(batch).await?.results.first(facts)?;
    let mut names = Vec::new();
    if let Some(facts) = facts.filter(|facts| facts.is_active && facts.resource.is_some()) {
        let permissions = facts.permissions.clone().unwrap_or_default();
        for held in facts.held() {
            names.extend(permissions.of(held.kind, &held.role).into_iter().map(str::to_owned));
        }
    }
    found(context, &body, &seal, vec![Piece::known(names)], &|name| json!({"name": name})).await
}

/// `POST /access/v1/search/subject` (§8.4).
pub(crate) async fn subjects(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let body = request::read(context).await?;
    let kind = request::type_of(body.subject.as_ref(), "subject")?;
    let permission = request::action(body.action.as_ref(), "")?;
    let what = request::what(body.resource.as_ref(), "")?;
    let seal = seal_of(&("subjects", kind, permission, json!(what).to_string(), body.page.limit));
    let question = Question { who: Who::default(), what };
    let mut batch = Batch::new();
    let deciding = batch.push(search::roles_of_thing(context.tenant(), question)?);
    let deciding = context.open(batch).await?.results.first(deciding)?;
    let pieces = match deciding.filter(|deciding| kind == "user" && deciding.resource.is_some()) {
        Some(deciding) => people(&deciding, permission),
        None => Vec::new(),
    };
    found(context, &body, &seal, pieces, &|id| json!({"type": "user", "id": id})).await
}

/// The parts of a search for people: those with an organization role, then those of each group.
fn people(deciding: &Deciding, permission: &str) -> Vec<Piece> {
    let permissions = deciding.permissions.clone().unwrap_or_default();
    let roles: Vec<&str> =
        permissions.organization_roles(permission).into_iter().map(|role| role.as_str()).collect();
    if roles.len() == 3 {
        return vec![Piece::Stored(Part::Everyone)];
    }
    let mut pieces: Vec<Piece> = Vec::new();
    if roles.contains(&"Member") {
        pieces.push(Piece::Stored(Part::WithOrganizationRole(json!(roles).to_string())));
    } else {
        pieces.extend(roles.iter().map(|role| Piece::Stored(Part::WithRole((*role).to_owned()))));
    }
    let mut earlier: Vec<i64> = Vec::new();
    for role in deciding.roles.iter().flatten().filter(|role| allows(role, permission, &permissions)) {
        let before = (json!(earlier).to_string(), json!(roles).to_string());
        pieces.push(Piece::Stored(Part::Members { group: role.seq, earlier: before }));
        earlier.push(role.seq);
    }
    pieces
}

fn allows(role: &RoleGroup, permission: &str, permissions: &RolePermissions) -> bool {
    permissions.of(role.on, &role.role).contains(&permission)
}

/// `POST /access/v1/search/resource` (§8.5).
pub(crate) async fn resources(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let body = request::read(context).await?;
    let who = request::who(body.subject.as_ref(), "")?;
    let permission = request::action(body.action.as_ref(), "")?;
    let kind = request::type_of(body.resource.as_ref(), "resource")?;
    let seal = seal_of(&("resources", kind, permission, json!(who).to_string(), body.page.limit));
    let question = Question { who, what: What::default() };
    let mut batch = Batch::new();
    let deciding = batch.push(search::roles_of_person(context.tenant(), question)?);
    let deciding = context.open(batch).await?.results.first(deciding)?;
    let pieces = match (deciding.filter(|deciding| deciding.is_active), RoleKind::parse(kind)) {
        (Some(deciding), Some(on)) => things(&deciding, permission, on),
        _ => Vec::new(),
    };
    let kind = kind.to_owned();
    found(context, &body, &seal, pieces, &|id| json!({"type": kind, "id": id})).await
}

/// The parts of a search for things.
fn things(deciding: &Deciding, permission: &str, on: RoleKind) -> Vec<Piece> {
    let permissions = deciding.permissions.clone().unwrap_or_default();
    let of_organization = deciding.organization_role.clone().map(|role| HeldRole {
        kind: RoleKind::Organization,
        role,
        group_id: None,
        group: None,
    });
    let is_everywhere = of_organization.is_some_and(|role| role.allows(permission, &permissions));
    let granting: Vec<&RoleGroup> =
        deciding.roles.iter().flatten().filter(|role| allows(role, permission, &permissions)).collect();
    let projects: Vec<String> = granting
        .iter()
        .filter(|role| role.on == RoleKind::Project)
        .map(|role| role.project.clone())
        .collect();
    match (on, is_everywhere) {
        (RoleKind::Organization, true) => vec![Piece::Known(vec![deciding.organization.clone()])],
        (RoleKind::Organization, false) => Vec::new(),
        (RoleKind::Project, true) => vec![Piece::Stored(Part::Projects)],
        (RoleKind::Project, false) => vec![Piece::known(projects)],
        (RoleKind::Team, true) => vec![Piece::Stored(Part::Teams(None))],
        (RoleKind::Team, false) => {
            let own = granting.iter().filter(|role| !projects.contains(&role.project));
            let own = own.filter_map(|role| role.team.clone()).collect();
            let of_projects = Part::Teams(Some(json!(projects).to_string()));
            match projects.is_empty() {
                true => vec![Piece::known(own)],
                false => vec![Piece::known(own), Piece::Stored(of_projects)],
            }
        }
    }
}

/// What a token belongs to: all that a request has besides it.
fn seal_of(request: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The page that a request asks for.
async fn found(
    context: &mut ProductContext<'_>,
    body: &Body,
    seal: &str,
    pieces: Vec<Piece>,
    described: &dyn Fn(&str) -> Value,
) -> Result<HttpResponse, Problem> {
    let limit = body.page.limit.unwrap_or(MOST_FOUND).min(MOST_FOUND);
    if limit == 0 {
        return Err(Problem::new(400, "\"page.limit\" must be at least 1."));
    }
    let (mut number, mut after) = match body.page.token.as_str() {
        "" => (0, String::new()),
        token => parsed(token, seal)?,
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut results: Vec<Value> = Vec::new();
    let mut reads = MOST_READS;
    while results.len() < most && reads > 0 {
        let room = most.saturating_sub(results.len());
        let last = match pieces.get(number) {
            None => break,
            Some(Piece::Known(ids)) => {
                let page: Vec<&String> = ids.iter().filter(|id| **id > after).take(room).collect();
                results.extend(page.iter().map(|id| described(id)));
                page.last().filter(|_| page.len() == room).map(|id| (*id).clone())
            }
            Some(Piece::Stored(part)) => {
                reads = reads.saturating_sub(1);
                let mut batch = Batch::new();
                let rows = batch.push(search::page(context.tenant(), part, &after, room as u64));
                let rows = context.open(batch).await?.results.all(rows)?;
                results.extend(rows.iter().filter(|row| row.is_found).map(|row| described(&row.id)));
                rows.last().filter(|_| rows.len() >= room).map(|row| row.place.clone())
            }
        };
        match last {
            Some(place) => after = place,
            None => {
                number = number.saturating_add(1);
                after.clear();
            }
        }
    }
    let token = match pieces.get(number) {
        Some(_) => format!("{seal}.{number}.{after}"),
        None => String::new(),
    };
    let body = json!({"page": {"next_token": token, "count": results.len()}, "results": results});
    Ok(HttpResponse::json(200, JSON, body.to_string()))
}

/// The part and the place that a token names.
fn parsed(token: &str, seal: &str) -> Result<(usize, String), Problem> {
    let wrong = || {
        Problem::new(
            400,
            "\"page.token\" is none of this search: send the \"next_token\" of its last page, with all else as it was.",
        )
    };
    let (_, rest) = token.split_once('.').filter(|(own, _)| *own == seal).ok_or_else(wrong)?;
    let (number, place) = rest.split_once('.').ok_or_else(wrong)?;
    Ok((number.parse().map_err(|_| wrong())?, place.to_owned()))
}
