//! The names that people, groups and projects get by an undo, and who has them.

use serde::Deserialize;
use serde_json::Value;

use crate::d1::batch::Select;
use crate::d1::statement::text;
use crate::d1::tenant::Tenant;
use directory::group_name::fold_group_name;
use scim_protocol::text::in_order;

/// What has names that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Person,
    Group,
    Project,
}

/// A name that a person, group or project has.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Taken {
    pub(super) kind: Kind,
    fold: String,
    pub(super) id: String,
}

/// Names in folded form that an undo gives.
#[derive(Debug, Default)]
pub(super) struct Wanted(Vec<(Kind, String)>);

impl Wanted {
    pub(super) fn person(&mut self, fold: String) {
        self.0.push((Kind::Person, fold));
    }

    pub(super) fn named(&mut self, kind: Kind, name: &str) {
        self.0.push((kind, fold_group_name(name)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what has one of the names. Those of archived projects' groups stay reserved.
    pub(super) fn holders(&self, tenant: &Tenant<'_>) -> Select<Taken> {
        let of = |kind: Kind| -> String {
            let names = self.0.iter().filter(|(own, _)| *own == kind);
            Value::from(in_order(names.map(|(_, fold)| fold.as_str()).collect())).to_string()
        };
        tenant.select_json(
            "SELECT json_object('kind', 'person', 'fold', u.user_name_fold, 'id', u.id) AS json
             FROM json_each(:people) j CROSS JOIN users u ON u.org_id = :org AND u.user_name_fold = j.value
             UNION ALL
             SELECT json_object('kind', 'group', 'fold', g.name_fold, 'id', g.id)
             FROM json_each(:groups) j CROSS JOIN groups g ON g.org_id = :org AND g.name_fold = j.value
             UNION ALL
             SELECT json_object('kind', 'group', 'fold', a.name_fold, 'id', a.id)
             FROM json_each(:groups) j CROSS JOIN archived_groups a ON a.name_fold = j.value
             CROSS JOIN projects p ON p.id = a.project_id AND p.org_id = :org
             UNION ALL
             SELECT json_object('kind', 'project', 'fold', p.name_fold, 'id', p.id)
             FROM json_each(:projects) j CROSS JOIN projects p ON p.org_id = :org AND p.name_fold = j.value",
            &[
                text("people", of(Kind::Person)),
                text("groups", of(Kind::Group)),
                text("projects", of(Kind::Project)),
            ],
        )
    }
}

/// The names that people, groups and projects have.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Taken>);

impl Names {
    pub(super) fn of(rows: Vec<Taken>) -> Self {
        Self(rows)
    }

    /// Whether a name in folded form is that of another one, which keeps it.
    pub(super) fn is_taken(&self, kind: Kind, fold: &str, by_other_than: &str, going: &[String]) -> bool {
        let is = |taken: &Taken| taken.kind == kind && taken.fold == fold;
        self.0.iter().any(|taken| is(taken) && taken.id != by_other_than && !going.contains(&taken.id))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Taken> {
        self.0.iter()
    }
}
