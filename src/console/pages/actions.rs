//! Forms as calls of the API.

use serde_json::Value;

use super::parts::segment;
use super::{Form, Frame, call};
use crate::admin_api::{CallKey, Console, idempotency, list, put, text};
use crate::http::Problem;
use scim_protocol::json::object;

/// What a form has led to.
pub(crate) enum Done {
    /// It is done; the way leads there.
    At(String),
    /// A new key, which is to be shown now.
    NewKey(Value),
}

/// A call that a form stands for, and where it leads.
struct Action<'a> {
    method: &'static str,
    path: Vec<&'a str>,
    body: Value,
    /// The page, and the word of its notice.
    then: (String, &'static str),
}

/// Carries out what a form asks for.
///
/// # Errors
/// Why not.
pub(crate) async fn carry_out(
    console: &mut Console<'_>,
    frame: &Frame<'_>,
    form: &Form,
) -> Result<Done, Problem> {
    let action = action(frame, form)?;
    let key =
        Some(form.text("idempotency_key")).filter(|key| !key.is_empty()).map(CallKey::parse).transpose()?;
    if let (["organizations", org, "keys"], "generate" | "regenerate") = (frame.path, form.text("action")) {
        let is_repeated = match &key {
            Some(key) => idempotency::is_known(console, key).await?,
            None => false,
        };
        if !is_repeated {
            check_latest(console, org, form).await?;
        }
    }
    let path = action.path.join("/");
    console.entry.method = action.method.to_owned();
    console.entry.path = format!("/console/api/{path}");
    let reply = call(console, action.method, &action.path, &[], &action.body, key.as_ref()).await?;
    if reply.body.get("key").is_some() || reply.body.get("note").is_some() {
        return Ok(Done::NewKey(reply.body));
    }
    let (page, word) = action.then;
    let (page, word) = match (action.method, action.path.as_slice()) {
        ("POST", ["organizations"]) => (format!("organizations/{}/keys", text(&reply.body, "id")), word),
        ("POST", [_, _, _, _, "deactivate"]) if !list(&reply.body, "other_good_keys").is_empty() => {
            (page, "deactivated-one")
        }
        // Whom SCIM does not see is deleted; there is nobody to show.
        ("DELETE", [_, org, "members", _]) if reply.body.get("managed") == Some(&Value::Bool(false)) => {
            (format!("organizations/{}/members", segment(org)), "deleted")
        }
        _ => (page, word),
    };
    Ok(Done::At(format!("/console/{page}?done={word}")))
}

/// Refuses what would make one more key than somebody has seen: a page that shows a new key is the answer to a form,
/// and is loaded again by sending the form again.
///
/// # Errors
/// 409.
async fn check_latest(console: &mut Console<'_>, org: &str, form: &Form) -> Result<(), Problem> {
    let body = call(console, "GET", &["organizations", org, "keys"], &[], &Value::Null, None).await?.body;
    if latest(&body) == form.text("latest") {
        return Ok(());
    }
    Err(Problem::new(
        409,
        "No key was generated: there is a newer one than the page knew that this form was on. A key is shown only once; if \
         nobody has kept the newest, regenerate it.",
    ))
}

/// The id of the key that was made last; nothing if there is none.
pub(crate) fn latest(body: &Value) -> &str {
    body.get("keys").and_then(|keys| keys.get(0)).map_or("", |key| text(key, "id"))
}

