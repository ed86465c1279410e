//! What all pages have in common.

use serde::de::DeserializeOwned;

use super::form::{self, Once};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::{AdminContext, CallKey};
use crate::http::Problem;

/// A page.
pub(super) trait Shown {
    /// The forms of the page, by their `action`; [`NoForm`] if it has none.
    type Form;

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

    /// Answers GET.
    ///
    /// # Errors
    /// Those of [`Self::render`].
    async fn show(&self, context: &AdminContext<'_>, request: &PageRequest) -> Result<PageResponse, Problem> {
        self.render(context, request, PageState::of(request)).await
    }
}

/// A page with forms.
pub(super) trait Submitted: Shown<Form: DeserializeOwned> {
    /// Carries out a form.
    ///
    /// # Errors
    /// Why not. The page is shown again with it.
    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        form: &Self::Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem>;

    /// Answers POST: carries out the form, or shows the page again with the reason why not. A form that was sent after
    /// the session had ended is only shown again.
    ///
    /// # Errors
    /// Those of [`Shown::render`].
    async fn submit(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        body: &[u8],
    ) -> Result<PageResponse, Problem> {
        let form: Self::Form = match form::read(body) {
            Ok(form) => form,
            Err(problem) => {
                return self.render(context, request, PageState::refused(problem, None)).await;
            }
        };
        if request.is_given_back {
            return self.render(context, request, PageState::given_back(form)).await;
        }
        let key = form::read::<Once>(body).and_then(|once| once.key());
        let outcome = match key {
            Ok(key) => self.act(context, request, &form, key.as_ref()).await,
            Err(problem) => Err(problem),
        };
        match outcome {
            Ok(response) => Ok(response),
            Err(problem) => {
                // The page only reads.
                context.is_writing = false;
                self.render(context, request, PageState::refused(problem, Some(form))).await
            }
        }
    }
}

/// The form of a page without forms. It has no value.
pub(super) enum NoForm {}
