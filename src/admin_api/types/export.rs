//! Exports.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::d1::export::Format;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `csv` is RFC 4180 in UTF-8 with a byte order mark. `jsonl` is a JSON object a line; the last line tells whether
    /// the file is complete, and how many rows it has.
    #[param(inline, required = false)]
    pub(crate) format: Format,
}
