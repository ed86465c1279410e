//! The body of a group. Members of a large group are chunks that are not copied; those of a very large one are read
//! while the response is sent.

use super::resource::{apply_projection, parse};
use crate::d1::groups::Resource;
use crate::d1::member_chunks::{ChunkStream, Chunks};
use crate::d1::{Session, StorageError};
use crate::error::Error;
use crate::http::body::{Body, Members};
use crate::runtime::js_text::JsText;
use directory::Catalog;
use scim_protocol::Object;
use scim_protocol::projection::Projection;

/// A group as the body of a response, or as a part of one.
///
/// # Errors
/// Internal, if a stored group is not JSON.
pub(crate) fn body(session: &Session<'_>, projection: &Projection, group: Resource) -> Result<Body, Error> {
    let catalog = session.tenant.catalog;
    let mut body = Body::default();
    let place = group.rest()?;
    let Resource { own, members } = group;
    let Some(Chunks { texts, .. }) = members else {
        body.push_str(
            &apply_projection(projection, &catalog.group, format!("{own}}}").into())?.into_string(),
        );
        return Ok(body);
    };
    let shown =
        apply_projection(projection, &catalog.group, format!("{own},\"members\":[]}}").into())?.into_string();
    // Found only where the projection has members: within a string, the quotes would be escaped.
    let Some((before, after)) = shown.split_once("\"members\":[]") else {
        body.push_str(&shown);
        return Ok(body);
    };
    body.push_str(before);
    body.push_str("\"members\":[");
    let texts = texts.into_iter().map(|text| project_members(catalog, projection, text));
    let has_some = body.push_joined(texts.collect::<Result<Vec<JsText>, Error>>()?);
    if let Some(place) = place {
        let chunks = ChunkStream::new(session.database.detached(), session.tenant.clone());
        let projection = projection.clone();
        body.push_rest(place, has_some, || Members {
            chunks,
            project: Box::new(move |chunk| project_members(catalog, &projection, chunk)),
        });
    }
    body.push_str("]");
    body.push_str(after);
    Ok(body)
}

/// Applies a projection to a chunk: members separated by commas, without brackets.
fn project_members(catalog: &Catalog, projection: &Projection, chunk: JsText) -> Result<JsText, Error> {
    if projection.is_everything() {
        return Ok(chunk);
    }
    let mut object: Object = parse(&format!("{{\"members\":[{}]}}", chunk.into_string()))?;
    projection.apply(&catalog.group, &mut object);
    let Some(members) = object.remove("members") else { return Ok(JsText::default()) };
    let members = members.to_string();
    let Some(inside) = members.strip_prefix('[').and_then(|members| members.strip_suffix(']')) else {
        return Err(StorageError::internal("the members of a group are not an array".to_owned()).into());
    };
    Ok(JsText::Js(JsText::from(inside.to_owned()).into_js()))
}
