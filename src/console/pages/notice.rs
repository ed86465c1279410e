//! What a page says above all else: that something was done, or why it was not.

use crate::http::Problem;

/// What there is to say.
pub(crate) enum Notice {
    /// It was done.
    Done(&'static str),
    /// It was not.
    Problem(Problem),
}

/// What a word in the address stands for. Text of its own an address cannot bring along.
pub(crate) fn done(word: &str) -> Option<Notice> {
    let text = match word {
        "deactivated" => "The key is deactivated. Requests with it are refused from now on.",
        "deactivated-one" => {
            "The key is deactivated. Requests with it are refused from now on; other keys are still good, and provisioning goes on \
             with them."
        }
        "accepted" => "You administer this organization now.",
        "declined" => "The organization is not listed for you any more.",
        "added" => "The member is in the organization.",
        "role" => "The organization role is changed.",
        "removed" => "The member is removed. The next import tells the identity provider.",
        "deleted" => "The member is deleted.",
        "owner" => "The ownership is transferred. Who was the Owner until now is an Admin.",
        "project" => "The project is created, and a group for each of its roles.",
        "renamed" => "The project and its groups are renamed. Their ids are as they were.",
        "archived" => "The project is archived, and its groups are out of the identity provider's sight.",
        "restored" => {
            "The project is back. Its groups are empty: push them again from the identity provider."
        }
        "new-role" => "The role is created, and its group.",
        "team" => "The team is created, and its two groups.",
        "no-team" => "The team and its groups are deleted.",
        "saved" => "The settings are saved.",
        "sessions" => "All sessions that began with the admin token are ended.",
        "organization" => "The organization is created. Generate its SCIM key next.",
        _ => return None,
    };
    Some(Notice::Done(text))
}
