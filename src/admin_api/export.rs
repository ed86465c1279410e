//! Files with what an organization has, for spreadsheets and audits. A file is read from the database while it is sent.

use std::collections::VecDeque;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::json;
use worker::console_error;

use super::context::AdminContext;
use super::types::export::ExportQuery;
use crate::d1::audit_log::Outcome;
use crate::d1::export::{self as stored, Export, FIRST_ROWS, Format, MOST_ROWS, Piece, WANTED_CHARACTERS};
use crate::d1::{Batch, Database, Select, StorageError, StorageErrorKind, Tenant};
use crate::http::Problem;
use crate::http::body::{Body, Source};
use scim_protocol::json::read_word;

/// A file that is sent.
pub(crate) struct Download {
    /// Media type.
    pub(crate) media_type: &'static str,
    /// The value of `Content-Disposition`.
    pub(crate) disposition: String,
    /// The file.
    pub(crate) body: Body,
}

/// Begins an export, and writes into the log who exports what.
///
/// # Errors
/// 404.
pub(crate) async fn begin(
    context: &AdminContext<'_>,
    org: &str,
    export: &str,
    query: ExportQuery,
) -> Result<Download, Problem> {
    let name = export;
    let export: Export = read_word(export).map_err(|_| {
        let detail = "There is no such export. There are \"people\", \"groups\", \"log\", \"events\" and \
                      \"access-review\".";
        Problem::new(404, detail)
    })?;
    let format = query.format;
    let tenant = context.tenant(org);
    let organization = context.open(&tenant, Batch::new()).await?.organization;
    let (media_type, ending, called) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv", "CSV"),
        Format::Jsonl => ("application/x-ndjson", "jsonl", "JSON lines"),
    };
    let outcome = Outcome::done(200, format!("Exported {name} as {called}."));
    context.note(&tenant, &outcome).await?;
    let day = tenant.now.get(..10).unwrap_or_default();
    let file = format!("{} {name} {day}.{ending}", organization.record.name);
    let read: ReadRows = Box::new(move |tenant, key, count| stored::rows(tenant, export, format, key, count));
    let pages = Pages::new(context.database.detached(), tenant, read);
    let rest = Rest {
        pages,
        header: stored::header(export, format),
        format,
        name: name.to_owned(),
        state: State::Beginning,
    };
    let body = Body::of_source(rest);
    Ok(Download { media_type, disposition: disposition(&file), body })
}

/// The header `Content-Disposition` of a file (RFC 6266), with the name in ASCII for old clients.
fn disposition(file: &str) -> String {
    let plain: String = file
        .chars()
        .map(|each| if each.is_ascii_alphanumeric() || "._-".contains(each) { each } else { '-' })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(file, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Beginning,
    Rows,
    Ended,
}

/// The last line of JSON lines.
#[derive(Debug, Serialize)]
struct Closing<'a> {
    export: &'a str,
    complete: bool,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// The statement that reads the next rows behind a key, at most so many.
pub(crate) type ReadRows = Box<dyn Fn(&Tenant<'_>, (&str, i64), u32) -> Select<Piece>>;

/// Rows that are read while they are sent.
pub(crate) struct Pages {
    database: Database,
    tenant: Tenant<'static>,
    read: ReadRows,
    fetched: VecDeque<Piece>,
    /// The key of the last row that was fetched.
    after: (String, i64),
    /// How many rows the next query reads.
    count: u32,
    /// How many rows were sent.
    pub(crate) rows: u64,
}

impl Pages {
    pub(crate) fn new(database: Database, tenant: Tenant<'static>, read: ReadRows) -> Self {
        let (fetched, after) = (VecDeque::new(), (String::new(), 0));
        Self { database, tenant, read, fetched, after, count: FIRST_ROWS, rows: 0 }
    }

    /// The next rows as text; `None`: there are no more.
    ///
    /// # Errors
    /// Those of the storage; `StorageErrorKind::Unavailable` if the caller may not read the organization any more.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        if self.fetched.is_empty() {
            self.fetch().await?;
        }
        Ok(self.fetched.pop_front().map(|piece| {
            self.rows = self.rows.saturating_add(piece.rows.into());
            piece.body.into_string().into_bytes()
        }))
    }

    /// Reads the next rows. Their number follows from the size of the last ones.
    async fn fetch(&mut self) -> Result<(), StorageError> {
        let (after, after_seq) = &self.after;
        let mut batch = Batch::new();
        let permission = batch.push(stored::permission(&self.tenant));
        let rows = batch.push((self.read)(&self.tenant, (after.as_str(), *after_seq), self.count));
        let results = self.database.batch(&batch).await?;
        if !results.one(permission)?.is_given {
            let reason = "the caller may not read the organization any more".to_owned();
            return Err(StorageErrorKind::Unavailable(reason).into());
        }
        let pieces = results.all(rows)?;
        if let Some(last) = pieces.last() {
            self.after = (last.after.clone(), last.after_seq);
        }
        let rows: u64 = pieces.iter().map(|piece| u64::from(piece.rows)).sum();
        let characters: u64 = pieces.iter().map(|piece| piece.body.units() as u64).sum();
        // At most twice as many as before: what follows may be larger.
        let fitting = WANTED_CHARACTERS.saturating_mul(rows).checked_div(characters).unwrap_or(u64::MAX);
        let fitting = u32::try_from(fitting).unwrap_or(u32::MAX);
        self.count = fitting.clamp(1, MOST_ROWS).min(self.count.saturating_mul(4));
        self.fetched.extend(pieces);
        Ok(())
    }
}

/// What is still to be sent of a file.
struct Rest {
    pages: Pages,
    header: String,
    format: Format,
    name: String,
    state: State,
}

impl Rest {
    /// The next bytes. After an error, JSON lines end with a line that says so, and CSV is broken off, so that the
    /// client knows that it is incomplete.
    async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, worker::Error> {
        match self.state {
            State::Ended => return Ok(None),
            State::Beginning => {
                self.state = State::Rows;
                if !self.header.is_empty() {
                    return Ok(Some(std::mem::take(&mut self.header).into_bytes()));
                }
            }
            State::Rows => {}
        }
        match (self.pages.next().await, self.format) {
            (Ok(Some(text)), _) => Ok(Some(text)),
            (Ok(None), Format::Csv) => Ok(None),
            (Ok(None), Format::Jsonl) => Ok(Some(self.closed(None))),
            (Err(error), format) => {
                console_error!("an export was broken off: {error:?}");
                match format {
                    Format::Csv => Err(worker::Error::from("the export was ended before its end")),
                    Format::Jsonl => {
                        let detail = "The export broke off. Begin it again.".to_owned();
                        Ok(Some(self.closed(Some(detail))))
                    }
                }
            }
        }
    }

    fn closed(&mut self, detail: Option<String>) -> Vec<u8> {
        self.state = State::Ended;
        let (complete, rows) = (detail.is_none(), self.pages.rows);
        let closing = Closing { export: &self.name, complete, rows, detail };
        format!("{}\n", json!(closing)).into_bytes()
    }
}

impl Source for Rest {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, worker::Error>> {
        Box::pin(self.next_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_file_name_is_plain_for_old_clients_and_whole_for_others() {
        assert_eq!(
            disposition("Açme \"x\" people 2026-01-31.csv"),
            "attachment; filename=\"A-me--x--people-2026-01-31.csv\"; \
             filename*=UTF-8''A%C3%A7me%20%22x%22%20people%202026%2D01%2D31%2Ecsv"
        );
    }
}
