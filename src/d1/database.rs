//! The boundary to D1: batches of statements in, texts out, and what they cost.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::js_sys::{Array, JsString, Object, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue, intern};
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::types::{D1Database, D1DatabaseSession, D1Result};

use super::audit_log::ChangeEntry;
use super::classify::classify;
use super::retry::pause_before_retry;
use super::{JsText, Statement, StorageError};
use crate::runtime::deadline::{Deadline, within};
use directory::Shard;

/// What a request has cost so far, as D1 bills it.
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

/// One row. Statements select one or both of the columns `head` (a record for us, as JSON) and `body`
/// (text for the client), so that whole resources cross the boundary as one string each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Column `head`.
    pub head: String,
    /// Column `body`.
    pub body: JsText,
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
    fn session(&self, database: &D1Database) -> Result<D1DatabaseSession, JsValue> {
        let bookmark = self.bookmark.borrow();
        database.with_session(match self.at_primary {
            true => Some("first-primary"),
            false => Some(bookmark.as_deref().unwrap_or("first-unconstrained")),
        })
    }
}

impl Database {
    /// Wraps the binding of a shard for a request that has just come, which waits for it no longer than a request may.
    /// What it costs is added to `cost`, which databases may share.
    pub fn new(database: worker::D1Database, shard: Shard, cost: Rc<Cell<Cost>>) -> Self {
        let inner = JsValue::from(database).unchecked_into();
        Self { inner, shard, cost, anchor: None, deadline: Deadline::of_request() }
    }

    /// The same database for longer than the request, its costs no longer of interest.
    pub fn detached(&self) -> Self {
        let inner = JsValue::from(&self.inner).unchecked_into();
        Self { inner, shard: self.shard, cost: Rc::default(), anchor: None, deadline: Deadline::Batch }
    }

    /// The same, answering from its primary and telling how far its client has then seen.
    pub fn at_primary(self) -> Self {
        Self { anchor: Some(Anchor { at_primary: true, bookmark: RefCell::default() }), ..self }
    }

    /// The same, answering from any replica that is not behind the bookmark.
    pub fn at_replica(self, bookmark: Option<String>) -> Self {
        Self { anchor: Some(Anchor { at_primary: false, bookmark: RefCell::new(bookmark) }), ..self }
    }

    /// D1's bookmark of what has been seen and written so far. Without an anchor, and so without a session, there is
    /// none.
    pub fn bookmark(&self) -> Option<String> {
        self.anchor.as_ref().and_then(|anchor| anchor.bookmark.borrow().clone())
    }

    /// Whether it knows what was written a moment ago, as a replica may not.
    pub fn is_current(&self) -> bool {
        self.anchor.as_ref().is_none_or(|anchor| anchor.at_primary)
    }

