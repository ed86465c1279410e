//! The body of a response. Parts may be strings that stay outside the memory of WebAssembly; others are read from
//! storage while the body is sent.

use std::collections::VecDeque;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::try_unfold;
use web_sys::{Blob, Response, ResponseInit};
use worker::console_error;
use worker::js_sys::{Array, JsString};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen::prelude::wasm_bindgen;

use crate::d1::StorageError;
use crate::d1::member_chunks::{ChunkCursor, ChunkStream};
use crate::error::{Error, ErrorKind};
use crate::runtime::js_text::JsText;

/// Longest text of several parts that becomes one string before it is sent, in UTF-16 code units. The strings of a
/// longer one are not copied.
const JOINED_UP_TO: usize = 1024 * 1024;

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// A response whose body is a string in the runtime's memory; `web_sys` takes one of WebAssembly's only.
    #[wasm_bindgen(extends = Response, js_name = Response)]
    type TextResponse;

    #[wasm_bindgen(constructor, js_class = "Response", catch)]
    fn new(body: &JsString, init: &ResponseInit) -> Result<TextResponse, JsValue>;
}

/// Text in parts, in their order.
#[derive(Default)]
pub(crate) struct Body {
    parts: VecDeque<Part>,
    members: Option<Box<Members>>,
    /// What makes bytes in place of the parts.
    source: Option<Box<dyn Source>>,
}

/// Makes bytes while the body is sent.
pub(crate) trait Source {
    /// The next bytes; `None`: there are no more. An error ends the response before its end, so that the client knows
    /// that it is incomplete.
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, worker::Error>>;
}

enum Part {
    Text(JsText),
    /// The members of a group from a chunk on; `continues`: there are members before them.
    Members {
        from: ChunkCursor,
        continues: bool,
    },
}

/// How the members are read that are not in the body yet.
pub(crate) struct Members {
    /// The chunks of members in storage.
    pub(crate) chunks: ChunkStream,
    /// Applies the projection of the request to a chunk.
    pub(crate) project: ProjectChunk,
}

/// Applies a projection to a chunk of members.
pub(crate) type ProjectChunk = Box<dyn Fn(JsText) -> Result<JsText, Error>>;

