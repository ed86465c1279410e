//! Sessions of the console that were begun with the admin token.

use super::{Console, Reply};
use crate::d1::console_sessions as stored;
use crate::http::Problem;
use scim_protocol::json::object;

/// Ends all of them, also that of the caller.
pub(crate) async fn end_all(console: &Console<'_>) -> Result<Reply, Problem> {
    console.only_operators()?;
    let ended = console.database.execute(stored::end_all()).await?;
    Ok(Reply::ok(object! {"ended": ended}))
}
