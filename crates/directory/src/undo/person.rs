//! What an undo makes of a person.

use serde_json::Value;

use super::decisions::Decisions;
use super::history::PersonHistory;
use super::{Facet, Left, Reason};
use crate::org_role::OrgRole;
use crate::user::{User, fold_user_name};
use scim_protocol::Object;
use scim_protocol::text::in_order;

/// A person at present.
#[derive(Debug, Clone, Default)]
pub struct PersonNow {
    /// The person, if they exist.
    pub user: Option<User>,
    /// What is kept of them if they were deleted.
    pub deleted: Option<User>,
    /// The groups whose memberships are kept for the next activation.
    pub kept: Vec<String>,
}

/// Whether a person or thing exists afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existence {
    /// As before.
    #[default]
    Stays,
    /// It comes back.
    Undeleted,
    /// It is deleted.
    Deleted,
}

/// What an undo makes of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonPlan {
    /// Whether they exist afterwards.
    pub existence: Existence,
    /// The person afterwards; `None` if they do not exist now.
    pub user: Option<User>,
    /// The groups that they join.
    pub join: Vec<String>,
    /// The groups that they leave.
    pub leave: Vec<String>,
    /// What is set back.
    pub restored: Vec<Facet>,
    /// What stays although a selected change changed it.
    pub left: Vec<Left>,
}

/// Decides what to set back of a person. `is_taken` says whether another person has a `userName` in folded form.
pub fn of_person(
    id: &str,
    history: &PersonHistory,
    now: &PersonNow,
    is_taken: &dyn Fn(&str) -> bool,
) -> PersonPlan {
    let steps = history.steps(id);
    let mut plan = Undoing { history, decisions: Decisions::of(&steps), is_taken };
    plan.decide(now)
}

struct Undoing<'a> {
    history: &'a PersonHistory,
    decisions: Decisions<'a>,
    is_taken: &'a dyn Fn(&str) -> bool,
}

impl<'a> Undoing<'a> {
    fn decide(&mut self, now: &PersonNow) -> PersonPlan {
        let exists = now.user.is_some();
        let wanted = self.decisions.value(&Facet::Existence, &exists.into());
        let (base, existence) = match (&now.user, wanted.as_ref().and_then(Value::as_bool)) {
            (None, Some(true)) => match &now.deleted {
                None => {
                    self.decisions.leave(&Facet::Existence, Reason::Erased);
                    return self.finish(Existence::Stays, None, Vec::new(), Vec::new());
                }
                Some(deleted) if (self.is_taken)(&deleted.folded_user_name()) => {
                    self.decisions.leave(&Facet::Existence, Reason::UserNameTaken);
                    return self.finish(Existence::Stays, None, Vec::new(), Vec::new());
                }
                Some(deleted) => (deleted, Existence::Undeleted),
            },
            (None, _) => {
                self.lose_with_person();
                return self.finish(Existence::Stays, None, Vec::new(), Vec::new());
            }
            (Some(user), Some(false)) => match self.against_deletion(user) {
                None => {
                    self.decisions.restored.push(Facet::Existence);
                    let groups = self.groups().map(str::to_owned).collect();
                    return self.finish(Existence::Deleted, Some(user.clone()), Vec::new(), groups);
                }
                Some(left) => {
                    self.decisions.left.push(left);
                    (user, Existence::Stays)
                }
            },
            (Some(user), _) => (user, Existence::Stays),
        };
        if existence == Existence::Undeleted {
            self.decisions.restored.push(Facet::Existence);
        }
        let mut user = self.attributes(base);
        self.org_role(base, &mut user);
        let wants_active = self.decisions.value(&Facet::Active, &base.active.into());
        let leave = self.leaving();
        match wants_active.and_then(|active| active.as_bool()) {
            Some(_) if base.org_role == OrgRole::Owner => {
                self.decisions.leave(&Facet::Active, Reason::OwnerProtected);
            }
            Some(false) => match self.groups().find(|group| !leave.iter().any(|left| left == group)) {
                Some(group) => {
                    let event = self.began(group);
                    let left = Left::new(Facet::Active, Reason::JoinedSince);
                    self.decisions.left.push(Left { event, ..left });
                }
                None => {
                    user.active = false;
                    self.decisions.restored.push(Facet::Active);
                }
            },
            Some(true) => {
                user.active = true;
                self.decisions.restored.push(Facet::Active);
            }
            None => {}
        }
        let kept = if user.active && !base.active { now.kept.as_slice() } else { &[] };
        let join = self.joining(user.active, kept);
        let leave = in_order(leave);
        self.finish(existence, Some(user), join, leave)
    }

    fn finish(
        &mut self,
        existence: Existence,
        user: Option<User>,
        join: Vec<String>,
        leave: Vec<String>,
    ) -> PersonPlan {
        let (restored, left) =
            (std::mem::take(&mut self.decisions.restored), std::mem::take(&mut self.decisions.left));
        PersonPlan { existence, user, join, leave, restored, left }
    }

    /// Of a person who does not exist, nothing else can be set back, which is said once: unless they did not exist
    /// before the selected changes either.
    fn lose_with_person(&mut self) {
        let existence = self.decisions.steps.get(&Facet::Existence);
        let first = existence.and_then(|steps| steps.iter().find(|step| step.is_selected));
        let is_selected = self.decisions.steps.values().flatten().any(|step| step.is_selected);
        if self.decisions.left.is_empty()
            && is_selected
            && first.is_none_or(|step| step.before != Some(false.into()))
        {
            let event = existence.and_then(|steps| steps.last()).map(|step| step.seq);
            let left = Left::new(Facet::Existence, Reason::PersonDeleted);
            self.decisions.left.push(Left { event, ..left });
        }
    }

