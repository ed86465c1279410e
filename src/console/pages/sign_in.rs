//! Signing in.

use maud::html;

use super::layout::{bare_header, document};
use super::request::Page;
use crate::http::Problem;

/// The `action` of the form of the admin token on the page of a form that is given back.
pub(crate) const RESUME: &str = "sign-in";

/// The form of the admin token. From it, the way leads to `next`. With a form that was sent there after the session had
/// ended, that is shown again there, and not carried out.
pub(crate) fn sign_in(next: &str, form: Option<&str>, problem: Option<&Problem>) -> Page {
    let main = html! {
        h1 { "Sign in" }
        @if let Some(problem) = problem { p.notice.bad role="alert" { (problem.detail) } }
        @if form.is_some() {
            p {
                "The session had ended, so that nothing was done. What you typed is kept: sign in, and the page is \
                 shown with it."
            }
        }
        form.card.narrow method="post" action=(if form.is_some() { next } else { "/console/sign-in" }) {
            @match form {
                Some(form) => {
                    input type="hidden" name="action" value=(RESUME);
                    input type="hidden" name="form" value=(form);
                },
                None => { input type="hidden" name="next" value=(next); },
            }
            div.field {
                label for="token" { "Admin token" }
                input #token name="token" type="password" required autocomplete="current-password" autofocus
                    aria-describedby="token-hint";
                small #token-hint {
                    "What was set as ADMIN_TOKEN when this Worker was deployed; npm start says where it is kept. A \
                     session ends after 2 hours without use, and after 12 at the latest."
                }
            }
            button { "Sign in" }
        }
    };
    Page { status: 200, html: document("Sign in", &bare_header(), &main), detail: None }
}

/// A page that redirects to an address of this console by itself. A redirect of HTTP would keep the request cross-site,
/// and browsers would not send the session's cookie.
pub(crate) fn same_site_redirect_page(next: &str) -> Page {
    let main = html! {
        meta http-equiv="refresh" content={ "0; url=" (next) };
        h1 { "scim-edge" }
        p { a href=(next) { "Go on to the console" } }
    };
    Page { status: 200, html: document("Console", &bare_header(), &main), detail: None }
}
