//! Entries of an organization's audit log: what a request was, who made it, and what became of it, redacted.
//!
//! [`scim_request`] and [`admin_request`] collect the facts while a request is carried out;
//! [`crate::d1::audit_log`] has the statements that store them.

pub(crate) mod admin_request;
pub(crate) mod scim_request;
