//! A response: status, headers and body, and what the log says of it.

use std::cell::OnceCell;
use std::time::Duration;

use web_sys::{Headers, Response, ResponseInit};
use worker::wasm_bindgen::JsValue;

use super::body::Body;
use crate::d1::imports::shown::Keeping;
use crate::d1::{Cost, Statement};
use crate::deployment::VERSION;
use crate::error::{Error, ErrorCode};
use directory::{RefusalCode, Shard};
use scim_protocol::entity_tag::entity_tag;
use scim_protocol::{MEDIA_TYPE, ScimError, ScimType};

const COMMON_HEADERS: [(&str, &str); 6] = [
    // Cloudflare sets `Server` itself.
    ("Scim-Edge-Version", VERSION),
    // Directory data belongs in no cache.
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    // A response that is no page loads nothing and is framed nowhere. Pages have a policy of their own.
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
];

/// The value of `Retry-After` in a 429, in seconds.
pub(crate) const RETRY_AFTER: &str = "10";
/// The same where an administrator has to decide first. Okta gives up after ten attempts: those are spread over a
/// working day.
pub(crate) const RETRY_AFTER_DECISION: &str = "3600";

/// What the client need not wait for.
#[derive(Default)]
pub(crate) struct DeferredWork {
    /// The database where statements run.
    pub(crate) shard: Option<Shard>,
    /// Statements, such as that of the time of a key's last use.
    pub(crate) statements: Vec<Statement>,
    /// A page of an import that is noted, and kept in KV.
    pub(crate) keeping: Option<Box<Keeping>>,
    /// A statement that is made, and run, a while later.
    pub(crate) later: Option<Later>,
    /// Whether webhooks deliver the events of the organization, if the request has made some.
    pub(crate) has_webhooks: bool,
}

/// A statement that is made after a while.
pub(crate) struct Later {
    pub(crate) after: Duration,
    pub(crate) statement: Box<dyn FnOnce() -> Statement>,
}

