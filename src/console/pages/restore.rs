//! A deleted or deactivated person comes back, with the role and the groups that are chosen of what they had.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, Restored};
use super::flash::Flash;
use super::form::{self, several};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, once, segment};
use super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::types::members::MemberGroup;
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::undo::{FormerAccess, RestorePerson};
use crate::admin_api::{AdminContext, CallKey, InOrganization, deleted_people};
use crate::http::Problem;
use directory::OrgRole;
use scim_protocol::error::shorten;

/// Most groups that are offered one by one.
const MOST_OFFERED: usize = 200;
const ROLE: &str = "role";
/// A group that was offered, and one that was ticked.
const OFFERED: &str = "offered";
const TICKED: &str = "group";

/// The page where a person comes back.
pub(super) struct Restore<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

/// What was offered, and what of it was ticked.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    /// The identifiers of groups, and [`ROLE`].
    #[serde(deserialize_with = "several")]
    offered: Vec<String>,
    role: Option<String>,
    #[serde(deserialize_with = "several")]
    group: Vec<String>,
}

impl Form {
    fn request(&self) -> RestorePerson {
        let is_left = |offered: &&String| *offered != ROLE && !self.group.contains(offered);
        RestorePerson {
            without_role: self.role.is_none() && self.offered.iter().any(|offered| offered == ROLE),
            without_groups: self.offered.iter().filter(is_left).cloned().collect(),
        }
    }
}

impl Page for Restore<'_> {
    type Form = Form;

    fn read(form: &[u8]) -> Result<Form, Problem> {
        form::fields(form)
    }

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let body = form.request();
        let call = FormCall::with(Call::RestorePerson, &[org, id], &body)?;
        let restored: Restored = call.send(context, key).await?.read()?;
        let here = address_of(org, &format!("members/{}", segment(id)));
        let flash = match restored.left.is_empty() {
            true => Flash::PersonRestored,
            false => Flash::PersonRestoredInPart,
        };
        Ok(PageResponse::Redirect(flash.about(&restored.member.user_name).at(&here)))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } =
            deleted_people::former(context, self.org, self.id).await?;
        let section = Some((&*organization, Section::Members));
        let former = match answer {
            Ok(former) => former,
            Err(problem) => {
                let back = html! {
                    p { a href=(address(&organization, "deleted-people")) { "Deleted people" } }
                };
                let notice = Notice::Problem(problem);
                return Ok(PageResponse::Page(page(
                    &context.actor,
                    section,
                    "Bring back",
                    Some(&notice),
                    &back,
                )));
            }
        };
        let title = format!("Bring back {}", shorten(&former.user_name));
        let main = main(&organization, &former, state.refused.as_ref());
        Ok(PageResponse::Page(page(&context.actor, section, &title, state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization, former: &FormerAccess, refused: Option<&Form>) -> Markup {
    let FormerAccess { id, deleted, org_role, groups, left, .. } = former;
    let left_out = refused.map(Form::request).unwrap_or_default();
    let (offered, others) = groups.split_at_checked(MOST_OFFERED).unwrap_or((groups, &[]));
    let back = match deleted {
        true => address(organization, "deleted-people"),
        false => address(organization, &format!("members/{}", segment(id))),
    };
    html! {
        p {
            @if *deleted { "This person was deleted, and comes back under their id with their attributes. " }
            @else { "This person is deactivated. " }
            "Leave out what they are not to have again."
        }
        form method="post" {
            (once())
            @if *org_role == OrgRole::Member {
                p { "The organization role is Member." }
            } @else {
                fieldset {
                    legend { "Organization role" }
                    (tick("former-role", ROLE, ROLE, org_role.as_str(), !left_out.without_role))
                }
            }
            @if groups.is_empty() {
                p { "There are no groups to come back to." }
            } @else {
                fieldset {
                    legend { "Groups" }
                    @for (number, MemberGroup { id, display_name }) in offered.iter().enumerate() {
                        (tick(&format!("group-{number}"), TICKED, id, display_name,
                            !left_out.without_groups.contains(id)))
                    }
                    @if !others.is_empty() { p { "And " (others.len()) " more groups, which all come back." } }
                }
            }
            @if !left.is_empty() {
                p { (left.len()) " things do not come back, such as groups that do not exist any more." }
            }
            p {
                "Where an identity provider manages this person, assign them there as well: otherwise it takes the \
                 access away again with its next change of the person or of a group that it pushes."
            }
            button { "Bring back" } " " a.button.quiet href=(back) { "Cancel" }
        }
    }
}

fn tick(id: &str, name: &str, value: &str, label: &str, is_ticked: bool) -> Markup {
    html! {
        div.field.tick {
            input type="hidden" name=(OFFERED) value=(value);
            input id=(id) type="checkbox" name=(name) value=(value) checked[is_ticked];
            label for=(id) { (label) }
        }
    }
}
