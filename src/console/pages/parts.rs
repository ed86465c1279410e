//! What many pages have in common.

use std::borrow::Cow;

use maud::{Markup, html};
use serde_json::Value;

use crate::admin_api::types::organizations::Organization;
use crate::http::address::encode_segment;
use crate::runtime::ids;
use directory::organization::email_domain;

/// How many email domains of an organization are shown in short.
const SHOWN_DOMAINS: usize = 3;

/// A text as a segment of a path.
pub(crate) fn segment(text: &str) -> String {
    match text {
        // Browsers resolve them as relative paths, also if they are encoded.
        "." | ".." => "-".to_owned(),
        text => encode_segment(text).to_string(),
    }
}

/// A page of an organization.
pub(crate) fn address(organization: &Organization, page: &str) -> String {
    address_of(&organization.record.id, page)
}

/// A page of the organization with that id.
pub(crate) fn address_of(organization: &str, page: &str) -> String {
    format!("/console/organizations/{}/{page}", segment(organization))
}

/// Most bytes of a name in a list, as HTML writes it.
const BRIEF_BYTES: usize = 240;

/// A name for a list, cut so that it takes few bytes however many of its characters HTML escapes.
pub(crate) fn brief(name: &str) -> Cow<'_, str> {
    let mut bytes = 0_usize;
    for (place, character) in name.char_indices() {
        bytes = bytes.saturating_add(match character {
            '"' => 6,
            '&' => 5,
            '<' | '>' => 4,
            other => other.len_utf8(),
        });
        if bytes > BRIEF_BYTES {
            return Cow::Owned(format!("{}…", name.get(..place).unwrap_or_default()));
        }
    }
    Cow::Borrowed(name)
}

/// Email domains in short: the first of many.
pub(crate) fn domains(domains: &[String]) -> String {
    match domains {
        [] => "any".to_owned(),
        few if few.len() <= SHOWN_DOMAINS => few.join(", "),
        many => {
            let shown = many.iter().take(SHOWN_DOMAINS).cloned().collect::<Vec<_>>().join(", ");
            format!("{shown} and {} more", many.len().saturating_sub(SHOWN_DOMAINS))
        }
    }
}

/// A stored time (ISO 8601), without fractions of a second, in UTC. The script of the pages shows it in the reader's
/// zone instead, with that of UTC as its title.
pub(crate) fn time(iso: &str) -> Markup {
    let (date, clock) = iso.split_once('T').unwrap_or((iso, ""));
    let clock = clock.get(..8).unwrap_or(clock).trim_end_matches('Z');
    let gap = if clock.is_empty() { "" } else { " " };
    html! { time datetime=(iso) { (date) (gap) (clock) "\u{a0}UTC" } }
}

/// A time, or "never".
pub(crate) fn time_or_never(iso: Option<&str>) -> Markup {
    html! { @match iso { Some(iso) => (time(iso)), None => "never" } }
}

/// JSON with line breaks and indentation.
pub(crate) fn pretty(json: &Value) -> Markup {
    html! { pre tabindex="0" { (format!("{json:#}")) } }
}

/// A value with a button that copies it.
pub(crate) fn copied(value: &str) -> Markup {
    html! { code.value { (value) } " " (copy_button(value, value)) }
}

/// A button that copies a text. It is hidden without JavaScript.
pub(crate) fn copy_button(text: &str, what: &str) -> Markup {
    html! { button.copy.quiet type="button" hidden data-copy=(text) aria-label={ "Copy " (what) } { "Copy" } }
}

/// A coloured label.
pub(crate) fn pill(kind: &str, text: &str) -> Markup {
    html! { span class={ "pill " (kind) } { (text) } }
}

/// An optional text field.
pub(crate) fn field(id: &str, name: &str, label: &str, value: &str, hint: &str) -> Markup {
    typed(id, name, label, value, hint, false)
}

/// A required text field.
pub(crate) fn required_field(id: &str, name: &str, label: &str, value: &str, hint: &str) -> Markup {
    typed(id, name, label, value, hint, true)
}

fn typed(id: &str, name: &str, label: &str, value: &str, hint: &str, is_required: bool) -> Markup {
    let described_by = (!hint.is_empty()).then(|| format!("{id}-hint"));
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name=(name) value=(value) required[is_required] autocomplete="off"
                aria-describedby=[described_by];
            @if !hint.is_empty() { small id={ (id) "-hint" } { (hint) } }
        }
    }
}

/// A checkbox that confirms a user name that is not an email address. `user_name` is from the refused form.
pub(crate) fn no_address(id: &str, user_name: &str) -> Markup {
    html! {
        @if !user_name.trim().is_empty() && email_domain(user_name).is_none() {
            div.field.tick {
                input id=(id) type="checkbox" name="confirm_no_address" value="on";
                label for=(id) { "The user name is no mail address, and that is intended" }
            }
        }
    }
}

/// A hidden field that identifies a form sent a second time, after a lost answer or by a second click.
pub(crate) fn once() -> Markup {
    html! {
        @if let Ok(key) = ids::new_id() { input type="hidden" name="idempotency_key" value=(key); }
    }
}

/// A field for a word that confirms a dangerous form.
pub(crate) fn confirmation(id: &str, word: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { "Type " strong { (word) } " to confirm" }
            input id=(id) name="confirm" required autocomplete="off" spellcheck="false";
        }
    }
}

/// A select field with these options, each a value and a label.
pub(crate) fn select(id: &str, name: &str, label: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, label) in options {
                    option value=(value) selected[*value == chosen] { (label) }
                }
            }
        }
    }
}

/// A link to the next page.
pub(crate) fn next(address: Option<String>, label: &str) -> Markup {
    html! { @if let Some(address) = address { p { a.button rel="next" href=(address) { (label) } } } }
}

/// A form that is folded until its summary is clicked.
pub(crate) fn maker(label: &str, is_open: bool, form: &Markup) -> Markup {
    html! {
        details.maker open[is_open] {
            summary.button { (label) }
            div.card { (form) }
        }
    }
}

/// A number with commas between its thousands.
pub(crate) fn thousands(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}
