//! Signing in.

use maud::html;

use super::Page;
use super::layout::{bare_header, document};
use crate::http::Problem;

/// The form of the admin token. From it, the way leads to `next`.
pub fn sign_in(next: &str, problem: Option<&Problem>) -> Page {
    let main = html! {
        h1 { "Sign in" }
        @if let Some(problem) = problem { p.notice.bad role="alert" { (problem.detail) } }
        form.card.narrow method="post" action="/console/sign-in" {
            input type="hidden" name="next" value=(next);
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

/// A page that leads to an address of ours by itself, as a page of ours.
pub fn passage(next: &str) -> Page {
    let main = html! {
        meta http-equiv="refresh" content={ "0; url=" (next) };
        h1 { "scim-edge" }
        p { a href=(next) { "Go on to the console" } }
    };
    Page { status: 200, html: document("Console", &bare_header(), &main), detail: None }
}