    /// Why a person who was created by a selected change is not deleted.
    fn against_deletion(&self, user: &User) -> Option<Left> {
        if user.org_role == OrgRole::Owner {
            return Some(Left::new(Facet::Existence, Reason::OwnerProtected));
        }
        let changed = self
            .decisions
            .steps
            .values()
            .flatten()
            .filter(|step| !step.is_selected)
            .map(|step| step.seq)
            .max();
        let joined =
            self.history.additions.iter().filter(|addition| addition.is_present && !addition.is_selected);
        let event = changed.max(joined.map(|addition| addition.seq).max());
        let left = Left::new(Facet::Existence, Reason::ChangedSince);
        event.map(|event| Left { event: Some(event), ..left })
    }

    /// The person with the attributes set back.
    fn attributes(&mut self, base: &User) -> User {
        let mut user = base.clone();
        for facet in self.decisions.steps.keys() {
            let Facet::Attribute { name } = facet else { continue };
            let now = attribute(&base.doc, name).cloned().unwrap_or(Value::Null);
            let Some(value) = self.decisions.value(facet, &now) else { continue };
            if name == "userName" {
                let fold = fold_user_name(value.as_str().unwrap_or_default());
                if base.org_role == OrgRole::Owner {
                    self.decisions.leave(facet, Reason::OwnerProtected);
                    continue;
                }
                if fold.is_empty() || (fold != base.folded_user_name() && (self.is_taken)(&fold)) {
                    self.decisions.leave(facet, Reason::UserNameTaken);
                    continue;
                }
            }
            set_attribute(&mut user.doc, name, value);
            self.decisions.restored.push(facet.clone());
        }
        user
    }

    fn org_role(&mut self, base: &User, user: &mut User) {
        let now = Value::from(base.org_role.as_str());
        let Some(value) = self.decisions.value(&Facet::OrgRole, &now) else { return };
        match value.as_str().and_then(OrgRole::parse) {
            Some(role) if role != OrgRole::Owner && base.org_role != OrgRole::Owner => {
                user.org_role = role;
                self.decisions.restored.push(Facet::OrgRole);
            }
            _ => self.decisions.leave(&Facet::OrgRole, Reason::OwnerProtected),
        }
    }

    /// The groups of the person.
    fn groups(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let history = self.history;
        let present = history.additions.iter().filter(|addition| addition.is_present);
        present.map(|addition| addition.group.as_str())
    }

    fn began(&self, group: &str) -> Option<i64> {
        let present = self.history.additions.iter().filter(|addition| addition.is_present);
        present.filter(|addition| addition.group == group).map(|addition| addition.seq).max()
    }

    fn is_member(&self, group: &str) -> bool {
        self.groups().any(|own| own == group)
    }

    /// The memberships that end.
    fn leaving(&mut self) -> Vec<String> {
        let mut leave = Vec::new();
        for facet in self.decisions.steps.keys() {
            let Facet::Membership { group } = facet else { continue };
            if self.is_member(group) && self.decisions.value(facet, &true.into()) == Some(false.into()) {
                leave.push(group.clone());
                self.decisions.restored.push(facet.clone());
            }
        }
        leave
    }

    /// The memberships that begin again. `kept` are those that an activation gives back: of a person of whom some are
    /// kept, the others were taken out of them since.
    fn joining(&mut self, is_active: bool, kept: &[String]) -> Vec<String> {
        let steps = self.decisions.steps;
        let mut join = Vec::new();
        for facet in steps.keys() {
            let Facet::Membership { group } = facet else { continue };
            if self.is_member(group) || self.decisions.value(facet, &false.into()) != Some(true.into()) {
                continue;
            }
            if self.history.is_gone(group) {
                self.decisions.leave(facet, Reason::GroupGone);
            } else if !is_active {
                self.decisions.leave(facet, Reason::PersonInactive);
            } else if !kept.is_empty() && !kept.contains(group) && self.history.ended_with_person(group) {
                self.decisions.leave(facet, Reason::ChangedSince);
            } else {
                join.push(group.clone());
            }
        }
        for group in kept {
            if !join.contains(group) && !self.is_member(group) {
                join.push(group.clone());
            }
        }
        let facets = join.iter().map(|group| Facet::Membership { group: group.clone() });
        self.decisions.restored.extend(facets);
        join
    }
}

/// The extension and the name of an attribute: the extension's URN is before it.
fn parts(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once(':') {
        Some((urn, inner)) if name.starts_with("urn:") => (Some(urn), inner),
        _ => (None, name),
    }
}

fn attribute<'d>(doc: &'d Object, name: &str) -> Option<&'d Value> {
    match parts(name) {
        (Some(urn), inner) => doc.get(urn)?.get(inner),
        (None, name) => doc.get(name),
    }
}

fn set_attribute(doc: &mut Object, name: &str, value: Value) {
    let (urn, inner) = parts(name);
    let Some(urn) = urn else {
        put(doc, inner, value);
        return;
    };
    let mut extension = match doc.get(urn) {
        Some(Value::Object(extension)) => extension.clone(),
        _ => Object::new(),
    };
    put(&mut extension, inner, value);
    let extension = if extension.is_empty() { Value::Null } else { Value::Object(extension) };
    put(doc, urn, extension);
}

fn put(object: &mut Object, name: &str, value: Value) {
    if value.is_null() {
        object.shift_remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
