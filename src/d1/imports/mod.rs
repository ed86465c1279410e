//! Imports: lists that are read page by page, from a snapshot that loses nobody.

pub mod reading;
pub mod snapshot;
pub mod status;
