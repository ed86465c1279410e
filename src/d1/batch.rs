//! Batches of statements, and their results by typed handles.

use std::any::type_name;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use worker::js_sys::Array;
use worker::wasm_bindgen::JsValue;

use super::Statement;
use super::columns::json;
use crate::storage_error::StorageError;

/// A statement that returns rows, each of which is read as an `R`.
#[derive(Debug, Clone)]
pub struct Select<R> {
    pub(crate) statement: Statement,
    read: fn(JsValue) -> Result<R, serde_wasm_bindgen::Error>,
}

impl<R: DeserializeOwned> Select<R> {
    /// A statement whose columns are the fields of `R`.
    pub(crate) fn columns(statement: Statement) -> Self {
        Self { statement, read: serde_wasm_bindgen::from_value }
    }

    /// A statement whose column `json` is JSON of an `R`. One text crosses the boundary instead of a value for each
    /// column, which costs less for rows of many columns.
    pub(crate) fn json(statement: Statement) -> Self {
        #[derive(Deserialize)]
        #[serde(bound = "T: DeserializeOwned")]
        struct Row<T> {
            #[serde(deserialize_with = "json")]
            json: T,
        }
        Self { statement, read: |row| serde_wasm_bindgen::from_value(row).map(|row: Row<R>| row.json) }
    }
}

/// The place of a statement in its batch, by which its rows are taken from the results.
#[derive(Debug)]
pub struct Handle<R> {
    place: Place,
    read: fn(JsValue) -> Result<R, serde_wasm_bindgen::Error>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Handle<R> {}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// Among the statements that come first.
    First(usize),
    /// Among the others.
    Other(usize),
}

/// Statements that run as one transaction, in one round trip.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    first: Vec<Statement>,
    others: Vec<Statement>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement whose rows are read.
    pub fn push<R>(&mut self, select: Select<R>) -> Handle<R> {
        let place = Place::Other(self.others.len());
        self.others.push(select.statement);
        Handle { place, read: select.read }
    }

    /// Adds a statement whose rows are read. It runs before all statements that were not added by this method or
    /// [`Batch::execute_first`].
    pub fn push_first<R>(&mut self, select: Select<R>) -> Handle<R> {
        let place = Place::First(self.first.len());
        self.first.push(select.statement);
        Handle { place, read: select.read }
    }

    /// Adds a statement that returns no rows, or whose rows do not matter.
    pub fn execute(&mut self, statement: Statement) {
        self.others.push(statement);
    }

    /// Adds a statement as [`Batch::execute`] does, in the place of [`Batch::push_first`].
    pub fn execute_first(&mut self, statement: Statement) {
        self.first.push(statement);
    }

    /// Adds statements as [`Batch::execute`] does.
    pub fn extend(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.others.extend(statements);
    }

    /// The statements in the order in which they run.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.first.iter().chain(&self.others)
    }

    /// Where the results of its statements are.
    pub(crate) fn layout(&self) -> Layout {
        Layout { first: self.first.len() }
    }
}

impl FromIterator<Statement> for Batch {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        Self { first: Vec::new(), others: statements.into_iter().collect() }
    }
}

/// Where the results of a batch's statements are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// How many statements come first.
    first: usize,
}

impl Layout {
    /// The results of a batch; `each` has the rows of each statement in order. `None`: the statement has not run.
    pub(crate) fn results(self, each: Vec<Option<Array>>) -> Results {
        Results { each, layout: self }
    }
}

/// The results of a batch.
#[derive(Debug)]
pub struct Results {
    each: Vec<Option<Array>>,
    layout: Layout,
}

impl Results {
    /// All rows of a statement.
    ///
    /// # Errors
    /// [`StorageError::Internal`] if a row is not an `R`. It must not pass for an empty result: an identity provider
    /// removes a user who is missing from a list.
    pub fn all<R>(&self, handle: Handle<R>) -> Result<Vec<R>, StorageError> {
        let Some(rows) = self.rows(handle) else { return Ok(Vec::new()) };
        rows.iter().map(|row| (handle.read)(row).map_err(|error| unreadable::<R>(&error))).collect()
    }

    /// The first row of a statement, if it returned one.
    ///
    /// # Errors
    /// As [`Results::all`].
    pub fn first<R>(&self, handle: Handle<R>) -> Result<Option<R>, StorageError> {
        let Some(rows) = self.rows(handle).filter(|rows| rows.length() > 0) else { return Ok(None) };
        (handle.read)(rows.get(0)).map(Some).map_err(|error| unreadable::<R>(&error))
    }

    /// The row of a statement that always returns one.
    ///
    /// # Errors
    /// [`StorageError::Internal`] if it returned none, or as [`Results::all`].
    pub fn one<R>(&self, handle: Handle<R>) -> Result<R, StorageError> {
        self.first(handle)?.ok_or_else(|| {
            StorageError::Internal(format!("a statement returned no row of {}", type_name::<R>()))
        })
    }

    /// How many rows a statement returned.
    pub fn count<R>(&self, handle: Handle<R>) -> usize {
        self.rows(handle).map_or(0, |rows| usize::try_from(rows.length()).unwrap_or(usize::MAX))
    }

    fn rows<R>(&self, handle: Handle<R>) -> Option<&Array> {
        let index = match handle.place {
            Place::First(index) => index,
            Place::Other(index) => self.layout.first.saturating_add(index),
        };
        self.each.get(index)?.as_ref()
    }
}

fn unreadable<R>(error: &serde_wasm_bindgen::Error) -> StorageError {
    StorageError::Internal(format!("a row is not a {}: {error}", type_name::<R>()))
}

/// A row that is not read.
#[derive(Debug, Deserialize)]
pub struct Ignored {}

/// The result of `count(*) AS count`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Count {
    /// The number of rows.
    pub count: u64,
}
