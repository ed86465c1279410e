//! The body of an answer, of which parts may never have been in our memory.

use worker::js_sys::{self, Array, Function, Object, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Response, ResponseBuilder, web_sys};

use crate::store::Text;

/// Text in parts.
#[derive(Debug, Default)]
pub(super) struct Body(Vec<Text>);

impl Body {
    /// Adds text at the end.
    pub(super) fn push_str(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Text::Here(last)) => last.push_str(text),
            _ => self.0.push(Text::Here(text.to_owned())),
        }
    }

    /// Adds a part at the end.
    pub(super) fn push(&mut self, part: Text) {
        match part {
            Text::Here(text) if !self.0.is_empty() => self.push_str(&text),
            part => self.0.push(part),
        }
    }

    /// Adds parts at the end, with a comma between one and the next; empty ones are none.
    pub(super) fn push_joined(&mut self, parts: impl IntoIterator<Item = Text>) {
        let mut is_first = true;
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if !is_first {
                self.push_str(",");
            }
            is_first = false;
            self.push(part);
        }
    }

    /// Adds another body at the end.
    pub(super) fn append(&mut self, other: Self) {
        for part in other.0 {
            self.push(part);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Text::is_empty)
    }

    /// The whole text.
    pub(super) fn into_string(self) -> String {
        self.0.into_iter().map(Text::into_string).collect()
    }

    /// The response with this body.
    ///
    /// # Errors
    /// The runtime's.
    pub(super) fn into_response(mut self, builder: ResponseBuilder) -> worker::Result<Response> {
        if self.0.len() <= 1 {
            let text = self.0.pop().map(Text::into_string).unwrap_or_default();
            return Ok(builder.fixed(text.into_bytes()));
        }
        // A Blob is made of strings as they are, and knows how long it is.
        let parts: Array = self
            .0
            .into_iter()
            .map(|part| match part.moved_out() {
                Text::There(text) => JsValue::from(text),
                Text::Here(text) => JsValue::from(text),
            })
            .collect();
        let empty: web_sys::Response = builder.empty().into();
        let settings = Object::new();
        Reflect::set(&settings, &"status".into(), &empty.status().into())?;
        Reflect::set(&settings, &"headers".into(), &empty.headers())?;
        let blob = construct("Blob", &[parts.into()])?;
        let response = construct("Response", &[blob, settings.into()])?;
        Ok(response.unchecked_into::<web_sys::Response>().into())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(vec![Text::Here(text)])
    }
}

/// Makes one of the runtime's objects.
fn construct(class: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let class: Function = Reflect::get(&js_sys::global(), &class.into())?.dyn_into()?;
    Reflect::construct(&class, &arguments.iter().collect())
}
