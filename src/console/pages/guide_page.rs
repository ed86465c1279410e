//! A guide as a page. It needs no sign-in.

use maud::{PreEscaped, html};

use super::guides::Guide;
use super::layout::{bare_header, document};
use super::request::Page;

/// The page of a guide.
pub(crate) fn guide_page(guide: Guide) -> Page {
    let main = html! {
        article.guide { (PreEscaped(guide.html())) }
        nav.guides aria-label="Guides" {
            @for other in Guide::ALL { @if other != guide { (other.link("", other.title())) " · " } }
            a href="/console" { "To the console" }
        }
    };
    Page { status: 200, html: document(guide.title(), &bare_header(), &main), detail: None }
}
