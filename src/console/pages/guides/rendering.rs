//! Makes the pages of the guides from their Markdown. `UPDATE=1 cargo test --lib guides` writes them.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::Guide;

/// The address of what a link in docs/guides/ leads to; `None`: it is not served.
fn address(link: &str) -> Option<String> {
    if link.starts_with('#') || link.starts_with("https://") {
        return Some(link.to_owned());
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    path.strip_suffix(".md").and_then(Guide::named).map(|guide| guide.at(anchor))
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, '-' | '_' | ' ');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// The Markdown as HTML: without pictures, whose subject is around the reader; links to what is not served are text.
fn rendered(markdown: &str) -> String {
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut is_picture = false;
    let mut are_links_kept = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Image { .. }) => is_picture = true,
            Event::End(TagEnd::Image) => is_picture = false,
            _ if is_picture => {}
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let address = address(&dest_url);
                are_links_kept.push(address.is_some());
                if let Some(address) = address {
                    events.push(Event::Start(Tag::Link { link_type, dest_url: address.into(), title, id }));
                }
            }
            Event::End(TagEnd::Link) if are_links_kept.pop() == Some(false) => {}
            other => events.push(other),
        }
    }
    let ids: Vec<String> = headings(&events).iter().map(|heading| anchor(heading)).collect();
    let mut next = ids.into_iter();
    for event in &mut events {
        if let Event::Start(Tag::Heading { id, .. }) = event {
            *id = next.next().map(CowStr::from);
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, events.into_iter());
    page.replace("<p></p>\n", "")
}

/// The texts of all headings.
fn headings(events: &[Event<'_>]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_inside = false;
    for event in events {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                is_inside = true;
                found.push(String::new());
            }
            Event::End(TagEnd::Heading(_)) => is_inside = false,
            Event::Text(text) | Event::Code(text) if is_inside => found.last_mut().unwrap().push_str(text),
            _ => {}
        }
    }
    found
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn guides_are_rendered_from_their_markdown() {
    for guide in Guide::ALL {
        let markdown = std::fs::read_to_string(file(&format!("docs/guides/{}.md", guide.name()))).unwrap();
        let page = rendered(&markdown);
        let path = file(&format!("src/assets/guides/{}.html", guide.name()));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap();
        assert!(stored == page, "{} differs: run UPDATE=1 cargo test --lib guides", path.display());
        assert!(page.starts_with(&format!("<h1 id=\"{}\">{}</h1>", anchor(guide.title()), guide.title())));
    }
}

#[test]
fn links_lead_to_pages_or_are_text() {
    let text = "# A b\n\n![x](y.png)\n\n[one](okta.md#a) [two](../limits.md) [`three`](#a-b)";
    assert_eq!(
        rendered(text),
        "<h1 id=\"a-b\">A b</h1>\n<p><a href=\"/console/guides/okta#a\">one</a> two \
         <a href=\"#a-b\"><code>three</code></a></p>\n"
    );
}
