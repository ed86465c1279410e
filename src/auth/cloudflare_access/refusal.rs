//! The answer to an assertion that is not valid.

use crate::http::Problem;

/// 401 with the reason.
pub(super) fn refused(why: impl std::fmt::Display) -> Problem {
    Problem::new(401, format!("The Access assertion {why}."))
}
