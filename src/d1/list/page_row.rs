//! The rows of a page.

use serde::de::Error as _;
use serde_wasm_bindgen::Error;
use worker::js_sys::JsString;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};

use crate::d1::JsText;

/// A resource on a page.
#[derive(Debug)]
pub(super) struct PageRow {
    pub(super) rank: i64,
    /// The sort key; `None` if the list is in order of insertion, or the resource has no such value.
    pub(super) key: Option<String>,
    /// The resource; see [`super::Resource`].
    pub(super) body: JsText,
    /// The user as [`crate::d1::imports::shown::ShownPage::people`] has them, on a page of an import.
    pub(super) shown: Option<String>,
}

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// The columns of a row. A page has hundreds of rows, and what serde derives asks JavaScript three times as much
    /// of each.
    type Columns;

    #[wasm_bindgen(method, getter)]
    fn rank(this: &Columns) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn key(this: &Columns) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn body(this: &Columns) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn shown(this: &Columns) -> JsValue;
}

impl PageRow {
    /// Reads a row.
    ///
    /// # Errors
    /// The column that is not of its type.
    pub(super) fn read(row: JsValue) -> Result<Self, Error> {
        let columns: Columns = row.unchecked_into();
        Ok(Self {
            rank: columns
                .rank()
                .as_f64()
                .and_then(whole)
                .ok_or_else(|| Error::custom("rank is not an integer"))?,
            key: text_or_null("key", &columns.key())?,
            body: JsText::Js(columns.body().dyn_into::<JsString>().map_err(|_| not_text("body"))?),
            shown: text_or_null("shown", &columns.shown())?,
        })
    }
}

/// An integer up to 2^53, which is all that a number of JavaScript holds.
#[expect(clippy::cast_possible_truncation, reason = "it is within bounds")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Text; `None` if it is NULL, or if the statement has no such column.
fn text_or_null(name: &str, value: &JsValue) -> Result<Option<String>, Error> {
    match value.as_string() {
        Some(text) => Ok(Some(text)),
        None if value.is_null() || value.is_undefined() => Ok(None),
        None => Err(not_text(name)),
    }
}

fn not_text(name: &str) -> Error {
    Error::custom(format_args!("{name} is not text"))
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn only_integers_are_ranks() {
        assert_eq!([whole(-7.0), whole(4_503_599_627.0)], [Some(-7), Some(4_503_599_627)]);
        for number in [0.5, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(number), None, "{number}");
        }
    }
}
