//! What the page after a redirect says: what was done to what, and the way back. A cookie brings it there, for a minute
//! and for that page: an address that others made cannot say that something was done.

use serde::{Deserialize, Serialize};

use super::form;
use crate::http::cookie;
use crate::http::request::HttpRequest;

/// The name of the cookie.
const COOKIE: &str = "console_done";
/// How long a browser keeps it, in seconds.
const LIFE: u64 = 60;
/// Longest name in it, in bytes: browsers refuse cookies of more than 4,096.
const LONGEST_NAME: usize = 600;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Flash {
    KeyDeactivated,
    OneKeyDeactivated,
    KeysDeactivated,
    KeyNamed,
    InvitationAccepted,
    InvitationDeclined,
    MemberAdded,
    RoleChanged,
    NamesChanged,
    MemberRemoved,
    MemberDeleted,
    AddedToGroup,
    BulkStopped,
    SetupLinkRevoked,
    WasInGroup,
    RemovedFromGroup,
    WasNotInGroup,
    OwnershipTransferred,
    ProjectCreated,
    ProjectRenamed,
    ProjectArchived,
    ProjectRestored,
    RoleCreated,
    RoleRenamed,
    RoleDeleted,
    TeamCreated,
    TeamRenamed,
    TeamDeleted,
    SettingsSaved,
    PermissionsSaved,
    BrakeReleased,
    WritesPaused,
    WritesResumed,
    SessionsEnded,
    OrganizationCreated,
    OrganizationDeleted,
    OrganizationRestored,
    UndoStopped,
    PersonRestored,
    PersonRestoredInPart,
    PersonErased,
    WebhookTested,
    WebhookTestFailed,
    WebhookReplays,
    WebhookDeleted,
    WebhookDisabled,
    WebhookEnabled,
    WebhookSaved,
}

impl Flash {
    /// What the page says.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::KeyDeactivated => "The key is deactivated. Requests with it are refused from now on.",
            Self::OneKeyDeactivated => {
                "The key is deactivated. Requests with it are refused from now on; other keys are still good, and \
                 provisioning goes on with them."
            }
            Self::KeysDeactivated => {
                "All keys are deactivated. Requests with them are refused from now on: provisioning has stopped."
            }
            Self::KeyNamed => "The name of the key is saved.",
            Self::InvitationAccepted => "You administer this organization now.",
            Self::InvitationDeclined => "The organization is not listed for you any more.",
            Self::MemberAdded => "The member is in the organization.",
            Self::RoleChanged => "The organization role is changed.",
            Self::NamesChanged => "The names are saved.",
            Self::MemberRemoved => {
                "The member is removed. The identity provider learns of it with the next import."
            }
            Self::MemberDeleted => "The member is deleted.",
            Self::SetupLinkRevoked => "The setup link is revoked: it opens nothing any more.",
            Self::BulkStopped => "The change is stopped. What it has changed stays.",
            Self::AddedToGroup => "The person is a member of the group now.",
            Self::WasInGroup => "The person was a member of the group already. Nothing was changed.",
            Self::RemovedFromGroup => "The person is removed from the group, and stays in the organization.",
            Self::WasNotInGroup => "The person was no member of the group any more. Nothing was changed.",
            Self::OwnershipTransferred => "The ownership is transferred. The former Owner is now an Admin.",
            Self::ProjectCreated => "The project is created, with a group for each of its roles.",
            Self::ProjectRenamed => "The project and its groups are renamed. Their ids are as they were.",
            Self::ProjectArchived => {
                "The project is archived. The identity provider does not see its groups any more."
            }
            Self::ProjectRestored => {
                "The project is restored. Its groups are empty: push them again from the identity provider."
            }
            Self::RoleCreated => "The role is created, with its group.",
            Self::RoleRenamed => "The role and its group are renamed. Its id is as it was.",
            Self::RoleDeleted => "The role and its group are deleted. People stay.",
            Self::TeamRenamed => "The team and its groups are renamed. Their ids are as they were.",
            Self::TeamCreated => "The team is created, with its two groups.",
            Self::TeamDeleted => "The team and its groups are deleted.",
            Self::PermissionsSaved => "What the role allows is saved. It holds from the next check on.",
            Self::SettingsSaved => "The settings are saved.",
            Self::BrakeReleased => {
                "The access brake is released. The identity provider sends again what was refused, within an hour \
                 or so."
            }
            Self::WritesPaused => "Identity providers are paused. They can still read.",
            Self::WritesResumed => {
                "Identity providers may write again. They send again what was refused, within an hour or so."
            }
            Self::SessionsEnded => "All sessions that began with the admin token are ended.",
            Self::OrganizationDeleted => {
                "The organization is deleted, and its keys are refused. It can be restored below."
            }
            Self::OrganizationRestored => {
                "The organization is restored. Its keys are good again within two minutes."
            }
            Self::OrganizationCreated => "The organization is created. Generate its SCIM key next.",
            Self::UndoStopped => "The undo is stopped. What it has restored stays.",
            Self::PersonRestored => "The person is back, with what was chosen.",
            Self::PersonRestoredInPart => {
                "The person is back. Some groups do not exist any more: look at the groups below."
            }
            Self::WebhookTested => "The receiver took the test message.",
            Self::WebhookTestFailed => {
                "The receiver did not take the test message: the newest attempt says why."
            }
            Self::WebhookReplays => "The events are delivered once more.",
            Self::WebhookDeleted => "The webhook is deleted.",
            Self::WebhookDisabled => "The webhook is disabled. Events wait for it.",
            Self::WebhookEnabled => "The webhook is enabled: it gets all that came meanwhile.",
            Self::WebhookSaved => "The settings of the webhook are saved.",
            Self::PersonErased => {
                "The person is erased. The history still counts what happened, without their name."
            }
        }
    }

    /// The redirect to the page that says it.
    pub(super) fn at(self, page: &str) -> Redirect {
        Done { flash: self, about: None, undo: None, page: String::new() }.at(page)
    }

    /// The same, naming what it was done to.
    pub(super) fn about(self, name: &str) -> Done {
        let about = name.get(..name.floor_char_boundary(LONGEST_NAME)).map(str::to_owned);
        Done { flash: self, about, undo: None, page: String::new() }
    }
}

