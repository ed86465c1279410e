//! What a request asks of a group: its name, the client's id for it, and who joins and leaves.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::group_name::{self, fold_group_name};
use super::visible::check_visible;
use super::{Catalog, check_length, member_filter};
use scim_protocol::budget::Budget;
use scim_protocol::error::shorten;
use scim_protocol::filter::Filter;
use scim_protocol::patch::{self, Edit, Op};
use scim_protocol::schema::Attribute;
use scim_protocol::{Object, ScimError};

/// Ids of users as a request has them.
pub type Ids<'a> = BTreeSet<Cow<'a, str>>;

/// Most comparisons of the filters of one request that look at each member of a group.
const MOST_COMPARISONS: usize = 10;

/// A change of membership, as sets of user ids. A group's members are never read to change them, unless a filter asks
/// for more than their ids.
#[derive(Debug, Clone, Default)]
pub struct MembershipChange<'a> {
    /// Whoever is not in `add` leaves.
    pub replaces_all: bool,
    /// Who shall be a member.
    pub add: Ids<'a>,
    /// Who shall not be a member.
    pub remove: Ids<'a>,
    /// Who shall not be a member either, whether in `add` or not.
    pub selections: Vec<Selection<'a>>,
}

/// Members whom a filter selects, to be removed.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Over the sub-attributes of a member.
    pub filter: Filter<'a>,
    /// The only ids that the filter can select; `None`: any.
    pub candidates: Option<Ids<'a>>,
    /// Ids that later operations add or remove, for which the filter no longer counts.
    pub exempt: Ids<'a>,
}

impl<'a> MembershipChange<'a> {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        !self.replaces_all && self.add.is_empty() && self.remove.is_empty() && self.selections.is_empty()
    }

    /// Whether the change has to be decided anew where others have changed the group since it was read.
    pub fn depends_on_members(&self) -> bool {
        self.replaces_all || !self.selections.is_empty()
    }

    fn replace(&mut self, ids: Ids<'a>) {
        *self = Self { replaces_all: true, add: ids, ..Self::default() };
    }

    fn add(&mut self, ids: Ids<'a>) {
        for id in &ids {
            self.remove.remove(id);
        }
        self.exempt(&ids);
        self.add.extend(ids);
    }

    fn remove(&mut self, ids: Ids<'a>) {
        for id in &ids {
            self.add.remove(id);
        }
        self.exempt(&ids);
        if !self.replaces_all {
            self.remove.extend(ids);
        }
    }

    fn exempt(&mut self, ids: &Ids<'a>) {
        for selection in &mut self.selections {
            selection.exempt.extend(ids.iter().cloned());
        }
    }

    /// Removes whom a filter selects.
    ///
    /// # Errors
    /// `tooMany` for filters that would keep the storage busy too long.
    fn remove_selected(&mut self, filter: &Filter<'a>) -> Result<(), ScimError> {
        let member_filter::Reach { candidates, is_exact } = member_filter::reach(filter);
        match candidates {
            Some(ids) if is_exact => self.remove(ids),
            None if is_exact => self.replace(Ids::new()),
            candidates => {
                // Comparisons of all filters have numbers of their own.
                let taken: usize = self.selections.iter().map(|selection| selection.filter.terms()).sum();
                if taken.saturating_add(filter.terms()) > MOST_COMPARISONS {
                    return Err(ScimError::too_many(format!(
                        "The filters on \"members\" make more than {MOST_COMPARISONS} comparisons, the most for those that ask \
                         for more than ids. Name the members by their ids: members[value eq \"id\"], several joined with \
                         \"or\"."
                    )));
                }
                let filter = filter.clone().numbered_from(taken);
                self.selections.push(Selection { filter, candidates, exempt: Ids::new() });
            }
        }
        Ok(())
    }
}

/// A group's own attributes, as they are or as they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub display_name: String,
    /// The client's identifier of it.
    pub external_id: Option<String>,
}

/// What kind of thing a group stands for. Decides whether SCIM may rename or delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// A role of a project: made and removed in the console.
    ProjectRole,
    /// A role of a team: the team is made and deleted by push.
    TeamRole,
    /// Tied to nothing: SCIM may do everything.
    Plain,
}

