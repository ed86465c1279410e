//! The boundary to D1: batches of statements in, texts out, and what they cost.

use std::cell::Cell;

use worker::js_sys::{Array, JsString, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue, intern};
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::types::{D1Database, D1Result};

use super::{Statement, StoreError, Text};

/// What a request has cost so far, as D1 bills it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Batches sent.
    pub round_trips: u32,
    /// Rows read.
    pub rows_read: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Time in the database, in milliseconds.
    pub millis: f64,
}

/// One row. Statements select one or both of the columns `head` (a record for us, as JSON) and `body`
/// (text for the client), so that whole resources cross the boundary as one string each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Column `head`.
    pub head: String,
    /// Column `body`.
    pub body: Text,
}

/// A D1 database for the length of one request.
pub struct Database {
    inner: D1Database,
    cost: Cell<Cost>,
}

impl Database {
    /// Wraps the binding.
    pub fn new(database: worker::D1Database) -> Self {
        Self { inner: JsValue::from(database).unchecked_into(), cost: Cell::default() }
    }

    /// What was spent through this value.
    pub fn cost(&self) -> Cost {
        self.cost.get()
    }

    /// Runs the statements as one transaction in one round trip: all of them, or none.
    ///
    /// # Errors
    /// Any of [`StoreError`]; nothing was changed then.
    pub async fn batch(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        // Counted before the outcome is known: a batch that failed was a round trip, too.
        let mut cost = self.cost.get();
        cost.round_trips = cost.round_trips.saturating_add(1);
        self.cost.set(cost);
        let outcome = self.send(statements).await.map_err(|error| StoreError::classify(&message(&error)))?;
        let results: &Array =
            outcome.dyn_ref().ok_or_else(|| unexpected("the result of a batch is no array"))?;
        let mut all = Vec::with_capacity(statements.len());
        for result in results.iter() {
            let result: D1Result = result.unchecked_into();
            self.add_cost(&result);
            all.push(rows(&result)?);
        }
        Ok(all)
    }

    /// Runs one statement.
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn run(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        Ok(self.batch(&[statement]).await?.pop().unwrap_or_default())
    }

    async fn send(&self, statements: &[Statement]) -> Result<JsValue, JsValue> {
        let bound = Array::new();
        for statement in statements {
            let params = Array::new();
            for param in &statement.params {
                params.push(&param.as_deref().map_or(JsValue::NULL, JsValue::from_str));
            }
            bound.push(&self.inner.prepare(&statement.sql)?.bind(params)?.into());
        }
        JsFuture::from(self.inner.batch(bound)?).await
    }

    fn add_cost(&self, result: &D1Result) {
        // Read by hand: `D1ResultMeta` fails for databases above 4 GiB, whose size overflows its field.
        let Ok(meta) = result.meta() else { return };
        let number = |name: &str| {
            Reflect::get(&meta, &JsValue::from_str(intern(name)))
                .ok()
                .and_then(|value| value.as_f64())
                .unwrap_or(0.0)
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
        let count = |name: &str| number(name) as u64;
        let mut cost = self.cost.get();
        cost.rows_read = cost.rows_read.saturating_add(count("rows_read"));
        cost.rows_written = cost.rows_written.saturating_add(count("rows_written"));
        cost.millis += number("duration");
        self.cost.set(cost);
    }
}

fn rows(result: &D1Result) -> Result<Vec<Row>, StoreError> {
    let Some(results) = result.results().map_err(|error| StoreError::Internal(message(&error)))? else {
        return Ok(Vec::new());
    };
    let text = |row: &JsValue, name| Ok::<_, StoreError>(column(row, name)?.unwrap_or_default());
    results
        .iter()
        .map(|row| Ok(Row { head: text(&row, "head")?.into_string(), body: text(&row, "body")? }))
        .collect()
}

/// A column's text; `None` where the statement selects no such column. Anything but text is our mistake, and
/// must not pass for an empty answer: an identity provider removes whoever is missing from a list.
fn column(row: &JsValue, name: &str) -> Result<Option<Text>, StoreError> {
    match Reflect::get(row, &JsValue::from_str(intern(name))) {
        Ok(value) if value.is_undefined() => Ok(None),
        Ok(value) => value
            .dyn_into::<JsString>()
            .map(|text| Some(Text::There(text)))
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

fn unexpected(what: &str) -> StoreError {
    StoreError::Internal(what.to_owned())
}
