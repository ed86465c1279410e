//! Batches of statements, and their results by typed handles.

use std::any::type_name;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use worker::js_sys::Array;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::Statement;
use crate::storage_error::StorageError;
use scim_protocol::json::{parse_object, read};

/// A statement that returns rows, each of which is read as an `R`.
#[derive(Debug, Clone)]
pub struct Select<R> {
    pub(crate) statement: Statement,
    read: fn(JsValue) -> Result<R, serde_wasm_bindgen::Error>,
}

impl<R> Select<R> {
    /// A statement whose rows are read by this function.
    pub(crate) fn read_by(
        statement: Statement,
        read: fn(JsValue) -> Result<R, serde_wasm_bindgen::Error>,
    ) -> Self {
        Self { statement, read }
    }
}

impl<R: DeserializeOwned> Select<R> {
    /// A statement whose columns are the fields of `R`.
    pub(crate) fn columns(statement: Statement) -> Self {
        Self { statement, read: serde_wasm_bindgen::from_value }
    }

    /// As [`Select::columns`], for few rows of what identity providers do not wait for: a row becomes a JSON value
    /// first. That takes longer, and WebAssembly has one reader of JavaScript's objects instead of one for each type.
    pub(crate) fn few(statement: Statement) -> Self {
        let read = |row| read(&serde_wasm_bindgen::from_value(row)?).map_err(serde_wasm_bindgen::Error::new);
        Self { statement, read }
    }

    /// A statement whose column `json` is JSON of an `R`. One text crosses the boundary instead of a value for each
    /// column, which costs less for rows of many columns.
    pub(crate) fn json(statement: Statement) -> Self {
        Self { statement, read: |row| parse_object(&json_of(row)?).map_err(serde_wasm_bindgen::Error::new) }
    }
}

/// The column `json` of a row.
///
/// # Errors
/// It is not text.
pub(crate) fn json_of(row: JsValue) -> Result<String, serde_wasm_bindgen::Error> {
    let json = row.unchecked_into::<Columns>().json();
    json.as_string().ok_or_else(|| serde_wasm_bindgen::Error::new("the column json is not text"))
}

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// Columns that most requests read. What serde derives asks JavaScript three times as much.
    type Columns;

    #[wasm_bindgen(method, getter)]
    fn json(this: &Columns) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn is_found(this: &Columns) -> JsValue;
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

impl<R> Handle<R> {
    fn read(self, row: JsValue) -> Result<R, StorageError> {
        (self.read)(row).map_err(|error| unreadable(type_name::<R>(), &error))
    }
}

/// The number of a statement among those of its batch that come first, or, from [`OTHERS`] on, among the others. It is
/// one number, so that a [`Handle`] is two.
#[derive(Debug, Clone, Copy)]
struct Place(u32);

/// The place of the first of the others.
const OTHERS: u32 = 1 << 16;

impl Place {
    /// Behind the statements that come first.
    fn first(statements: &[Statement]) -> Self {
        Self(u32::try_from(statements.len()).unwrap_or(u32::MAX))
    }

    /// Behind the others.
    fn other(statements: &[Statement]) -> Self {
        Self(OTHERS.saturating_add(Self::first(statements).0))
    }
}

/// Statements that run as one transaction, in one round trip. It is boxed, as its results are: many functions pass them
/// on, and a pointer is less to move.
#[derive(Debug, Clone, Default)]
pub struct Batch(Box<Statements>);

/// What a [`Batch`] consists of.
#[derive(Debug, Clone, Default)]
struct Statements {
    first: Vec<Statement>,
    others: Vec<Statement>,
    /// Whether the first of `others` returns at most one row.
    begins_with_single: bool,
    /// Whether the only statement is two that are joined.
    is_joined: bool,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement whose rows are read.
    pub fn push<R>(&mut self, select: Select<R>) -> Handle<R> {
        let place = Place::other(&self.0.others);
        self.0.others.push(select.statement);
        Handle { place, read: select.read }
    }

    /// As [`Batch::push`] for a statement that returns at most one row.
    pub fn push_single<R>(&mut self, select: Select<R>) -> Handle<R> {
        self.0.begins_with_single |= self.0.others.is_empty();
        self.push(select)
    }

