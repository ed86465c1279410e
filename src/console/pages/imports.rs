//! Imports: what is being read page by page, and was lately.

use maud::{Markup, html};
use serde_json::Value;

use super::parts::{pill, time};
use crate::admin_api::{list, text};

pub(crate) fn main(body: &Value) -> Markup {
    let imports = list(body, "imports");
    html! {
        p {
            "Lists that are read in several pages. While one is being read, everybody keeps their place: who comes or goes meanwhile \
             makes nobody else be missed. Lists that fit on one page are answered whole and do not stand here."
        }
        @if imports.is_empty() {
            p.empty { "No import of several pages lately." }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "List" } th scope="col" { "State" } th scope="col" { "Pages read" } th scope="col" { "Rows" }
                    th scope="col" { "Begun" } th scope="col" { "Last page" }
                } }
                tbody { @for import in imports { (row(import)) } }
            }
        }
    }
}

fn row(import: &Value) -> Markup {
    let number = |name| import.get(name).and_then(Value::as_u64).unwrap_or_default();
    let kind = match text(import, "state") {
        "finished" => "good",
        "stopped" => "bad",
        _ => "warn",
    };
    let (read, pages) = (number("pages_read"), number("pages"));
    html! {
        tr {
            td data-label="List" {
                (text(import, "resource"))
                @if !text(import, "filter").is_empty() { " " code { (text(import, "filter")) } }
            }
            td data-label="State" { (pill(kind, text(import, "state"))) }
            td data-label="Pages read" {
                progress value=(read) max=(pages) aria-label="Pages read" {} " " (read) " of " (pages)
                " (" (number("page_size")) " rows each)"
            }
            td data-label="Rows" { (number("total")) }
            td data-label="Begun" { (time(text(import, "begun_at"))) }
            td data-label="Last page" { (time(text(import, "read_at"))) }
        }
    }
}
