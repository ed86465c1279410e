//! The body of a response. Parts may be strings that stay outside the memory of WebAssembly; others are read from
//! storage while the body is sent.

use std::collections::VecDeque;

use futures_util::stream::try_unfold;
use web_sys::Blob;
use worker::js_sys::Array;
use worker::wasm_bindgen::JsValue;
use worker::{Response, ResponseBuilder, console_error};

use crate::d1::StorageError;
use crate::d1::member_chunks::{ChunkCursor, ChunkStream};
use crate::error::Error;
use crate::runtime::js_text::JsText;

/// Text in parts, in their order.
#[derive(Default)]
pub(crate) struct Body {
    parts: VecDeque<Part>,
    members: Option<Box<Members>>,
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
        if self.members.is_some() {
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
        self.parts.iter().all(|part| matches!(part, Part::Text(text) if text.is_empty()))
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
    pub(crate) fn into_response(self, builder: ResponseBuilder) -> worker::Result<Response> {
        if self.members.is_some() {
            return builder.from_stream(try_unfold(self, Self::next));
        }
        if self.parts.len() <= 1 {
            return Ok(builder.fixed(self.into_string().into_bytes()));
        }
        let blob = self.into_blob()?;
        Ok(web_sys::Response::new_with_opt_blob_and_init(Some(&blob), &builder.into())?.into())
    }

    /// A Blob takes strings without copying them into the memory of WebAssembly, and has a length.
    fn into_blob(self) -> Result<Blob, JsValue> {
        let parts: Array = self.into_texts().map(JsText::into_js).collect();
        Blob::new_with_str_sequence(&parts)
    }

    /// The next bytes, and the rest of the body. An error ends the response before its end, so that the client knows
    /// that it is incomplete.
    async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>, worker::Error> {
        while let Some(part) = self.parts.pop_front() {
            let text = match part {
                Part::Text(text) => text.into_string(),
                Part::Members { from, continues } => match self.next_members(from, continues).await {
                    Ok(text) => text,
                    Err(error) => {
                        console_error!("an answer was broken off: {error:?}");
                        return Err(worker::Error::from("the response was ended before its end"));
                    }
                },
            };
            if !text.is_empty() {
                return Ok(Some((text.into_bytes(), self)));
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
            return Err(StorageError::Internal("a body has members to read, and no chunks".to_owned()).into());
        };
        let Some((from, piece)) = chunks.next(from, others).await? else { return Ok(String::new()) };
        let text = project(piece)?.into_string();
        let has_some = !text.is_empty();
        self.parts.push_front(Part::Members { from, continues: continues || has_some });
        Ok(if continues && has_some { format!(",{text}") } else { text })
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self { parts: VecDeque::from([Part::Text(JsText::Wasm(text))]), members: None }
    }
}