    /// As [`Batch::push_first`] for a statement that returns at most one row. If the batch has one statement so far and
    /// that was added by [`Batch::push_single`], the two become one, which takes the database less time. The columns
    /// of both must have different names.
    pub(crate) fn push_first_joined<R>(&mut self, select: Select<R>) -> Handle<R> {
        match self.0.others.as_mut_slice() {
            [only] if self.0.begins_with_single && self.0.first.is_empty() => {
                *only = joined(&select.statement, only);
                self.0.is_joined = true;
                Handle { place: Place(0), read: select.read }
            }
            _ => self.push_first(select),
        }
    }

    /// Adds a statement whose rows are read. It runs before all statements that were not added by this method or
    /// [`Batch::execute_first`].
    pub fn push_first<R>(&mut self, select: Select<R>) -> Handle<R> {
        let place = Place::first(&self.0.first);
        self.0.first.push(select.statement);
        Handle { place, read: select.read }
    }

    /// Adds a statement that returns no rows, or whose rows do not matter.
    pub fn execute(&mut self, statement: Statement) {
        self.0.others.push(statement);
    }

    /// Adds a statement as [`Batch::execute`] does, in the place of [`Batch::push_first`].
    pub fn execute_first(&mut self, statement: Statement) {
        self.0.first.push(statement);
    }

    /// Adds statements as [`Batch::execute`] does.
    pub fn extend(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.0.others.extend(statements);
    }

    /// The statements in the order in which they run.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.0.first.iter().chain(&self.0.others)
    }

    /// Where the results of its statements are.
    pub(crate) fn layout(&self) -> Layout {
        Layout { first: self.0.first.len(), is_joined: self.0.is_joined }
    }
}

impl FromIterator<Statement> for Batch {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        Self(Box::new(Statements { others: statements.into_iter().collect(), ..Statements::default() }))
    }
}

/// Where the results of a batch's statements are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// How many statements come first.
    first: usize,
    /// Whether the only statement is two that are joined.
    is_joined: bool,
}

/// A statement with the columns of both, of which each returns at most one row. It returns no row where the first
/// returns none, and `is_found` is null where the second returns none.
fn joined(first: &Statement, second: &Statement) -> Statement {
    let (own, other) = (renumbered(&first.sql, second.params.len()), &second.sql);
    Statement {
        sql: format!(
            "SELECT own.*, other.* FROM ({own}) own \
             LEFT JOIN (SELECT 1 AS is_found, found.* FROM ({other}) found) other"
        ),
        params: second.params.iter().chain(&first.params).cloned().collect(),
    }
}

/// The SQL with each parameter's number increased by `by`.
fn renumbered(sql: &str, by: usize) -> String {
    let mut parts = sql.split('?');
    let mut renumbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at_checked(digits).unwrap_or(("", part));
        renumbered.push('?');
        match number.parse::<usize>() {
            Ok(number) => renumbered.push_str(&number.saturating_add(by).to_string()),
            Err(_) => renumbered.push_str(number),
        }
        renumbered.push_str(rest);
    }
    renumbered
}

impl Layout {
    /// The results of a batch; `each` has the rows of each statement in order. `None`: the statement has not run.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if the row of a joined statement does not say what was found.
    pub(crate) fn results(self, mut each: Vec<Option<Array>>) -> Result<Results, StorageError> {
        if !self.is_joined {
            return Ok(Results(Box::new(Returned { each, first: self.first })));
        }
        if let [Some(rows)] = each.as_slice() {
            let is_found = match rows.length() {
                0 => false,
                _ => {
                    let is_found = rows.get(0).unchecked_into::<Columns>().is_found();
                    if is_found.is_undefined() {
                        let why = "the row of two joined statements does not say what was found";
                        return Err(StorageError::internal(why.to_owned()));
                    }
                    !is_found.is_null()
                }
            };
            each.push(Some(if is_found { rows.clone() } else { Array::new() }));
        }
        Ok(Results(Box::new(Returned { each, first: 1 })))
    }
}

