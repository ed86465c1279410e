//! Who calls: administrators by token, session cookie or Cloudflare Access.

pub mod access;
pub mod actor;
pub mod identity;
pub mod session;
