//! Audit entries of SCIM requests and of the operations of bulk requests.

use std::cell::{Cell, OnceCell, RefCell};

use serde_json::Value;

use crate::d1::audit_log::{ChangeEntry, Entry, Outcome};
use crate::d1::{Statement, StorageError, Tenant};
use crate::error::ErrorCode;
use crate::redaction::audit_log::Redactor;
use crate::runtime::clock;
use directory::Catalog;
use directory::event::Source;

/// The detail of a request that succeeded without a change.
pub(crate) const NOTHING_TO_CHANGE: &str = "Nothing had to be changed.";

/// What the address of a request says.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) parameters: &'a [(String, String)],
    /// The segments of the path behind the base path, decoded.
    pub(crate) segments: &'a [&'a str],
}

/// The facts for the audit entry of a request, collected while it is carried out.
pub(crate) struct AuditContext {
    /// The entry, without its path.
    facts: Entry,
    address: Address,
    /// The address as an entry has it, which most reads do not need.
    redacted: OnceCell<RedactedAddress>,
    catalog: &'static Catalog,
    redactor: Redactor<'static>,
    resource_type: Option<&'static str>,
    /// The name in the body, or else the stored one.
    resource_name: RefCell<Option<String>>,
    /// What administrators should know if the request succeeds without a change.
    note: RefCell<Option<String>>,
    /// Whether the request has an entry only if it fails.
    is_read: bool,
    organization: OnceCell<String>,
    is_written: Cell<bool>,
}

/// An address as it was sent.
struct Address {
    path: String,
    parameters: Vec<(String, String)>,
    /// The segment with the identifier of the resource.
    id: Option<String>,
}

struct RedactedAddress {
    path: String,
    resource_id: Option<String>,
}

impl AuditContext {
    /// For a request. The actor is the hint of its key.
    pub(crate) fn new(
        catalog: &'static Catalog,
        actor: String,
        target: Target<'_>,
        request_id: String,
    ) -> Self {
        let Target { method, path, parameters, segments } = target;
        let redactor = Redactor::new(catalog, segments.first().copied());
        let facts = Entry {
            source: Source::Scim,
            actor,
            method: method.to_owned(),
            path: String::new(),
            body: None,
            began_millis: clock::now_millis(),
            request_id,
            ray_id: String::new(),
        };
        let resource_type = match segments.first() {
            Some(&"Users") => Some("User"),
            Some(&"Groups") => Some("Group"),
            _ => None,
        };
        let id = segments.get(1).filter(|_| resource_type.is_some());
        Self {
            facts,
            address: Address {
                path: path.to_owned(),
                parameters: parameters.to_vec(),
                id: id.map(|id| (*id).to_owned()),
            },
            redacted: OnceCell::new(),
            catalog,
            resource_type,
            redactor,
            resource_name: RefCell::default(),
            note: RefCell::default(),
            // A bulk request has an entry for each of its operations.
            is_read: method == "GET" || matches!(segments.last(), Some(&".search" | &"Bulk")),
            organization: OnceCell::new(),
            is_written: Cell::new(false),
        }
    }