/// The results of a batch.
#[derive(Debug)]
pub struct Results(Box<Returned>);

/// What [`Results`] consist of.
#[derive(Debug)]
struct Returned {
    each: Vec<Option<Array>>,
    /// How many statements come first.
    first: usize,
}

impl Results {
    /// All rows of a statement.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if a row is not an `R`. It must not pass for an empty result: an identity provider
    /// removes a user who is missing from a list.
    pub fn all<R>(&self, handle: Handle<R>) -> Result<Vec<R>, StorageError> {
        let Some(rows) = self.rows(handle.place) else { return Ok(Vec::new()) };
        let mut read = Vec::with_capacity(self.count(handle));
        // No chain of iterators, since each type of row would have the code of it.
        for number in 0..rows.length() {
            read.push(handle.read(rows.get(number))?);
        }
        Ok(read)
    }

    /// The first row of a statement, if it returned one.
    ///
    /// # Errors
    /// As [`Results::all`].
    pub fn first<R>(&self, handle: Handle<R>) -> Result<Option<R>, StorageError> {
        match self.rows(handle.place) {
            Some(rows) if rows.length() > 0 => handle.read(rows.get(0)).map(Some),
            _ => Ok(None),
        }
    }

    /// The row of a statement that always returns one.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if it returned none, or as [`Results::all`].
    pub fn one<R>(&self, handle: Handle<R>) -> Result<R, StorageError> {
        self.first(handle)?.ok_or_else(|| missing(type_name::<R>()))
    }

    /// How many rows a statement returned.
    pub fn count<R>(&self, handle: Handle<R>) -> usize {
        self.rows(handle.place).map_or(0, |rows| usize::try_from(rows.length()).unwrap_or(usize::MAX))
    }

    fn rows(&self, place: Place) -> Option<&Array> {
        let index = match place.0.checked_sub(OTHERS) {
            None => usize::try_from(place.0).ok()?,
            Some(other) => self.0.first.saturating_add(usize::try_from(other).ok()?),
        };
        self.0.each.get(index)?.as_ref()
    }
}

fn unreadable(row_type: &str, error: &serde_wasm_bindgen::Error) -> StorageError {
    StorageError::internal(format!("a row is not a {row_type}: {error}"))
}

fn missing(row_type: &str) -> StorageError {
    StorageError::internal(format!("a statement returned no row of {row_type}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_statements_of_one_row_become_one_with_the_parameters_of_both() {
        let statement = |sql: &str, params: &[&str]| Statement {
            sql: sql.to_owned(),
            params: params.iter().map(|param| Some((*param).to_owned())).collect(),
        };
        let both = joined(
            &statement("SELECT a FROM k WHERE a = ?1 AND b = ?2", &["1", "2"]),
            &statement("SELECT c FROM u WHERE c = ?1 AND d = ?12 AND e = ?1", &["3", "4"]),
        );
        assert_eq!(
            both.sql,
            "SELECT own.*, other.* FROM (SELECT a FROM k WHERE a = ?3 AND b = ?4) own \
             LEFT JOIN (SELECT 1 AS is_found, found.* \
             FROM (SELECT c FROM u WHERE c = ?1 AND d = ?12 AND e = ?1) found) other"
        );
        let params: Vec<&str> = both.params.iter().flatten().map(String::as_str).collect();
        assert_eq!(params, ["3", "4", "1", "2"]);
    }

    #[test]
    fn only_a_single_statement_alone_is_joined() {
        let select =
            || Select::<Count>::columns(Statement { sql: "SELECT 1".to_owned(), params: Vec::new() });
        let count = |batch: &Batch| batch.statements().count();
        let mut batch = Batch::new();
        batch.push_single(select());
        batch.push_first_joined(select());
        assert_eq!(count(&batch), 1);
        let mut batch = Batch::new();
        batch.push_single(select());
        batch.push(select());
        batch.push_first_joined(select());
        assert_eq!(count(&batch), 3);
        let mut batch = Batch::new();
        batch.push(select());
        batch.push_first_joined(select());
        assert_eq!(count(&batch), 2);
    }
}
