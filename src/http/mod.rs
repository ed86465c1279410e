//! The edge: takes a request apart, finds who is asking, has it carried out, answers, and writes one
//! line to the log. The only place that sees a `worker` Request or Response.

pub mod answer;
pub mod body;
pub mod memory;
pub mod problem;
pub mod rates;
pub mod request;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::{Context, Env, Request, Response, console_error, console_log};

use crate::d1::{Cost, Statement};
use crate::runtime::platform;
use directory::Shard;
use scim_protocol::ScimError;

use self::answer::Answer;
use self::request::Incoming;
pub(crate) use crate::deployment::{Deployment, database};
use crate::{console, redaction::worker_log as log, scim_api};
pub use problem::Problem;

/// What is left to do after the answer, and what the Worker's log should say of the key.
#[derive(Default)]
pub(crate) struct Aftermath {
    pub(crate) key_hint: Cell<Option<String>>,
    /// Where the key lies, and all that is left to do.
    pub(crate) shard: Cell<Option<Shard>>,
    pub(crate) mark_used: Cell<Option<Statement>>,
    pub(crate) note_import: Cell<Option<Statement>>,
    /// Whether the answer refuses a key or a token.
    pub(crate) refuses: Cell<bool>,
    /// Entries of the organization's log.
    pub(crate) entries: RefCell<Vec<Statement>>,
}

/// Answers a request. Every outcome is an answer in JSON; nothing is left to the runtime's own error page,
/// which identity providers cannot read.
///
/// # Errors
/// The runtime's own, if it refuses a response.
pub async fn serve(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let began = platform::now_millis();
    let mut incoming = Incoming::new(request);
    let aftermath = Aftermath::default();
    let (answer, cost) = match Deployment::of(&env) {
        Ok(deployment) => {
            let answer = route(&deployment, &mut incoming, &aftermath).await;
            (answer, deployment.cost())
        }
        Err(reason) => {
            console_error!("the deployment is not complete: {reason}");
            (Answer::from(ScimError::internal()), Cost::default())
        }
    };
    note_later(&env, &context, &aftermath);
    let mut line = format!(
        "{} {} {} {} ms, D1: {} round trip{}, {} rows read, {} written",
        log::method(if incoming.is_head { "HEAD" } else { &incoming.method }),
        log::path(&incoming.path),
        answer.status,
        platform::now_millis().saturating_sub(began),
        cost.round_trips,
        if cost.round_trips == 1 { "" } else { "s" },
        cost.rows_read,
        cost.rows_written
    );
    if let Some(hint) = aftermath.key_hint.take() {
        line.push_str(", key ");
        line.push_str(&hint);
    }
    if let Some(text) = answer.log_text() {
        line.push_str(": ");
        line.push_str(&log::own_text(text));
    }
    console_log!("{line}");
    // What it cost would tell whether there is such a key.
    let is_told = answer.status != 401 && !aftermath.refuses.get();
    answer.into_response(is_told.then_some(cost), incoming.is_head, incoming.is_https())
}

/// Whoever calls, by the first segment of the path as it was sent: rules for paths before this Worker, such as those of
/// Cloudflare Access, know no other spelling.
async fn route(deployment: &Deployment<'_>, incoming: &mut Incoming, aftermath: &Aftermath) -> Answer {
    let segments = request::segments(&incoming.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Err(error) = incoming.check_address() {
        return if names.first() == Some(&"console") { console::refused(error) } else { error.into() };
    }
    let first = incoming.path.split('/').nth(1).unwrap_or_default();
    match names.as_slice() {
        [name, ..] if *name != first => nowhere(incoming),
        ["scim", "v2", rest @ ..] => scim_api::answer(deployment, incoming, aftermath, "/scim/v2", rest)
            .await
            .unwrap_or_else(Answer::from),
        ["scim", rest @ ..] => scim_api::answer(deployment, incoming, aftermath, "/scim", rest)
            .await
            .unwrap_or_else(Answer::from),
        ["console", rest @ ..] => console::answer(deployment, incoming, aftermath, rest).await,
        _ => nowhere(incoming),
    }
}

fn nowhere(incoming: &Incoming) -> Answer {
    ScimError::not_found(format!(
        "There is nothing at this address. The SCIM endpoint is {}/scim, the administrators' console {}/console.",
        incoming.origin, incoming.origin
    ))
    .into()
}

/// Notes what need not be known before the answer has gone out: that a key was used, how far an import has come, what
/// failed.
fn note_later(env: &Env, context: &Context, aftermath: &Aftermath) {
    let mut statements = aftermath.entries.take();
    statements.extend(aftermath.mark_used.take());
    statements.extend(aftermath.note_import.take());
    let Some(shard) = aftermath.shard.get().filter(|_| !statements.is_empty()) else { return };
    let Some(database) = database(env, shard, Rc::default()) else { return };
    context.wait_until(async move {
        if let Err(error) = database.batch(&statements).await {
            console_error!("what is noted after an answer could not be written: {error:?}");
        }
    });
}
