//! A guide as a page. It needs no sign-in.

use maud::{PreEscaped, html};

use super::guides::Guide;
use super::layout::{bare_header, document};
use super::request::Page;

/// The page of a guide with its text, which is HTML.
pub(crate) fn guide_page(guide: Guide, text: &str) -> Page {
    let main = html! {
        article.guide { (PreEscaped(text)) }
        nav.guides aria-label="Guides" {
            @for other in Guide::ALL { @if other != guide { (other.link("", other.title())) " · " } }
            a href="/console" { "To the console" }
        }
    };
    Page { status: 200, html: document(guide.title(), &bare_header(), &main), detail: None }
}