/// What a request wants a group to be. Who joins and leaves is known before the group is read; the rest
/// is settled with the group at hand.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Who joins and leaves.
    pub members: MembershipChange<'a>,
    edits: Vec<Edit<'a>>,
}

impl<'a> Wanted<'a> {
    /// Reads the body of a POST or PUT. What it leaves out stays: RFC 7644 §3.5.1 lets a provider clear it,
    /// and clearing a group because a client said nothing of members would be the worse reading.
    ///
    /// # Errors
    /// `invalidSyntax` and `invalidValue` for a body that describes no group.
    pub fn of_resource(catalog: &'a Catalog, body: &'a Value) -> Result<Self, ScimError> {
        let Value::Object(values) = body else {
            return Err(ScimError::invalid_syntax("The body must be a JSON object describing a Group."));
        };
        Self::of_edits(patch::assignments(&catalog.group, values, &catalog.limits)?)
    }

    /// Reads the body of a PATCH.
    ///
    /// # Errors
    /// Those of the PATCH message, and `mutability` for members that are to be changed in part.
    pub fn of_patch(catalog: &'a Catalog, body: &'a Value) -> Result<Self, ScimError> {
        Self::of_edits(patch::parse(&catalog.group, body, &catalog.limits)?)
    }

    fn of_edits(all: Vec<Edit<'a>>) -> Result<Self, ScimError> {
        let mut members = MembershipChange::default();
        let mut edits = Vec::new();
        for edit in all {
            match edit.path.attribute {
                Some(attribute) if attribute.name == "members" => {
                    change_members(&mut members, &edit).map_err(|error| edit.locate(error))?;
                }
                _ => edits.push(edit),
            }
        }
        Ok(Self { members, edits })
    }

    /// The group that a POST makes.
    ///
    /// # Errors
    /// `invalidValue` for a missing or wrong value.
    pub fn created(&self, catalog: &Catalog, budget: &Budget) -> Result<Group, ScimError> {
        let group = self.applied(catalog, Object::new(), budget)?;
        check_display_name(&group.display_name)?;
        Ok(group)
    }

    /// The group after the request.
    ///
    /// # Errors
    /// `mutability` where a group that stands for a role would be renamed, and what an edit may answer.
    pub fn settle(
        &self,
        catalog: &Catalog,
        kind: GroupKind,
        current: &Group,
        budget: &Budget,
    ) -> Result<Group, ScimError> {
        let mut doc = Object::new();
        doc.insert("displayName".to_owned(), current.display_name.as_str().into());
        if let Some(external_id) = &current.external_id {
            doc.insert("externalId".to_owned(), external_id.as_str().into());
        }
        settle_name(&catalog.group_prefix, kind, current, self.applied(catalog, doc, budget)?)
    }

    fn applied(&self, catalog: &Catalog, mut doc: Object, budget: &Budget) -> Result<Group, ScimError> {
        patch::apply(&catalog.group, &mut doc, &self.edits, budget)?;
        let text = |name: &str| doc.get(name).and_then(Value::as_str).map(str::to_owned);
        let group =
            Group { display_name: text("displayName").unwrap_or_default(), external_id: text("externalId") };
        check_length("displayName", &group.display_name)?;
        check_length("externalId", group.external_id.as_deref().unwrap_or_default())?;
        Ok(group)
    }
}

/// Whether a group of this kind may be deleted over SCIM.
///
/// # Errors
/// 400 for a project's role, in the words the product's documentation uses.
pub fn check_deletable(kind: GroupKind) -> Result<(), ScimError> {
    match kind {
        GroupKind::TeamRole | GroupKind::Plain => Ok(()),
        GroupKind::ProjectRole => Err(ScimError::mutability(
            "Project deletion is not supported via SCIM: this group is a role of a project. Unlink it in the identity \
             provider without deleting it; nothing was changed.",
        )),
    }
}

