//! What the logs may keep: nothing that is secret, and in the Worker's own log nothing that names a person.

pub mod kept;
pub mod secret;
pub mod worker_log;
