//! A group on its way out: the members of a large one pass by in pieces.

use super::body::Body;
use super::call::{parse, project};
use crate::directory::Catalog;
use crate::scim::projection::Projection;
use crate::scim::{Object, ScimError};
use crate::store::Text;
use crate::store::groups::Resource;

/// What of a group is to be returned, as the body of an answer or a part of one.
///
/// # Errors
/// Our fault: what is stored is not JSON.
pub(super) fn body(catalog: &Catalog, projection: &Projection, group: Resource) -> Result<Body, ScimError> {
    let Resource { own, members } = group;
    let mut body = Body::default();
    let Some(members) = members else {
        body.push_str(&project(projection, &catalog.group, format!("{own}}}"))?);
        return Ok(body);
    };
    if projection.is_everything() {
        body.push_str(&own);
        body.push_str(",\"members\":[");
        body.push_joined(members);
        body.push_str("]}");
        return Ok(body);
    }
    let shown = project(projection, &catalog.group, format!("{own},\"members\":[]}}"))?;
    // What is left has no members, and the name of none of its attributes is "members".
    let Some((before, after)) = shown.split_once("\"members\":[]") else {
        body.push_str(&shown);
        return Ok(body);
    };
    body.push_str(before);
    body.push_str("\"members\":[");
    let members = members.into_iter().map(|piece| project_members(catalog, projection, piece));
    body.push_joined(members.collect::<Result<Vec<Text>, ScimError>>()?);
    body.push_str("]");
    body.push_str(after);
    Ok(body)
}

/// What of a piece of members is to be returned, without the brackets.
fn project_members(catalog: &Catalog, projection: &Projection, piece: Text) -> Result<Text, ScimError> {
    let mut object: Object = parse(&format!("{{\"members\":[{}]}}", piece.into_string()))?;
    projection.apply(&catalog.group, &mut object);
    let members = object.remove("members").map(|members| members.to_string()).unwrap_or_default();
    let inside = members.strip_prefix('[').and_then(|members| members.strip_suffix(']'));
    Ok(Text::from(inside.unwrap_or_default().to_owned()).moved_out())
}