/// The same name again is no change: Okta sends it after every push. With spaces around it, too, and the name of a role
/// in another case: its own spelling stays.
fn settle_name(prefix: &str, kind: GroupKind, current: &Group, wanted: Group) -> Result<Group, ScimError> {
    let is_same = fold_group_name(&wanted.display_name) == fold_group_name(&current.display_name);
    let is_spaced = wanted.display_name != wanted.display_name.trim();
    if is_same && (is_spaced || kind != GroupKind::Plain) {
        return Ok(Group { display_name: current.display_name.clone(), ..wanted });
    }
    if kind == GroupKind::Plain {
        if wanted.display_name != current.display_name {
            check_display_name(&wanted.display_name)?;
            group_name::check_plain(prefix, &wanted.display_name)?;
        }
        return Ok(wanted);
    }
    check_display_name(&wanted.display_name)?;
    Err(ScimError::mutability(format!(
        "\"displayName\" cannot be changed over SCIM: the group is \"{}\", the request says \"{}\". In Okta, switch off \
         \"Rename app groups to match group name in Okta\" under Push Groups, and link the group by its name here.",
        shorten(&current.display_name),
        shorten(&wanted.display_name)
    )))
}

fn check_display_name(name: &str) -> Result<(), ScimError> {
    check_visible("\"displayName\"", name).map_err(ScimError::invalid_value)
}

fn change_members<'a>(members: &mut MembershipChange<'a>, edit: &Edit<'a>) -> Result<(), ScimError> {
    if edit.path.sub_attribute.is_some() {
        return Err(ScimError::mutability(
            "The parts of a member cannot be changed; add or remove members by the path \"members\".",
        ));
    }
    if let Some(filter) = &edit.filter {
        if edit.op != Op::Remove {
            return Err(ScimError::mutability(
                "A member cannot be changed, only added or removed: add with the path \"members\".",
            ));
        }
        return members.remove_selected(filter);
    }
    let removes = edit.op == Op::Remove && !matches!(edit.value, None | Some(Value::Null));
    let ids = member_ids(edit.path.attribute, edit.value, !removes)?;
    match (edit.op, edit.value) {
        (Op::Add, _) => members.add(ids),
        (Op::Replace, _) | (Op::Remove, None | Some(Value::Null)) => members.replace(ids),
        // Entra ID names the whole attribute in the path and the ones to remove in the value.
        (Op::Remove, Some(_)) => members.remove(ids),
    }
    Ok(())
}

/// The ids in a value of `members`: objects with a `value`, or bare ids. Read where they stand: there may be a hundred
/// thousand, and everything else in them is ours to say, but that they are groups: those are refused where they `join`.
fn member_ids<'v>(
    attribute: Option<&Attribute>,
    members: Option<&'v Value>,
    join: bool,
) -> Result<Ids<'v>, ScimError> {
    let members = match members {
        None | Some(Value::Null) => &[],
        Some(Value::Array(members)) => members.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let wrong = |member: &Value| {
        let what = match member {
            Value::Object(_) => "has no \"members.value\" that is a string",
            _ => "is no object",
        };
        ScimError::invalid_value(format!(
            "Each of \"members\" must be an object with a \"value\", the id of a user as this service issued it; one {what}."
        ))
    };
    let is_value = |name: &str| {
        name.eq_ignore_ascii_case("value")
            || attribute
                .and_then(|members| members.sub_attribute_of_key(name))
                .is_some_and(|part| part.name == "value")
    };
    let mut ids = BTreeSet::new();
    for member in members {
        let id = match member {
            Value::Null => continue,
            // As PHP writes an object without members.
            Value::Array(parts) if parts.is_empty() => continue,
            Value::String(id) => Some(id),
            Value::Object(parts) if is_group(parts) && join => return Err(nested_group(name_of(parts))),
            // No group is a member.
            Value::Object(parts) if is_group(parts) => continue,
            Value::Object(parts) => {
                let value = parts.iter().find(|(name, _)| is_value(name));
                value.and_then(|(_, value)| match value {
                    Value::String(id) => Some(id),
                    _ => None,
                })
            }
            _ => None,
        };
        let id = id.filter(|id| !id.trim().is_empty()).ok_or_else(|| wrong(member))?;
        check_length("members.value", id)?;
        ids.insert(Cow::Borrowed(id.as_str()));
    }
    Ok(ids)
}

