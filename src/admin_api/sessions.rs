//! Sessions of the console that were started with the admin token.

use super::context::AdminContext;
use super::reply::Reply;
use super::types::sessions::EndedSessions;
use crate::d1::console_sessions as stored;
use crate::http::Problem;

/// Ends all of them, also that of the caller.
pub(crate) async fn end_all(context: &AdminContext<'_>) -> Result<Reply<EndedSessions>, Problem> {
    context.only_operators()?;
    let ended = context.database.execute(stored::end_all()).await?;
    Ok(Reply::ok(EndedSessions { ended }))
}