/// What was done to what, and the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(super) flash: Flash,
    /// The name of what it was done to.
    pub(super) about: Option<String>,
    /// The query of the page that undoes it, such as `story=7`.
    pub(super) undo: Option<String>,
    /// The path of the page that says it.
    page: String,
}

impl Done {
    /// The same with the query of the page that undoes it.
    pub(super) fn undone_by(self, query: String) -> Self {
        Self { undo: Some(query), ..self }
    }

    /// The redirect to the page that says it.
    pub(super) fn at(self, page: &str) -> Redirect {
        let path = page.split(['?', '#']).next().unwrap_or_default().to_owned();
        Redirect { address: page.to_owned(), done: Some(Self { page: path, ..self }) }
    }
}

/// The way to another address of the console.
pub(crate) struct Redirect {
    pub(crate) address: String,
    done: Option<Done>,
}

impl From<String> for Redirect {
    fn from(address: String) -> Self {
        Self { address, done: None }
    }
}

impl Redirect {
    /// The `Set-Cookie` that brings it to the page; `None` if there is nothing to say.
    pub(crate) fn cookie(&self, origin: &str) -> Option<String> {
        let value = form::written(self.done.as_ref()?)?;
        Some(cookie::set(origin, COOKIE, &value, LIFE))
    }
}

/// What the requested page says was done, and the `Set-Cookie` so that it says that only once.
pub(crate) fn take(request: &HttpRequest) -> Option<(Done, String)> {
    let done = cookie::values(request, COOKIE).into_iter().find_map(|value| read(&value))?;
    let origin = &request.address.origin;
    (done.page == request.address.path).then(|| (done, cookie::set(origin, COOKIE, "", 0)))
}

fn read(value: &str) -> Option<Done> {
    form::fields(value.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(redirect: &Redirect) -> Option<Done> {
        let cookie = redirect.cookie("https://x")?;
        assert!(cookie.len() < 4_096, "{cookie}");
        let value = cookie.strip_prefix("__Host-console_done=")?;
        read(value.split_once(';')?.0)
    }

    #[test]
    fn what_was_done_comes_back_from_the_cookie() {
        let name = "Ä; Path=/ \"x\"&flash=settings-saved".repeat(100);
        let done =
            kept(&Flash::ProjectRenamed.about(&name).undone_by("story=7".to_owned()).at("/a?b=c#d")).unwrap();
        assert_eq!(
            (done.flash, done.undo.as_deref(), done.page.as_str()),
            (Flash::ProjectRenamed, Some("story=7"), "/a")
        );
        assert!(done.about.is_some_and(|about| about.len() > 500 && name.starts_with(&about)));
        let bare = kept(&Flash::SettingsSaved.at("/a")).unwrap();
        assert_eq!((bare.flash, bare.about, bare.undo), (Flash::SettingsSaved, None, None));
        assert!(kept(&Redirect::from("/a".to_owned())).is_none());
        assert!(read("flash=anything&page=/").is_none());
    }
}
