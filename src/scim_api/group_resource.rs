//! A group on its way out: the members of a large one pass by in pieces, and those of a very large one are read while
//! the answer goes out.

use super::resource::{apply_projection, parse};
use crate::d1::Session;
use crate::d1::groups::Resource;
use crate::d1::member_chunks::{ChunkStream, Chunks};
use crate::error::Error;
use crate::http::body::{Body, Members};
use crate::runtime::js_text::JsText;
use directory::Catalog;
use scim_protocol::projection::Projection;
use scim_protocol::{Object, json};

/// What of a group is to be returned, as the body of an answer or a part of one.
///
/// # Errors
/// Our fault: what is stored is not JSON.
pub(crate) fn body(session: &Session<'_>, projection: &Projection, group: Resource) -> Result<Body, Error> {
    let catalog = session.tenant.catalog;
    let mut body = Body::default();
    let place = group.rest()?;
    let Resource { own, members } = group;
    let Some(Chunks { texts, .. }) = members else {
        body.push_str(&apply_projection(projection, &catalog.group, format!("{own}}}"))?);
        return Ok(body);
    };
    let shown = apply_projection(projection, &catalog.group, format!("{own},\"members\":[]}}"))?;
    // If members are not to be returned, nothing in it is named so. Within a string the quotes would be escaped.
    let Some((before, after)) = shown.split_once("\"members\":[]") else {
        body.push_str(&shown);
        return Ok(body);
    };
    body.push_str(before);
    body.push_str("\"members\":[");
    let texts = texts.into_iter().map(|text| members_shown(catalog, projection, text));
    let has_some = body.push_joined(texts.collect::<Result<Vec<JsText>, Error>>()?);
    if let Some(place) = place {
        let chunks = ChunkStream::new(session.database.detached(), session.tenant.clone());
        let projection = projection.clone();
        body.push_rest(place, has_some, || Members {
            chunks,
            project: Box::new(move |chunk| members_shown(catalog, &projection, chunk)),
        });
    }
    body.push_str("]");
    body.push_str(after);
    Ok(body)
}

/// What of a piece of members is to be returned, without the brackets.
fn members_shown(catalog: &Catalog, projection: &Projection, chunk: JsText) -> Result<JsText, Error> {
    if projection.is_everything() {
        return Ok(chunk);
    }
    let mut object: Object = parse(&format!("{{\"members\":[{}]}}", chunk.into_string()))?;
    projection.apply(&catalog.group, &mut object);
    let members = object.remove("members").map(|members| json::write(&members)).unwrap_or_default();
    let inside = members.strip_prefix('[').and_then(|members| members.strip_suffix(']'));
    Ok(JsText::Js(JsText::from(inside.unwrap_or_default().to_owned()).into_js()))
}
