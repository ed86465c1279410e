//! The boundary to D1: sends batches, takes their results, and counts what they cost.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::js_sys::{Array, Error};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::types as sys;
use worker::{D1Database, D1DatabaseSession};

use super::Statement;
use super::audit_log::ChangeEntry;
use super::batch::{Batch, Handle, Ignored, Layout, Results, Select};
use super::classify::classify;
use super::retry::pause_before_retry;
use crate::runtime::clock;
use crate::runtime::deadline::{Deadline, within};
use crate::storage_error::{StorageError, StorageErrorKind};
use directory::Shard;

/// The cost of a request so far, as D1 bills it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Batches sent.
    pub round_trips: u32,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Time in the database, in microseconds.
    pub micros: u64,
}

/// A D1 database for the length of one request.
pub struct Database {
    inner: D1Database,
    shard: Shard,
    cost: Rc<Cell<Cost>>,
    anchor: Option<Anchor>,
    deadline: Deadline,
}

/// Where the D1 sessions of a request begin. Each batch has a session of its own: only the first batch of a session is
/// sure to go to the primary, and a write that is tried again because its basis was stale must not read it from a
/// replica that lags as much.
struct Anchor {
    at_primary: bool,
    bookmark: RefCell<Option<String>>,
}

impl Anchor {
    fn session(&self, database: &D1Database) -> worker::Result<D1DatabaseSession> {
        let bookmark = self.bookmark.borrow();
        database.with_session(match self.at_primary {
            true => Some("first-primary"),
            false => Some(bookmark.as_deref().unwrap_or("first-unconstrained")),
        })
    }
}

impl Database {
    /// The database of a shard for a request that begins now. Its cost is added to `cost`, which databases may share.
    pub fn new(inner: D1Database, shard: Shard, cost: Rc<Cell<Cost>>) -> Self {
        Self { inner, shard, cost, anchor: None, deadline: Deadline::of_request() }
    }

    /// A clone for use after the response: its cost is not the request's, and each batch has a time limit of its own.
    pub fn detached(&self) -> Self {
        let inner = D1Database::unchecked_from_js(self.inner.as_ref().clone());
        Self { inner, shard: self.shard, cost: Rc::default(), anchor: None, deadline: Deadline::Batch }
    }

    /// The same database with so many milliseconds from now on instead of the time of a request.
    pub fn within(self, millis: u64) -> Self {
        Self { deadline: Deadline::Request(clock::now_millis().saturating_add(millis)), ..self }
    }

    /// Gives the request so many milliseconds more.
    pub fn extend_time(&mut self, millis: u64) {
        if let Deadline::Request(end) = &mut self.deadline {
            *end = end.saturating_add(millis);
        }
    }

    /// The same database, read from its primary, with bookmarks for the client.
    pub fn at_primary(self) -> Self {
        Self { anchor: Some(Anchor { at_primary: true, bookmark: RefCell::default() }), ..self }
    }

    /// The same database, read from any replica that is not behind the bookmark.
    pub fn at_replica(self, bookmark: Option<String>) -> Self {
        Self { anchor: Some(Anchor { at_primary: false, bookmark: RefCell::new(bookmark) }), ..self }
    }

    /// D1's bookmark of the state that has been read or written so far. Without an anchor, and so without a session,
    /// there is none.
    pub fn bookmark(&self) -> Option<String> {
        self.anchor.as_ref().and_then(|anchor| anchor.bookmark.borrow().clone())
    }

    /// Whether it has the latest writes, which a replica may lack.
    pub fn is_current(&self) -> bool {
        self.anchor.as_ref().is_none_or(|anchor| anchor.at_primary)
    }

    /// What its batches have cost so far, and those of the databases that share its cost.
    pub fn cost(&self) -> Cost {
        self.cost.get()
    }

