//! Entries of an organization's audit log, as a request makes them.

pub mod record;