/// A response to a request.
pub(crate) struct HttpResponse {
    /// HTTP status code.
    pub(crate) status: u16,
    /// Body; empty if there is none.
    pub(crate) body: Body,
    /// The text of an error, for the log.
    pub(crate) detail: Option<String>,
    /// The id of the organization that the request is about; for the log.
    pub(crate) organization: Option<String>,
    /// The hint of the key that was sent; for the log.
    pub(crate) key_hint: Option<String>,
    /// What is left to do after the response.
    pub(crate) deferred: DeferredWork,
    /// The code of the error; for the logs.
    pub(crate) code: Option<ErrorCode>,
    keyword: Option<&'static str>,
    conceals_cost: bool,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl HttpResponse {
    fn new(status: u16, content_type: &'static str, body: impl Into<Body>) -> Self {
        Self {
            status,
            body: body.into(),
            detail: None,
            organization: None,
            key_hint: None,
            deferred: DeferredWork::default(),
            code: None,
            keyword: None,
            conceals_cost: false,
            content_type,
            headers: Vec::new(),
        }
    }

    /// 200 with a SCIM body.
    pub(crate) fn ok(body: impl Into<Body>) -> Self {
        Self::new(200, MEDIA_TYPE, body)
    }

    /// 201 with the new resource (RFC 7644 §3.3).
    pub(crate) fn created(location: String, body: impl Into<Body>) -> Self {
        Self::new(201, MEDIA_TYPE, body).with_header("Location", location)
    }

    /// 304: the client has the current version (RFC 7644 §3.14).
    pub(crate) fn not_modified(version: i64) -> Self {
        Self::new(304, MEDIA_TYPE, String::new()).with_version(version)
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::new(204, MEDIA_TYPE, String::new())
    }

    /// JSON that is not SCIM.
    pub(crate) fn json(status: u16, content_type: &'static str, body: String) -> Self {
        Self::new(status, content_type, body)
    }

    /// The same response with a text as its body.
    pub(crate) fn with_text(self, text: String) -> Self {
        Self { body: text.into(), content_type: "text/plain; charset=utf-8", ..self }
    }

    /// A file.
    pub(crate) fn file(media_type: &'static str, disposition: String, body: Body) -> Self {
        Self::new(200, media_type, body).with_header("Content-Disposition", disposition)
    }

    /// An HTML page.
    pub(crate) fn html(status: u16, html: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", html)
    }

    /// A file that browsers may cache forever.
    pub(crate) fn kept(content_type: &'static str, text: String) -> Self {
        Self::new(200, content_type, text).with_header("Cache-Control", "public, max-age=31536000, immutable")
    }

    /// The same with another body.
    pub(crate) fn with_body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with a header.
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with the entity tag of the resource's version.
    pub(crate) fn with_version(self, version: i64) -> Self {
        self.with_header("ETag", entity_tag(version))
    }

    /// The same, with webhooks that deliver what the request has changed, if there are some.
    pub(crate) fn with_webhooks(mut self, has_webhooks: bool) -> Self {
        self.deferred.has_webhooks = has_webhooks;
        self
    }

    /// The same without `Server-Timing`. What the refusal of a key or a token has cost would tell whether it exists.
    pub(crate) fn concealing_cost(self) -> Self {
        Self { conceals_cost: true, ..self }
    }

    /// The header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// The same with a text for the log.
    pub(crate) fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The same with the id of the request in its text, if it is a SCIM error of this service: an administrator who
    /// sees it in the identity provider can then find the request in the Worker's log.
    pub(crate) fn naming_request(self, id: &str) -> Self {
        match &self.detail {
            Some(detail) if self.status >= 500 && self.content_type == MEDIA_TYPE => {
                let detail = format!("{detail} (Request {id})");
                let error = ScimError { status: self.status, scim_type: None, detail };
                Self { body: error.to_json().into(), ..self }
            }
            _ => self,
        }
    }

    /// The text of an error for the Worker's log: only the keyword of RFC 7644 if the detail may quote the request. The
    /// audit log of the organization has the detail.
    pub(crate) fn log_text(&self) -> Option<&str> {
        let detail = self.detail.as_deref()?;
        let quotes_request = matches!(self.status, 400 | 404 | 405 | 409 | 412 | 415 | 422);
        match self.status {
            _ if !quotes_request => Some(detail),
            404 => Some("not found"),
            405 => Some("method not allowed"),
            409 => Some(self.keyword.unwrap_or("conflict")),
            412 => Some("precondition failed"),
            415 => Some("unsupported media type"),
            _ => Some(self.keyword.unwrap_or("bad request")),
        }
    }

    /// The response of the runtime, with the cost in `Server-Timing` (W3C Server Timing) unless it is concealed,
    /// as with every 401. To HEAD, it has the length of the body, and no body (RFC 9110 §9.3.2).
    ///
    /// # Errors
    /// The runtime's, for a header it does not take.
    pub(crate) fn into_response(self, cost: Cost, is_head: bool, is_https: bool) -> worker::Result<Response> {
        let headers = common_headers()?;
        if self.status != 401 && !self.conceals_cost {
            headers.set("Server-Timing", &server_timing(cost))?;
        }
        if is_https {
            headers.set("Strict-Transport-Security", "max-age=31536000")?;
        }
        for (name, value) in &self.headers {
            match *name {
                // A response may have several.
                "Set-Cookie" => headers.append(name, value)?,
                _ => headers.set(name, value)?,
            }
        }
        let init = ResponseInit::new();
        init.set_status(self.status);
        init.set_headers(&headers);
        let empty = || Ok(Response::new_with_opt_str_and_init(None, &init)?);
        if self.body.is_empty() {
            return empty();
        }
        headers.set("Content-Type", self.content_type)?;
        if is_head {
            if let Some(length) = self.body.length()? {
                headers.set("Content-Length", &length)?;
            }
            return empty();
        }
        self.body.into_response(&init)
    }
}

impl From<ScimError> for HttpResponse {
    fn from(error: ScimError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for HttpResponse {
    fn from(error: Error) -> Self {
        let code = Some(error.code());
        let error = error.into_scim();
        let keyword = error.scim_type.map(ScimType::as_str);
        let response = Self::new(error.status, MEDIA_TYPE, error.to_json()).with_detail(error.detail);
        let response = Self { keyword, code, ..response };
        match error.status {
            // RFC 6750 §3: a 401 names the scheme.
            401 => response.with_header("WWW-Authenticate", "Bearer realm=\"scim\""),
            // RFC 9110 §12.5.3: the encodings that a request body may have.
            415 => response.with_header("Accept-Encoding", "identity"),
            // An integer of seconds is the only form that Okta honours.
            429 => response.with_header(
                "Retry-After",
                match code {
                    Some(ErrorCode::Directory(RefusalCode::AccessBrake | RefusalCode::WritesPaused)) => {
                        RETRY_AFTER_DECISION
                    }
                    _ => RETRY_AFTER,
                },
            ),
            _ => response,
        }
    }
}

/// Headers of every response, which are made once for an isolate and copied.
fn common_headers() -> Result<Headers, JsValue> {
    thread_local! {
        static COMMON: OnceCell<Headers> = const { OnceCell::new() };
    }
    COMMON.with(|common| match common.get() {
        Some(common) => Headers::new_with_headers(common),
        None => {
            let headers = Headers::new()?;
            for (name, value) in COMMON_HEADERS {
                headers.set(name, value)?;
            }
            Headers::new_with_headers(common.get_or_init(|| headers))
        }
    })
}

fn server_timing(cost: Cost) -> String {
    let hundredths = cost.micros.saturating_add(5) / 10;
    format!(
        "d1;dur={}.{:02}, round_trips;desc=\"{}\", rows_read;desc=\"{}\", rows_written;desc=\"{}\"",
        hundredths / 100,
        hundredths % 100,
        cost.round_trips,
        cost.rows_read,
        cost.rows_written
    )
}
