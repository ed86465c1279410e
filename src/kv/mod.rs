//! KV: the second place, beside D1, that knows which keys are revoked.

pub mod revocation;