    /// The same for the HTTP request with this id.
    pub(crate) fn of_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.facts.ray_id);
        self
    }

    /// For an operation of this bulk request.
    pub(crate) fn for_operation(&self, target: Target<'_>, request_id: String) -> Self {
        let organization = self.organization.clone();
        let audit = Self::new(self.catalog, self.facts.actor.clone(), target, request_id);
        Self { organization, ..audit.of_request(&self.facts.ray_id) }
    }

    /// Adds the body, redacted.
    pub(crate) fn set_body(&mut self, body: &Value) {
        // Without a name, a person is known by their address.
        let address =
            || body.get("emails")?.as_array()?.iter().find_map(|email| email.get("value")?.as_str());
        let name = ["userName", "displayName"].iter().find_map(|name| body.get(name)?.as_str());
        let name = name.or_else(address);
        self.resource_name.replace(name.map(str::to_owned));
        self.facts.body = Some(self.redactor().body(body));
    }

    /// Redacts the address, and remembers what it redacts there for [`Self::redactor`].
    fn redacted_address(&self) -> &RedactedAddress {
        self.redacted.get_or_init(|| {
            let Address { path, parameters, id } = &self.address;
            RedactedAddress {
                path: self.redactor.address(path, parameters),
                resource_id: id.as_deref().map(|id| self.redactor.path_segment(id)),
            }
        })
    }

    /// The redactor for bodies and messages, which may quote what was redacted in the address.
    fn redactor(&self) -> &Redactor<'static> {
        self.redacted_address();
        &self.redactor
    }

    fn entry(&self) -> Entry {
        Entry { path: self.redacted_address().path.clone(), ..self.facts.clone() }
    }

    /// Sets the organization of the key, once the key is verified. Without it there is no entry.
    pub(crate) fn set_organization(&self, id: &str) {
        self.organization.get_or_init(|| id.to_owned());
    }

    /// The organization of the key, once the key is verified.
    pub(crate) fn organization(&self) -> Option<&str> {
        self.organization.get().map(String::as_str)
    }

    /// Whether the request only reads. A bulk request counts as a read: its operations are requests of their own.
    pub(crate) fn is_read(&self) -> bool {
        self.is_read
    }

    /// Sets the stored name of the resource.
    pub(crate) fn set_resource_name(&self, name: &str) {
        self.resource_name.replace(Some(name.to_owned()));
    }

    /// Sets what administrators should know if the request succeeds without a change.
    pub(crate) fn set_note(&self, note: Option<&str>) {
        self.note.replace(note.map(str::to_owned));
    }

    /// Notes that the entry is stored.
    pub(crate) fn mark_written(&self) {
        self.is_written.set(true);
    }

    /// The entry of a change, for the batch of the change.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if the organization is not known yet.
    pub(crate) fn change(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> Result<ChangeEntry, StorageError> {
        let organization = self.organization.get().ok_or_else(|| {
            StorageError::internal("a change has an audit entry before its organization is known".to_owned())
        })?;
        Ok(self.entry().insert(tenant, organization, &self.redacted(outcome)))
    }

    /// The entry of a change that may not take place; see [`Entry::insert_if_row_changed`].
    pub(crate) fn change_if_row_changed(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> Statement {
        self.entry().insert_if_row_changed(tenant, &self.redacted(outcome))
    }

    /// The entry of a request that changed nothing, for after its response; `None` for requests without an entry.
    pub(crate) fn no_change(
        &self,
        tenant: &Tenant<'_>,
        status: u16,
        code: Option<ErrorCode>,
        detail: Option<&str>,
    ) -> Option<Statement> {
        let succeeded = status < 400;
        let organization = self.organization.get()?;
        if self.is_written.get() || (succeeded && self.is_read) {
            return None;
        }
        let detail = match detail {
            None if succeeded => {
                let note = self.note.borrow();
                let notes = [NOTHING_TO_CHANGE].into_iter().chain(note.as_deref());
                Some(notes.collect::<Vec<_>>().join(" "))
            }
            detail => detail.map(|detail| self.redactor().message(detail)),
        };
        Some(self.entry().insert_rate_limited(tenant, organization, &self.unchanged(status, code, detail)))
    }

    /// The entry of a failed request, for a batch in which the statement before writes one row or none: with none, no
    /// entry is written.
    pub(crate) fn failure_if_row_changed(
        &self,
        tenant: &Tenant<'_>,
        status: u16,
        code: ErrorCode,
        detail: &str,
    ) -> Statement {
        let outcome = self.unchanged(status, Some(code), Some(self.redactor().message(detail)));
        self.entry().insert_failure_if_row_changed(tenant, &outcome)
    }

    /// The outcome of a request that changed nothing.
    fn unchanged(&self, status: u16, code: Option<ErrorCode>, detail: Option<String>) -> Outcome {
        Outcome {
            status,
            code,
            resource_type: self.resource_type,
            resource_id: self.redacted_address().resource_id.clone(),
            resource_name: self.resource_name.borrow().clone(),
            detail,
        }
    }

    fn redacted(&self, outcome: &Outcome) -> Outcome {
        let detail = outcome.detail.as_deref().map(|detail| self.redactor().message(detail));
        Outcome { detail, ..outcome.clone() }
    }
}