impl Body {
    /// A body of bytes that are made while it is sent.
    pub(crate) fn of_source(source: impl Source + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..Self::default() }
    }

    /// Adds text at the end.
    pub(crate) fn push_str(&mut self, text: &str) {
        match self.parts.back_mut() {
            Some(Part::Text(JsText::Wasm(last))) => last.push_str(text),
            _ => self.push(JsText::Wasm(text.to_owned())),
        }
    }

    /// Adds text at the end.
    fn push(&mut self, text: JsText) {
        self.parts.push_back(Part::Text(text));
    }

    /// Adds texts, none of which is empty, separated by commas, and with a comma before them unless they begin a list.
    /// They become one string in the runtime's memory. Returns whether there are any.
    pub(crate) fn push_list(&mut self, texts: Vec<JsString>, begins: bool) -> bool {
        let has_some = !texts.is_empty();
        if has_some {
            if !begins {
                self.push_str(",");
            }
            self.push(JsText::Js(texts.into_iter().collect::<Array>().join(",")));
        }
        has_some
    }

    /// Adds the texts that are not empty, separated by commas. Returns whether there are any.
    pub(crate) fn push_joined(&mut self, texts: impl IntoIterator<Item = JsText>) -> bool {
        let mut has_some = false;
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            if has_some {
                self.push_str(",");
            }
            has_some = true;
            self.push(text);
        }
        has_some
    }

    /// Adds members that are read while the body is sent. Only the first call for a body calls `members`.
    pub(crate) fn push_rest(
        &mut self,
        from: ChunkCursor,
        continues: bool,
        members: impl FnOnce() -> Members,
    ) {
        self.members.get_or_insert_with(|| Box::new(members()));
        self.parts.push_back(Part::Members { from, continues });
    }

    /// Adds another body at the end.
    pub(crate) fn append(&mut self, mut other: Self) {
        if let Some(Part::Text(JsText::Wasm(text))) = other.parts.front() {
            self.push_str(text);
            other.parts.pop_front();
        }
        self.parts.append(&mut other.parts);
        self.members = self.members.take().or(other.members);
    }

    /// The length in bytes, in decimal; `None` if parts are still to be read.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn length(self) -> worker::Result<Option<String>> {
        if self.members.is_some() || self.source.is_some() {
            return Ok(None);
        }
        if self.parts.len() <= 1 {
            return Ok(Some(self.into_string().len().to_string()));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes")]
        let length = self.into_blob()?.size() as u64;
        Ok(Some(length.to_string()))
    }

    /// Whether there is no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.source.is_none()
            && self.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty()))
    }

    /// The text, without parts that are still to be read.
    pub(crate) fn into_string(self) -> String {
        self.into_texts().map(JsText::into_string).collect()
    }

    fn into_texts(self) -> impl Iterator<Item = JsText> {
        self.parts.into_iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Members { .. } => None,
        })
    }

    /// The response with this body.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) fn into_response(mut self, init: &ResponseInit) -> worker::Result<Response> {
        if let Some(source) = self.source.take() {
            return streamed(source, init);
        }
        if self.members.is_some() {
            return streamed(Box::new(self), init);
        }
        let text = if self.parts.len() <= 1 {
            self.into_texts().next().unwrap_or_default().into_js()
        } else if self.units() <= JOINED_UP_TO {
            self.into_array().join("")
        } else {
            return Ok(Response::new_with_opt_blob_and_init(Some(&self.into_blob()?), init)?);
        };
        Ok(TextResponse::new(&text, init)?.into())
    }

    /// How long the text is, in UTF-16 code units or more.
    fn units(&self) -> usize {
        let units = |part: &Part| match part {
            Part::Text(text) => text.units(),
            Part::Members { .. } => 0,
        };
        self.parts.iter().map(units).fold(0, usize::saturating_add)
    }

    fn into_array(self) -> Array {
        self.into_texts().map(JsText::into_js).collect()
    }

    /// A Blob takes strings without copying them into the memory of WebAssembly, and has a length.
    fn into_blob(self) -> Result<Blob, JsValue> {
        Blob::new_with_str_sequence(&self.into_array())
    }

    async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, worker::Error> {
        while let Some(part) = self.parts.pop_front() {
            let text = match part {
                Part::Text(text) => text.into_string(),
                Part::Members { from, continues } => match self.next_members(from, continues).await {
                    Ok(text) => text,
                    Err(error) => {
                        let code = error.code().as_str();
                        let why = match error.into_kind() {
                            ErrorKind::Storage(error) => format!("{error:?}"),
                            _ => code.to_owned(),
                        };
                        console_error!("an answer was broken off: {why}");
                        return Err(worker::Error::from("the response was ended before its end"));
                    }
                },
            };
            if !text.is_empty() {
                return Ok(Some(text.into_bytes()));
            }
        }
        Ok(None)
    }

    /// The next chunk of members; a part for those after it is put back.
    async fn next_members(&mut self, from: ChunkCursor, continues: bool) -> Result<String, Error> {
        let others = self.parts.iter().filter_map(|part| match part {
            Part::Members { from, .. } => Some(*from),
            Part::Text(_) => None,
        });
        let Some(Members { chunks, project }) = self.members.as_deref_mut() else {
            return Err(StorageError::internal("a body has members to read, and no chunks".to_owned()).into());
        };
        let Some((from, piece)) = chunks.next(from, others).await? else { return Ok(String::new()) };
        let text = project(piece)?.into_string();
        let has_some = !text.is_empty();
        self.parts.push_front(Part::Members { from, continues: continues || has_some });
        Ok(if continues && has_some { format!(",{text}") } else { text })
    }
}

impl Source for Body {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, worker::Error>> {
        Box::pin(self.next_bytes())
    }
}

/// The response with bytes that are made while they are sent.
fn streamed(source: Box<dyn Source>, init: &ResponseInit) -> worker::Result<Response> {
    let stream = try_unfold(source, async |mut source: Box<dyn Source>| {
        Ok::<_, worker::Error>(source.next().await?.map(|bytes| (bytes, source)))
    });
    let response = worker::Response::from_stream(stream)?;
    let worker::ResponseBody::Stream(stream) = response.body() else {
        return Err("a response from a stream has none".into());
    };
    Ok(Response::new_with_opt_readable_stream_and_init(Some(stream), init)?)
}

impl From<JsText> for Body {
    fn from(text: JsText) -> Self {
        Self { parts: VecDeque::from([Part::Text(text)]), ..Self::default() }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        JsText::from(text).into()
    }
}
