//! Deeds in words: what requests and their events say to an administrator.
//!
//! An event has its words by its type alone (`event`). What happened to one person or group by one request is one
//! sentence, a clause, however many events it has (`clause`). A deed is all that one request did (`deed`).

mod attributes;
mod clause;
mod deed;
mod event;
mod names;

pub(super) use deed::{by, list};
pub(super) use event::setting_name;
pub(super) use names::{Place, View};

#[cfg(test)]
mod tests;
