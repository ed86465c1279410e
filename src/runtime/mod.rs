//! What the Workers runtime provides: clock, identifiers, random bytes, time limits, requests, strings in its own
//! memory; and JSON as types.

pub mod clock;
pub(crate) mod crypto;
pub mod deadline;
pub mod expiring;
pub(crate) mod fetch;
pub mod ids;
pub mod js_text;
pub mod random;
pub(crate) mod simultaneous;
pub(crate) mod web_crypto;
