//! Imports: lists that identity providers read page by page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum ImportResource {
    Users,
    Groups,
}

/// begun: only the first page was read. stopped: no page was read for three minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportState {
    Begun,
    Reading,
    Finished,
    Stopped,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    #[schema(inline)]
    pub(crate) resource: ImportResource,
    #[schema(required)]
    pub(crate) filter: Option<String>,
    #[schema(minimum = 1)]
    pub(crate) page_size: u64,
    /// How many users or groups the list has for its reader.
    pub(crate) total: u64,
    pub(crate) pages: u64,
    /// Noted after each page.
    #[schema(minimum = 1)]
    pub(crate) pages_read: u64,
    #[schema(format = DateTime)]
    pub(crate) begun_at: String,
    #[schema(format = DateTime)]
    pub(crate) read_at: String,
    #[schema(inline)]
    pub(crate) state: ImportState,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportList {
    pub(crate) imports: Vec<Import>,
}