/// Whether a member says of itself that it is a group.
fn is_group(member: &Object) -> bool {
    member.iter().any(|(name, value)| value.as_str().is_some_and(|value| says_group(name, value)))
}

/// Whether a part of a member says that the member is a group.
pub(crate) fn says_group(name: &str, value: &str) -> bool {
    if name.eq_ignore_ascii_case("type") {
        return value.trim().eq_ignore_ascii_case("Group");
    }
    let mut segments = value.trim().trim_end_matches('/').rsplit('/').skip(1);
    name.eq_ignore_ascii_case("$ref") && segments.next().is_some_and(|of| of.eq_ignore_ascii_case("Groups"))
}

/// What a member is called by, for an error.
fn name_of(member: &Object) -> &str {
    let part = |wanted: &str| {
        let named = member.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
    };
    part("value").or_else(|| part("display")).or_else(|| part("$ref")).unwrap_or_default()
}

/// The answer to a group as a member.
pub fn nested_group(member: &str) -> ScimError {
    ScimError::invalid_value(format!(
        "The member \"{}\" in \"members\" is a group. Groups in groups are not supported: push the people who are in it \
         instead. Nothing was changed.",
        shorten(member)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Sets = (bool, Ids<'static>, Ids<'static>);

    fn catalog() -> Catalog {
        Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
    }

    fn current() -> Group {
        Group { display_name: "Statsig-Demo-Member".to_owned(), external_id: None }
    }

    fn modify_with(operations: &Value) -> Result<(Group, Sets), ScimError> {
        let catalog = catalog();
        let body = json!({"Operations": operations});
        let wanted = Wanted::of_patch(&catalog, &body)?;
        let group = wanted.settle(&catalog, GroupKind::ProjectRole, &current(), &Budget::default())?;
        assert!(wanted.members.selections.is_empty());
        Ok((group, sets(wanted.members)))
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
        let (_, nobody) = modify_with(&json!([{"op": "remove", "path": "members", "value": []}])).unwrap();
        assert_eq!(nobody, (false, ids(&[]), ids(&[])));
    }

    #[test]
    fn the_same_name_is_no_change_and_another_is_refused() {
        let rename = |name: &str| {
            modify_with(&json!([{"op": "replace", "value": {"id": "other", "displayName": name}}]))
        };
        assert_eq!(rename("statsig-demo-MEMBER").unwrap().0, current());
        assert_eq!(rename(" Statsig-Demo-Member\u{a0}").unwrap().0, current());
        assert_eq!(rename("Engineering").unwrap_err().scim_type, Some(scim_protocol::ScimType::Mutability));
    }

    #[test]
    fn a_put_without_members_leaves_them() {
        let catalog = catalog();
        let put = |body: &Value| {
            let wanted = Wanted::of_resource(&catalog, body).unwrap();
            (wanted.members.replaces_all, owned(wanted.members.add))
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
        let members = Wanted::of_patch(&catalog, &body).unwrap().members;
        assert_eq!((&members.add, &members.remove), (&ids(&["a", "b"]), &ids(&["d"])));
        let [first, second] = members.selections.as_slice() else { panic!("two filters") };
        assert_eq!((&first.candidates, &first.exempt), (&None, &ids(&["b", "d"])));
        assert_eq!((&second.candidates, &second.exempt), (&Some(ids(&["c"])), &ids(&["d"])));
        assert!(members.depends_on_members());
        let many = format!("members[{}]", ["display co \"x\""; MOST_COMPARISONS + 1].join(" or "));
        let error = modify_with(&json!([{"op": "remove", "path": many}])).unwrap_err();
        assert_eq!(error.scim_type, Some(scim_protocol::ScimType::TooMany));
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
                assert!(
                    error.detail.contains("\"g\"") && error.detail.contains("is a group"),
                    "{}",
                    error.detail
                );
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
