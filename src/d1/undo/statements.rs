//! The statements of an undo for the golden file.

use serde_json::json;

use super::history::{Loading, Scope};
use super::names::{Kind, Wanted};
use super::selection::{self, Selection, Span, Subject};
use super::things::{check_unused, kin};
use super::{extent, span, thing_changes};
use crate::d1::batch::Batch;
use crate::d1::events::memberships;
use crate::d1::tenant::Tenant;
use crate::d1::{groups, organizations};
use directory::undo::{DeletedGroup, Place, ProjectNow};

/// Requests by their names.
pub(crate) fn cases(tenant: &Tenant<'_>) -> Vec<(&'static str, Batch)> {
    let selection = Selection { key: Some("key".to_owned()), ..Selection::default() };
    let scope = Scope { selection: &selection, span: Span { from: 1, to: 9 }, own: 10 };
    let subject = |place: Place, id: &str| Subject { place, id: id.to_owned(), bytes: 0 };
    let after = subject(Place::Group, "group");
    let mut cases = Vec::new();
    let mut add = |name: &'static str, fill: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        fill(&mut batch);
        cases.push((name, batch));
    };
    add("what an undo of all of a key would look at", &|batch| {
        batch.push(span(tenant, &selection));
        batch.push(extent(tenant, &selection, scope.span));
        batch.push(selection::subjects(tenant, &selection, scope.span, Some(&after), 101));
    });
    add("the people and things of an undo are collected", &|batch| {
        batch.push(selection::upto(tenant, &selection, scope.span, 1));
        batch.execute(selection::collect(tenant, "run", &selection, scope.span, 1, 9));
        batch.push(selection::worklist(tenant, "run", scope.span, Some(&after), 100));
    });
    add("people as an undo reads them", &|batch| {
        Loading::push(batch, tenant, scope, &[subject(Place::Person, "user")]);
    });
    add("groups, teams, projects and settings as an undo reads them", &|batch| {
        let places = [Place::CreatedGroup, Place::Organization, Place::Team, Place::RestoredProject];
        Loading::push(batch, tenant, scope, &places.map(|place| subject(place, "thing")));
        batch.push(organizations::visibility(tenant, &["example.com".to_owned()]));
        batch.push(kin(tenant, &["group"]));
        let mut wanted = Wanted::default();
        wanted.named(Kind::Group, "Plain");
        batch.push(wanted.holders(tenant));
    });
    add("memberships that an undo ends and begins", &|batch| {
        batch.extend(memberships::end_pairs(tenant, &[("group", "user")]));
        batch.extend(memberships::begin_pairs(tenant, &[("group", "user")]));
    });
    add("groups that an undo deletes", &|batch| {
        batch.execute(check_unused(tenant, &scope.bindings(&["group"])));
        batch.extend(groups::delete_all(tenant, &["group"]));
    });
    add("groups that an undo brings back", &|batch| {
        let group = json!({"group": {"id": "group", "name": "P-Demo-Cook", "role": "Cook"}, "created_at": "2026",
            "pushed_at": null, "version": 3});
        let group: DeletedGroup = serde_json::from_value(group).unwrap();
        let project = ProjectNow { id: "project".to_owned(), name: "Demo".to_owned(), is_archived: false };
        batch.extend(thing_changes::return_groups(tenant, &[(&group, Some(&project))], None));
    });
    cases
}