fn action<'a>(frame: &Frame<'a>, form: &'a Form) -> Result<Action<'a>, Problem> {
    let here = frame.path.iter().map(|name| segment(name)).collect::<Vec<_>>().join("/");
    let done =
        |method, path: Vec<&'a str>, body, word| Action { method, path, body, then: (here.clone(), word) };
    Ok(match (frame.path, form.text("action")) {
        (["organizations"], "create") => {
            let owner = object! {
                "confirm_no_address": form.is_ticked("confirm_no_address"),
                "user_name": form.text("user_name"),
                "given_name": form.optional("given_name"),
                "family_name": form.optional("family_name"),
            };
            let body = object! {"name": form.text("name").trim(), "owner": owner};
            done("POST", vec!["organizations"], body, "organization")
        }
        (["organizations"], name @ ("accept" | "decline")) => {
            let word = if name == "accept" { "accepted" } else { "declined" };
            done("POST", vec!["organizations", form.text("organization"), name], Value::Null, word)
        }
        (["organizations"], "end-sessions") => done("DELETE", vec!["sessions"], Value::Null, "sessions"),
        (["organizations", org, "keys"], name @ ("generate" | "regenerate" | "deactivate")) => {
            let mut path = vec!["organizations", *org, "keys"];
            if name != "generate" {
                path.extend([form.text("key"), name]);
            }
            let expires = form.number("expires_in_seconds", "The time after which the key expires")?;
            let body = match name {
                "generate" => object! {"expires_in_seconds": expires},
                "regenerate" => {
                    let overlap = form.number("overlap_seconds", "The overlap")?;
                    object! {"overlap_seconds": overlap, "expires_in_seconds": expires}
                }
                _ => {
                    form.check_confirmed("deactivate")?;
                    Value::Null
                }
            };
            done("POST", path, body, "deactivated")
        }
        (["organizations", org, "members"], "add") => {
            let body = object! {
                "confirm_no_address": form.is_ticked("confirm_no_address"),
                "user_name": form.text("user_name").trim(),
                "given_name": form.optional("given_name"),
                "family_name": form.optional("family_name"),
                "org_role": form.optional("org_role"),
            };
            done("POST", vec!["organizations", org, "members"], body, "added")
        }
        (["organizations", org, "members", id], "role") => {
            let body = object! {"org_role": form.text("org_role")};
            done("PATCH", vec!["organizations", org, "members", id], body, "role")
        }
        (["organizations", org, "members", id], "remove") => {
            done("DELETE", vec!["organizations", org, "members", id], Value::Null, "removed")
        }
        (["organizations", org, "members", _], "activate") => {
            let body = object! {"user_name": form.text("user_name")};
            done("POST", vec!["organizations", org, "members"], body, "added")
        }
        (["organizations", org, "members", id], "own") => {
            form.check_confirmed(form.text("user_name"))?;
            done("PUT", vec!["organizations", org, "owner"], object! {"member": *id}, "owner")
        }
        (["organizations", org, "projects"], name) => project(org, name, form, done)?,
        (["organizations", org, "settings"], "save") => {
            let days = form.number("key_lifetime_days", "The number of days")?;
            let mut body = object! {
                "name": form.text("name").trim(),
                "mail_domains": form.words("mail_domains", &[',', ' ', '\n', '\r']),
                "email_management": form.is_ticked("email_management"),
                "plain_groups": form.is_ticked("plain_groups"),
                "key_lifetime_days": if days.is_null() { Value::from(0) } else { days },
            };
            if form.has("user_limit") {
                let limit = form.number("user_limit", "The number of users")?;
                put(&mut body, "user_limit", if limit.is_null() { Value::from(0) } else { limit });
            }
            done("PATCH", vec!["organizations", org], body, "saved")
        }
        _ => return Err(Problem::new(400, "This page has no such form. Load it again.")),
    })
}

fn project<'a>(
    org: &'a str,
    name: &str,
    form: &'a Form,
    done: impl Fn(&'static str, Vec<&'a str>, Value, &'static str) -> Action<'a>,
) -> Result<Action<'a>, Problem> {
    let project = form.text("project");
    let at = |rest: &[&'a str]| [&["organizations", org, "projects"], rest].concat();
    let named = || object! {"name": form.text("name").trim()};
    Ok(match name {
        "create" => {
            let body = object! {"name": form.text("name").trim(), "roles": form.words("roles", &[','])};
            done("POST", at(&[]), body, "project")
        }
        "rename" => done("PATCH", at(&[project]), named(), "renamed"),
        "archive" => {
            form.check_confirmed(form.text("project_name"))?;
            done("POST", at(&[project, "archive"]), Value::Null, "archived")
        }
        "restore" => done("POST", at(&[project, "restore"]), Value::Null, "restored"),
        "role" => done("POST", at(&[project, "roles"]), named(), "new-role"),
        "team" => done("POST", at(&[project, "teams"]), named(), "team"),
        "delete-team" => {
            form.check_confirmed(form.text("team_name"))?;
            done("DELETE", at(&[project, "teams", form.text("team")]), Value::Null, "no-team")
        }
        _ => return Err(Problem::new(400, "This page has no such form. Load it again.")),
    })
}