    /// Its number among the deployment's databases.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Asks how large it is. D1 tells that with the result of any statement.
    pub fn ask_size(&self) -> Sent<'_> {
        self.send(&[Statement { sql: "SELECT '' AS head".to_owned(), params: Vec::new() }])
    }

    /// Runs the statements as one transaction in one round trip: all of them, or none.
    ///
    /// # Errors
    /// Any of [`StorageError`]; nothing was changed then.
    pub async fn batch(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StorageError> {
        self.send(statements).results().await
    }

    /// Runs one statement.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn run(&self, statement: Statement) -> Result<Vec<Row>, StorageError> {
        self.send(&[statement]).rows().await
    }

    /// Sends a batch off; see [`Database::batch`]. One that only reads is sent again if it meets a passing error.
    pub fn send(&self, statements: &[Statement]) -> Sent<'_> {
        let only_reads = statements.iter().all(Statement::reads);
        self.send_as(statements, if only_reads { Kind::Read } else { Kind::Write })
    }

    /// The same for a batch that may be carried out twice without harm, whatever it writes.
    pub fn send_repeatable(&self, statements: &[Statement], is_write: bool) -> Sent<'_> {
        self.send_as(statements, if is_write { Kind::RepeatableWrite } else { Kind::Read })
    }

    /// Runs the statements of a change, and before them the entry of the log that tells of it, as one transaction. If
    /// it meets a passing error, it is sent again: the entry proves whether it was carried out the first time. If so,
    /// the results of what only reads are those of now, and there are no others.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn write(
        &self,
        entry: ChangeEntry,
        statements: Vec<Statement>,
    ) -> Result<Vec<Vec<Row>>, StorageError> {
        let mut batch = vec![entry.insert];
        batch.extend(statements);
        let mut outcome = self.send_as(&batch, Kind::Write).results().await;
        let mut behind = 1;
        let mut tried = 0_usize;
        while outcome.as_ref().is_err_and(StorageError::is_transient) && pause_before_retry(tried).await? {
            if tried == 0 {
                batch.insert(0, entry.proof.clone());
                behind = 2;
            }
            tried = tried.saturating_add(1);
            outcome = self.send_as(&batch, Kind::Write).results().await;
        }
        match outcome {
            Ok(results) => Ok(results.into_iter().skip(behind).collect()),
            Err(StorageError::AlreadyDone) => self.read_again(batch.get(behind..).unwrap_or_default()).await,
            Err(error) => Err(error),
        }
    }

    /// Runs those of the statements of a change that only read.
    async fn read_again(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StorageError> {
        let reads = |statement: &&Statement| statement.reads() && !statement.depends_on_changes();
        let read: Vec<Statement> = statements.iter().filter(reads).cloned().collect();
        let mut results = if read.is_empty() { Vec::new() } else { self.batch(&read).await? }.into_iter();
        let each = statements.iter().map(|statement| match reads(&statement) {
            true => results.next().unwrap_or_default(),
            false => Vec::new(),
        });
        Ok(each.collect())
    }

    fn send_as(&self, statements: &[Statement], kind: Kind) -> Sent<'_> {
        Sent { database: self, under_way: self.prepare(statements).and_then(|batch| self.begin(batch)), kind }
    }

    fn prepare(&self, statements: &[Statement]) -> Result<Batch, JsValue> {
        let session = self.anchor.as_ref().map(|anchor| anchor.session(&self.inner)).transpose()?;
        let bound = Array::new();
        for statement in statements {
            let params = Array::new();
            for param in &statement.params {
                params.push(&param.as_deref().map_or(JsValue::NULL, JsValue::from_str));
            }
            let prepared = match &session {
                Some(session) => session.session_prepare(&statement.sql)?,
                None => self.inner.prepare(&statement.sql)?,
            };
            bound.push(&prepared.bind(params)?.into());
        }
        Ok(Batch { bound, session })
    }

    fn begin(&self, batch: Batch) -> Result<UnderWay, JsValue> {
        // Counted before the outcome is known: a batch that failed was a round trip, too.
        let mut cost = self.cost.get();
        cost.round_trips = cost.round_trips.saturating_add(1);
        self.cost.set(cost);
        let promise = match &batch.session {
            Some(session) => session.session_batch(batch.bound.clone())?,
            None => self.inner.batch(batch.bound.clone())?,
        };
        Ok(UnderWay { outcome: JsFuture::from(promise), batch })
    }

    /// Adds what a result has cost.
    fn note(&self, result: &D1Result) {
        let Ok(meta) = result.meta() else { return };
        let mut cost = self.cost.get();
        cost.rows_read = cost.rows_read.saturating_add(count(&meta, "rows_read", 1.0));
        cost.rows_written = cost.rows_written.saturating_add(count(&meta, "rows_written", 1.0));
        cost.micros = cost.micros.saturating_add(count(&meta, "duration", 1000.0));
        self.cost.set(cost);
    }
}

/// A number that D1 tells beside a result, so many times. Read by hand: `D1ResultMeta` fails for databases above 4 GiB,
/// whose size overflows its field.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of rows, of bytes and of microseconds"
)]
fn count(meta: &Object, name: &str, factor: f64) -> u64 {
    let number = Reflect::get(meta, &JsValue::from_str(intern(name))).ok().and_then(|value| value.as_f64());
    (number.unwrap_or(0.0) * factor) as u64
}

/// A batch that has been sent off. It is under way whether anybody waits for it or not: of several that are sent before
/// the first is waited for, none waits for another. Of those to one database, the bookmark is then that of the last
/// waited for.
#[must_use = "what became of it is known only to whoever waits for it"]
pub struct Sent<'d> {
    database: &'d Database,
    under_way: Result<UnderWay, JsValue>,
    kind: Kind,
}