    /// Its number among the deployment's databases.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Asks for the size of the database, which D1 returns with any result; see [`Sent::size`].
    pub fn ask_size(&self) -> Sent<'_> {
        let mut batch = Batch::new();
        batch.execute(Statement { sql: "SELECT 1".to_owned(), params: Vec::new() });
        self.send(&batch)
    }

    /// Runs the statements as one transaction in one round trip: all of them, or none.
    ///
    /// # Errors
    /// Any of [`StorageError`]; nothing was changed then.
    pub async fn batch(&self, batch: &Batch) -> Result<Results, StorageError> {
        self.send(batch).results().await
    }

    /// Runs one statement and reads its rows.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn run<R>(&self, select: Select<R>) -> Result<Vec<R>, StorageError> {
        let mut batch = Batch::new();
        let rows = batch.push(select);
        self.batch(&batch).await?.all(rows)
    }

    /// Runs one statement. Returns the number of rows that it returns.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn execute(&self, statement: Statement) -> Result<usize, StorageError> {
        let mut batch = Batch::new();
        let rows: Handle<Ignored> = batch.push(Select::columns(statement));
        Ok(self.batch(&batch).await?.count(rows))
    }

    /// Sends a batch off; see [`Database::batch`]. A batch that only reads is sent again after a transient error.
    pub fn send(&self, batch: &Batch) -> Sent<'_> {
        let only_reads = batch.statements().all(Statement::reads);
        self.send_as(batch, if only_reads { Kind::Read } else { Kind::Write })
    }

    /// As [`Database::send`] for a batch that has the same effect when it runs twice, although it may write.
    pub fn send_repeatable(&self, batch: &Batch, is_write: bool) -> Sent<'_> {
        self.send_as(batch, if is_write { Kind::RepeatableWrite } else { Kind::Read })
    }

    /// Runs the statements of a change behind its entry of the audit log, as one transaction. After a transient error
    /// they are sent again: the entry proves whether they ran the first time. If they did, the statements that only
    /// read run once more, and the others have no rows.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn write(&self, entry: ChangeEntry, batch: &Batch) -> Result<Results, StorageError> {
        let mut before = vec![entry.insert];
        let mut retries = 0_usize;
        loop {
            let sent = before.iter().chain(batch.statements());
            let outcome = self.send_statements(sent, Kind::Write).answers().await;
            match outcome {
                Ok(answers) => {
                    let own = answers.iter().skip(before.len()).map(rows_of).collect::<Result<_, _>>()?;
                    return batch.layout().results(own);
                }
                Err(error) if matches!(*error, StorageErrorKind::AlreadyDone) => {
                    return self.read_again(batch).await;
                }
                Err(error) if error.is_transient() && pause_before_retry(retries).await? => {
                    if retries == 0 {
                        before.insert(0, entry.proof.clone());
                    }
                    retries = retries.saturating_add(1);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs those statements of a change that only read.
    async fn read_again(&self, batch: &Batch) -> Result<Results, StorageError> {
        let is_read = |statement: &Statement| statement.reads() && !statement.depends_on_changes();
        let reads: Vec<&Statement> = batch.statements().filter(|each| is_read(each)).collect();
        let answers = match reads.is_empty() {
            true => Vec::new(),
            false => self.send_statements(reads.into_iter(), Kind::Read).answers().await?,
        };
        let mut answers = answers.iter();
        let each = batch.statements().map(|statement| match is_read(statement) {
            true => answers.next().map_or(Ok(None), rows_of),
            false => Ok(None),
        });
        batch.layout().results(each.collect::<Result<_, _>>()?)
    }

    fn send_as(&self, batch: &Batch, kind: Kind) -> Sent<'_> {
        Sent { under_way: self.send_statements(batch.statements(), kind), layout: batch.layout() }
    }

    fn send_statements<'s>(
        &self,
        statements: impl Iterator<Item = &'s Statement>,
        kind: Kind,
    ) -> UnderWay<'_> {
        let outcome = self.prepare(statements).and_then(|prepared| self.begin(prepared));
        UnderWay { database: self, outcome, kind }
    }

    fn prepare<'s>(&self, statements: impl Iterator<Item = &'s Statement>) -> Result<Prepared, StorageError> {
        let prepared = || -> worker::Result<Prepared> {
            let session = self.anchor.as_ref().map(|anchor| anchor.session(&self.inner)).transpose()?;
            let bound = Array::new();
            for statement in statements {
                let params = statement.params.iter();
                let params: Vec<JsValue> =
                    params.map(|param| param.as_deref().map_or(JsValue::NULL, JsValue::from_str)).collect();
                let prepared = match &session {
                    Some(session) => session.prepare(statement.sql.as_str()),
                    None => self.inner.prepare(statement.sql.as_str()),
                };
                bound.push(prepared.bind(&params)?.inner());
            }
            Ok(Prepared { bound, session })
        };
        prepared().map_err(|error| classify(&error.to_string()).into())
    }

    /// Sends the statements. `worker`'s own `batch` would send them only when its future is polled, and it hides the
    /// `meta` of the results (see [`Meta`]).
    fn begin(&self, prepared: Prepared) -> Result<(JsFuture, Prepared), StorageError> {
        // Counted before the outcome is known: a batch that failed was a round trip, too.
        let mut cost = self.cost.get();
        cost.round_trips = cost.round_trips.saturating_add(1);
        self.cost.set(cost);
        let statements = prepared.bound.clone();
        let promise = match &prepared.session {
            Some(session) => {
                session.as_ref().unchecked_ref::<sys::D1DatabaseSession>().session_batch(statements)
            }
            None => self.inner.as_ref().unchecked_ref::<sys::D1Database>().batch(statements),
        };
        Ok((JsFuture::from(promise.map_err(|error| classified(&error))?), prepared))
    }

    /// Adds the cost of a result.
    fn count_cost(&self, result: &sys::D1Result) {
        let Some(meta) = meta_of(result) else { return };
        let mut cost = self.cost.get();
        cost.rows_read = cost.rows_read.saturating_add(whole(meta.rows_read()));
        cost.rows_written = cost.rows_written.saturating_add(whole(meta.rows_written()));
        cost.micros = cost.micros.saturating_add(whole(meta.duration() * 1000.0));
        self.cost.set(cost);
    }
}

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// What D1 returns beside the rows of a statement; a number that is missing is NaN. `worker::D1ResultMeta` cannot
    /// be read for databases above 4 GiB, whose size overflows its field, and reads all fields for each statement.
    type Meta;

    #[wasm_bindgen(method, getter)]
    fn rows_read(this: &Meta) -> f64;

    #[wasm_bindgen(method, getter)]
    fn rows_written(this: &Meta) -> f64;

    /// In milliseconds.
    #[wasm_bindgen(method, getter)]
    fn duration(this: &Meta) -> f64;

    /// In bytes.
    #[wasm_bindgen(method, getter)]
    fn size_after(this: &Meta) -> f64;
}

