//! What a request makes of a group: its name, the client's id for it, and its members.

use serde_json::Value;

use crate::catalog::Catalog;
use crate::group_name::{self, fold_group_name};
use crate::membership::{MemberEdits, MembershipChange};
use crate::refusal::{Refusal, RefusalKind};
use crate::text::{check_length, check_visible};
use scim_protocol::Object;
use scim_protocol::budget::Budget;
use scim_protocol::patch::{self, Edit};

/// A group's own attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `displayName`.
    pub display_name: String,
    /// `externalId`, the client's own identifier.
    pub external_id: Option<String>,
}

/// What a group stands for. It decides whether SCIM may rename or delete the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// A role of a project. The console creates and deletes it.
    ProjectRole,
    /// A role of a team. SCIM creates and deletes the team.
    TeamRole,
    /// A group of its own. SCIM may rename and delete it.
    Plain,
}

impl GroupKind {
    /// Whether its members have a role.
    pub fn gives_role(self) -> bool {
        self != Self::Plain
    }
}

/// What a request changes in a group. The change of members is known before the group is read; the other attributes are
/// resolved with the stored group.
#[derive(Debug)]
pub struct GroupChange<'a> {
    /// The change of members.
    pub members: MembershipChange<'a>,
    edits: Vec<Edit<'a>>,
}

impl<'a> GroupChange<'a> {
    /// Reads the body of a POST or PUT. Attributes that it leaves out stay: RFC 7644 §3.5.1 lets a provider clear them,
    /// and a client that does not send members rarely means that all shall leave.
    ///
    /// # Errors
    /// A refusal of a body that describes no group.
    pub fn of_resource(catalog: &'a Catalog, body: &'a Value) -> Result<Self, Refusal> {
        let Value::Object(values) = body else { return Err(RefusalKind::GroupNotAnObject.into()) };
        Self::of_edits(patch::assignments(&catalog.group, values, &catalog.limits)?)
    }

    /// Reads the body of a PATCH.
    ///
    /// # Errors
    /// Errors of the PATCH message, and a refusal to change a member in part.
    pub fn of_patch(catalog: &'a Catalog, body: &'a Value) -> Result<Self, Refusal> {
        Self::of_edits(patch::parse(&catalog.group, body, &catalog.limits)?)
    }

    fn of_edits(all: Vec<Edit<'a>>) -> Result<Self, Refusal> {
        let mut members = MemberEdits::default();
        let mut edits = Vec::new();
        for edit in all {
            match edit.path.attribute {
                Some(attribute) if attribute.name == "members" => {
                    members.push(&edit).map_err(|refusal| match edit.operation {
                        Some(index) => RefusalKind::InOperation { index, refusal }.into(),
                        None => refusal,
                    })?;
                }
                _ => edits.push(edit),
            }
        }
        Ok(Self { members: members.change(), edits })
    }

    /// The group that a POST creates.
    ///
    /// # Errors
    /// A refusal of a missing or wrong value.
    pub fn create(&self, catalog: &Catalog, budget: &Budget) -> Result<Group, Refusal> {
        let group = self.apply(catalog, Object::new(), budget)?;
        check_display_name(&group.display_name)?;
        Ok(group)
    }

    /// The group after a PUT or PATCH. `prefix` is that of the organization's project groups.
    ///
    /// # Errors
    /// `RefusalKind::GroupRenameNotAllowed` for the group of a role, and refusals of single values.
    pub fn resolve(
        &self,
        catalog: &Catalog,
        prefix: &str,
        kind: GroupKind,
        current: &Group,
        budget: &Budget,
    ) -> Result<Group, Refusal> {
        let mut doc = Object::new();
        doc.insert("displayName".to_owned(), current.display_name.as_str().into());
        if let Some(external_id) = &current.external_id {
            doc.insert("externalId".to_owned(), external_id.as_str().into());
        }
        resolve_name(prefix, kind, current, self.apply(catalog, doc, budget)?)
    }

    fn apply(&self, catalog: &Catalog, mut doc: Object, budget: &Budget) -> Result<Group, Refusal> {
        patch::apply(&catalog.group, &mut doc, &self.edits, budget)?;
        let text = |name: &str| doc.get(name).and_then(Value::as_str).map(str::to_owned);
        let group =
            Group { display_name: text("displayName").unwrap_or_default(), external_id: text("externalId") };
        check_length("displayName", &group.display_name)?;
        check_length("externalId", group.external_id.as_deref().unwrap_or_default())?;
        Ok(group)
    }
}

