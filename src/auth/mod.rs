//! Authentication: SCIM keys of identity providers; product keys and service bindings of products; the admin token, its
//! session cookie and Cloudflare Access for administrators.

pub(crate) mod actor;
pub(crate) mod admin_token;
pub(crate) mod administrator;
mod bearer;
pub(crate) mod cloudflare_access;
pub(crate) mod key_use;
pub(crate) mod known_keys;
pub(crate) mod product;
pub(crate) mod same_origin;
pub(crate) mod scim_key;
pub(crate) mod session_cookie;
