//! What all pages have in common.

use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::form::{self, Once};
use super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::{AdminContext, CallKey};
use crate::http::Problem;

/// A page.
pub(super) trait Page {
    /// The forms of the page, by their `action`; [`NoForm`] if it has none.
    type Form: DeserializeOwned;

    /// Reads what the page shows, and makes the document.
    ///
    /// # Errors
    /// Those of the API.
    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Self::Form>,
    ) -> Result<PageResponse, Problem>;

    /// Reads a form.
    ///
    /// # Errors
    /// 400 if the page has no such form.
    fn read(form: &[u8]) -> Result<Self::Form, Problem> {
        form::read(form)
    }

    /// Carries out a form. A page without forms has none.
    ///
    /// # Errors
    /// Why not. The page is shown again with it.
    async fn act(
        &self,
        _context: &mut AdminContext<'_>,
        _request: &PageRequest,
        _form: &Self::Form,
        _key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        Err(form::unknown())
    }
}

/// The form of a page without forms. It has no value.
#[derive(Deserialize)]
pub(super) enum NoForm {}

/// A response to a request for a page, under way. It is boxed: each page is functions of its own then, instead of a
/// part of one that has all.
type Answering<'a> = LocalBoxFuture<'a, Result<PageResponse, Problem>>;

/// A page with forms of whichever type. They are passed as browsers send them.
pub(super) trait AnyPage {
    /// Whether the page has such a form.
    ///
    /// # Errors
    /// 400, if it has none.
    fn check(&self, form: &[u8]) -> Result<(), Problem>;

    /// [`Page::render`], with a notice, and with the form that was refused.
    fn show<'a>(
        &'a self,
        context: &'a AdminContext<'_>,
        request: &'a PageRequest,
        notice: Option<Notice>,
        refused: Option<&[u8]>,
    ) -> Answering<'a>;

    /// [`Page::act`].
    ///
    /// # Errors
    /// 400, if the page has no such form.
    fn act<'a>(
        &'a self,
        context: &'a mut AdminContext<'_>,
        request: &'a PageRequest,
        form: &[u8],
        key: Option<&'a CallKey>,
    ) -> Result<Answering<'a>, Problem>;
}

impl<P: Page> AnyPage for P {
    fn check(&self, form: &[u8]) -> Result<(), Problem> {
        P::read(form).map(drop)
    }

    fn show<'a>(
        &'a self,
        context: &'a AdminContext<'_>,
        request: &'a PageRequest,
        notice: Option<Notice>,
        refused: Option<&[u8]>,
    ) -> Answering<'a> {
        let refused = refused.and_then(|form| P::read(form).ok());
        Box::pin(self.render(context, request, PageState { notice, refused }))
    }

    fn act<'a>(
        &'a self,
        context: &'a mut AdminContext<'_>,
        request: &'a PageRequest,
        form: &[u8],
        key: Option<&'a CallKey>,
    ) -> Result<Answering<'a>, Problem> {
        let form = P::read(form)?;
        Ok(Box::pin(async move { Page::act(self, context, request, &form, key).await }))
    }
}

/// Answers GET.
///
/// # Errors
/// Those of [`Page::render`].
pub(super) async fn show(
    page: &dyn AnyPage,
    context: &AdminContext<'_>,
    request: &PageRequest,
) -> Result<PageResponse, Problem> {
    page.show(context, request, request.done.clone().map(Notice::Done), None).await
}

/// Answers POST: carries out the form, or shows the page again with the reason why not. A form that was sent after the
/// session had ended is only shown again.
///
/// # Errors
/// Those of [`Page::render`].
pub(super) async fn submit(
    page: &dyn AnyPage,
    context: &mut AdminContext<'_>,
    request: &PageRequest,
    form: &[u8],
) -> Result<PageResponse, Problem> {
    if let Err(problem) = page.check(form) {
        return page.show(context, request, Some(Notice::Problem(problem)), None).await;
    }
    if request.is_given_back {
        return page.show(context, request, Some(Notice::GivenBack), Some(form)).await;
    }
    match act(page, context, request, form).await {
        Ok(response) => Ok(response),
        Err(problem) => {
            // The page only reads.
            context.is_writing = false;
            page.show(context, request, Some(Notice::Problem(problem)), Some(form)).await
        }
    }
}

async fn act(
    page: &dyn AnyPage,
    context: &mut AdminContext<'_>,
    request: &PageRequest,
    form: &[u8],
) -> Result<PageResponse, Problem> {
    let key = form::fields::<Once>(form)?.key()?;
    page.act(context, request, form, key.as_ref())?.await
}
