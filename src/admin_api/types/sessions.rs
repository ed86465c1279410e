//! Sessions of the console.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    /// How many there were.
    pub(crate) ended: usize,
}
