//! Forms that take access from people: the page first says from how many, and above the access brake's threshold wants
//! the number typed.

use maud::{Markup, html};

use super::form::number;
use crate::admin_api::types::consequences::Consequences;
use crate::admin_api::types::organizations::Organization;
use crate::http::Problem;

/// Refuses a form until it has the number of people from whom it takes access. `text` says what it takes.
///
/// # Errors
/// 409 with the number.
pub(super) fn check(counted: &Consequences, confirmed: &str, text: &str) -> Result<Option<u64>, Problem> {
    let people = counted.people;
    if people == 0 {
        return Ok(None);
    }
    if number(confirmed, "The number of people")? == Some(people) {
        return Ok(Some(people));
    }
    let next = match counted.needs_confirmation {
        true => format!("Type {people} to confirm it"),
        false => "Press the button again if that is intended".to_owned(),
    };
    Err(Problem::new(409, format!("Nothing is changed yet. {text} {next}.")).with_people(people))
}

/// So many of so many people.
pub(super) fn share(counted: &Consequences) -> String {
    let Consequences { people, of, .. } = counted;
    match (people, of) {
        (1, 1) => "1 of 1 person".to_owned(),
        _ => format!("{people} of {} people", of.max(people)),
    }
}

/// The field of a form that takes access from so many people.
pub(super) fn field(id: &str, organization: &Organization, people: Option<u64>) -> Markup {
    let limit = organization.record.brake.limit;
    html! {
        @if let Some(people) = people {
            @if limit.is_some_and(|limit| people > limit) {
                div.field {
                    label for=(id) { "Type the number of people who lose access, " strong { (people) } }
                    input id=(id) name="confirm_people" required autocomplete="off" inputmode="numeric";
                }
            } @else {
                input type="hidden" name="confirm_people" value=(people);
            }
        }
    }
}
