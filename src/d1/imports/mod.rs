//! Imports: lists that a client reads page by page, from a snapshot, so that no row is missing from all pages.

pub(crate) mod boundaries;
pub mod kept;
pub(crate) mod reading;
pub mod shown;
pub mod snapshot;
pub mod status;