/// What a batch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It changes nothing that matters.
    Read,
    /// It changes something, and must not be sent again without asking.
    Write,
    /// It changes something, and is the same when it is carried out twice.
    RepeatableWrite,
}

/// Statements in the runtime's memory, ready to be sent, and sent again.
struct Batch {
    bound: Array,
    session: Option<D1DatabaseSession>,
}

struct UnderWay {
    outcome: JsFuture,
    batch: Batch,
}

impl Sent<'_> {
    /// The rows of each statement.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn results(self) -> Result<Vec<Vec<Row>>, StorageError> {
        self.answered().await?.iter().map(rows).collect()
    }

    /// The rows of the only statement.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn rows(self) -> Result<Vec<Row>, StorageError> {
        Ok(self.results().await?.pop().unwrap_or_default())
    }

    /// The size of the database, in bytes.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn size(self) -> Result<u64, StorageError> {
        let results = self.answered().await?;
        let meta = results.first().and_then(|result| result.meta().ok());
        Ok(meta.map(|meta| count(&meta, "size_after", 1.0)).unwrap_or_default())
    }

    async fn answered(self) -> Result<Vec<D1Result>, StorageError> {
        let Self { database, mut under_way, kind } = self;
        let mut tried = 0_usize;
        let outcome = loop {
            let UnderWay { outcome, batch } = under_way.map_err(|error| classified(&error))?;
            let outcome = outcome_of(database, outcome, &batch, kind).await;
            match outcome {
                Err(error)
                    if error.is_transient() && kind != Kind::Write && pause_before_retry(tried).await? =>
                {
                    tried = tried.saturating_add(1);
                    under_way = database.begin(batch);
                }
                other => break other?,
            }
        };
        let results: &Array =
            outcome.dyn_ref().ok_or_else(|| unexpected("the result of a batch is no array"))?;
        let results: Vec<D1Result> = results.iter().map(JsCast::unchecked_into).collect();
        results.iter().for_each(|result| database.note(result));
        Ok(results)
    }
}

/// What became of a batch, as far as it is waited for.
async fn outcome_of(
    database: &Database,
    outcome: JsFuture,
    batch: &Batch,
    kind: Kind,
) -> Result<JsValue, StorageError> {
    let timed_out = StorageError::TimedOut { is_write: kind != Kind::Read };
    let outcome = within(database.deadline.left(), outcome).await.ok_or(timed_out)?;
    // A batch that failed has seen something, too.
    if let (Some(anchor), Some(session)) = (&database.anchor, &batch.session)
        && let Some(bookmark) = session.get_bookmark().map_err(|error| classified(&error))?
    {
        anchor.bookmark.replace(Some(bookmark));
    }
    outcome.map_err(|error| classified(&error))
}

fn classified(error: &JsValue) -> StorageError {
    classify(&message(error))
}

fn rows(result: &D1Result) -> Result<Vec<Row>, StorageError> {
    let Some(results) = result.results().map_err(|error| StorageError::Internal(message(&error)))? else {
        return Ok(Vec::new());
    };
    let text = |row: &JsValue, name| Ok::<_, StorageError>(column(row, name)?.unwrap_or_default());
    results
        .iter()
        .map(|row| Ok(Row { head: text(&row, "head")?.into_string(), body: text(&row, "body")? }))
        .collect()
}

/// A column's text; `None` where the statement selects no such column. Anything but text is our mistake, and
/// must not pass for an empty answer: an identity provider removes whoever is missing from a list.
fn column(row: &JsValue, name: &str) -> Result<Option<JsText>, StorageError> {
    match Reflect::get(row, &JsValue::from_str(intern(name))) {
        Ok(value) if value.is_undefined() => Ok(None),
        Ok(value) => value
            .dyn_into::<JsString>()
            .map(|text| Some(JsText::Js(text)))
            .map_err(|_| unexpected("a column is not text")),
        Err(_) => Err(unexpected("a row is no object")),
    }
}

fn message(error: &JsValue) -> String {
    let error = match error.dyn_ref::<worker::js_sys::Error>() {
        Some(error) => error,
        None => return error.as_string().unwrap_or_else(|| "not an Error".to_owned()),
    };
    error.message().into()
}

fn unexpected(what: &str) -> StorageError {
    StorageError::Internal(what.to_owned())
}