fn meta_of(result: &sys::D1Result) -> Option<Meta> {
    let meta = JsValue::from(result.meta().ok()?);
    meta.is_object().then(|| meta.unchecked_into())
}

/// A number; 0 if it is missing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of rows, of bytes and of microseconds"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

/// A batch that has been sent off. It runs whether its result is awaited or not, so that several batches can run at the
/// same time. The bookmark of a database is that of the batch awaited last.
#[must_use = "the outcome is known only once it is awaited"]
pub struct Sent<'d> {
    under_way: UnderWay<'d>,
    layout: Layout,
}

impl Sent<'_> {
    /// The results of the batch.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn results(self) -> Result<Results, StorageError> {
        let answers = self.under_way.answers().await?;
        self.layout.results(answers.iter().map(rows_of).collect::<Result<_, _>>()?)
    }

    /// The size of the database, in bytes.
    ///
    /// # Errors
    /// As [`Database::batch`], and `StorageErrorKind::Internal` if D1 does not tell the size.
    pub async fn size(self) -> Result<u64, StorageError> {
        let answers = self.under_way.answers().await?;
        let meta = answers.first().and_then(meta_of);
        meta.map(|meta| whole(meta.size_after()))
            .ok_or_else(|| StorageError::internal("D1 did not tell the size of a database".to_owned()))
    }
}

/// Whether a batch writes, and whether it may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It changes nothing that matters.
    Read,
    /// It writes, and must not be sent again without a proof that it has not run.
    Write,
    /// It writes, and has the same effect when it runs twice.
    RepeatableWrite,
}

/// Statements in the runtime's memory, ready to be sent, and sent again.
struct Prepared {
    bound: Array,
    session: Option<D1DatabaseSession>,
}

struct UnderWay<'d> {
    database: &'d Database,
    outcome: Result<(JsFuture, Prepared), StorageError>,
    kind: Kind,
}

impl UnderWay<'_> {
    /// D1's answer to each statement.
    async fn answers(self) -> Result<Vec<sys::D1Result>, StorageError> {
        let Self { database, mut outcome, kind } = self;
        let mut retries = 0_usize;
        let answers = loop {
            let (future, prepared) = outcome?;
            match answer_of(database, future, &prepared, kind).await {
                Err(error)
                    if error.is_transient() && kind != Kind::Write && pause_before_retry(retries).await? =>
                {
                    retries = retries.saturating_add(1);
                    outcome = database.begin(prepared);
                }
                other => break other?,
            }
        };
        let answers: &Array = answers
            .dyn_ref()
            .ok_or_else(|| StorageError::internal("the result of a batch is not an array".to_owned()))?;
        let answers: Vec<sys::D1Result> = answers.iter().map(JsCast::unchecked_into).collect();
        answers.iter().for_each(|answer| database.count_cost(answer));
        Ok(answers)
    }
}

/// The result of a batch, within the time limit.
async fn answer_of(
    database: &Database,
    future: JsFuture,
    prepared: &Prepared,
    kind: Kind,
) -> Result<JsValue, StorageError> {
    let answer = within(database.deadline.left(), future).await;
    let answer = answer.ok_or_else(|| StorageErrorKind::TimedOut { is_write: kind != Kind::Read })?;
    // A batch that failed has read something, too.
    if let (Some(anchor), Some(session)) = (&database.anchor, &prepared.session)
        && let Some(bookmark) = session.get_bookmark().map_err(|error| classify(&error.to_string()))?
    {
        anchor.bookmark.replace(Some(bookmark));
    }
    answer.map_err(|error| classified(&error))
}

/// The rows of one statement.
fn rows_of(answer: &sys::D1Result) -> Result<Option<Array>, StorageError> {
    answer.results().map_err(|error| StorageError::internal(message(&error)))
}

fn classified(error: &JsValue) -> StorageError {
    classify(&message(error)).into()
}

fn message(error: &JsValue) -> String {
    match error.dyn_ref::<Error>() {
        Some(error) => error.message().into(),
        None => error.as_string().unwrap_or_else(|| "an exception that is not an Error".to_owned()),
    }
}
