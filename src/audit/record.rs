//! What the organization's log says of a SCIM request.

use std::cell::{Cell, OnceCell, RefCell};

use serde_json::Value;

use crate::d1::audit_log::{ChangeEntry, Entry, Outcome, Source};
use crate::d1::{Statement, StorageError, Tenant};
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::redaction::kept::{self, Kept};
use crate::runtime::clock;
use directory::{Catalog, Key};

/// What the log says of a request that succeeded without a change.
pub(crate) const NOTHING_TO_CHANGE: &str = "Nothing had to be changed.";

/// A request as the log will have it, once it is known whose organization it is about and what became of it.
pub(crate) struct Record {
    entry: Entry,
    catalog: &'static Catalog,
    kept: Kept<'static>,
    resource_type: Option<&'static str>,
    resource_id: Option<String>,
    /// What the body calls the resource, or storage does.
    resource_name: RefCell<Option<String>>,
    /// What an administrator should know although the request succeeded and changed nothing.
    note: RefCell<Option<String>>,
    /// Whether it is one that nobody needs to know of unless it fails.
    only_reads: bool,
    organization: OnceCell<String>,
    is_written: Cell<bool>,
}

impl Record {
    /// The record of a request of its own.
    pub(crate) fn of_request(
        catalog: &'static Catalog,
        incoming: &HttpRequest,
        key: &Key,
        segments: &[&str],
    ) -> Self {
        let address = (incoming.address.path.as_str(), incoming.parameters());
        Self::new(catalog, incoming.method.as_str(), address, key.hint(), segments)
    }

    /// The record of one operation of a bulk request, which is this one.
    pub(crate) fn of_operation(&self, method: &str, path: &str, segments: &[&str]) -> Self {
        let organization = self.organization.clone();
        let single = Self::new(self.catalog, method, (path, &[]), self.entry.actor.clone(), segments);
        Self { organization, ..single }
    }

    fn new(
        catalog: &'static Catalog,
        method: &str,
        (path, parameters): (&str, &[(String, String)]),
        actor: String,
        segments: &[&str],
    ) -> Self {
        let kept = Kept::of(catalog, segments.first().copied());
        let entry = Entry {
            source: Source::Scim,
            actor,
            method: method.to_owned(),
            path: kept.of_address(path, parameters),
            body: None,
            began_millis: clock::now_millis(),
        };
        let resource_type = match segments.first() {
            Some(&"Users") => Some("User"),
            Some(&"Groups") => Some("Group"),
            _ => None,
        };
        let resource_id = segments.get(1).filter(|_| resource_type.is_some()).map(|id| kept.of_segment(id));
        Self {
            entry,
            catalog,
            kept,
            resource_type,
            resource_id,
            resource_name: RefCell::default(),
            note: RefCell::default(),
            // A bulk request is in the log by its operations.
            only_reads: method == "GET" || matches!(segments.last(), Some(&".search" | &"Bulk")),
            organization: OnceCell::new(),
            is_written: Cell::new(false),
        }
    }

    /// Keeps what may be kept of the body.
    pub(crate) fn keep(&mut self, body: &Value) {
        let name = ["userName", "displayName"].iter().find_map(|name| body.get(name)?.as_str());
        self.resource_name.replace(name.map(str::to_owned));
        self.entry.body = Some(kept::of_body(&self.kept, body));
    }

    /// Learns the organization of the key, which is good.
    pub(crate) fn belongs_to(&self, organization: &str) {
        self.organization.get_or_init(|| organization.to_owned());
    }

    /// Learns what the resource is called.
    pub(crate) fn is_about(&self, name: &str) {
        self.resource_name.replace(Some(name.to_owned()));
    }

    /// Learns what an administrator should know, if the request changes nothing.
    pub(crate) fn says(&self, note: Option<&str>) {
        self.note.replace(note.map(str::to_owned));
    }

    /// Learns that the entry stands in the log.
    pub(crate) fn is_written(&self) {
        self.is_written.set(true);
    }

    /// The entry of a change, for the change's own batch.
    ///
    /// # Errors
    /// As [`Entry::insert`].
    pub(crate) fn of_change(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
    ) -> Result<ChangeEntry, StorageError> {
        let organization = self.organization.get().map(String::as_str).unwrap_or_default();
        self.entry.insert(tenant, organization, &self.told(outcome))
    }

    /// The entry of a change that may turn out to be none; see [`Entry::insert_if_row_changed`].
    ///
    /// # Errors
    /// As [`Entry::insert`].
    pub(crate) fn if_changed(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
    ) -> Result<Statement, StorageError> {
        self.entry.insert_if_row_changed(tenant, &self.told(outcome))
    }

    fn told(&self, outcome: &Outcome) -> Outcome {
        let detail = outcome.detail.as_deref().map(|detail| self.kept.told(detail));
        Outcome { detail, ..outcome.clone() }
    }

    /// The entry of a request that changed nothing, unless it is one that the log does not have.
    ///
    /// # Errors
    /// As [`Entry::insert`].
    pub(crate) fn of_no_change(
        &self,
        tenant: &Tenant<'_>,
        answer: &HttpResponse,
    ) -> Result<Option<Statement>, StorageError> {
        let succeeded = answer.status < 400;
        let Some(organization) = self.organization.get() else { return Ok(None) };
        if self.is_written.get() || (succeeded && self.only_reads) {
            return Ok(None);
        }
        let outcome = Outcome {
            status: answer.status,
            resource_type: self.resource_type,
            resource_id: self.resource_id.clone(),
            resource_name: self.resource_name.borrow().clone(),
            detail: match &answer.detail {
                None if succeeded => {
                    let note = self.note.borrow();
                    let notes = [NOTHING_TO_CHANGE].into_iter().chain(note.as_deref());
                    Some(notes.collect::<Vec<_>>().join(" "))
                }
                detail => detail.as_deref().map(|detail| self.kept.told(detail)),
            },
        };
        self.entry.insert_rate_limited(tenant, organization, &outcome).map(Some)
    }
}
