//! What products read: their keys, the feed of events, and how far each consumer is.

pub mod acknowledgements;
pub mod check;
pub mod feed;
pub mod keys;
pub mod people;
pub mod search;
pub(crate) mod security_events;
pub(crate) mod signing_keys;
#[cfg(test)]
pub(crate) mod statements;
