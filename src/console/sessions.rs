//! Sessions of the console that were begun with the admin token.

use super::{Console, Problem, Reply};
use crate::scim::json::object;
use crate::store::console_sessions as stored;

/// Ends all of them, also that of the caller.
pub(super) async fn end_all(console: &Console<'_>) -> Result<Reply, Problem> {
    console.only_operators()?;
    let ended = console.database.run(stored::end_all()).await?.len();
    Ok(Reply::ok(object! {"ended": ended}))
}
