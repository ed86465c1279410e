//! A request for a page, and what it leads to.

use super::flash::{Done, Redirect};
use crate::http::Problem;

/// A page that is ready.
pub(crate) struct Page {
    /// HTTP status code.
    pub(crate) status: u16,
    /// The document.
    pub(crate) html: String,
    /// What went wrong, if anything did; for the log.
    pub(crate) detail: Option<String>,
}

/// What a request leads to.
pub(crate) enum PageResponse {
    /// A page.
    Page(Page),
    /// Another address of the console.
    Redirect(Redirect),
}

/// A request for a page.
pub(crate) struct PageRequest {
    /// Parameters of the query.
    pub(crate) query: Vec<(String, String)>,
    /// `https://host`, as the browser sent it.
    pub(crate) origin: String,
    /// What the page says was done.
    pub(crate) done: Option<Done>,
    /// Whether the form was sent after the session had ended: it is shown again, and not carried out.
    pub(crate) is_given_back: bool,
}

impl PageRequest {
    /// The parameter of that name; empty if there is none.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The parameters of the API's call.
    pub(super) fn api_query(&self) -> Vec<(String, String)> {
        self.query.clone()
    }

    /// The address of this page with a parameter set and the others as they are.
    pub(super) fn with_parameter(&self, name: &str, value: &str) -> String {
        self.with_parameter_instead(name, name, value)
    }

    /// As [`Self::with_parameter`], without another parameter.
    pub(super) fn with_parameter_instead(&self, name: &str, other: &str, value: &str) -> String {
        self.with_parameter_without(name, value, &[other])
    }

    /// As [`Self::with_parameter`], without other parameters. Empty ones are left out.
    pub(super) fn with_parameter_without(&self, name: &str, value: &str, others: &[&str]) -> String {
        let without = [others, &[name]].concat();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query_without(&without).into_iter().filter(|(_, value)| !value.is_empty()));
        format!("?{}", query.append_pair(name, value).finish())
    }

    /// The address of this page without some parameters.
    pub(super) fn without_parameters(&self, names: &[&str]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query_without(names).into_iter().filter(|(_, value)| !value.is_empty()));
        format!("?{}", query.finish())
    }

    fn query_without(&self, names: &[&str]) -> Vec<(String, String)> {
        self.query.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
    }
}

/// What a page says above all else: that something was done, or why it was not.
pub(super) enum Notice {
    Done(Done),
    /// The form was sent after the session had ended.
    GivenBack,
    Problem(Problem),
}

/// What a page shows beside its data.
pub(super) struct PageState<F> {
    pub(super) notice: Option<Notice>,
    /// The form that was refused. Its fields are filled in again.
    pub(super) refused: Option<F>,
}

impl<F> PageState<F> {
    /// From how many people the refused form takes access, if it was refused for that.
    pub(super) fn people(&self) -> Option<u64> {
        match &self.notice {
            Some(Notice::Problem(problem)) => problem.people,
            _ => None,
        }
    }
}
