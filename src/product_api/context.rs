//! What the handlers of a product's request need.

use std::pin::Pin;

use crate::auth::product::{Caller, Opened};
use crate::d1::{Batch, Tenant};
use crate::deployment::Deployment;
use crate::http::Problem;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;

/// What a handler returns. It is boxed, so that a table of routes can name it.
pub(crate) type HandlerFuture<'r> = Pin<Box<dyn Future<Output = Result<HttpResponse, Problem>> + 'r>>;

/// A request with a well-formed product key, or over a service binding.
pub(crate) struct ProductContext<'a> {
    /// The deployment.
    pub(crate) deployment: &'a Deployment<'a>,
    /// The request.
    pub(crate) request: &'a mut HttpRequest,
    /// The caller, which the first batch verifies.
    pub(crate) caller: Caller,
    /// The id of the organization, once the caller is verified.
    pub(crate) organization: Option<String>,
}

impl<'a> ProductContext<'a> {
    pub(super) fn new(deployment: &'a Deployment<'a>, request: &'a mut HttpRequest, caller: Caller) -> Self {
        Self { deployment, request, caller, organization: None }
    }

    /// The organization of the caller: what statements run on behalf of.
    pub(crate) fn tenant(&self) -> &Tenant<'static> {
        &self.caller.tenant
    }

    /// Verifies the caller and runs the statements, in one round trip.
    ///
    /// # Errors
    /// As [`Caller::open`].
    pub(crate) async fn open(&mut self, batch: Batch) -> Result<Opened, Problem> {
        let opened = self.caller.open(batch).await?;
        self.organization = Some(opened.principal.organization.clone());
        Ok(opened)
    }
}
