//! The answer to an assertion that is not valid.

use crate::http::{AdminCode, Problem};

/// 401 with the reason.
pub(super) fn refused(why: impl std::fmt::Display) -> Problem {
    Problem::of(AdminCode::AccessAssertionRefused, format!("The Access assertion {why}."))
}