/// Checks that SCIM may delete a group of this kind.
///
/// # Errors
/// `RefusalKind::ProjectDeletion`.
pub fn check_deletable(kind: GroupKind) -> Result<(), Refusal> {
    match kind {
        GroupKind::TeamRole | GroupKind::Plain => Ok(()),
        GroupKind::ProjectRole => Err(RefusalKind::ProjectDeletion.into()),
    }
}

/// Keeps the stored name if the client sends the same one: Okta does so after each push. Spaces around the name never
/// count, and the case of a role's name does not.
fn resolve_name(prefix: &str, kind: GroupKind, current: &Group, sent: Group) -> Result<Group, Refusal> {
    let is_same = fold_group_name(&sent.display_name) == fold_group_name(&current.display_name);
    let is_spaced = sent.display_name != sent.display_name.trim();
    if is_same && (is_spaced || kind != GroupKind::Plain) {
        return Ok(Group { display_name: current.display_name.clone(), ..sent });
    }
    if kind == GroupKind::Plain {
        if sent.display_name != current.display_name {
            check_display_name(&sent.display_name)?;
            group_name::check_plain(prefix, &sent.display_name)?;
        }
        return Ok(sent);
    }
    check_display_name(&sent.display_name)?;
    Err(RefusalKind::GroupRenameNotAllowed { stored: current.display_name.clone(), sent: sent.display_name }
        .into())
}

