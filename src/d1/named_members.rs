//! The members that a request names, by ids or by filters, as parameters and conditions of statements.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::batch::Select;
use super::filter::compile_member;
use super::statement::{Binding, text};
use super::tenant::Tenant;
use directory::Catalog;
use directory::membership::{Ids, Selection};

/// Most bytes of a parameter, of which D1 takes two million.
const MOST_BYTES: usize = 1_800_000;
/// Most numbers in a parameter, or in an answer.
pub(super) const MOST_SEQS: usize = 150_000;

/// SQL of the organization `o`, the first behind FROM: it is searched once.
pub(super) const ORGANIZATION: &str = "(SELECT :org AS id LIMIT 1) o";

/// SQL of the ids `j` of a parameter, behind JOIN. For a key that is no longer good, they are not read.
pub(super) const IDS: &str = "json_each(:ids) j ON o.id IS NOT NULL";

/// SQL of the user `e` with the id `j`, whom SCIM sees; behind JOIN.
pub(super) const USER: &str = "users e ON e.org_id = o.id AND e.id = j.value AND e.managed = 1";

/// A statement for as many ids as fit into one, which are its `:ids`.
pub(super) fn selects_of<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    ids: &Ids<'_>,
    sql: &str,
    more: &[Binding],
) -> Vec<Select<R>> {
    let bindings = |ids| [&[text("ids", ids)], more].concat();
    in_parameters(ids.iter()).into_iter().map(|ids| tenant.select(sql, &bindings(ids))).collect()
}

/// The condition that filters on members select the user `e`.
pub(super) struct Selected {
    pub(super) sql: String,
    pub(super) bindings: Vec<Binding>,
}

impl Selected {
    pub(super) fn of(catalog: &Catalog, selections: &[Selection<'_>]) -> Self {
        let mut sql = String::from("(FALSE");
        let mut bindings = Vec::new();
        for (number, selection) in selections.iter().enumerate() {
            let (condition, own) = compile_member(catalog, &selection.filter);
            let exempt = format!("exempt{number}");
            sql.push_str(&format!(
                " OR ({condition} AND e.id NOT IN (SELECT value FROM json_each(:{exempt})))"
            ));
            bindings.extend(own);
            bindings.push(text(exempt, array_of(selection.exempt.iter())));
        }
        sql.push_str(") IS TRUE");
        Self { sql: format!("({sql})"), bindings }
    }
}

/// The ids as arrays, of which each fits into one parameter.
pub(super) fn in_parameters<'i>(ids: impl Iterator<Item = &'i (impl AsRef<str> + 'i)>) -> Vec<String> {
    let mut arrays = Vec::new();
    let mut array = String::new();
    for id in ids {
        let id = id.as_ref();
        // An escaped character takes up to six bytes.
        if !array.is_empty() && array.len().saturating_add(id.len().saturating_mul(6)) > MOST_BYTES {
            array.push(']');
            arrays.push(std::mem::take(&mut array));
        }
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(&Value::from(id).to_string());
    }
    if !array.is_empty() {
        array.push(']');
        arrays.push(array);
    }
    arrays
}

/// All the ids as one array.
pub(super) fn array_of<'i>(ids: impl Iterator<Item = &'i (impl AsRef<str> + 'i)>) -> String {
    let ids = ids.map(|id| Value::from(id.as_ref()));
    ids.collect::<Value>().to_string()
}

/// Users by `seq`, as arrays of which each fits into one parameter.
pub(super) fn chunks(seqs: &[i64], more: &[i64]) -> Vec<String> {
    let chunks = seqs.chunks(MOST_SEQS).chain(more.chunks(MOST_SEQS));
    chunks.map(|seqs| Value::from(seqs).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn ids_are_spread_over_parameters() {
        assert!(in_parameters(Ids::new().iter()).is_empty());
        let ids = |count: usize| (0..count).map(|id| format!("{id:0>36}").into()).collect::<Ids<'_>>();
        assert_eq!(in_parameters(ids(2).iter()), [format!("[\"{:0>36}\",\"{:0>36}\"]", 0, 1)]);
        let many = in_parameters(ids(100_000).iter());
        assert!(many.len() > 1 && many.iter().all(|array| array.len() <= MOST_BYTES + 2));
        let read = many.iter().flat_map(|array| serde_json::from_str::<Vec<String>>(array).unwrap());
        let escaped: Ids<'_> = (0..300).map(|n| format!("{n}{}", "\u{1}\"".repeat(500)).into()).collect();
        assert!(in_parameters(escaped.iter()).iter().all(|array| array.len() <= MOST_BYTES + 2));
        assert!(read.eq(ids(100_000).into_iter().map(Cow::into_owned)));
    }
}
