//! The console's pages: what the API answers, as HTML, and forms that become calls of it. Whatever a page can do, a
//! script can do, since pages do nothing else. Without the script everything works; with it, values are copied at a
//! click, and the log goes on by itself.

mod actions;
mod asset;
mod form;
mod group;
mod imports;
mod keys;
mod layout;
mod log;
mod member;
mod members;
mod notice;
mod organizations;
mod parts;
mod projects;
mod settings;
mod sign_in;

use serde_json::Value;

use crate::admin_api::{CallKey, Console, Reply, Request, list, text};
use crate::http::Problem;
use scim_protocol::json;

pub use asset::{ICON, SCRIPT, STYLESHEET};
pub use form::Form;
use layout::{Section, View};
use notice::Notice;
pub use sign_in::{passage, sign_in};

/// A page that is ready.
pub struct Page {
    /// HTTP status code.
    pub status: u16,
    /// The page.
    pub html: String,
    /// What went wrong, if anything did; for the log.
    pub detail: Option<String>,
}

/// What a request leads to.
pub enum Shown {
    /// A page.
    Page(Page),
    /// Another address.
    Elsewhere(String),
}

/// A request for a page.
pub struct Frame<'a> {
    /// Segments of the path, behind `/console`.
    pub path: &'a [&'a str],
    /// Parameters of the query.
    pub query: Vec<(String, String)>,
    /// `https://host`, as the browser called us.
    pub origin: String,
}

impl Frame<'_> {
    /// The parameter of that name; nothing if there is none.
    fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The parameters but these, which are not the API's.
    fn query_without(&self, names: &[&str]) -> Vec<(String, String)> {
        self.query.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect()
    }

    /// The address of this page with a parameter set and the others as they are.
    fn with_parameter(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query_without(&[name, "done"]));
        format!("?{}", query.append_pair(name, value).finish())
    }
}

/// Shows a page.
///
/// # Errors
/// What the administrator is to be told instead.
pub async fn show(console: &mut Console<'_>, frame: &Frame<'_>) -> Result<Shown, Problem> {
    let notice = notice::done(frame.parameter("done"));
    show_with(console, frame, Seen { notice, ..Seen::default() }).await
}

/// Carries out what a form asks for; if that is not possible, shows the page again and says why.
///
/// # Errors
/// What the administrator is to be told instead.
pub async fn act(console: &mut Console<'_>, frame: &Frame<'_>, form: &Form) -> Result<Shown, Problem> {
    match actions::carry_out(console, frame, form).await {
        Ok(actions::Done::At(place)) => Ok(Shown::Elsewhere(place)),
        Ok(actions::Done::NewKey(key)) => {
            let note = text(&key, "note");
            let gone = (!note.is_empty()).then(|| Notice::Problem(Problem::new(409, note)));
            show_with(console, frame, Seen { new_key: Some(&key), notice: gone, ..Seen::default() }).await
        }
        Err(problem) => {
            let notice = Some(Notice::Problem(problem));
            show_with(console, frame, Seen { notice, refused: Some(form), new_key: None }).await
        }
    }
}

/// What a page shows besides what it always shows.
#[derive(Default)]
struct Seen<'a> {
    notice: Option<Notice>,
    /// The form that could not be carried out.
    refused: Option<&'a Form>,
    new_key: Option<&'a Value>,
}

async fn show_with(console: &mut Console<'_>, frame: &Frame<'_>, seen: Seen<'_>) -> Result<Shown, Problem> {
    let Seen { notice, refused, new_key } = seen;
    // In the API, a page is the call of the same path.
    let path: Vec<&str> = match frame.path {
        ["organizations", org, "settings"] => vec!["organizations", *org],
        [] => vec!["organizations"],
        ["organizations", org] => {
            return Ok(Shown::Elsewhere(format!("/console/organizations/{}/keys", parts::segment(org))));
        }
        ["organizations"]
        | [_, _, "keys" | "members" | "projects" | "log" | "imports"]
        | [_, _, "members" | "groups", _] => frame.path.to_vec(),
        _ => return Err(Problem::new(404, "There is no such page. The console begins at /console.")),
    };
    let body = call(console, "GET", &path, &frame.query_without(&["done"]), &Value::Null, None).await?.body;
    let view = View { console, frame, notice, refused };
    let (section, title, main) = match frame.path {
        [] | ["organizations"] => {
            if let (true, [only]) =
                (frame.path.is_empty() && list(&body, "invitations").is_empty(), list(&body, "organizations"))
            {
                return Ok(Shown::Elsewhere(format!("/console/organizations/{}/keys", text(only, "id"))));
            }
            (None, "Organizations".to_owned(), organizations::main(&view, &body))
        }
        [_, _, "keys"] => {
            (Some(Section::Keys), "Access management".to_owned(), keys::main(&view, &body, new_key))
        }
        [_, _, "members"] => (Some(Section::Members), "Members".to_owned(), members::main(&view, &body)),
        [_, _, "members", _] => {
            (Some(Section::Members), text(&body, "user_name").to_owned(), member::main(&view, &body))
        }
        [_, _, "projects"] => {
            (Some(Section::Projects), "Projects and teams".to_owned(), projects::main(&view, &body))
        }
        [_, _, "groups", _] => {
            (Some(Section::Projects), text(&body, "display_name").to_owned(), group::main(&view, &body))
        }
        [_, _, "log"] => (Some(Section::Log), "Provisioning log".to_owned(), log::main(&view, &body)),
        [_, _, "imports"] => (Some(Section::Imports), "Imports".to_owned(), imports::main(&body)),
        [_, _, "settings"] => (Some(Section::Settings), "Settings".to_owned(), settings::main(&view, &body)),
        _ => return Err(Problem::new(404, "There is no such page.")),
    };
    Ok(Shown::Page(layout::page(&view, section, &title, &main)))
}

/// A page for what cannot be shown at all.
pub fn failure(problem: &Problem) -> Page {
    layout::failure(problem)
}

/// Calls the API.
async fn call(
    console: &mut Console<'_>,
    method: &str,
    path: &[&str],
    query: &[(String, String)],
    body: &Value,
    key: Option<&CallKey>,
) -> Result<Reply, Problem> {
    let body = if body.is_null() { Vec::new() } else { json::write(body).into_bytes() };
    crate::admin_api::answer_once(console, Request { method, path, query, body: &body, key }).await
}