fn check_display_name(name: &str) -> Result<(), Refusal> {
    check_visible("\"displayName\"", name)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;
    use crate::membership::{Ids, MAX_COMPARISONS};
    use crate::refusal::RefusalCode;

    type Sets = (bool, Ids<'static>, Ids<'static>);

    fn catalog() -> Catalog {
        Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
    }

    fn current() -> Group {
        Group { display_name: "Statsig-Demo-Member".to_owned(), external_id: None }
    }

    fn modify_with(operations: &Value) -> Result<(Group, Sets), Refusal> {
        let catalog = catalog();
        let body = json!({"Operations": operations});
        let change = GroupChange::of_patch(&catalog, &body)?;
        let group =
            change.resolve(&catalog, "Statsig", GroupKind::ProjectRole, &current(), &Budget::default())?;
        assert!(change.members.selections.is_empty());
        Ok((group, sets(change.members)))
    }

    /// Whether all are replaced, who shall be a member, and who shall not.
    fn sets(members: MembershipChange<'_>) -> Sets {
        (members.replaces_all, owned(members.add), owned(members.remove))
    }

    fn owned(ids: Ids<'_>) -> Ids<'static> {
        ids.into_iter().map(|id| Cow::Owned(id.into_owned())).collect()
    }

    fn ids(ids: &[&'static str]) -> Ids<'static> {
        ids.iter().map(|&id| Cow::Borrowed(id)).collect()
    }

    #[test]
    fn later_operations_override_earlier_ones() {
        let (_, members) = modify_with(&json!([
            {"op": "remove", "path": "members[value eq \"a\"]"},
            {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]},
            {"op": "Remove", "path": "members", "value": [{"value": "b"}]},
        ]))
        .unwrap();
        assert_eq!(members, (false, ids(&["a"]), ids(&["b"])));

        let (_, members) = modify_with(&json!([
            {"op": "replace", "path": "members", "value": [{"value": "a"}, {"value": "b"}]},
            {"op": "remove", "path": "members[value eq \"b\"]"},
            {"op": "add", "path": "members", "value": ["c"]},
        ]))
        .unwrap();
        assert_eq!(members, (true, ids(&["a", "c"]), ids(&[])));
    }

    #[test]
    fn removing_all_is_replacing_with_none() {
        let (_, members) = modify_with(&json!([{"op": "remove", "path": "members"}])).unwrap();
        assert_eq!(members, (true, ids(&[]), ids(&[])));
        let (_, members) =
            modify_with(&json!([{"op": "remove", "path": "members[type eq \"User\"]"}])).unwrap();
        assert_eq!(members, (true, ids(&[]), ids(&[])));
        let (_, none) = modify_with(&json!([{"op": "remove", "path": "members", "value": []}])).unwrap();
        assert_eq!(none, (false, ids(&[]), ids(&[])));
    }

    #[test]
    fn the_same_name_is_no_change_and_another_is_refused() {
        let rename = |name: &str| {
            modify_with(&json!([{"op": "replace", "value": {"id": "other", "displayName": name}}]))
        };
        assert_eq!(rename("statsig-demo-MEMBER").unwrap().0, current());
        assert_eq!(rename(" Statsig-Demo-Member\u{a0}").unwrap().0, current());
        assert_eq!(rename("Engineering").unwrap_err().code(), RefusalCode::GroupRenameNotAllowed);
    }

    #[test]
    fn a_put_without_members_leaves_them() {
        let catalog = catalog();
        let put = |body: &Value| {
            let change = GroupChange::of_resource(&catalog, body).unwrap();
            (change.members.replaces_all, owned(change.members.add))
        };
        assert_eq!(put(&json!({"displayName": "Statsig-Demo-Member"})), (false, ids(&[])));
        assert_eq!(put(&json!({"displayName": "Statsig-Demo-Member", "Members": []})), (true, ids(&[])));
        let nested = json!({"urn:ietf:params:scim:schemas:core:2.0:Group": {"members": [{"value": "a"}]}});
        assert_eq!(put(&nested).1, ids(&["a"]));
    }

    #[test]
    fn later_operations_are_exempt_from_a_filter() {
        let catalog = catalog();
        let body = json!({"Operations": [
            {"op": "add", "path": "members", "value": ["a"]},
            {"op": "remove", "path": "members[display co \"x\" and value pr]"},
            {"op": "add", "path": "members", "value": ["b"]},
            {"op": "remove", "path": "members[value eq \"c\" and display co \"y\"]"},
            {"op": "remove", "path": "members[value eq \"d\" and type eq \"User\"]"},
        ]});
        let members = GroupChange::of_patch(&catalog, &body).unwrap().members;
        assert_eq!((&members.add, &members.remove), (&ids(&["a", "b"]), &ids(&["d"])));
        let [first, second] = members.selections.as_slice() else { panic!("two filters") };
        assert_eq!((&first.candidates, &first.exempt), (&None, &ids(&["b", "d"])));
        assert_eq!((&second.candidates, &second.exempt), (&Some(ids(&["c"])), &ids(&["d"])));
        assert!(members.depends_on_members());
        let many = format!("members[{}]", ["display co \"x\""; MAX_COMPARISONS + 1].join(" or "));
        let error = modify_with(&json!([{"op": "remove", "path": many}])).unwrap_err();
        assert_eq!(error.code(), RefusalCode::MemberFilterTooComplex);
    }

    #[test]
    fn a_group_is_no_member() {
        for group in [
            json!({"value": "g", "type": "GROUP"}),
            json!({"Type": "group", "VALUE": "g"}),
            json!({"value": "g", "$ref": "https://x/scim/v2/Groups/g"}),
            json!({"value": "g", "$ref": "../groups/g/"}),
        ] {
            for operation in [
                json!({"op": "add", "path": "members", "value": [group]}),
                json!({"op": "replace", "path": "members", "value": group}),
                json!({"op": "add", "value": {"members": ["a", group]}}),
            ] {
                let error = modify_with(&json!([operation])).unwrap_err();
                assert_eq!(error.code(), RefusalCode::NestedGroup);
                assert!(error.to_string().contains("\"g\""), "{error}");
            }
            let removal = json!([{"op": "remove", "path": "members", "value": [group, "a"]}]);
            assert_eq!(modify_with(&removal).unwrap().1, (false, ids(&[]), ids(&["a"])));
        }
        let people = json!([{"op": "add", "path": "members", "value": [
            {"value": "a", "type": "User"}, {"value": "b", "$ref": "https://x/Groups/Users/b"}]}]);
        assert_eq!(modify_with(&people).unwrap().1.1, ids(&["a", "b"]));
    }

    #[test]
    fn only_ids_name_members_to_add() {
        assert!(
            modify_with(&json!([{"op": "add", "path": "members", "value": [{"display": "x"}]}])).is_err()
        );
        assert!(
            modify_with(&json!([{"op": "replace", "path": "members[value eq \"a\"].value", "value": "b"}]))
                .is_err()
        );
    }
}
