//! Requests of the Authorization API (OpenID AuthZEN 1.0), as they are in JSON. Fields that are not described here are
//! ignored, as the specification says (§10.1).

use serde::Deserialize;

use super::super::context::ProductContext;
use crate::admin_api::body;
use crate::d1::product::check::{Question, What, Who};
use crate::http::Problem;
use directory::group_name::fold_group_name;
use directory::permission::RoleKind;
use scim_protocol::text::{compose, fold};

pub(super) const JSON: &str = "application/json";
/// Most bytes of a body. It is read before the key is verified.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;

/// A request to any of the addresses.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    pub(super) subject: Option<Entity>,
    pub(super) action: Option<Entity>,
    pub(super) resource: Option<Entity>,
    /// Questions, for which the fields above are defaults.
    pub(super) evaluations: Vec<Evaluation>,
    pub(super) options: Options,
    pub(super) page: Page,
}

/// A question of several.
#[derive(Deserialize)]
pub(super) struct Evaluation {
    pub(super) subject: Option<Entity>,
    pub(super) action: Option<Entity>,
    pub(super) resource: Option<Entity>,
}

/// A subject, resource, or action.
#[derive(Deserialize)]
pub(super) struct Entity {
    r#type: Option<String>,
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties {
    /// What the id of a subject is; otherwise it may be any of these.
    id_type: Option<IdType>,
    /// The project of a team that is named, by its id or name.
    project: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum IdType {
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "userName", alias = "user_name")]
    UserName,
    #[serde(rename = "externalId", alias = "external_id")]
    ExternalId,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Options {
    pub(super) evaluations_semantic: Semantic,
}

/// When the answer to several questions ends.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub(super) token: String,
    pub(super) limit: Option<u64>,
}

/// Reads the body of a request.
///
/// # Errors
/// 400 with the field that is wrong, 413, 415, 429.
pub(super) async fn read(context: &mut ProductContext<'_>) -> Result<Body, Problem> {
    let is_json = context.request.header("content-type").is_none_or(|sent| sent.contains("json"));
    if !is_json {
        return Err(Problem::new(400, "Send the request with \"Content-Type: application/json\"."));
    }
    let text = context.request.body(BODY_LIMIT).await?;
    body::read_known(&body::parse(&text)?)
}

/// The value of a field that a request must have.
///
/// # Errors
/// 400 without it, or where it is empty.
pub(super) fn required<'a>(value: Option<&'a String>, path: &str) -> Result<&'a str, Problem> {
    value.map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| missing(path))
}

/// 400: a field is missing.
pub(super) fn missing(path: &str) -> Problem {
    Problem::new(400, format!("The request needs \"{path}\", and that not empty."))
}

/// The name of an action.
///
/// # Errors
/// 400 without one.
pub(super) fn action<'a>(action: Option<&'a Entity>, at: &str) -> Result<&'a str, Problem> {
    let action = action.ok_or_else(|| missing(&format!("{at}action")))?;
    required(action.name.as_ref(), &format!("{at}action.name"))
}

/// The type of a subject or resource.
///
/// # Errors
/// 400 without one.
pub(super) fn type_of<'a>(entity: Option<&'a Entity>, path: &str) -> Result<&'a str, Problem> {
    let entity = entity.ok_or_else(|| missing(path))?;
    required(entity.r#type.as_ref(), &format!("{path}.type"))
}

/// The person that a subject names.
///
/// # Errors
/// 400 without type or id.
pub(super) fn who(subject: Option<&Entity>, at: &str) -> Result<Who, Problem> {
    let path = format!("{at}subject");
    let kind = type_of(subject, &path)?;
    let entity = subject.ok_or_else(|| missing(&path))?;
    let id = required(entity.id.as_ref(), &format!("{path}.id"))?;
    if kind != "user" {
        return Ok(Who::default());
    }
    let may_be = |form| entity.properties.id_type.is_none_or(|only| only == form);
    Ok(Who {
        id: may_be(IdType::Id).then(|| id.to_owned()),
        user_name: may_be(IdType::UserName).then(|| fold(id)),
        external_id: may_be(IdType::ExternalId).then(|| compose(id).into_owned()),
    })
}

/// The thing that a resource names.
///
/// # Errors
/// 400 without type or id.
pub(super) fn what(resource: Option<&Entity>, at: &str) -> Result<What, Problem> {
    let path = format!("{at}resource");
    let on = RoleKind::parse(type_of(resource, &path)?);
    let entity = resource.ok_or_else(|| missing(&path))?;
    let id = required(entity.id.as_ref(), &format!("{path}.id"))?;
    let of = |id: &str| match is_uuid(id) {
        true => (Some(id.to_owned()), None),
        false => (None, Some(fold_group_name(id))),
    };
    let mut what = What { on, ..What::default() };
    match on {
        Some(RoleKind::Organization) => what.organization = Some(id.to_owned()),
        Some(RoleKind::Project) => (what.project, what.project_name) = of(id),
        Some(RoleKind::Team) => {
            (what.team, what.team_name) = of(id);
            if let Some(project) = &entity.properties.project {
                (what.project, what.project_name) = of(project);
            }
        }
        None => {}
    }
    Ok(what)
}

/// Whether a text has the form of the ids of projects and teams.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What a subject may do with a resource.
///
/// # Errors
/// 400 without type or id.
pub(super) fn question(
    subject: Option<&Entity>,
    resource: Option<&Entity>,
    at: &str,
) -> Result<Question, Problem> {
    Ok(Question { who: who(subject, at)?, what: what(resource, at)? })
}
