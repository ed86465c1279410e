//! Authentication: SCIM keys of identity providers; the admin token, its session cookie and Cloudflare Access for
//! administrators.

pub mod access;
pub mod actor;
pub mod bearer;
pub mod identity;
pub mod known_keys;
pub mod scim_key;
pub mod session;
